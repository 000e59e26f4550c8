package live

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// killSetup has two pools, each of one server, in list mode; control says whether dbmesh
// has accounts of its own there.
func killSetup(t *testing.T, control bool) *mesh {
	t.Helper()
	cluster := shared.Cluster(t)
	s := setup{
		auth: listMode, links: "{kind: router, rules: [{when: {attribute: {program_name: elsewhere}}, pool: other}]}\n{kind: balancer}\n",
		backends: []string{cluster.Nodes[0].Addr}, pools: map[string]string{"other": cluster.Nodes[1].Addr},
	}
	if control {
		s.pool = "control: {user: control, password: control}"
		cluster.Primary().Create(t, servers.Account{Name: "control", Password: "control", Grant: "ALL ON *.*"})
		cluster.Wait(t)
	}
	return startMesh(t, parts{}, s.text())
}

// sleeper starts a statement that sleeps and gives the id that its client saw.
func sleeper(t *testing.T, m *mesh, elsewhere bool) (id uint32, ended chan error, r *raw) {
	t.Helper()
	r = &raw{caps: rawCaps}
	if elsewhere {
		r.program = "elsewhere"
	}
	if err := r.open(m.addr(), "app", "app"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	ended = make(chan error, 1)
	if err := r.send(core.Query, []byte(fmt.Sprintf("SELECT SLEEP(30) /* of %d */", r.ID))); err != nil {
		t.Fatal(err)
	}
	go func() {
		f, err := r.response(core.Query)
		if err == nil && f.Err != nil {
			err = f.Err
		}
		ended <- err
	}()
	node := shared.Cluster(t).Nodes[0]
	if elsewhere {
		node = shared.Cluster(t).Nodes[1]
	}
	until(t, patience, "the statement sleeps", func() bool { return sleeping(t, node, r.ID) })
	return r.ID, ended, r
}

// sleeping says whether the server runs the statement of the client with the id.
func sleeping(t *testing.T, node *servers.Server, id uint32) bool {
	t.Helper()
	return node.Value(t, fmt.Sprintf("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE '%%SLEEP(30) /* of %d %%' AND info NOT LIKE '%%processlist%%'", id)) != "0"
}

func within(t *testing.T, ended chan error) error {
	t.Helper()
	select {
	case err := <-ended:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the killed statement still runs")
		return nil
	}
}

func TestKILLTakesTheIdThatTheClientSaw(t *testing.T) {
	for _, control := range []bool{false, true} {
		for _, elsewhere := range []bool{false, true} {
			t.Run(fmt.Sprintf("control=%v elsewhere=%v", control, elsewhere), func(t *testing.T) {
				m := killSetup(t, control)
				killer := dialRaw(t, m.addr(), "app", "app")
				reachable := control || !elsewhere
				kills := map[string]func(id uint32) error{
					"query":      func(id uint32) error { return killer.query(fmt.Sprintf("KILL QUERY %d", id)) },
					"connection": func(id uint32) error { return killer.query(fmt.Sprintf("  kill Connection %d ; ", id)) },
					"plain":      func(id uint32) error { return killer.query(fmt.Sprintf("KILL %d", id)) },
					"hard query": func(id uint32) error { return killer.query(fmt.Sprintf("KILL HARD QUERY %d", id)) },
					"packet": func(id uint32) error {
						_, err := killer.do(core.ProcessKill, binary.LittleEndian.AppendUint32(nil, id))
						return err
					},
				}
				for name, kill := range kills {
					id, ended, victim := sleeper(t, m, elsewhere)
					err := kill(id)
					if !reachable {
						if errno(err) != 1094 || !strings.Contains(err.Error(), "control account") {
							t.Errorf("%s: %v", name, err)
						}
						_ = victim.Close()
						continue
					}
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					got := within(t, ended)
					if strings.Contains(name, "query") {
						// SLEEP gives 1 when it is interrupted, or 1317, as the server likes.
						if got != nil && errno(got) != 1317 {
							t.Errorf("%s: the statement ended with %v", name, got)
						}
						if err := victim.query("SELECT 1"); err != nil {
							t.Errorf("%s: the session is gone: %v", name, err)
						}
					} else if got == nil {
						if err := victim.query("SELECT 1"); err == nil {
							t.Errorf("%s: the session lives on", name)
						}
					}
				}
			})
		}
	}
}

// Across backends dbmesh kills with an account that may kill anybody's.
func TestKILLAcrossBackendsReachesOnesOwnSessionsOnly(t *testing.T) {
	m := killSetup(t, true)
	id, _, victim := sleeper(t, m, true)
	other := dialRaw(t, m.addr(), "admin", "admin")
	if err := other.query(fmt.Sprintf("KILL %d", id)); errno(err) != 1095 {
		t.Errorf("another user's KILL: %v", err)
	}
	if !sleeping(t, shared.Cluster(t).Nodes[1], id) {
		t.Error("the statement has ended")
	}
	_ = victim.Close()
}

// An id that is not of a session here goes to the server as it is.
func TestKILLOfAForeignIdGoesThroughUnchanged(t *testing.T) {
	m := killSetup(t, false)
	server := shared.Cluster(t).Nodes[0].Backend
	killer := dialRaw(t, m.addr(), "app", "app")
	direct := dialRaw(t, server.Addr, "app", "app")
	if err := killer.query(fmt.Sprintf("KILL %d", direct.ID)); err != nil {
		t.Fatal(err)
	}
	if err := direct.query("SELECT 1"); err == nil {
		t.Error("the connection that was killed by the server's id lives")
	}
	if err := killer.query("KILL 4000000000"); errno(err) != 1094 || !strings.Contains(err.Error(), "4000000000") {
		t.Errorf("KILL of an id that nobody has: %v", err)
	}
	if _, err := killer.do(core.ProcessKill, []byte{0, 0x28, 0x6b, 0xee}); errno(err) != 1094 {
		t.Errorf("COM_PROCESS_KILL of an id that nobody has: %v", err)
	}
}

// A client that goes away leaves no statement running if there is an account to cancel it;
// without one its backend connection is closed, and the server finds out in its own time.
func TestAGoneClientsStatementIsCancelledByTheControlAccount(t *testing.T) {
	m := killSetup(t, true)
	id, _, victim := sleeper(t, m, false)
	_ = victim.Close()
	node := shared.Cluster(t).Nodes[0]
	until(t, 4*time.Second, "the statement is cancelled", func() bool { return !sleeping(t, node, id) })
	until(t, patience, "the session has ended", func() bool { return m.server.Sessions() == 0 })
}

// The account that asks replicas how far they are needs no right to end others' statements.
func TestAGoneClientsStatementIsCancelledByItsOwnAccountIfTheControlAccountMayNot(t *testing.T) {
	node := shared.Cluster(t).Primary()
	node.Create(t, servers.Account{Name: "asks", Password: "asks", Grant: "USAGE ON *.*"})
	s := setup{auth: listMode, links: usualLinks, backends: []string{node.Addr}, pool: "control: {user: asks, password: asks}"}
	m := startMesh(t, parts{}, s.text())
	id, _, victim := sleeper(t, m, false)
	_ = victim.Close()
	// The server itself looks for the client of a SLEEP every five seconds.
	until(t, 4*time.Second, "the statement is cancelled", func() bool { return !sleeping(t, node, id) })
	until(t, patience, "the session has ended", func() bool { return m.server.Sessions() == 0 })
}

func TestAGoneClientsBackendConnectionIsClosedWithoutAControlAccount(t *testing.T) {
	m := killSetup(t, false)
	files := openFiles()
	_, _, victim := sleeper(t, m, false)
	_ = victim.Close()
	until(t, patience, "the session has ended", func() bool { return m.server.Sessions() == 0 })
	until(t, patience, "its descriptors are closed", func() bool { return openFiles() <= files })
}

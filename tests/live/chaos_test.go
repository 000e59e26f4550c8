package live

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// TestNothingIsLeftOfClientsThatMisbehave lets many clients do anything, well or badly, while
// configs change, and then counts what is left of them: sessions, figures of backends,
// descriptors, goroutines, connections as the servers see them. Answers that come must be
// the asked one's.
func TestNothingIsLeftOfClientsThatMisbehave(t *testing.T) {
	cluster := shared.Cluster(t)
	cluster.Primary().Create(t, servers.Account{Name: "control", Password: "control", Grant: "ALL ON *.*"})
	cluster.Wait(t)
	two := map[string]string{"readers": cluster.Nodes[1].Addr}
	for name, s := range map[string]setup{
		"list, two pools":      {auth: listMode, links: hinting, pools: two, listener: "idle_timeout: 5s"},
		"passthrough, control": {links: usualLinks, pool: "control: {user: control, password: control}"},
	} {
		t.Run(name, func(t *testing.T) {
			s.backends = []string{cluster.Nodes[0].Addr}
			misbehave(t, s, cluster.Nodes[:2])
		})
	}
}

func misbehave(t *testing.T, s setup, nodes []*servers.Server) {
	kinds := core.Registry{"scripted": scriptedKind(scripted{}), "slow": scriptedKind(scripted{})}
	slow := kinds["slow"]
	slow.Slow = true
	kinds["slow"] = slow
	config := func(kind string) string {
		s := s
		s.links += "{kind: " + kind + "}\n"
		return s.text()
	}
	m := startMesh(t, parts{loops: 2, kinds: kinds}, config("scripted"))
	warm := dialRaw(t, m.addr(), "app", "app")
	if err := warm.query(toReaders + "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	_ = warm.Close()
	until(t, patience, "all sessions ended", func() bool { return m.server.Sessions() == 0 })
	start := measure()

	c := &chaos{addr: m.addr(), stop: make(chan struct{})}
	var all sync.WaitGroup
	for i := range 24 {
		all.Go(func() { c.run(rand.New(rand.NewPCG(uint64(i), 7))) })
	}
	end := time.Now().Add(time.Duration(atScale(2, 10, 120)) * time.Second)
	for i := 0; time.Now().Before(end); i++ {
		if err := m.apply(config([]string{"scripted", "slow"}[i%2])); err != nil {
			t.Error(err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	close(c.stop)
	all.Wait()
	c.faults.Range(func(fault, _ any) bool { t.Error(fault); return true })
	t.Logf("%d actions, %d sessions", c.actions.Load(), m.report.ok.Load())

	until(t, patience, "all sessions ended", func() bool { return m.server.Sessions() == 0 })
	for _, src := range m.backends.Sources() {
		b := src.Backend
		until(t, patience, "backend "+b.Pool+" is free", func() bool { return b.Sessions() == 0 && b.Running() == 0 })
	}
	for _, node := range nodes {
		until(t, 2*patience, "the server is free", func() bool {
			return node.Value(t, "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'app'") == "0"
		})
	}
	calm(t, start).grewFrom(t, start)
}

// chaos is clients that do anything.
type chaos struct {
	addr    string
	stop    chan struct{}
	actions atomic.Int64
	last    atomic.Uint32 // the id of some session
	faults  sync.Map
}

func (c *chaos) run(rng *rand.Rand) {
	for {
		select {
		case <-c.stop:
			return
		default:
		}
		r, err := openRaw(c.addr, "app", "app")
		if err != nil {
			c.faults.Store(fmt.Sprintf("login: %v", err), true)
			return
		}
		c.last.Store(r.ID)
		for c.act(r, rng) {
			c.actions.Add(1)
		}
		if rng.IntN(2) == 0 {
			_ = r.Conn.(*net.TCPConn).SetLinger(0) // a reset in place of an end
		}
		_ = r.Close()
	}
}

// act does one thing and says whether the session goes on.
func (c *chaos) act(r *raw, rng *rand.Rand) bool {
	n := rng.IntN(1000)
	hint := []string{"", "", toReaders}[rng.IntN(3)]
	switch rng.IntN(16) {
	case 0, 1, 2:
		return c.expect(r, core.Query, fmt.Sprintf("%sSELECT 1 FROM seq_1_to_%d", hint, n+1), uint64(n+1))
	case 3:
		return c.prepared(r, n)
	case 4:
		return c.expect(r, core.Query, fmt.Sprintf("SELECT 1; SELECT 1 FROM seq_1_to_%d; DO 1", n+1), uint64(n+2))
	case 5:
		return c.query(r, []string{"/* deny */ x", "/* rows */ x", "/* ok */ x", "/* panic */ x", "/* short */ x", "nonsense"}[rng.IntN(6)])
	case 6:
		return c.query(r, []string{"BEGIN", "COMMIT", "SET @a = 1", "SET NAMES latin1", "USE app", toReaders + "BEGIN", "SET autocommit = 0"}[rng.IntN(7)])
	case 7: // another one's session, or one that has gone, or its own
		_, err := r.do(core.Query, []byte(fmt.Sprintf("KILL %s %d", []string{"QUERY", "CONNECTION"}[rng.IntN(2)], c.last.Load())))
		return err == nil || errno(err) > 0
	case 8:
		_, err := r.do(core.ProcessKill, binary.LittleEndian.AppendUint32(nil, c.last.Load()))
		return err == nil || errno(err) > 0
	case 9:
		_, err := r.do(core.ResetConnection, nil)
		return err == nil || errno(err) > 0
	case 10: // vanishes during a statement
		_ = r.send(core.Query, []byte(hint+"SELECT SLEEP(0.5)"))
		time.Sleep(time.Duration(rng.IntN(20)) * time.Millisecond)
	case 11: // during a result; not often, for results are work
		if n > 100 {
			return true
		}
		_ = r.send(core.Query, []byte(hint+huge))
		_, _ = io.CopyN(io.Discard, r.Conn, int64(rng.IntN(4<<20)))
	case 12: // during a command
		packet, _ := wire.AppendFrame(nil, append([]byte{3}, "SELECT '"+strings.Repeat("x", rng.IntN(3<<20))+"'"...), 0)
		_, _ = r.Write(packet[:rng.IntN(len(packet))])
	case 13: // during many
		var all []byte
		for range rng.IntN(50) {
			all, _ = wire.AppendFrame(all, append([]byte{3}, hint+"SELECT 1"...), 0)
		}
		_, _ = r.Write(all)
	case 14:
		_ = r.send(core.Quit, nil)
	case 15: // garbage
		garbage := make([]byte, rng.IntN(200))
		for i := range garbage {
			garbage[i] = byte(rng.Uint32())
		}
		_, _ = r.Write(garbage)
	}
	return false
}

// expect asks and counts the rows. An error of a server is an answer too: somebody may have
// killed the statement.
func (c *chaos) expect(r *raw, code core.Code, sql string, rows uint64) bool {
	f, err := r.do(code, []byte(sql))
	if err == nil && f.Rows != rows {
		c.faults.Store(fmt.Sprintf("%s: %d rows, want %d", sql, f.Rows, rows), true)
	}
	return err == nil || errno(err) > 0
}

func (c *chaos) query(r *raw, sql string) bool {
	err := r.query(sql)
	return err == nil || errno(err) > 0
}

func (c *chaos) prepared(r *raw, n int) bool {
	f, err := r.do(core.Prepare, []byte(fmt.Sprintf("SELECT 1 FROM seq_1_to_%d", n+1)))
	if err != nil {
		return errno(err) > 0
	}
	id := f.StatementID
	f, err = r.do(core.Execute, execute(id))
	if err == nil && f.Rows != uint64(n+1) {
		c.faults.Store(fmt.Sprintf("execute: %d rows, want %d", f.Rows, n+1), true)
	}
	if err := r.send(core.CloseStatement, binary.LittleEndian.AppendUint32(nil, id)); err != nil {
		return false
	}
	return err == nil || errno(err) > 0
}

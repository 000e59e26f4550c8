package live

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// many is an INSERT whose rollback takes a server a while.
const many = "INSERT INTO big (s, k) SELECT CONCAT(MD5(seq), MD5(seq + 1), MD5(seq + 2)), seq FROM seq_1_to_15000"

// A server counts a connection until it has rolled back what was open there, which it begins
// to do when it has closed the socket.
func TestAConnectionCountsUntilItsServerHasRolledBack(t *testing.T) {
	const most, byKILL = 2, "another session kills it"
	server := servers.MariaDB(t)
	server.SQL(t, "CREATE TABLE app.big (id INT AUTO_INCREMENT PRIMARY KEY, s VARCHAR(200), k INT, KEY(s), KEY(k)) ENGINE=InnoDB")
	for name, end := range map[string]func(*testing.T, *mesh, *raw){
		"the client vanishes": func(_ *testing.T, _ *mesh, r *raw) { _ = r.Close() },
		"the client quits": func(_ *testing.T, _ *mesh, r *raw) {
			_ = r.send(core.Quit, nil)
			_ = r.Close()
		},
		"the client vanishes during a statement": func(t *testing.T, m *mesh, r *raw) {
			if err := r.send(core.Query, []byte("UPDATE big SET s = SLEEP(0.001)")); err != nil {
				t.Error(err)
			}
			time.Sleep(50 * time.Millisecond) // it may well not have begun: then this is the first case
			_ = r.Close()
		},
		"the user changes": func(t *testing.T, _ *mesh, r *raw) {
			change := wire.UserChange{User: "app", Schema: "app", Collation: 45, Plugin: "mysql_native_password"}
			if err := r.send(core.ChangeUser, change.Append(nil, r.caps)[1:]); err != nil {
				t.Error(err)
			}
			proof := wire.NewConn(r.Conn)
			proof.Seq = 1
			if err := settleAuth(proof, "app"); err != nil {
				t.Error(err)
			}
			_ = r.Close()
		},
		byKILL: func(t *testing.T, m *mesh, r *raw) {
			killer, err := openRaw(m.addr(), "app", "app")
			if err != nil {
				t.Error(err)
				return
			}
			defer killer.Close()
			if err := killer.query(fmt.Sprintf("KILL %d", r.ID)); err != nil {
				t.Error(err)
			}
		},
		"it kills itself": func(t *testing.T, _ *mesh, r *raw) {
			_ = r.query("KILL CONNECTION_ID()")
		},
	} {
		for _, control := range []bool{true, false} {
			if control && name == byKILL { // which goes by the session's account, for its rights
				continue
			}
			t.Run(fmt.Sprintf("%s/control=%v", name, control), func(t *testing.T) {
				s := sharing(server.Backend, fmt.Sprintf("max: %d, queue_timeout: 60s", most))
				// Without a control account KILLs go by the session's, beside the pool.
				counted := "user = 'app' AND db IS NOT NULL"
				if control {
					s.pool, counted = s.pool+", control: {user: root}", "user = 'app'"
				}
				m := startMesh(t, parts{}, s.text())
				r := dialRaw(t, m.addr(), "app", "app")
				for _, text := range []string{"BEGIN", many} {
					if err := r.query(text); err != nil {
						t.Fatal(err)
					}
				}
				peak := peakWhile(t, m, server, counted, func() { end(t, m, r) })
				if peak > most {
					t.Errorf("the server had %d connections, want %d at most", peak, most)
				}
			})
		}
	}
}

// trxCache is how long MariaDB shows innodb_trx as it was, after each time that somebody has looked.
const trxCache = 100 * time.Millisecond

// peakWhile is how many connections the server has at most while something ends a transaction,
// and others want connections, until nothing of it is left.
func peakWhile(t *testing.T, m *mesh, server *servers.Server, counted string, end func()) (peak int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var busy sync.WaitGroup
	for range 4 {
		busy.Go(func() {
			for ctx.Err() == nil {
				if r, err := openRaw(m.addr(), "app", "app"); err != nil {
					t.Error(err)
					return
				} else if err := r.query("SELECT 1"); err != nil {
					t.Error(err)
				} else {
					_ = r.Close()
				}
			}
		})
	}
	defer busy.Wait()
	defer cancel()
	busy.Go(end)
	root := session(t, driver(t, server.Addr, "root", ""))
	number := func(text string) (n int) {
		if err := root.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema."+text).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	looks, since, asked := 0, time.Now(), time.Now()
	for ended := 0; ended < 2; looks++ {
		peak = max(peak, number("processlist WHERE "+counted))
		if time.Since(asked) > 2*trxCache {
			if asked = time.Now(); number("innodb_trx") == 0 {
				ended++
			}
		}
		if time.Since(since) > patience {
			t.Fatal("the transaction does not end")
		}
		time.Sleep(3 * time.Millisecond)
	}
	t.Logf("at most %d connections in %d looks within %v", peak, looks, time.Since(since))
	return peak
}

package leak

import (
	"sync"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// The search itself must be right: on the server without dbmesh it finds nothing.
func TestNothingIsFoundWhereThereIsNoDbmesh(t *testing.T) {
	server := servers.MariaDB(t)
	w := newWorld(t, server.Backend, server.Addr, atScale(3000, 10_000, 50_000))
	shaken(t, w, shaker{every: 50 * time.Millisecond, calm: time.Second, restart: restart(server, server.Addr)}, 2*time.Minute)
	w.judge(t)
}

func TestNothingIsFoundWhereThereIsTiDBAlone(t *testing.T) {
	pool := shared.TiDB(t)
	w := newWorld(t, pool.Ends[0], pool.Ends[0].Addr, atScale(1000, 5000, 20_000))
	shaken(t, w, shaker{every: 50 * time.Millisecond, calm: time.Second}, 5*time.Minute)
	w.judge(t)
}

func TestNoStateLeaksBetweenSessionsOfOneConnectionEach(t *testing.T) {
	searchMariaDB(t, "session", atScale(3000, 20_000, 100_000))
}

func searchMariaDB(t *testing.T, mode string, checks int) {
	server := servers.MariaDB(t)
	s := usual(server.Backend, mode)
	d := mesh(t, s, server.Backend)
	d.Complains = true // of the server that starts anew
	w := newWorld(t, server.Backend, d.Addr, checks)
	shaken(t, w, shaker{every: 50 * time.Millisecond, calm: time.Second, swap: s.swap(d), restart: restart(server, d.Addr)}, atScale(time.Minute, 5*time.Minute, time.Hour))
	w.judge(t)
}

// shaken runs a search while somebody disturbs it.
func shaken(t *testing.T, w *world, k shaker, limit time.Duration) {
	t.Helper()
	w.shaking = true
	w.began = time.Now()
	var shaking sync.WaitGroup
	shaking.Go(func() { k.run(t, w) })
	w.run(t, limit)
	shaking.Wait()
}

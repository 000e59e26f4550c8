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
	shaken(t, w, shaker{every: 50 * time.Millisecond, calm: time.Second, restart: restart(server, server.Addr)}, 5*time.Minute)
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
	w.share(mode)
	shaken(t, w, shaker{every: 50 * time.Millisecond, calm: time.Second, swap: s.swap(d), restart: restart(server, d.Addr)}, atScale(3*time.Minute, 10*time.Minute, time.Hour))
	w.judge(t)
}

// TiDB is one process for all its front ends, so nothing is started anew here.
func searchTiDB(t *testing.T, mode string, checks int) {
	pool := shared.TiDB(t)
	s := usual(pool.Ends[0], mode)
	d := mesh(t, s, pool.Ends[0])
	d.Complains = true
	w := newWorld(t, pool.Ends[0], d.Addr, checks)
	w.share(mode)
	shaken(t, w, shaker{every: 50 * time.Millisecond, calm: time.Second, swap: s.swap(d)}, atScale(3*time.Minute, 10*time.Minute, time.Hour))
	w.judge(t)
}

// share has the world know that its sessions share connections.
func (w *world) share(mode string) {
	if mode == "transaction" {
		w.holders = make(chan struct{}, holders)
		w.limit = connections
	}
}

// shaken runs a search while somebody disturbs it.
func shaken(t *testing.T, w *world, k shaker, limit time.Duration) {
	t.Helper()
	w.shaking = true
	w.began = time.Now()
	var shaking sync.WaitGroup
	shaking.Go(func() { k.run(t, w) })
	for i := range max(w.assassins, 1) {
		shaking.Go(func() { w.assassinate(uint64(i)) })
	}
	if w.limit > 0 {
		shaking.Go(func() { (&census{limit: w.limit, port: w.server.Port}).keep(t, w) })
	}
	w.run(t, limit)
	shaking.Wait()
}

func TestNoStateLeaksBetweenSessionsThatShareConnections(t *testing.T) {
	searchMariaDB(t, "transaction", atScale(5000, 50_000, 1_000_000))
}

func TestNoStateLeaksBetweenSessionsThatShareConnectionsToTiDB(t *testing.T) {
	searchTiDB(t, "transaction", atScale(1000, 10_000, 200_000))
}

package live

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// A replica whose server is frozen, so that its control connection says nothing: reads that
// must see something go elsewhere, and none is held for longer than a second or so.
func TestAFrozenReplicaHoldsNoRead(t *testing.T) {
	c := servers.Cluster(t, 2)
	makeRows(t, c, 8)
	frozen := c.Replicas()[0]
	base := 0
	for _, pooling := range poolings {
		for _, alone := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s pooling, alone %v", pooling, alone), func(t *testing.T) {
				r := over(c, "session", pooling)
				if alone {
					r.readers = c.Replicas()[:1]
				}
				r.more = "health: {interval: 20s, timeout: 10s}" // nobody else notices
				m := startMesh(t, parts{}, r.text())
				ownWrites(t, m.addr(), 8, base, 2)
				if err := frozen.Stop(); err != nil {
					t.Fatal(err)
				}
				l := ownWrites(t, m.addr(), 8, base+2, 10)
				if err := frozen.Cont(); err != nil {
					t.Fatal(err)
				}
				base += 12
				const most = 4500 * time.Millisecond // less than connect_timeout
				if l.stale.Load() > 0 || time.Duration(l.slowest.Load()) > most {
					t.Error(l)
				}
				if !alone && l.away.Load() == 0 {
					t.Errorf("no read went to the other replica: %s", l)
				}
				c.Wait(t)
			})
		}
	}
}

// The home server's control connection may be as good as dead too.
func TestControlConnectionsThatAreCutFailNoRead(t *testing.T) {
	c := servers.Cluster(t, 2)
	makeRows(t, c, 16)
	for i, pooling := range poolings {
		m := startMesh(t, parts{}, over(c, "session", pooling).text())
		ctx, stop := context.WithCancel(context.Background())
		var cutting sync.WaitGroup
		cuts := 0
		cutting.Go(func() {
			for ctx.Err() == nil {
				for _, node := range c.Nodes {
					ids, _ := node.Query(ctx, "SELECT id FROM information_schema.processlist WHERE user = 'root' AND id <> CONNECTION_ID()")
					for _, id := range ids {
						if _, err := node.Query(ctx, "KILL "+id[0]); err == nil {
							cuts++
						}
					}
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
		l := ownWrites(t, m.addr(), 16, i*100, atScale(20, 40, 90))
		stop()
		cutting.Wait()
		if l.stale.Load() > 0 || l.away.Load() == 0 || cuts == 0 {
			t.Errorf("%s pooling, %d cuts: %s", pooling, cuts, l)
		}
	}
}

// A replica that dies, and one that was never there.
func TestReadsRunAtHomeWhenThereIsNoReplica(t *testing.T) {
	c := servers.Cluster(t, 1)
	makeRows(t, c, 1)
	replica := c.Replicas()[0]
	for _, pooling := range poolings {
		t.Run(pooling, func(t *testing.T) {
			m := startMesh(t, parts{}, over(c, "session", pooling).text())
			q := session(t, app(t, m.addr(), params))
			run(t, q, "UPDATE app.seen SET v = v + 1")
			c.Wait(t)
			isRead := func() bool { _, server := scan(t, q, 0); return server == reader }
			until(t, patience, "the replica is read", isRead)
			if err := replica.Kill9(); err != nil {
				t.Fatal(err)
			}
			for range 20 {
				if _, server := scan(t, q, 0); server != primary {
					t.Errorf("on server %s, which is dead", server)
				}
				run(t, q, "UPDATE app.seen SET v = v + 1")
			}
			if err := replica.Start(); err != nil {
				t.Fatal(err)
			}
			replica.SQL(t, "START SLAVE")
			c.Wait(t)
			until(t, patience, "the replica is read again", isRead)
		})
	}
}

// Another server becomes the primary: what was written on the old one must still be seen.
func TestReadsSeeWhatWasWrittenBeforeAPromotion(t *testing.T) {
	c := servers.Cluster(t, 2)
	makeRows(t, c, 1)
	old, next, late := c.Nodes[0], c.Nodes[1], c.Nodes[2]
	m := startMesh(t, parts{}, replicated{level: "session", pooling: "transaction", home: old, readers: []*servers.Server{late}}.text())
	q := session(t, app(t, m.addr(), params))
	late.SQL(t, "STOP SLAVE SQL_THREAD")
	run(t, q, "UPDATE app.seen SET v = 7")
	next.SQL(t, "SELECT MASTER_GTID_WAIT(?, 10)", old.Value(t, "SELECT @@gtid_binlog_pos"))
	old.SQL(t, "SET GLOBAL read_only = 1")
	next.SQL(t, "STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = 0")
	if err := m.apply(replicated{level: "session", pooling: "transaction", home: next, readers: []*servers.Server{late}}.text()); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if v, server := scan(t, q, 0); v != 7 || server != "2" {
			t.Fatalf("%d on server %s", v, server)
		}
	}
	late.SQL(t, "START SLAVE SQL_THREAD")
	until(t, patience, "the replica is read", func() bool {
		v, server := scan(t, q, 0)
		if v != 7 {
			t.Fatalf("%d on server %s", v, server)
		}
		return server == "3"
	})
}

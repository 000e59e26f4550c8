package live

import (
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// Reads leave a replica that is further behind than max_lag, those of sessions that have a
// connection there too, and come back to it when it is at most half so far behind.
func TestReadsLeaveAReplicaThatIsTooFarBehind(t *testing.T) {
	c := servers.Cluster(t, 2)
	makeRows(t, c, 1)
	slow, other := c.Replicas()[0], c.Replicas()[1]
	for _, pooling := range poolings {
		t.Run(pooling, func(t *testing.T) {
			r := over(c, "off", pooling)
			r.more = "replication: {max_lag: 2s, interval: 50ms}"
			m := startMesh(t, parts{}, r.text())
			all := sessions(t, m.addr(), 16)
			places := func() map[string]int {
				got := map[string]int{}
				for _, q := range all {
					_, server := scan(t, q, 0)
					got[server]++
				}
				return got
			}
			until(t, patience, "reads go to both replicas", func() bool { p := places(); return p["2"] > 0 && p["3"] > 0 })
			stopped := time.Now() // on a busy machine the statement may end long after the thread
			slow.SQL(t, "STOP SLAVE SQL_THREAD")
			until(t, patience, "no read goes to the slow one", func() bool { p := places(); return p["2"] == 0 && p["3"] == len(all) })
			if took := time.Since(stopped); took < 500*time.Millisecond { // it may have been a second behind
				t.Errorf("it was left after %s", took)
			}
			other.SQL(t, "STOP SLAVE SQL_THREAD")
			until(t, patience, "all reads run at home", func() bool { return places()[primary] == len(all) })
			slow.SQL(t, "START SLAVE SQL_THREAD")
			until(t, patience, "reads go to the one that is back", func() bool { return places()["2"] == len(all) })
			other.SQL(t, "START SLAVE SQL_THREAD")
			until(t, patience, "both are in use", func() bool {
				all = append(all[1:], session(t, app(t, m.addr(), params)))
				p := places()
				return p["2"] > 0 && p["3"] > 0
			})
		})
	}
}

// The lag that counts is the server's own figure: a replica delayed by 5 s is out at 2 s.
func TestADelayedReplicaIsOutOfUse(t *testing.T) {
	c := servers.Cluster(t, 1)
	makeRows(t, c, 1)
	r := over(c, "off", "session")
	r.more = "replication: {max_lag: 2s, interval: 50ms}"
	m := startMesh(t, parts{}, r.text())
	q := session(t, app(t, m.addr(), params))
	at := func() string {
		_, server := scan(t, q, 0)
		return server
	}
	if at() != reader {
		t.Fatal("reads do not go to the replica")
	}
	c.Lag(t, c.Replicas()[0], 5*time.Second)
	c.Primary().SQL(t, "UPDATE app.seen SET v = 1")
	until(t, patience, "reads run at home", func() bool { return at() == primary })
	until(t, patience, "the replica has caught up and is read", func() bool {
		v, server := scan(t, q, 0)
		return server == reader && v == 1
	})
}

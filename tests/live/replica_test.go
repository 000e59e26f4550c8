package live

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// replicated is a config in list mode whose reads go to replicas.
type replicated struct {
	level   string // of consistency
	router  string // more keys of the router, flow style
	wait    string // "" for none
	pooling string // mode
	blind   bool   // no control accounts
	more    string // more keys of the readers, flow style
	home    *servers.Server
	readers []*servers.Server
}

func (r replicated) text() string {
	var b strings.Builder
	wait := ""
	if r.wait != "" {
		wait = ", wait: " + r.wait
	}
	control := ", control: {user: root}"
	if r.blind {
		control = ""
	}
	fmt.Fprintf(&b, "listeners:\n  - {name: main, address: \"127.0.0.1:0\", chain: main, pool: main}\npools:\n")
	pool := func(name, more string, all ...*servers.Server) {
		fmt.Fprintf(&b, "  - {name: %s, tls: {mode: \"off\"}, pooling: {mode: %s}%s%s, backends: [", name, r.pooling, control, comma(patient(more)))
		for _, s := range all {
			fmt.Fprintf(&b, "{address: %q}, ", s.Addr)
		}
		b.WriteString("]}\n")
	}
	pool("main", "", r.home)
	pool("readers", r.more, r.readers...)
	fmt.Fprintf(&b, "chains:\n  - name: main\n    links:\n      - %s\n", listMode)
	fmt.Fprintf(&b, "      - {kind: router, consistency: %s%s%s, rules: [{when: {read_safe: true}, pool: readers}]}\n", r.level, wait, comma(r.router))
	b.WriteString("      - {kind: balancer, policy: random}\n")
	return b.String()
}

// over is the config before a cluster, with all replicas as readers.
func over(c *servers.Replication, level, pooling string) replicated {
	return replicated{level: level, pooling: pooling, home: c.Primary(), readers: c.Replicas()}
}

// poolings are the ways in which sessions get connections.
var poolings = []string{"session", "transaction"}

// seen reads a row of app.seen and says on which server, by a table that each has for itself.
const seen = "SELECT CONCAT(v, ' ', (SELECT name FROM app.here)) FROM app.seen WHERE id = ?"

func scan(t testing.TB, q querier, id any) (v int, server string) {
	t.Helper()
	v, server, err := scanned(q, id)
	if err != nil {
		t.Fatal(err)
	}
	return v, server
}

func scanned(q querier, id any) (v int, server string, err error) {
	text, err := ask(q, seen, id)
	if err == nil {
		_, err = fmt.Sscan(text, &v, &server)
	}
	return v, server, err
}

// makeRows makes app.seen with n rows of v = 0, and a procedure that sets one, on all nodes.
func makeRows(t *testing.T, c *servers.Replication, n int) {
	t.Helper()
	values := make([]string, n)
	for i := range values {
		values[i] = fmt.Sprintf("(%d, 0)", i)
	}
	c.Primary().SQL(t, "CREATE OR REPLACE TABLE app.seen (id INT PRIMARY KEY, v INT) ENGINE=InnoDB")
	c.Primary().SQL(t, "INSERT INTO app.seen VALUES "+strings.Join(values, ", "))
	c.Primary().SQL(t, "CREATE OR REPLACE PROCEDURE app.put(i INT, n INT) SQL SECURITY INVOKER UPDATE app.seen SET v = n WHERE id = i")
	c.Wait(t)
	for i, node := range c.Nodes {
		node.SQL(t, fmt.Sprintf("SET sql_log_bin = 0; CREATE TABLE app.here (name INT); INSERT INTO app.here VALUES (%d)", i+1))
	}
}

// write sets a row in one of several ways, which depends on the row: after some of them a
// session has something on its connection and stays there.
func write(q *sql.Conn, id, v int) error {
	set := fmt.Sprintf("UPDATE app.seen SET v = %d WHERE id = %d", v, id)
	texts := []string{set}
	switch id % 8 {
	case 1, 2:
		texts = []string{"BEGIN", set, "COMMIT"}
	case 3:
		texts = []string{"SELECT v FROM app.seen LIMIT 1; " + set}
	case 4:
		texts = []string{fmt.Sprintf("CALL app.put(%d, %d)", id, v)}
	case 5:
		st, err := q.PrepareContext(context.Background(), "REPLACE INTO app.seen VALUES (?, ?)")
		if err != nil {
			return err
		}
		defer st.Close()
		_, err = st.Exec(id, v)
		return err
	}
	for _, text := range texts {
		if err := try(q, text); err != nil {
			return err
		}
	}
	return nil
}

// tally is what readers saw.
type tally struct {
	reads, stale, away atomic.Int64
	slowest            atomic.Int64 // nanoseconds
}

// read reads a row that must have v at least.
func (l *tally) read(q querier, id, v int) error {
	start := time.Now()
	got, server, err := scanned(q, id)
	if err != nil {
		return err
	}
	for took := int64(time.Since(start)); ; {
		if old := l.slowest.Load(); took <= old || l.slowest.CompareAndSwap(old, took) {
			break
		}
	}
	l.reads.Add(1)
	if got < v {
		l.stale.Add(1)
	}
	if server != primary {
		l.away.Add(1)
	}
	return nil
}

func (l *tally) String() string {
	return fmt.Sprintf("%d reads, %d away from home, %d stale, the slowest took %s",
		l.reads.Load(), l.away.Load(), l.stale.Load(), time.Duration(l.slowest.Load()).Round(time.Millisecond))
}

// ownWrites has n sessions write a row of their own and read it, again and again, and read on
// until one read went away from home: on a slow machine no replica may be in time before
// that. Values count on from base, which is above all before.
func ownWrites(t *testing.T, addr string, n, base, rounds int) *tally {
	t.Helper()
	l := &tally{}
	var all sync.WaitGroup
	for id := range n {
		db := app(t, addr, func(c *mysql.Config) { c.InterpolateParams, c.MultiStatements = id%3 > 0, true })
		q := session(t, db)
		all.Go(func() {
			defer db.Close()
			for v := base + 1; v <= base+rounds; v++ {
				if err := write(q, id, v); err != nil {
					t.Errorf("session %d writes: %v", id, err)
					return
				}
				for range 2 { // the second one often needs no question
					if err := l.read(q, id, v); err != nil {
						t.Errorf("session %d reads: %v", id, err)
						return
					}
				}
			}
			for end := time.Now().Add(patience); l.away.Load() == 0 && time.Now().Before(end); {
				if err := l.read(q, id, base+rounds); err != nil {
					t.Errorf("session %d reads: %v", id, err)
					return
				}
			}
		})
	}
	all.Wait()
	t.Log(l)
	return l
}

// othersWrites has sessions read what other sessions have committed before. They read on in
// the same way.
func othersWrites(t *testing.T, addr string, n, base, rounds int) *tally {
	t.Helper()
	l := &tally{}
	var all sync.WaitGroup
	latest := make([]atomic.Int64, n)
	done := make(chan struct{})
	var writers sync.WaitGroup
	for id := range n {
		db := app(t, addr, params, severalAtOnce)
		q := session(t, db)
		writers.Go(func() {
			defer db.Close()
			for v := base + 1; v <= base+rounds; v++ {
				if err := write(q, id, v); err != nil {
					t.Errorf("writer %d: %v", id, err)
					return
				}
				latest[id].Store(int64(v))
			}
		})
	}
	for id := range n {
		db := app(t, addr, params)
		q := session(t, db)
		all.Go(func() {
			defer db.Close()
			for i := id; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				if err := l.read(q, i%n, int(latest[i%n].Load())); err != nil {
					t.Errorf("reader %d: %v", id, err)
					return
				}
			}
		})
	}
	writers.Wait()
	for end := time.Now().Add(patience); l.away.Load() == 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	close(done)
	all.Wait()
	t.Log(l)
	return l
}

func severalAtOnce(c *mysql.Config) { c.MultiStatements = true }

// With one replica 5 s late and one that is as good as in time. That stale reads are seen
// with the level off shows that the test can fail.
func TestNoReadIsStaleWhileAReplicaIsDelayed(t *testing.T) {
	c := servers.Cluster(t, 2)
	n, rounds := 24, atScale(10, 25, 150)
	makeRows(t, c, n)
	c.Lag(t, c.Replicas()[0], 5*time.Second)
	base := 0
	for _, pooling := range poolings {
		for _, wait := range []string{"", "50ms"} {
			t.Run(pooling+" pooling, wait "+wait, func(t *testing.T) {
				r := over(c, "session", pooling)
				r.wait = wait
				m := startMesh(t, parts{loops: 2}, r.text())
				l := ownWrites(t, m.addr(), n, base, rounds)
				base += rounds
				if l.stale.Load() > 0 {
					t.Errorf("session level: %s", l)
				}
				if counted := m.report.read("replica", "waited"); l.away.Load() == 0 || l.away.Load() != counted {
					t.Errorf("%s; %d were counted as away", l, counted)
				}
				r.level = "global"
				if err := m.apply(r.text()); err != nil {
					t.Fatal(err)
				}
				if l := othersWrites(t, m.addr(), n/2, base, 3*rounds); l.stale.Load() > 0 || l.away.Load() == 0 {
					t.Errorf("global level: %s", l)
				}
				base += 3 * rounds
			})
		}
		t.Run(pooling+" pooling, level off", func(t *testing.T) {
			m := startMesh(t, parts{}, over(c, "off", pooling).text())
			if l := ownWrites(t, m.addr(), n, base, 5); l.stale.Load() == 0 {
				t.Errorf("nothing is stale, so the test shows nothing: %s", l)
			}
			base += 5
		})
	}
}

// Both replicas stand still: all reads of what was written run at home, and go to the
// replicas again as soon as those have it.
func TestReadsGoToReplicasAgainWhenTheyHaveCaughtUp(t *testing.T) {
	c := servers.Cluster(t, 2)
	makeRows(t, c, 4)
	for _, pooling := range poolings {
		t.Run(pooling, func(t *testing.T) {
			m := startMesh(t, parts{}, over(c, "session", pooling).text())
			q, other := session(t, app(t, m.addr(), params, severalAtOnce)), session(t, app(t, m.addr(), params))
			if _, server := scan(t, q, 0); server == primary {
				t.Error("a session that has written nothing reads at home")
			}
			for _, r := range c.Replicas() {
				r.SQL(t, "STOP SLAVE SQL_THREAD")
			}
			for v := range 10 {
				if err := write(q, 0, v+1); err != nil {
					t.Fatal(err)
				}
				if got, server := scan(t, q, 0); got != v+1 || server != primary {
					t.Errorf("write %d is read as %d on server %s", v+1, got, server)
				}
			}
			if got, server := scan(t, other, 0); got != 0 || server == primary {
				t.Errorf("a session that has written nothing reads %d on server %s", got, server)
			}
			for _, r := range c.Replicas() {
				r.SQL(t, "START SLAVE SQL_THREAD")
			}
			c.Wait(t)
			for range 10 {
				away(t, q, 10)
			}
			run(t, q, "UPDATE app.seen SET v = 0")
			c.Wait(t)
		})
	}
}

// away expects the first row to be v, and to be read on a replica. On a busy machine a replica
// may answer too late how far it is, so that the read runs at home; the next one is away then.
func away(t *testing.T, q querier, v int) {
	t.Helper()
	until(t, patience, "the read leaves home", func() bool {
		got, server := scan(t, q, 0)
		if got != v {
			t.Fatalf("%d on server %s, want %d", got, server, v)
		}
		return server != primary
	})
}

// A replica that gets the write within the time to wait serves the read.
func TestAReadWaitsForItsReplica(t *testing.T) {
	c := servers.Cluster(t, 1)
	makeRows(t, c, 1)
	replica := c.Replicas()[0]
	for _, pooling := range poolings {
		r := over(c, "session", pooling)
		r.wait = "20s"
		m := startMesh(t, parts{}, r.text())
		q := session(t, app(t, m.addr(), params))
		// Until the read has begun before the replica goes on, which on a busy machine takes a while.
		for pause := 100 * time.Millisecond; m.report.read("waited") == 0; pause *= 3 {
			if pause > 10*time.Second {
				t.Fatalf("%s: no read has waited", pooling)
			}
			replica.SQL(t, "STOP SLAVE SQL_THREAD")
			run(t, q, "UPDATE app.seen SET v = v + 1")
			started := make(chan error, 1)
			go func() {
				time.Sleep(pause)
				_, err := replica.Query(context.Background(), "START SLAVE SQL_THREAD")
				started <- err
			}()
			if _, server := scan(t, q, 0); server == primary {
				t.Errorf("%s: a read that may wait runs at home", pooling)
			}
			if err := <-started; err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Without control accounts nothing but time is there to go by.
func TestWithoutPositionsReadsStayAtHomeForAWhile(t *testing.T) {
	c := servers.Cluster(t, 1)
	makeRows(t, c, 1)
	for _, pooling := range poolings {
		r := over(c, "session", pooling)
		r.blind, r.more = true, "replication: {window: 400ms}"
		m := startMesh(t, parts{}, r.text())
		q := session(t, app(t, m.addr(), params))
		if _, server := scan(t, q, 0); server == primary {
			t.Errorf("%s: at home before any write", pooling)
		}
		began := time.Now() // dbmesh may see the end of the write long before this test does
		run(t, q, "UPDATE app.seen SET v = v + SLEEP(0.5)")
		until(t, patience, "reads go to the replica", func() bool {
			_, server := scan(t, q, 0)
			return server != primary
		})
		if took := time.Since(began); took < 900*time.Millisecond {
			t.Errorf("%s: only %s after the beginning of a write of 500ms", pooling, took)
		}
		r.level = "global"
		if err := m.apply(r.text()); err != nil {
			t.Fatal(err)
		}
		if _, server := scan(t, q, 0); server != primary {
			t.Errorf("%s: a global read on server %s, of which nothing is known", pooling, server)
		}
	}
}

// A transaction that only reads runs where its BEGIN went, which must have what was written.
func TestReadOnlyTransactionsSeeWhatWasWritten(t *testing.T) {
	c := servers.Cluster(t, 2)
	makeRows(t, c, 1)
	c.Lag(t, c.Replicas()[0], 5*time.Second)
	for i, pooling := range poolings {
		r := over(c, "session", pooling)
		r.router = "read_only_transactions: true, lazy_begin: true"
		m := startMesh(t, parts{}, r.text())
		q := session(t, app(t, m.addr(), params))
		gone := 0
		for v := i*1000 + 1; v <= i*1000+40; v++ {
			for _, sql := range []string{"BEGIN", fmt.Sprintf("UPDATE app.seen SET v = %d", v), "COMMIT", "START TRANSACTION READ ONLY"} {
				run(t, q, sql)
			}
			for range 2 {
				got, server := scan(t, q, 0)
				if got != v {
					t.Errorf("%s: %d after %d was written, on server %s", pooling, got, v, server)
				}
				if server != primary {
					gone++
				}
			}
			run(t, q, "COMMIT")
			until(t, patience, "the other replica has it", func() bool {
				return c.Replicas()[1].Value(t, "SELECT v FROM app.seen") == fmt.Sprint(v)
			})
			away(t, q, v)
		}
		t.Logf("%s: %d reads of 80 away from home", pooling, gone)
	}
}

// A pool of readers may hold the primary too, which has all that was written there.
func TestThePrimaryMayBeAmongTheReaders(t *testing.T) {
	c := servers.Cluster(t, 1)
	makeRows(t, c, 1)
	c.Replicas()[0].SQL(t, "STOP SLAVE SQL_THREAD")
	for i, pooling := range poolings {
		r := over(c, "session", pooling)
		r.readers = c.Nodes
		m := startMesh(t, parts{}, r.text())
		q := session(t, app(t, m.addr(), params))
		for v := range 10 {
			v += 10*i + 1
			run(t, q, "UPDATE app.seen SET v = ?", v)
			if got, server := scan(t, q, 0); got != v || server != primary {
				t.Errorf("%s: %d on server %s, want %d", pooling, got, server, v)
			}
		}
		if n := m.report.read("replica"); n < 5 { // a busy server may answer a few questions too late
			t.Errorf("%s: %d reads of 10 ran in the pool of readers", pooling, n)
		}
	}
}

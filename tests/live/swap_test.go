package live

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// busy is how many sessions work while configs change.
const busy = 64

// TestSwapsUnderLoadFailNoQueryAndCloseNoSession changes the config again and again, one
// time in six to a broken one, under sessions that query, prepare and run transactions.
// Each number of event loops must pass.
func TestSwapsUnderLoadFailNoQueryAndCloseNoSession(t *testing.T) {
	for _, loops := range []int{1, 2, 4} {
		t.Run(fmt.Sprintf("loops=%d", loops), func(t *testing.T) { swapUnderLoad(t, shared.MariaDB(t).Backend, loops, atScale(60, 200, 1000)) })
	}
}

func TestSwapsUnderLoadBeforeTiDB(t *testing.T) {
	swapUnderLoad(t, shared.TiDB(t).Ends[0], 2, atScale(60, 60, 200))
}

func swapUnderLoad(t *testing.T, server *servers.Backend, loops, swaps int) {
	l := &ledger{}
	generation := 1
	config := func(g int) string {
		s := encrypting(server, stamped(g))
		s.weight = 1 + g%3 // the same server as another core.Backend
		s.pool = fmt.Sprintf("connect_timeout: %ds", 5+g%2)
		return s.text()
	}
	m := startMesh(t, parts{loops: loops, kinds: l.kinds()}, config(generation))
	broken := breakers(t, server.Addr)

	load := startLoad(t, m.addr())
	load.settle(t)
	logins := m.report.ok.Load()
	start := measure()
	refused := 0
	for i := range swaps {
		if i%6 == 5 {
			b := broken[refused%len(broken)]
			err := m.apply(b.config)
			if err == nil || !strings.Contains(err.Error(), b.says) {
				t.Fatalf("config with %s: error %v does not say %q", b.name, err, b.says)
			}
			refused++
			continue
		}
		generation++
		if err := m.apply(config(generation)); err != nil {
			t.Fatal(err)
		}
		load.progress(t, 8)
	}
	// The last one is quick, like the first: with a slow link each command at work has a
	// goroutine of its own, which would count as growth.
	if err := m.apply(config(4*generation + 1)); err != nil {
		t.Fatal(err)
	}
	load.progress(t, 8)
	end := calm(t, start)
	load.stop(t)
	if n := m.report.ok.Load(); n != logins {
		t.Errorf("%d new logins: sessions were closed and came again", n-logins)
	}
	until(t, patience, "the sessions are gone", func() bool { return m.server.Sessions() == 0 })
	// All generations but the one in force are closed.
	until(t, patience, "old filters are closed", func() bool { return l.made.Load()-l.closed.Load() == 2 })
	for _, f := range l.faults {
		t.Error(f)
	}
	if l.commands.Load() < int64(swaps) {
		t.Errorf("only %d commands ran", l.commands.Load())
	}
	end.grewFrom(t, start)
	t.Logf("%d swaps, %d refused, %d commands, %v", swaps, refused, l.commands.Load(), end.since(start))
}

// A chain that a config no longer names closes, while the sessions of its listener go on
// with the new one; and a removed listener's sessions keep theirs.
func TestARemovedChainClosesWhenNobodyUsesIt(t *testing.T) {
	l := &ledger{}
	server := shared.MariaDB(t)
	config := func(g int) string {
		text := encrypting(server.Backend, stamped(g)).text()
		text = strings.Replace(text, "chain: main", fmt.Sprintf("chain: main%d", g), 1)
		return strings.Replace(text, "chains:\n  - name: main", fmt.Sprintf("chains:\n  - name: main%d", g), 1)
	}
	m := startMesh(t, parts{loops: 2, kinds: l.kinds()}, config(1))
	load := startLoad(t, m.addr())
	load.settle(t)
	const swaps = 30
	for g := range swaps {
		if err := m.apply(config(2 + g)); err != nil {
			t.Fatal(err)
		}
		load.progress(t, 8)
	}
	until(t, patience, "all chains but one are closed", func() bool { return l.made.Load()-l.closed.Load() == 2 })
	moved := func(g int) string { return strings.Replace(config(g), "name: main,", "name: moved,", 1) }
	moved1 := strings.Replace(moved(99), "127.0.0.1:0", freeAddr(t), 1)
	if err := m.apply(moved1); err != nil {
		t.Fatal(err)
	}
	load.progress(t, 4*busy) // on the chain of the removed listener
	load.stop(t)
	until(t, patience, "its chain closes with its last session", func() bool {
		if err := m.apply(moved1); err != nil {
			t.Fatal(err)
		}
		return l.made.Load()-l.closed.Load() == 2
	})
	for _, f := range l.faults {
		t.Error(f)
	}
}

// encrypting is a setup whose clients may use TLS.
func encrypting(b *servers.Backend, links string) setup {
	s := before(b, links)
	s.listener = fmt.Sprintf("tls: {mode: prefer, cert: %q, key: %q}", b.TLS.ServerCert, b.TLS.ServerKey)
	return s
}

type breaker struct{ name, config, says string }

// breakers are configs that must be refused, each in a stage of its own.
func breakers(t *testing.T, backend string) []breaker {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	good := setup{backends: []string{backend}, links: stamped(-1)}
	with := func(change func(*setup)) string {
		s := good
		change(&s)
		return s.text()
	}
	return []breaker{
		{"a syntax error", good.text() + "  - [\n", "live.yaml:"},
		{"an unknown kind", with(func(s *setup) { s.links += "{kind: sieve}\n" }), "sieve"},
		{"a filter that refuses", with(func(s *setup) { s.links += "{kind: stamp, name: third, refuse: true}\n" }), "refuses its config"},
		{"a port in use", strings.Replace(good.text(), "127.0.0.1:0", taken.Addr().String(), 1), "in use"},
		{"a missing certificate", with(func(s *setup) { s.listener = "tls: {mode: prefer, cert: /nowhere/c.pem, key: /nowhere/k.pem}" }), "/nowhere/c.pem"},
		{"an unknown key", good.text() + "colour: blue\n", "colour"},
	}
}

// load is many sessions at work.
type load struct {
	stopping chan struct{}
	once     sync.Once
	done     sync.WaitGroup
	count    atomic.Int64
	started  atomic.Int64 // sessions that have done some work
	failures chan error
}

func startLoad(t *testing.T, addr string) *load {
	t.Helper()
	l := &load{stopping: make(chan struct{}), failures: make(chan error, busy)}
	t.Cleanup(l.end)
	work := []func(*sql.Conn, int) error{textWork, preparedWork, transactionWork}
	db := app(t, addr)
	run(t, db, "CREATE TABLE IF NOT EXISTS swap (id INT PRIMARY KEY, n INT)")
	run(t, db, "DELETE FROM swap")
	_ = db.Close()
	for i := range busy {
		l.done.Go(func() {
			if err := l.run(addr, i, work[i%len(work)], t); err != nil {
				l.failures <- fmt.Errorf("session %d: %w", i, err)
			}
		})
	}
	return l
}

func (l *load) run(addr string, i int, work func(*sql.Conn, int) error, t *testing.T) error {
	db := app(t, addr, func(c *mysql.Config) {
		if i%4 == 0 {
			c.TLSConfig = "skip-verify"
		}
	})
	defer db.Close()
	conn, err := db.Conn(context.Background())
	if err != nil {
		return err
	}
	defer conn.Close()
	for round := 0; ; round++ {
		select {
		case <-l.stopping:
			return nil
		default:
		}
		if err := work(conn, i); err != nil {
			return err
		}
		l.count.Add(1)
		if round == 0 {
			l.started.Add(1)
		}
	}
}

// settle waits until every session has done some work.
func (l *load) settle(t *testing.T) {
	t.Helper()
	until(t, patience, "all sessions work", func() bool { l.check(t); return l.started.Load() == busy })
}

// progress waits for n more rounds of work.
func (l *load) progress(t *testing.T, n int64) {
	t.Helper()
	from := l.count.Load()
	until(t, patience, "the sessions make progress", func() bool { l.check(t); return l.count.Load() >= from+n })
}

func (l *load) check(t *testing.T) {
	t.Helper()
	select {
	case err := <-l.failures:
		t.Fatal(err)
	default:
	}
}

func (l *load) stop(t *testing.T) {
	t.Helper()
	l.end()
	l.check(t)
}

func (l *load) end() {
	l.once.Do(func() { close(l.stopping) })
	l.done.Wait()
}

func textWork(c *sql.Conn, i int) error {
	got, err := ask(c, fmt.Sprintf("SELECT %d + 1", i))
	return expect(got, fmt.Sprint(i+1), err)
}

func preparedWork(c *sql.Conn, i int) error {
	got, err := ask(c, "SELECT ? + 1", i)
	return expect(got, fmt.Sprint(i+1), err)
}

func transactionWork(c *sql.Conn, i int) error {
	tx, err := c.BeginTx(context.Background(), nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.Exec("REPLACE INTO swap VALUES (?, 1)", i); err != nil {
		return err
	}
	if _, err := tx.Exec(fmt.Sprintf("UPDATE swap SET n = n + 1 WHERE id = %d", i)); err != nil {
		return err
	}
	got, err := ask(tx, "SELECT n FROM swap WHERE id = ?", i)
	if err := expect(got, "2", err); err != nil {
		return err
	}
	return tx.Commit()
}

func expect(got, want string, err error) error {
	if err == nil && got != want {
		err = fmt.Errorf("got %q, want %q", got, want)
	}
	return err
}

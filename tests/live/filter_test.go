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

	"github.com/dbmesh/dbmesh/core"
)

func params(c *mysql.Config) { c.InterpolateParams = true }

func program(name string) func(*mysql.Config) {
	return func(c *mysql.Config) { c.ConnectionAttributes = "program_name:" + name }
}

func scriptedMesh(t *testing.T, s scripted, link string) *mesh {
	t.Helper()
	return startMesh(t, parts{kinds: core.Registry{"scripted": scriptedKind(s)}},
		before(shared.MariaDB(t).Backend, usualLinks+link).text())
}

func TestFiltersAnswerQueriesInTheBackendsPlace(t *testing.T) {
	var done atomic.Int64
	m := scriptedMesh(t, scripted{done: &done}, "{kind: scripted}")
	c := session(t, app(t, m.addr(), params))

	if err := try(c, "/* deny */ SELECT 1"); code(err) != 1644 || !strings.Contains(err.Error(), "denied by the script") {
		t.Errorf("denied query: %v", err)
	}
	res, err := c.ExecContext(context.Background(), "/* ok */ INSERT INTO nowhere VALUES (1)")
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := res.RowsAffected(); n != 7 {
		t.Errorf("%d rows affected, want 7", n)
	}
	if id, _ := res.LastInsertId(); id != 9 {
		t.Errorf("insert id %d, want 9", id)
	}
	if got := fmt.Sprint(table(t, c, "/* rows */ SELECT 1")); got != "[[a b] [1 NULL] [2 x]]" {
		t.Errorf("rows: %s", got)
	}
	if got := value(t, c, "SELECT 42"); got != "42" {
		t.Errorf("the session is off: %s", got)
	}
	until(t, patience, "four commands have ended", func() bool { return done.Load() >= 4 })
}

// table reads a whole result, names first.
func table(t *testing.T, c *sql.Conn, query string) [][]string {
	t.Helper()
	rows, err := c.QueryContext(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	all := [][]string{names}
	for rows.Next() {
		cells, into := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		row := []string{}
		for _, v := range cells {
			if !v.Valid {
				v.String = "NULL"
			}
			row = append(row, v.String)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestFiltersAnswerPreparesAndExecutes(t *testing.T) {
	m := scriptedMesh(t, scripted{}, "{kind: scripted}")
	r := dialRaw(t, m.addr(), "app", "app")
	if _, err := r.do(core.Prepare, []byte("/* deny */ SELECT 1")); errno(err) != 1644 {
		t.Errorf("denied prepare: %v", err)
	}
	// Only an error can stand for the answer to a prepare.
	for _, script := range []string{"ok", "rows"} {
		if _, err := r.do(core.Prepare, []byte("/* "+script+" */ SELECT 1")); errno(err) != 1105 {
			t.Errorf("prepare answered with %s: %v", script, err)
		}
	}
	f, err := r.do(core.Prepare, []byte("SELECT 5"))
	if err != nil {
		t.Fatal(err)
	}
	if f, err := r.do(core.Execute, execute(f.StatementID)); err != nil || f.Rows != 1 {
		t.Fatalf("execute: %v", err)
	}
	if err := r.query("SELECT 1"); err != nil {
		t.Fatal(err)
	}
}

// An execute is judged by the text that was prepared, also by links that came with a swap.
func TestAnExecuteIsJudgedByThePreparedTextAfterASwap(t *testing.T) {
	server := shared.MariaDB(t).Backend
	m := startMesh(t, parts{kinds: core.Registry{"scripted": scriptedKind(scripted{})}}, before(server, usualLinks).text())
	r := dialRaw(t, m.addr(), "app", "app")
	f, err := r.do(core.Prepare, []byte("/* deny */ SELECT 5"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.do(core.Execute, execute(f.StatementID)); err != nil {
		t.Fatal(err)
	}
	if err := m.apply(before(server, usualLinks+"{kind: scripted}").text()); err != nil {
		t.Fatal(err)
	}
	if _, err := r.do(core.Execute, execute(f.StatementID)); errno(err) != 1644 {
		t.Errorf("execute of a text that the new link denies: %v", err)
	}
	if err := r.query("SELECT 1"); err != nil {
		t.Fatal(err)
	}
}

func TestADeniedLongStatementIsDrainedAndTheSessionLivesOn(t *testing.T) {
	m := scriptedMesh(t, scripted{}, "{kind: scripted}")
	r := dialRaw(t, m.addr(), "app", "app")
	for _, size := range []int{100, 20 << 10, 1<<24 - 1, 20 << 20} {
		sql := "/* deny */ SELECT '" + strings.Repeat("x", size) + "'"
		if err := r.query(sql); errno(err) != 1644 {
			t.Fatalf("denied statement of %d bytes: %v", size, err)
		}
		if err := r.query("SELECT 1"); err != nil {
			t.Fatalf("after a denied statement of %d bytes: %v", size, err)
		}
	}
}

func TestRewrittenStatementsReachTheBackend(t *testing.T) {
	long := "SELECT LENGTH('" + strings.Repeat("y", 3<<20) + "')"
	m := scriptedMesh(t, scripted{longRewrite: long}, "{kind: scripted}")
	c := session(t, app(t, m.addr(), params))
	for range 3 {
		if got := value(t, c, "/* short */ SELECT 'this is a much longer text than what takes its place'"); got != "short" {
			t.Errorf("short rewrite: %s", got)
		}
		if got := value(t, c, "/* long */ SELECT 1"); got != fmt.Sprint(3<<20) {
			t.Errorf("long rewrite: %s", got)
		}
		if got := value(t, c, "SELECT 42"); got != "42" {
			t.Errorf("after rewrites: %s", got)
		}
	}
	// A prepare is rewritten too, and keeps the rewritten text for later judgement.
	r := dialRaw(t, m.addr(), "app", "app")
	f, err := r.do(core.Prepare, []byte("/* short */ SELECT 'x' FROM nowhere"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.do(core.Execute, execute(f.StatementID)); err != nil {
		t.Fatal(err)
	}
}

// What is longer than a frame can't be a rewritten statement's text.
func TestARewriteOverOneFrameIsRefused(t *testing.T) {
	m := scriptedMesh(t, scripted{longRewrite: "SELECT LENGTH('" + strings.Repeat("y", 17<<20) + "')"}, "{kind: scripted}")
	c := session(t, app(t, m.addr(), params))
	// The answer to two frames would have a sequence number that this client can't expect.
	if err := try(c, "/* long */ SELECT 1"); code(err) != 1105 {
		t.Fatalf("a text over 16 MiB: %v", err)
	}
	if got := value(t, c, "SELECT 42"); got != "42" {
		t.Errorf("after the rewrite: %s", got)
	}
}

func TestPoliciesSayWhatABrokenFilterMeans(t *testing.T) {
	for _, script := range []string{"break", "panic"} {
		for policy, want := range map[string]int{"closed": 1105, "open": 0, "quarantine": 0} {
			t.Run(policy+" "+script, func(t *testing.T) {
				m := scriptedMesh(t, scripted{}, "{kind: scripted, on_failure: "+policy+"}")
				c := session(t, app(t, m.addr(), params))
				for i := range core.QuarantineAfter {
					if err := try(c, "/* "+script+" */ SELECT 1"); code(err) != want {
						t.Errorf("query %d: %v, want %d", i, err, want)
					}
				}
				// In quarantine the link is not asked, so it can't deny.
				denied := 1644
				if policy == "quarantine" {
					denied = 0
				}
				if err := try(c, "/* deny */ SELECT 1"); code(err) != denied {
					t.Errorf("a later denial: %v, want %d", err, denied)
				}
				if err := try(c, "/* panic late */ SELECT 1"); err != nil {
					t.Errorf("a panic after the command: %v", err)
				}
				if got := value(t, c, "SELECT 42"); got != "42" {
					t.Error(got)
				}
			})
		}
	}
}

// Many panics in many sessions at once: only the commands that hit one fail.
func TestInjectedPanicsHitTheirOwnCommandOnly(t *testing.T) {
	m := scriptedMesh(t, scripted{}, "{kind: scripted}")
	panics := atScale(500, 500, 10000)
	var all sync.WaitGroup
	var errs atomic.Int64
	failures := make(chan error, 16)
	for range 8 {
		all.Go(func() {
			c, err := app(t, m.addr(), params).Conn(context.Background())
			if err != nil {
				failures <- err
				return
			}
			defer c.Close()
			for i := range panics / 4 {
				script := []string{"panic", "panic late"}[i%2]
				err := try(c, "/* "+script+" */ SELECT 1")
				if want := []int{1105, 0}[i%2]; code(err) != want {
					failures <- fmt.Errorf("%s: %w", script, err)
					return
				}
				errs.Add(1)
				if v, err := ask(c, fmt.Sprintf("SELECT %d", i)); err != nil || v != fmt.Sprint(i) {
					failures <- fmt.Errorf("after %d panics: %q, %w", i, v, err)
					return
				}
			}
		})
	}
	all.Wait()
	close(failures)
	for err := range failures {
		t.Error(err)
	}
	if n := int(errs.Load()); n < panics {
		t.Errorf("%d panics, want %d", n, panics)
	}
	if err := try(app(t, m.addr(), program("panic")), "SELECT 1"); code(err) != 1105 {
		t.Errorf("a panic in OnConnect: %v", err)
	}
}

func TestAFilterDeniesALoginWithItsOwnError(t *testing.T) {
	m := scriptedMesh(t, scripted{}, "{kind: scripted}")
	if err := try(app(t, m.addr(), program("deny")), "SELECT 1"); code(err) != 1045 || !strings.Contains(err.Error(), "denied at the door") {
		t.Errorf("login: %v", err)
	}
	if err := try(app(t, m.addr(), program("welcome")), "SELECT 1"); err != nil {
		t.Error(err)
	}
}

// sampler runs short queries, and logins, and keeps the longest time of each.
type sampler struct {
	stop            chan struct{}
	done            sync.WaitGroup
	queries, logins atomic.Int64 // the longest of the window, in nanoseconds
	count           atomic.Int64
	err             atomic.Pointer[error]
}

func startSampler(t *testing.T, addr string) *sampler {
	t.Helper()
	s := &sampler{stop: make(chan struct{})}
	c := session(t, app(t, addr, params))
	fresh := app(t, addr, params)
	fresh.SetMaxIdleConns(0)
	t.Cleanup(s.end)
	s.done.Go(func() { s.run(&s.queries, func() error { return try(c, "SELECT 1") }) })
	s.done.Go(func() { s.run(&s.logins, func() error { return fresh.PingContext(context.Background()) }) })
	return s
}

func (s *sampler) run(worst *atomic.Int64, work func() error) {
	for {
		select {
		case <-s.stop:
			return
		case <-time.After(2 * time.Millisecond):
		}
		start := time.Now()
		if err := work(); err != nil {
			s.err.Store(&err)
			return
		}
		worst.Store(max(worst.Load(), int64(time.Since(start))))
		s.count.Add(1)
	}
}

// reset begins a new window once both workers have worked.
func (s *sampler) reset(t *testing.T) {
	t.Helper()
	from := s.count.Load()
	until(t, patience, "the sampler works", func() bool { return s.count.Load() > from+4 })
	s.queries.Store(0)
	s.logins.Store(0)
	if err := s.err.Load(); err != nil {
		t.Fatal(*err)
	}
}

func (s *sampler) worst() (query, login time.Duration) {
	return time.Duration(s.queries.Load()), time.Duration(s.logins.Load())
}

func (s *sampler) end() {
	select {
	case <-s.stop:
	default:
		close(s.stop)
	}
	s.done.Wait()
}

// A kind that says it is slow may sleep in each of its hooks, and nobody else waits. What
// else happens on the machine delays sessions too, so a round with sleepers is compared
// with one without, and noise gets some rounds to pass: a loop that waits for a filter
// fails them all.
func TestASlowFilterDelaysNoOtherSession(t *testing.T) {
	slow := scriptedKind(scripted{})
	slow.Slow = true
	m := startMesh(t, parts{loops: 1, kinds: core.Registry{"scripted": slow}},
		before(shared.MariaDB(t).Backend, usualLinks+"{kind: scripted}").text())
	sleeps := []func() error{
		func() error { return try(app(t, m.addr(), program("nap")), "SELECT 1") },
		func() error { return try(app(t, m.addr()), "/* nap */ SELECT 1") },
		func() error { return try(app(t, m.addr()), "/* nap late */ SELECT 1") },
	}
	s := startSampler(t, m.addr())
	for round := range 8 {
		s.reset(t)
		time.Sleep(nap) // a window of the same length
		calmQuery, calmLogin := s.worst()
		s.reset(t)
		start := time.Now()
		var all sync.WaitGroup
		errs := make(chan error, len(sleeps))
		for _, sleep := range sleeps {
			all.Go(func() { errs <- sleep() })
		}
		time.Sleep(nap)
		query, login := s.worst()
		all.Wait()
		if took := time.Since(start); took < nap {
			t.Fatalf("nobody slept: %v", took)
		}
		for range sleeps {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("longest query %v with sleepers, %v without; longest login %v and %v", query, calmQuery, login, calmLogin)
		if query < calmQuery+delay && login < calmLogin+delay {
			return
		}
		t.Logf("round %d is too slow", round)
	}
	t.Error("sessions of a slow filter delay others")
}

// delay is what a sleeping filter may cost other sessions: a loop that waits for one stands
// still for a nap.
const delay = nap / 10

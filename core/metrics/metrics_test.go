package metrics_test

import (
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/coretest"
	"github.com/dbmesh/dbmesh/core/metrics"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func fresh() *metrics.Metrics { return metrics.New("v1", "abc", "go1.26") }

// scrape gives the lines whose names begin with the prefix, comments left out.
func scrape(t *testing.T, m *metrics.Metrics, prefix string) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	var lines []string
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, prefix) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if strings.TrimSpace(got) != strings.TrimSpace(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestLinksOfTheSameNameGoOnCounting(t *testing.T) {
	m := fresh()
	old := m.Link("main", "auth", "auth")
	old.Observe(core.Passed, time.Second)
	next := m.Link("main", "auth", "auth")
	next.Observe(core.Denied, 500*time.Millisecond)
	next.Observe(core.Broke, 0)
	other := m.Link("main", "auth", "wasm")
	want(t, scrape(t, m, "dbmesh_core_"), `
dbmesh_core_link_seconds_total{chain="main",kind="auth",link="auth"} 1.5
dbmesh_core_link_seconds_total{chain="main",kind="wasm",link="auth"} 0
dbmesh_core_link_verdicts_total{chain="main",kind="auth",link="auth",verdict="answer"} 0
dbmesh_core_link_verdicts_total{chain="main",kind="auth",link="auth",verdict="broke"} 1
dbmesh_core_link_verdicts_total{chain="main",kind="auth",link="auth",verdict="deny"} 1
dbmesh_core_link_verdicts_total{chain="main",kind="auth",link="auth",verdict="pass"} 1
dbmesh_core_link_verdicts_total{chain="main",kind="wasm",link="auth",verdict="answer"} 0
dbmesh_core_link_verdicts_total{chain="main",kind="wasm",link="auth",verdict="broke"} 0
dbmesh_core_link_verdicts_total{chain="main",kind="wasm",link="auth",verdict="deny"} 0
dbmesh_core_link_verdicts_total{chain="main",kind="wasm",link="auth",verdict="pass"} 0
`)
	runtime.KeepAlive(old)
	runtime.KeepAlive(next)
	runtime.KeepAlive(other)
}

func TestLinksVanishWithTheirLastGeneration(t *testing.T) {
	m := fresh()
	b := &core.Builder{Observe: m.Link}
	build := func(names ...string) *core.Chain {
		var links []coretest.Link
		for _, n := range names {
			links = append(links, coretest.Link{Name: n, Filter: &coretest.Recorder{Journal: &coretest.Journal{}}})
		}
		ch, err := coretest.Build(b, links...)
		if err != nil {
			t.Fatal(err)
		}
		return ch
	}
	live := core.NewLive(build("stays", "goes"))
	running := live.Acquire()
	for i := range 100 { // names that are never seen again
		live.Swap(build("stays", fmt.Sprintf("brief-%d", i)))
	}
	has := func(link string) bool {
		runtime.GC()
		return strings.Contains(scrape(t, m, "dbmesh_core_"), fmt.Sprintf("link=%q", link))
	}
	if !has("goes") {
		t.Error("the link of a generation that is still in use has vanished")
	}
	running.Release()
	running = nil
	deadline := time.Now().Add(10 * time.Second)
	for has("goes") || has("brief-50") {
		if time.Now().After(deadline) {
			t.Fatal("links of closed generations are still there")
		}
		time.Sleep(time.Millisecond)
	}
	if !has("stays") || !has("brief-99") {
		t.Error("a link of the chain in force has vanished")
	}
	live.Close()
}

func TestTheProxyCountsSessionsLoginsAndCommands(t *testing.T) {
	m := fresh()
	p := m.Proxy()
	p.Session("main", 1)
	p.Session("main", 1)
	p.Session("main", -1)
	p.Login("main", "ok")
	p.Login("main", "refused")
	p.Login("main", "ok")
	p.Refused("main", core.FilterSide)
	c := p.Commands("main", "db-1")
	c.Add(core.Query, 20*time.Microsecond, 3, 40, 100)
	c.Add(core.Query, 2*time.Second, 0, 1, 2)
	p.Commands("main", "db-2").Add(core.Ping, time.Hour, 0, 5, 11)
	if p.Commands("main", "db-1") != c {
		t.Error("a backend has two sets of counters")
	}
	want(t, regexp.MustCompile(`(?m)^dbmesh_proxy_command_seconds.*\n?`).ReplaceAllString(scrape(t, m, "dbmesh_proxy_"), ""), `
dbmesh_proxy_commands_total{backend="db-1",code="query",pool="main"} 2
dbmesh_proxy_commands_total{backend="db-2",code="ping",pool="main"} 1
dbmesh_proxy_errors_total{listener="main",side="filter"} 1
dbmesh_proxy_logins_total{listener="main",result="ok"} 2
dbmesh_proxy_logins_total{listener="main",result="refused"} 1
dbmesh_proxy_received_bytes_total{backend="db-1",pool="main"} 41
dbmesh_proxy_received_bytes_total{backend="db-2",pool="main"} 5
dbmesh_proxy_rows_total{backend="db-1",pool="main"} 3
dbmesh_proxy_rows_total{backend="db-2",pool="main"} 0
dbmesh_proxy_sent_bytes_total{backend="db-1",pool="main"} 102
dbmesh_proxy_sent_bytes_total{backend="db-2",pool="main"} 11
dbmesh_proxy_sessions{listener="main"} 1
dbmesh_proxy_sessions_closed_total{listener="main"} 1
dbmesh_proxy_sessions_opened_total{listener="main"} 2
`)
	got := scrape(t, m, "dbmesh_proxy_command_seconds")
	for _, line := range []string{
		`_bucket{pool="main",le="1.6e-05"} 0`, `_bucket{pool="main",le="3.2e-05"} 1`, `_bucket{pool="main",le="1.048576"} 1`,
		`_bucket{pool="main",le="2.097152"} 2`, `_bucket{pool="main",le="16.777216"} 2`, `_bucket{pool="main",le="+Inf"} 3`,
		`_sum{pool="main"} 3602.00002`, `_count{pool="main"} 3`,
	} {
		if !strings.Contains(got, "dbmesh_proxy_command_seconds"+line+"\n") {
			t.Errorf("no %s in\n%s", line, got)
		}
	}
}

func TestBucketsHoldWhatTheirBoundsSay(t *testing.T) {
	for bound := 16 * time.Microsecond; bound <= 1<<24*time.Microsecond; bound *= 2 {
		m := fresh()
		c := m.Proxy().Commands("p", "b")
		c.Add(core.Query, bound, 0, 0, 0)
		c.Add(core.Query, bound+1, 0, 0, 0)
		if want := fmt.Sprintf(`{pool="p",le="%v"} 1`+"\n", bound.Seconds()); !strings.Contains(scrape(t, m, "dbmesh_proxy_command_seconds_bucket"), want) {
			t.Errorf("no %s in\n%s", want, scrape(t, m, "dbmesh_proxy_command_seconds_bucket"))
		}
	}
	m := fresh()
	m.Proxy().Commands("p", "b").Add(core.Query, -time.Second, 0, 0, 0) // a clock that went back
	if !strings.Contains(scrape(t, m, "dbmesh_proxy_command_seconds_bucket"), `le="1.6e-05"} 1`) {
		t.Error("a negative time is lost")
	}
}

func TestBackendsShowStateAndProbes(t *testing.T) {
	m := fresh()
	pool := coretest.Pool("main", 2)
	b := pool.Backends[0]
	m.Backends().Watch(func() []*core.Backend { return []*core.Backend{b, b} })
	b.AddSession(3)
	b.Begin()
	b.Begin()
	b.Observe(250*time.Millisecond, time.Second)
	m.Backends().Probed(b, time.Second, nil)
	m.Backends().Probed(b, time.Second, errors.New("refused"))
	m.Backends().StateChanged(b, core.Up, core.Down, "refused")
	m.Backends().Unencrypted(b)
	b.SetState(core.Down)
	b.SetLag(1500 * time.Millisecond)
	b.SetBehind(true)
	want(t, scrape(t, m, "dbmesh_backend_"), `
dbmesh_backend_behind{backend="main-0",pool="main"} 1
dbmesh_backend_lag_seconds{backend="main-0",pool="main"} 1.5
dbmesh_backend_latency_seconds{backend="main-0",pool="main"} 0.25
dbmesh_backend_probe_seconds_total{backend="main-0",pool="main"} 2
dbmesh_backend_probes_total{backend="main-0",pool="main",result="failed"} 1
dbmesh_backend_probes_total{backend="main-0",pool="main",result="up"} 1
dbmesh_backend_running_commands{backend="main-0",pool="main"} 1
dbmesh_backend_sessions{backend="main-0",pool="main"} 3
dbmesh_backend_state{backend="main-0",pool="main",state="down"} 1
dbmesh_backend_state{backend="main-0",pool="main",state="draining"} 0
dbmesh_backend_state{backend="main-0",pool="main",state="unknown"} 0
dbmesh_backend_state{backend="main-0",pool="main",state="up"} 0
dbmesh_backend_state_changes_total{backend="main-0",pool="main",state="down"} 1
dbmesh_backend_unencrypted_connections_total{backend="main-0",pool="main"} 1
dbmesh_backend_weight{backend="main-0",pool="main"} 2
`)
}

func TestReloadsAreCountedAndTheHashIsTheOneInForce(t *testing.T) {
	m := fresh()
	if got := scrape(t, m, "dbmesh_config_info"); got != "" {
		t.Errorf("before the first config: %s", got)
	}
	m.Reloaded("h1", nil)
	m.Reloaded("h2", nil)
	m.Reloaded("", errors.New("unknown key"))
	got := regexp.MustCompile(`timestamp_seconds [0-9.e+]+`).ReplaceAllString(scrape(t, m, "dbmesh_config_"), "timestamp_seconds NOW")
	want(t, got, `
dbmesh_config_info{hash="h2"} 1
dbmesh_config_last_success_timestamp_seconds NOW
dbmesh_config_reloads_total{result="failure"} 1
dbmesh_config_reloads_total{result="success"} 2
`)
}

func TestRetainForgetsWhatTheConfigNoLongerHas(t *testing.T) {
	m := fresh()
	p := m.Proxy()
	for _, l := range []string{"main", "old", "busy"} {
		p.Session(l, 1)
		p.Login(l, "ok")
		p.Refused(l, core.Client)
	}
	p.Session("main", -1)
	p.Session("old", -1)
	for _, b := range [][2]string{{"main", "db-1"}, {"main", "db-2"}, {"main", "10.0.0.1:3306"}, {"gone", "db-1"}} {
		p.Commands(b[0], b[1]).Add(core.Query, time.Second, 1, 1, 1)
		m.Backends().Probed(&core.Backend{Pool: b[0], Name: b[1]}, time.Second, nil)
	}
	m.Retain(&core.Settings{
		Listeners: []core.ListenerSettings{{Name: "main"}},
		Pools:     []core.PoolSettings{{Name: "main", Backends: []core.BackendSettings{{Name: "db-1"}, {Address: "10.0.0.1:3306"}}}},
	})
	got := scrape(t, m, "dbmesh_")
	for _, gone := range []string{`listener="old"`, `pool="gone"`, `backend="db-2"`} {
		if strings.Contains(got, gone) {
			t.Errorf("%s is still there", gone)
		}
	}
	for _, kept := range []string{
		`dbmesh_proxy_sessions{listener="main"} 0`, `dbmesh_proxy_sessions{listener="busy"} 1`, `dbmesh_proxy_logins_total{listener="main",result="ok"} 1`,
		`backend="db-1",pool="main"`, `backend="10.0.0.1:3306",pool="main"`, `dbmesh_proxy_command_seconds_count{pool="main"} 3`,
	} {
		if !strings.Contains(got, kept) {
			t.Errorf("%s is lost", kept)
		}
	}
}

func TestNamesFollowTheRules(t *testing.T) {
	m := fresh()
	m.Reloaded("h", nil)
	m.Proxy().Session("main", 1)
	m.Proxy().Login("main", "ok")
	m.Proxy().Refused("main", core.Proxy)
	m.Proxy().Commands("p", "b").Add(core.Query, 1, 1, 1, 1)
	b := coretest.Pool("p", 1).Backends[0]
	m.Backends().Watch(func() []*core.Backend { return []*core.Backend{b} })
	m.Backends().Probed(b, 1, nil)
	link := m.Link("c", "l", "k")
	reg := m.Registerer().(*prometheus.Registry)
	problems, err := testutil.GatherAndLint(reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	rule := regexp.MustCompile(`^(dbmesh_(build|core|proxy|backend|config)_[a-z_]+|go_.*|process_.*|promhttp_.*)$`)
	for _, f := range families {
		if !rule.MatchString(f.GetName()) {
			t.Errorf("the name %s", f.GetName())
		}
	}
	runtime.KeepAlive(link)
}

func TestCountingAndScrapingAtOnceIsSafe(t *testing.T) {
	m := fresh()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 500 {
				p := m.Proxy()
				p.Session(fmt.Sprint("l", j%5), 1)
				p.Commands("p", fmt.Sprint("b", j%7)).Add(core.Query, time.Duration(j), 1, 1, 1)
				p.Session(fmt.Sprint("l", j%5), -1)
				m.Link("c", fmt.Sprint(j%3), "k").Observe(core.Passed, 1)
				if j%100 == i {
					m.Retain(&core.Settings{})
					m.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil))
				}
			}
		})
	}
	wg.Wait()
	if got := scrape(t, m, "dbmesh_proxy_sessions{"); regexp.MustCompile(`\} [^0]`).MatchString(got) {
		t.Errorf("sessions are left open:\n%s", got)
	}
}

func TestTheHotPathMakesNoGarbage(t *testing.T) {
	m := fresh()
	c, l := m.Proxy().Commands("p", "b"), m.Link("c", "l", "k")
	p := m.Proxy()
	if n := testing.AllocsPerRun(1000, func() {
		c.Add(core.Query, time.Millisecond, 1, 2, 3)
		l.Observe(core.Passed, time.Microsecond)
		p.Session("main", 1)
		p.Login("main", "ok")
		p.Refused("main", core.Proxy)
		p.Commands("p", "b")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAdd(b *testing.B) {
	c := fresh().Proxy().Commands("p", "b")
	for b.Loop() {
		c.Add(core.Query, 300*time.Microsecond, 1, 40, 120)
	}
}

func BenchmarkAddParallel(b *testing.B) {
	c := fresh().Proxy().Commands("p", "b")
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			c.Add(core.Query, 300*time.Microsecond, 1, 40, 120)
		}
	})
}

func BenchmarkObserve(b *testing.B) {
	l := fresh().Link("c", "l", "k")
	for b.Loop() {
		l.Observe(core.Passed, time.Microsecond)
	}
}

func BenchmarkScrape(b *testing.B) {
	m := fresh()
	for i := range 50 {
		m.Proxy().Commands("p", fmt.Sprint("b", i)).Add(core.Query, 1, 1, 1, 1)
	}
	for b.Loop() {
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		_, _ = io.Copy(io.Discard, w.Body)
	}
}

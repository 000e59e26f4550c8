package live

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/config"
	"github.com/dbmesh/dbmesh/core/proxy"
	"github.com/dbmesh/dbmesh/filters"
)

// mesh is a data path inside the test's process: what the command assembles, with filter
// kinds of the tests' own. apply is for one goroutine.
type mesh struct {
	server   *proxy.Server
	backends *backend.Set
	builder  *core.Builder
	report   *report
	log      *journal
	pools    map[string]bool
	probed   bool
}

// parts are what a test may want other than usual.
type parts struct {
	loops int
	kinds core.Registry // added to the built-in ones
	quiet bool          // no log is kept: a test that counts allocations
}

// startMesh runs a data path with a config's text, in which ${BACKEND} and the like must be
// filled in already. Listeners may have port 0. It ends with the test.
func startMesh(t testing.TB, p parts, text string) *mesh {
	t.Helper()
	m := &mesh{report: &report{}, log: &journal{}}
	var sink io.Writer = m.log
	level := slog.LevelInfo
	if p.quiet {
		sink, level = io.Discard, slog.LevelError
	}
	log := slog.New(slog.NewTextHandler(sink, &slog.HandlerOptions{Level: level}))
	registry := filters.Builtin(filters.Deps{PoolExists: func(name string) bool { return m.pools[name] }})
	for name, kind := range p.kinds {
		registry[name] = kind
	}
	m.builder = &core.Builder{Registry: registry, Log: log}
	m.backends = backend.New(log, nil)
	var err error
	m.server, err = proxy.New(proxy.Options{Log: log, Reporter: m.report, Backends: m.backends, Loops: p.loops})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		m.server.Close()
		m.backends.Close()
		if out := m.log.text(); strings.Contains(out, "session broke") || strings.Contains(out, "out of step") {
			t.Errorf("a session broke:\n%s", tailOf(out))
		} else if t.Failed() {
			t.Logf("log ends:\n%s", tailOf(out))
		}
	})
	if err := m.apply(text); err != nil {
		t.Fatal(err)
	}
	return m
}

// apply puts a config in force as the command does: first all that can fail.
func (m *mesh) apply(text string) error {
	cfg, err := config.Load(config.Source{Path: "live.yaml", Text: []byte(text)})
	if err != nil {
		return err
	}
	m.pools = map[string]bool{}
	for _, p := range cfg.Pools {
		m.pools[p.Name] = true
	}
	chains := map[string]*core.Chain{}
	discard := func() {
		for _, ch := range chains {
			ch.Discard()
		}
	}
	for _, c := range cfg.Chains {
		ch, err := m.builder.Build(c.Name, c.Links)
		if err != nil {
			discard()
			return cfg.Explain(c.Name, err)
		}
		chains[c.Name] = ch
	}
	pools, err := m.backends.Prepare(cfg.Pools)
	if err != nil {
		discard()
		return err
	}
	next, err := m.server.Prepare(&cfg.Settings, chains)
	if err != nil {
		discard()
		return err
	}
	m.backends.Commit(pools)
	if !m.probed {
		m.probed = true
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		m.backends.Probe(ctx)
		cancel()
	}
	m.server.Commit(next)
	return nil
}

// addr is where the listener named "main" listens.
func (m *mesh) addr() string { return m.server.Addr("main").String() }

// report counts what the data path tells.
type report struct {
	sessions atomic.Int64
	ok       atomic.Int64 // logins
	bad      atomic.Int64
	timeouts atomic.Int64
	commands atomic.Int64
	refused  atomic.Int64
	reads    sync.Map // result of a consistent read to *atomic.Int64
}

// ConsistentRead counts reads for which consistency was asked.
func (r *report) ConsistentRead(_, result string) {
	n, _ := r.reads.LoadOrStore(result, &atomic.Int64{})
	n.(*atomic.Int64).Add(1)
}

// read is how many consistent reads had one of the results.
func (r *report) read(results ...string) (sum int64) {
	for _, result := range results {
		if n, ok := r.reads.Load(result); ok {
			sum += n.(*atomic.Int64).Load()
		}
	}
	return sum
}

func (r *report) Session(_ string, delta int) { r.sessions.Add(int64(delta)) }
func (r *report) Login(_, result string) {
	switch result {
	case "ok":
		r.ok.Add(1)
	case "timeout":
		r.timeouts.Add(1)
	default:
		r.bad.Add(1)
	}
}
func (r *report) Commands(string, string) proxy.CommandReporter        { return r }
func (r *report) Refused(string, core.Side)                            { r.refused.Add(1) }
func (r *report) Add(core.Code, time.Duration, uint64, uint64, uint64) { r.commands.Add(1) }

// journal keeps what was logged.
type journal struct {
	mu  sync.Mutex
	buf []byte
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.buf = append(j.buf, p...)
	return len(p), nil
}

func (j *journal) text() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return string(j.buf)
}

func tailOf(text string) string {
	const n = 6000
	if len(text) > n {
		return text[len(text)-n:]
	}
	return text
}

// waiting is how many sessions wait for a connection of a shared pool.
func (m *mesh) waiting() (n int) {
	for _, l := range m.server.Lendings() {
		n += l.Waiting
	}
	return n
}

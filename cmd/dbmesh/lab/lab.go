package lab

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/cases"
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/core/explain"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/filters/wasm"
	"github.com/dbmesh/dbmesh/filters/wasm/guest"
	"github.com/dbmesh/dbmesh/filters/wasm/module"
)

// Lab has what filters under test share: the compiler with its cache, and how statements are
// read.
type Lab struct {
	compiler *guest.Compiler
	budget   *guest.Budget
	mode     stmt.Mode
	facts    *stmt.Classifier
}

// New makes a lab. Machine code is kept in the directory cache, "" keeps none.
func New(cache string, server cases.Server) (*Lab, error) {
	compiler, err := guest.NewCompiler(cache)
	if err != nil {
		return nil, err
	}
	mode, err := explain.Dialect{
		Flavour: server.Flavour, Version: server.Version, SQLMode: server.SQLMode, Charset: server.Charset,
	}.Mode()
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	return &Lab{compiler: compiler, budget: guest.NewBudget(0), mode: mode, facts: stmt.NewClassifier(1 << 20)}, nil
}

// Compile puts a module's machine code into the cache. hit says that it was there.
func (l *Lab) Compile(ctx context.Context, source []byte) (hit bool, err error) {
	return l.compiler.Compile(ctx, source, module.CapsFor(source))
}

// Options say how a filter is loaded.
type Options struct {
	Config  map[string]any
	Grants  []string // nil grants what the manifest asks for
	Limits  cases.Limits
	Monitor bool

	early bool // the clock begins before any log, for a guest's clock must not go back
}

// Run is one filter that was loaded, with a clock and a log of its own. One goroutine uses it.
type Run struct {
	lab    *Lab
	filter *wasm.Filter
	hooks  core.HookSet
	Report *wasm.Report // never nil, of a filter that was refused too
	clock  *clock
	log    *log
	asked  []wasm.Asked // since the last step began
	pools  pools
	facts  facts
	nextID uint32
}

// Load takes a filter all the way to one that can be asked. The error is the refusal.
func (l *Lab) Load(ctx context.Context, s *Subject, o Options) (*Run, error) {
	return l.load(ctx, s, o, nil)
}

func (l *Lab) load(ctx context.Context, s *Subject, o Options, keys []ed25519.PublicKey) (*Run, error) {
	r := &Run{lab: l, clock: newClock(), log: &log{}, pools: pools{backends: map[string]bool{}}, facts: facts{lab: l}}
	if o.early {
		r.clock.at = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	grants := o.Grants
	if grants == nil {
		grants = s.Asks
	}
	if s.Manifest == nil && o.Grants == nil {
		grants = abi.Capabilities() // nobody said what it needs
	}
	var err error
	r.filter, r.Report, err = wasm.Load(ctx, s.Source, wasm.Options{
		Config: o.Config, Grant: grants, Fuel: o.Limits.Fuel, Memory: o.Limits.Memory, Monitor: o.Monitor,
		ModuleSize: max(wasm.DefaultModuleSize, core.Size(len(s.Source.Module))), LogLines: 1 << 20, Keys: keys,
	}, wasm.Deps{
		Compiler: l.compiler, Budget: l.budget, Log: slog.New(r.log), Clock: r.clock.now,
		Classify: func(sql []byte) *core.Facts { return l.facts.Classify(l.mode, sql, false) },
		Asked:    func(a wasm.Asked) { r.asked = append(r.asked, a) },
	})
	if err != nil {
		return r, err
	}
	r.hooks = r.filter.Hooks()
	return r, nil
}

// Close gives the filter back.
func (r *Run) Close() {
	if r.filter != nil {
		_ = r.filter.Close() // it never fails
	}
}

// Has says whether the filter has the hook.
func (r *Run) Has(h abi.Hook) bool { return slices.Contains(r.Report.Hooks, h.String()) }

// Memory is the linear memory of one instance: of all, divided by how many there are.
func (r *Run) Memory() core.Size {
	s := r.filter.Stats()
	if s.Instances == 0 {
		return 0
	}
	return s.Memory / core.Size(s.Instances)
}

// clock moves when it is told to, and by a microsecond whenever it is read: Go's runtime does
// not begin at a time that stands still. Filters read it from any goroutine.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)} } // a Monday

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Microsecond)
	return c.at
}

// follow moves the clock to the time if that is later.
func (c *clock) follow(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at.After(c.at) {
		c.at = at
	}
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// pools has any pool that a filter names, with the backends that cases speak of: whether they
// are there is the proxy's matter.
type pools struct{ backends map[string]bool }

func (p pools) Pool(name string) *core.Pool {
	pool := &core.Pool{Name: name}
	for b := range p.backends {
		pool.Backends = append(pool.Backends, &core.Backend{Name: b, Pool: name})
	}
	return pool
}

// log keeps what a filter logs, and what dbmesh logs about it.
type log struct {
	mu    sync.Mutex
	lines []string
}

// Enabled takes everything.
func (l *log) Enabled(context.Context, slog.Level) bool { return true }

// Handle keeps the message and the attributes of the record itself.
func (l *log) Handle(_ context.Context, r slog.Record) error {
	line := r.Level.String() + " " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		line += " " + a.String()
		return true
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
	return nil
}

// WithAttrs leaves out the filter's name, which all lines have.
func (l *log) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup does nothing: the lines are for people.
func (l *log) WithGroup(string) slog.Handler { return l }

func (l *log) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := l.lines
	l.lines = nil
	return lines
}

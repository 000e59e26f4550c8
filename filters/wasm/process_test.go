package wasm_test

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/config"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/filters/wasm"
)

// process is what of a dbmesh has to do with filters: a store, and the chains of a config.
type process struct {
	t       *testing.T
	dir     string // of the config; filters/ is inside
	log     strings.Builder
	metrics *prometheus.Registry
	store   *wasm.Store
	builder *core.Builder
	cfg     *config.Config
	chain   *core.Live
}

func newProcess(t *testing.T) *process { return newProcessOf(t, 0) }

// newProcessOf has so much memory for all guests; 0 is the default.
func newProcessOf(t *testing.T, memory core.Size) *process {
	t.Helper()
	p := &process{t: t, dir: t.TempDir(), metrics: prometheus.NewRegistry()}
	log := slog.New(slog.NewTextHandler(io.Writer(&p.log), nil))
	var err error
	if p.store, err = wasm.NewStore(wasm.StoreOptions{Dir: p.dir, Memory: memory, Log: log, Metrics: p.metrics,
		Classify: func(sql []byte) *core.Facts { return stmt.Analyze(stmt.Mode{}, sql) }}); err != nil {
		t.Fatal(err)
	}
	p.builder = &core.Builder{Registry: core.Registry{"wasm": wasm.Kind(p.store)}, Log: log}
	if err := os.Mkdir(p.filters(), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.chain != nil {
			p.chain.Close()
		}
	})
	return p
}

func (p *process) filters(name ...string) string {
	return filepath.Join(append([]string{p.dir, "filters"}, name...)...)
}

// put writes files into the directory of filters.
func (p *process) put(files map[string]string) { p.t.Helper(); put(p.t, p.filters(), files) }

func (p *process) remove(names ...string) {
	p.t.Helper()
	for _, name := range names {
		if err := os.Remove(p.filters(name)); err != nil {
			p.t.Fatal(err)
		}
	}
}

// load puts a config in force whose chain is one wasm link with the keys.
func (p *process) load(keys string) error {
	p.t.Helper()
	text := "listeners: [{address: 127.0.0.1:6033, pool: main}]\npools:\n- {name: main, backends: [{address: 127.0.0.1:3306}]}\n" +
		"chains:\n- name: main\n  links:\n  - kind: wasm\n"
	for line := range strings.Lines(keys) {
		if !strings.HasPrefix(line, "  - kind") {
			line = "    " + line
		}
		text += line
	}
	cfg, err := config.Load(config.Source{Path: filepath.Join(p.dir, "dbmesh.yaml"), Text: []byte(text)})
	if err != nil {
		return err
	}
	return p.build(cfg, false)
}

func (p *process) mustLoad(keys string) {
	p.t.Helper()
	if err := p.load(keys); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) build(cfg *config.Config, again bool) error {
	p.store.Begin(again)
	ch, err := p.builder.Build("main", cfg.Chains[0].Links)
	if err != nil {
		return cfg.Explain("main", err)
	}
	if p.chain == nil {
		p.chain = core.NewLive(ch)
	} else {
		p.chain.Swap(ch)
	}
	p.store.Commit()
	p.cfg = cfg
	return nil
}

// change lets the store notice what became of the files. It says whether chains were rebuilt.
func (p *process) change() (rebuilt bool) {
	p.store.Change(func() error {
		rebuilt = true
		if p.cfg == nil {
			return errors.New("no config is in force")
		}
		return p.build(p.cfg, true)
	})
	return rebuilt
}

// asks gives what the chain in force says of each of the queries.
func (p *process) asks(queries ...string) string {
	ch := p.chain.Acquire()
	defer ch.Release()
	var all []string
	for _, sql := range queries {
		v, _ := command(ch, session(), core.Query, sql)
		all = append(all, says(v))
	}
	return strings.Join(all, "; ")
}

// links are the chain's links in order.
func (p *process) links() string {
	ch := p.chain.Acquire()
	defer ch.Release()
	return strings.Join(ch.Links(), " ")
}

// filter is how a filter is shown.
func (p *process) filter(name string) wasm.FilterView {
	p.t.Helper()
	for _, f := range p.store.Filters() {
		if f.Name == name {
			return f
		}
	}
	p.t.Fatalf("no filter %q in %v", name, p.store.Filters())
	return wasm.FilterView{}
}

//go:build !wasip1

package dbmeshtest

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
	"github.com/dbmesh/dbmesh/filter-sdk/dbmesh"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/fake"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/host"
)

// running is held while the filter runs: its memory is that of the process.
var running sync.Mutex

// Proxy is a dbmesh that has loaded the filter, with values, tokens, metrics and a clock of its own.
type Proxy struct {
	t        testing.TB
	base     settings
	services *fake.Services
	now      time.Time
	config   fake.Config
	names    map[string]uint32 // of users and schemas
	sessions uint64
}

// New configures the filter. A configuration that it refuses fails the test; see ConfigError.
func New(t testing.TB, options ...Option) *Proxy {
	t.Helper()
	p, err := load(t, options)
	if err != nil {
		t.Fatalf("the filter refuses its configuration: %v", err)
	}
	return p
}

// ConfigError is what the filter says of a configuration; the test fails if it takes it.
func ConfigError(t testing.TB, values map[string]any) string {
	t.Helper()
	_, err := load(t, []Option{Config(values)})
	if err == nil {
		t.Fatalf("the filter takes the configuration %v", values)
	}
	return err.Error()
}

func load(t testing.TB, options []Option) (*Proxy, error) {
	t.Helper()
	p := &Proxy{t: t, names: map[string]uint32{}, now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	p.base.strings[abi.StrUser] = "app"
	p.base.strings[abi.StrPool] = "main"
	p.base.strings[abi.StrListener] = "local"
	p.base.strings[abi.StrFilter] = "filter"
	p.base.flags = abi.FlagAutocommit
	p.base.statementID = 1
	p.base = p.base.with(options)
	if !p.base.clock.IsZero() {
		p.now = p.base.clock
	}
	p.services = &fake.Services{Clock: p.Now}
	var err error
	if p.config, err = fake.NewConfig(p.base.config); err != nil {
		t.Fatalf("the configuration can't be written as YAML: %v", err)
	}
	return p, p.configure()
}

// configure has the filter read this proxy's configuration, as each of its hooks needs it to be.
func (p *Proxy) configure() error {
	running.Lock()
	defer running.Unlock()
	return p.enter()
}

// enter makes this proxy the filter's. It configures anew what belonged to another one before.
func (p *Proxy) enter() error {
	if host.Current != nil && host.Current.Services == p.services {
		return nil
	}
	host.Current = &fake.Host{Services: p.services, Config: p.config, Configuring: true}
	guest := dbmesh.Guest()
	guest.Place()
	message := guest.Configure()
	host.Current.Configuring = false
	guest.Spoil()
	if message != "" {
		host.Current = nil
		return errors.New(message)
	}
	return nil
}

// Now is the proxy's time.
func (p *Proxy) Now() time.Time { return p.now }

// Advance moves the proxy's clock on.
func (p *Proxy) Advance(d time.Duration) { p.now = p.now.Add(d) }

// Tick calls OnTick.
func (p *Proxy) Tick() {
	p.t.Helper()
	p.run(abi.HookTick, 0, call{})
}

// Logs are the lines that the filter has logged so far.
func (p *Proxy) Logs() []string {
	var all []string
	for _, line := range p.services.Logs {
		all = append(all, line.Text)
	}
	return all
}

// Metric is a counter's or gauge's value, a histogram's sum. A name that the filter did not
// define fails the test.
func (p *Proxy) Metric(name string) float64 {
	p.t.Helper()
	for _, m := range p.services.Metrics {
		if m.Name == name {
			return m.Value
		}
	}
	p.t.Fatalf("the filter has no metric %q", name)
	return 0
}

// KV is a shared value.
func (p *Proxy) KV(key string) (string, bool) { return p.services.KV.Get(key, p.now) }

// SetKV puts a shared value, for ever.
func (p *Proxy) SetKV(key, value string) { p.services.KV.Set(key, value, 0, p.now) }

// number stands for a name in the header, as dbmesh does it.
func (p *Proxy) number(name string) uint32 {
	if name == "" {
		return 0
	}
	if p.names[name] == 0 {
		p.names[name] = uint32(len(p.names) + 1)
	}
	return p.names[name]
}

func (s settings) with(options []Option) settings {
	s.attributes = maps.Clone(s.attributes)
	s.params, s.columns = slices.Clone(s.params), slices.Clone(s.columns)
	for _, o := range options {
		o(&s)
	}
	return s
}

// Package mesh runs dbmesh's data path inside the test's own process, so that its sessions,
// goroutines and descriptors can be counted and the race detector sees it.
package mesh

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/config"
	"github.com/dbmesh/dbmesh/core/proxy"
	"github.com/dbmesh/dbmesh/filters/auth"
	"github.com/dbmesh/dbmesh/filters/balancer"
	"github.com/dbmesh/dbmesh/filters/router"
	"github.com/dbmesh/dbmesh/filters/slowlog"
)

// Mesh is a running data path in passthrough mode with the chain of the shortest config.
type Mesh struct {
	Addr   string // host:port of its listener
	Server *proxy.Server
}

// Options is how to run a data path.
type Options struct {
	Backend   string // address of the one backend, reached without TLS
	Loops     int    // event loops
	Cert, Key string // paths of a certificate for clients and its key, if TLS is offered
	// Extra is a kind whose link stands behind those of the shortest config; its New may be
	// nil for none.
	Extra core.Kind
}

// Start runs a data path. It ends with the test.
func Start(t testing.TB, o Options) *Mesh {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	backends := backend.New(log, nil)
	server, err := proxy.New(proxy.Options{Log: log, Reporter: silence{}, Backends: backends, Loops: o.Loops})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan struct{})
	go func() { defer close(ran); backends.Run(ctx) }()
	t.Cleanup(func() {
		server.Close()
		cancel()
		backends.Close()
		<-ran
	})
	if err := configure(filepath.Join(t.TempDir(), "dbmesh.yaml"), o, server, backends); err != nil {
		t.Fatal(err)
	}
	return &Mesh{Addr: server.Addr("default").String(), Server: server}
}

// text is the config.
func (o Options) text() string {
	listener, extra := "", ""
	if o.Cert != "" {
		listener = fmt.Sprintf(", tls: {cert: %q, key: %q}", o.Cert, o.Key)
	}
	if o.Extra.New != nil {
		extra = ", {kind: extra}"
	}
	return fmt.Sprintf(`listeners: [{name: default, address: "127.0.0.1:0"%s}]
pools: [{name: backends, tls: {mode: "off"}, health: {timeout: 10s}, backends: [{address: %q}]}]
chains: [{name: default, links: [{kind: auth, mode: passthrough}, {kind: router}, {kind: balancer}, {kind: slow-log}%s]}]
`, listener, o.Backend, extra)
}

func configure(path string, o Options, server *proxy.Server, backends *backend.Set) error {
	if err := os.WriteFile(path, []byte(o.text()), 0o600); err != nil {
		return err
	}
	cfg, err := config.Load(config.Source{Path: path})
	if err != nil {
		return err
	}
	builder := core.Builder{Registry: core.Registry{
		"auth": auth.Kind(nil), "router": router.Kind(nil, nil), "balancer": balancer.Kind(nil), "slow-log": slowlog.Kind(nil),
		"extra": o.Extra,
	}}
	chains := map[string]*core.Chain{}
	for _, c := range cfg.Chains {
		if chains[c.Name], err = builder.Build(c.Name, c.Links); err != nil {
			return err
		}
	}
	pools, err := backends.Prepare(cfg.Pools)
	if err != nil {
		return err
	}
	next, err := server.Prepare(&cfg.Settings, chains)
	if err != nil {
		return err
	}
	backends.Commit(pools)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	backends.Probe(ctx)
	server.Commit(next)
	return nil
}

// silence is a proxy.Reporter that nobody listens to.
type silence struct{}

func (silence) Session(string, int)                                  {}
func (silence) Login(string, string)                                 {}
func (silence) Commands(string, string) proxy.CommandReporter        { return silence{} }
func (silence) Refused(string, core.Side)                            {}
func (silence) Add(core.Code, time.Duration, uint64, uint64, uint64) {}

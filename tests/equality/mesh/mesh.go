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

// Start runs a data path with the given number of event loops before one backend, without
// TLS. It ends with the test.
func Start(t testing.TB, address string, loops int) *Mesh {
	t.Helper()
	return start(t, address, loops, "")
}

// StartTLS is Start with a listener that offers TLS with the certificate.
func StartTLS(t testing.TB, address string, loops int, cert, key string) *Mesh {
	t.Helper()
	return start(t, address, loops, fmt.Sprintf(", tls: {cert: %q, key: %q}", cert, key))
}

func start(t testing.TB, address string, loops int, listener string) *Mesh {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	backends := backend.New(log, nil)
	server, err := proxy.New(proxy.Options{Log: log, Reporter: silence{}, Backends: backends, Loops: loops})
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
	text := fmt.Sprintf(`listeners: [{name: default, address: "127.0.0.1:0"%s}]
pools: [{name: backends, tls: {mode: "off"}, backends: [{address: %q}]}]
`, listener, address)
	if err := configure(filepath.Join(t.TempDir(), "dbmesh.yaml"), text, server, backends); err != nil {
		t.Fatal(err)
	}
	return &Mesh{Addr: server.Addr("default").String(), Server: server}
}

func configure(path, text string, server *proxy.Server, backends *backend.Set) error {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	cfg, err := config.Load(config.Source{Path: path})
	if err != nil {
		return err
	}
	builder := core.Builder{Registry: core.Registry{
		"auth": auth.Kind(nil), "router": router.Kind(nil, nil), "balancer": balancer.Kind(nil), "slow-log": slowlog.Kind(nil),
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

package main

import (
	"context"
	"log/slog"
	"os"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/config"
	"github.com/dbmesh/dbmesh/core/proxy"
	"github.com/dbmesh/dbmesh/filters/auth"
	"github.com/dbmesh/dbmesh/filters/balancer"
	"github.com/dbmesh/dbmesh/filters/router"
)

// app is the assembled process.
type app struct {
	log      *slog.Logger
	src      config.Source
	cfg      *config.Config
	builder  *core.Builder
	backends *backend.Set
	server   *proxy.Server
}

func registry(pool func(string) bool) core.Registry {
	reg := prometheus.NewRegistry()
	return core.Registry{
		"auth": auth.Kind(reg), "router": router.Kind(pool, reg), "balancer": balancer.Kind(reg),
	}
}

func newApp(log *slog.Logger, src config.Source, cfg *config.Config) (*app, error) {
	a := &app{log: log, src: src, cfg: cfg}
	a.builder = &core.Builder{Registry: registry(nil), Log: log}
	a.backends = backend.New(log, nil)
	var err error
	a.server, err = proxy.New(proxy.Options{Log: log, Reporter: noReport{}, Backends: a.backends, Loops: cfg.Loops})
	if err != nil {
		return nil, err
	}
	if err := a.apply(cfg); err != nil {
		return nil, err
	}
	return a, nil
}

// apply puts a configuration in force: everything that can fail first, then the swap.
func (a *app) apply(cfg *config.Config) error {
	chains := map[string]*core.Chain{}
	discard := func() {
		for _, ch := range chains {
			ch.Discard()
		}
	}
	for _, c := range cfg.Chains {
		ch, err := a.builder.Build(c.Name, c.Links)
		if err != nil {
			discard()
			return cfg.Explain(c.Name, err)
		}
		chains[c.Name] = ch
	}
	pools, err := a.backends.Prepare(cfg.Pools)
	if err != nil {
		discard()
		return err
	}
	next, err := a.server.Prepare(&cfg.Settings, chains)
	if err != nil {
		discard()
		return err
	}
	a.backends.Commit(pools)
	probe, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	a.backends.Probe(probe)
	cancel()
	a.server.Commit(next)
	return nil
}

func tryBuild(cfg *config.Config) error { return nil }

func (a *app) serve(ctx context.Context, signals <-chan os.Signal) int {
	go a.backends.Run(ctx)
	for sig := range signals {
		switch sig {
		case syscall.SIGTERM, syscall.SIGINT:
			c, cancel := context.WithTimeout(ctx, a.cfg.DrainTimeout)
			a.server.Drain(c)
			cancel()
			a.server.Close()
			a.backends.Close()
			return 0
		}
	}
	return 0
}

type noReport struct{}

func (noReport) Session(string, int)                                  {}
func (noReport) Login(string, string)                                 {}
func (noReport) Commands(string, string) proxy.CommandReporter        { return noReport{} }
func (noReport) Refused(string, core.Side)                            {}
func (noReport) Add(core.Code, time.Duration, uint64, uint64, uint64) {}

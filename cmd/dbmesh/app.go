package main

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/config"
	"github.com/dbmesh/dbmesh/core/metrics"
	"github.com/dbmesh/dbmesh/core/proxy"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/core/watch"
)

// firstProbe bounds the wait for the backends' first answer at start: with it the first
// client finds a greeting; without it dbmesh serves all the same.
const firstProbe = 2 * time.Second

// app is the assembled process. It is the only place that knows every part.
type app struct {
	log      *slog.Logger
	src      config.Source
	metrics  *metrics.Metrics
	kinds    *kinds
	builder  *core.Builder
	backends *backend.Set
	server   *proxy.Server

	turn sync.Mutex // held by whoever changes what is in force

	mu      sync.Mutex
	cfg     *config.Config // in force
	since   time.Time
	refused string      // why the last attempt to change it failed, "" if it did not
	files   watch.State // what the config in force, and the last failed one, were read from
}

// newApp assembles the process and puts the first config in force. Clients are served
// from here on.
func newApp(log *slog.Logger, src config.Source, cfg *config.Config) (*app, error) {
	a := &app{log: log, src: src, metrics: metrics.New(buildInfo())}
	var err error
	if a.kinds, err = newKinds(log, a.metrics.Registerer(), src, cfg); err != nil {
		return nil, err
	}
	a.metrics.Backends().Watch(view{a}.Backends)
	a.metrics.Connections().Watch(metrics.Shared{
		Lendings: func() []proxy.Lending { return a.server.Lendings() },
		Pins:     func() map[core.Effect]uint64 { return a.server.Pins() },
	})
	a.builder = &core.Builder{Registry: a.kinds.registry, Observe: a.metrics.Link, Log: log}
	a.backends = backend.New(log, a.metrics.Backends())
	facts := stmt.NewClassifier(int(cfg.Limits.FactsCache))
	a.metrics.Facts(func() metrics.FactsCache { return metrics.FactsCache(facts.Stats()) })
	a.server, err = proxy.New(proxy.Options{
		Log: log, Reporter: reporter{a.metrics.Proxy()}, Backends: a.backends, Loops: cfg.Loops, Facts: facts,
	})
	if err != nil {
		return nil, err
	}
	if err := a.apply(cfg); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

// apply puts a config in force: first all that can fail, then the swap, which can't.
func (a *app) apply(cfg *config.Config) error {
	a.turn.Lock()
	defer a.turn.Unlock()
	chains, err := a.kinds.build(a.builder, cfg, false)
	if err != nil {
		return err
	}
	pools, err := a.backends.Prepare(cfg.Pools)
	if err != nil {
		discard(chains)
		return err
	}
	next, err := a.server.Prepare(&cfg.Settings, chains)
	if err != nil {
		discard(chains)
		return err
	}
	a.backends.Commit(pools)
	if a.config() == nil {
		ctx, cancel := context.WithTimeout(context.Background(), firstProbe)
		a.backends.Probe(ctx)
		cancel()
	}
	a.server.Commit(next)
	a.kinds.wasm.Commit()
	a.mu.Lock()
	a.cfg, a.files, a.since, a.refused = cfg, cfg.Files, time.Now(), ""
	a.mu.Unlock()
	a.metrics.Reloaded(cfg.Hash, nil)
	a.metrics.Retain(&cfg.Settings)
	for _, w := range warnings(cfg) {
		a.log.Warn("config", "warning", w)
	}
	return nil
}

// rebuild makes the chains of the config in force anew, for what user filters were loaded from
// has changed. What stands in the config's file now does not matter.
func (a *app) rebuild() error {
	a.turn.Lock()
	defer a.turn.Unlock()
	chains, err := a.kinds.build(a.builder, a.config(), true)
	if err != nil {
		return err
	}
	a.server.Swap(chains)
	a.kinds.wasm.Commit()
	return nil
}

// reload reads the config anew. A bad one changes nothing but the log and a metric.
func (a *app) reload() {
	cfg, err := config.Load(a.src)
	if err == nil {
		err = config.Compare(a.config(), cfg)
	}
	if err == nil {
		err = a.apply(cfg)
	}
	if err == nil {
		a.log.Info("config in force", "hash", cfg.Hash)
		return
	}
	a.log.Error("config refused, the one in force stays", "error", err)
	a.metrics.Reloaded("", err)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refused = err.Error()
	a.files = maps.Clone(a.cfg.Files)
	if cfg != nil {
		maps.Copy(a.files, cfg.Files)
		maps.Copy(a.files, a.kinds.wasm.Tried())
	}
	var bad *config.Errors
	if errors.As(err, &bad) {
		maps.Copy(a.files, bad.Files)
	}
}

func (a *app) config() *config.Config {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.cfg
}

func (a *app) loaded() watch.State {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.files
}

// serve runs until a signal ends it and returns the exit status.
func (a *app) serve(ctx context.Context, signals <-chan os.Signal) int {
	ctx, stop := context.WithCancel(ctx)
	var parts sync.WaitGroup
	watcher := watch.New(a.log)
	parts.Go(func() { watcher.Run(ctx, a.loaded, a.reload) })
	parts.Go(func() { a.kinds.wasm.Run(ctx, a.rebuild) })
	admin, err := a.startAdmin()
	if err != nil {
		a.log.Error("admin", "error", err)
		stop()
		parts.Wait()
		a.close()
		return exitFailed
	}
	status := a.wait(ctx, signals, watcher, admin.Quit())
	stop()
	parts.Wait()
	a.close()
	admin.Close()
	return status
}

// wait serves signals until one says to end; the drain follows.
func (a *app) wait(ctx context.Context, signals <-chan os.Signal, w *watch.Watcher, quit <-chan struct{}) int {
	for {
		select {
		case <-quit:
			return a.drain(ctx, signals)
		case sig := <-signals:
			switch sig {
			case syscall.SIGHUP:
				w.Kick()
			case syscall.SIGUSR1:
				a.kinds.reopenLogs()
			default:
				return a.drain(ctx, signals)
			}
		}
	}
}

// drain lets the sessions end. A second signal ends it at once.
func (a *app) drain(ctx context.Context, signals <-chan os.Signal) int {
	timeout := a.config().DrainTimeout
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	go func() {
		for {
			select {
			case sig := <-signals:
				if sig == syscall.SIGTERM || sig == syscall.SIGINT {
					cancel()
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	a.log.Info("draining", "sessions", a.server.Sessions(), "drain_timeout", timeout)
	if cut := a.server.Drain(ctx); cut > 0 {
		a.log.Warn("sessions cut off at the end of the drain", "sessions", cut)
	}
	a.log.Info("drained")
	return exitOK
}

func (a *app) close() {
	a.server.Close()
	a.backends.Close()
}

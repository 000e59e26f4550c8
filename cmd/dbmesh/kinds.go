package main

import (
	"errors"
	"log/slog"
	"os"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/config"
	"github.com/dbmesh/dbmesh/filters"
	"github.com/dbmesh/dbmesh/filters/slowlog"
	"github.com/dbmesh/dbmesh/filters/wasm"
)

// kinds are the filter kinds with what outlives their filters.
type kinds struct {
	log      *slog.Logger
	registry core.Registry
	slowLogs *slowlog.Logs
	wasm     *wasm.Store
	pools    map[string]bool // of the config whose chains are being built
}

func newKinds(log *slog.Logger, reg prometheus.Registerer, src config.Source, cfg *config.Config) (*kinds, error) {
	k := &kinds{log: log, slowLogs: slowlog.NewLogs(os.Stderr, log, reg)}
	var err error
	if k.wasm, err = openWasm(log, reg, src, cfg); err != nil {
		return nil, err
	}
	k.registry = filters.Builtin(filters.Deps{Metrics: reg, PoolExists: k.poolExists, SlowLogs: k.slowLogs, Wasm: k.wasm})
	return k, nil
}

// checkKinds are kinds that open nothing, for checking a config. User filters are loaded all
// the same: only that tells whether they can be.
func checkKinds(src config.Source, cfg *config.Config) (*kinds, error) {
	k := &kinds{}
	var err error
	if k.wasm, err = openWasm(nil, nil, src, cfg); err != nil {
		return nil, err
	}
	k.registry = filters.Builtin(filters.Deps{PoolExists: k.poolExists, Wasm: k.wasm})
	return k, nil
}

func (k *kinds) poolExists(name string) bool { return k.pools[name] }

// build makes all chains of a config or none. Its errors carry the config's lines, of all
// chains that are wrong. again says that the config is in force already.
func (k *kinds) build(b *core.Builder, cfg *config.Config, again bool) (map[string]*core.Chain, error) {
	k.wasm.Begin(again)
	k.pools = map[string]bool{}
	for _, p := range cfg.Pools {
		k.pools[p.Name] = true
	}
	chains := map[string]*core.Chain{}
	var errs []error
	for _, c := range cfg.Chains {
		ch, err := b.Build(c.Name, c.Links)
		if err != nil {
			errs = append(errs, cfg.Explain(c.Name, err))
			continue
		}
		chains[c.Name] = ch
	}
	if len(errs) > 0 {
		discard(chains)
		return nil, errors.Join(errs...)
	}
	return chains, nil
}

func discard(chains map[string]*core.Chain) {
	for _, ch := range chains {
		ch.Discard()
	}
}

// reopenLogs starts new log files after a rotation.
func (k *kinds) reopenLogs() {
	if err := k.slowLogs.Reopen(); err != nil {
		k.log.Error("reopening logs", "error", err)
	}
}

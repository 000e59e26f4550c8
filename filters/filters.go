// Package filters names the filter kinds that are built into dbmesh.
package filters

import (
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/filters/auth"
	"github.com/dbmesh/dbmesh/filters/balancer"
	"github.com/dbmesh/dbmesh/filters/router"
	"github.com/dbmesh/dbmesh/filters/slowlog"
	"github.com/dbmesh/dbmesh/filters/wasm"
	"github.com/prometheus/client_golang/prometheus"
)

// Deps is what kinds need from the process. The zero value serves to check configs: no
// metric is registered, no file is opened, pools are not looked up.
type Deps struct {
	Metrics prometheus.Registerer
	// PoolExists says whether the config that is being built has the pool. It is called
	// while a chain is built and not later.
	PoolExists func(name string) bool
	SlowLogs   *slowlog.Logs
	// Wasm keeps the user filters of the process; nil makes a store for this registry alone.
	Wasm *wasm.Store
}

// Builtin makes the kinds. Call it once per process: it registers their metrics.
func Builtin(d Deps) core.Registry {
	if d.Wasm == nil {
		d.Wasm, _ = wasm.NewStore(wasm.StoreOptions{}) // fails only over its cache, of which there is none
	}
	return core.Registry{
		"auth":     auth.Kind(d.Metrics),
		"router":   router.Kind(d.PoolExists, d.Metrics),
		"balancer": balancer.Kind(d.Metrics),
		"slow-log": slowlog.Kind(d.SlowLogs),
		"wasm":     wasm.Kind(d.Wasm),
	}
}

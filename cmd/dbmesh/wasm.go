package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/config"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/filters/wasm"
)

// noCache as wasm_cache keeps no machine code.
const noCache = "off"

// openWasm makes what user filters share in a process with this config. Paths in it start at
// the config's own directory.
func openWasm(log *slog.Logger, reg prometheus.Registerer, src config.Source, cfg *config.Config) (*wasm.Store, error) {
	dir := filepath.Dir(src.Path)
	o := wasm.StoreOptions{
		Dir: dir, Cache: wasmCache(cfg.WasmCache, dir), Memory: cfg.Limits.WasmMemory, Log: log, Metrics: reg,
		Classify: func(sql []byte) *core.Facts { return stmt.Analyze(stmt.Mode{}, sql) },
	}
	s, err := wasm.NewStore(o)
	if err == nil {
		return s, nil
	}
	if cfg.WasmCache != "" {
		return nil, fmt.Errorf("wasm_cache: %w", err)
	}
	if log != nil && hasWasm(cfg) {
		log.Warn("machine code of user filters is not kept, so that each start compiles them anew; set wasm_cache", "error", err)
	}
	o.Cache = ""
	return wasm.NewStore(o)
}

func hasWasm(cfg *config.Config) bool {
	return slices.ContainsFunc(cfg.Chains, func(c core.ChainSettings) bool {
		return slices.ContainsFunc(c.Links, func(l core.Spec) bool { return l.Kind == "wasm" })
	})
}

// wasmCache is where machine code is kept, "" for nowhere: a user without a home has no cache,
// which costs time and nothing else.
func wasmCache(set, dir string) string {
	switch {
	case set == noCache:
		return ""
	case set == "":
		home, err := os.UserCacheDir()
		if err != nil {
			return ""
		}
		return filepath.Join(home, "dbmesh", "wasm")
	case filepath.IsAbs(set):
		return set
	}
	return filepath.Join(dir, set)
}

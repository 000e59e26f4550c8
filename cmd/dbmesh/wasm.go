package main

import (
	"log/slog"
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/config"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/filters/wasm"
)

// noCache as wasm_cache keeps no machine code.
const noCache = "off"

// wasmOptions are what user filters share in a process with this config. Paths in it start at
// the config's own directory.
func wasmOptions(log *slog.Logger, reg prometheus.Registerer, src config.Source, cfg *config.Config) wasm.StoreOptions {
	dir := filepath.Dir(src.Path)
	return wasm.StoreOptions{
		Dir: dir, Cache: wasmCache(cfg.WasmCache, dir), Memory: cfg.Limits.WasmMemory, Log: log, Metrics: reg,
		Classify: func(sql []byte) *core.Facts { return stmt.Analyze(stmt.Mode{}, sql) },
	}
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

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

const withFilters = `listeners:
  - {name: app, address: "127.0.0.1:6033", chain: app, pool: main}
pools:
  - {name: main, tls: {mode: "off"}, backends: [{address: "127.0.0.1:3306"}]}
chains:
  - name: app
    links:
      - kind: wasm
        dir: filters
`

// check loads user filters: what the config names must be there, the rest is a warning.
func TestCheckLoadsUserFilters(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "cache"))
	if err := wasmtest.Shown(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "dbmesh.yaml")
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	checks := func(config string, status int, says string) {
		t.Helper()
		put("dbmesh.yaml", config)
		got, _, errs := call("check", "--config", path)
		if got != status || says == "" && errs != "" || !strings.Contains(errs, says) {
			t.Errorf("status %d, %q; want %d, %q", got, errs, status, says)
		}
		if status == exitOK {
			return
		}
		if got, _, errs := call("run", "--config", path); got != status || !strings.Contains(errs, says) {
			t.Errorf("run: status %d, %q; want %d, %q", got, errs, status, says)
		}
	}
	checks(withFilters, exitOK, "")
	if entries, err := os.ReadDir(filepath.Join(dir, "cache", "dbmesh", "wasm")); err != nil || len(entries) == 0 {
		t.Errorf("the cache holds %v, error %v", entries, err)
	}
	put("filters/broken.wasm", "hello")
	checks(withFilters, exitOK, "warning: filter wasm/broken is left out: it is no WebAssembly module")
	checks(withFilters+"        filters: [{name: broken}]\n", exitConfig, path+":10: chains[0].links[0].filters[0].name: it is no WebAssembly module")
	if err := os.Remove(filepath.Join(dir, "filters", "broken.wasm")); err != nil {
		t.Fatal(err)
	}
	put("file", "in the way")
	checks(withFilters+"wasm_cache: file/cache\n", exitConfig, "wasm_cache: ")
	checks(withFilters+"wasm_cache: \"off\"\n", exitOK, "")
	t.Setenv("XDG_CACHE_HOME", filepath.Join(dir, "file"))
	checks(withFilters, exitOK, "")
}

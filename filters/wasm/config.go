package wasm

import (
	"cmp"
	"crypto/ed25519"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/core/watch"
)

// config is a link of the kind. What it says of one filter holds for all, unless the filter's
// own entry says something else.
type config struct {
	File          string         `koanf:"file"`
	Dir           string         `koanf:"dir"`
	Filters       []filterConfig `koanf:"filters"`
	RequireSigned bool           `koanf:"require_signed"`
	Keys          []string       `koanf:"keys"`
	ModuleSize    core.Size      `koanf:"module_size"`
	All           ownConfig      `koanf:",squash"`
}

// filterConfig is about one filter of a directory.
type filterConfig struct {
	Name string    `koanf:"name"`
	Own  ownConfig `koanf:",squash"`
}

type ownConfig struct {
	Config    map[string]any `koanf:"config"`
	Grant     []string       `koanf:"grant"`
	Mode      string         `koanf:"mode"`
	Fuel      uint64         `koanf:"fuel"`
	Memory    core.Size      `koanf:"memory"`
	Instances int            `koanf:"instances"`
	Tick      time.Duration  `koanf:"tick"`
	LogLines  int            `koanf:"log_lines"`
}

// Bounds of what an operator may set.
const (
	minFuel   = 1000
	maxFuel   = 1_000_000_000 // about 3 s in which nothing of the process may collect garbage
	page      = 64 << 10
	maxMemory = 1 << 30
	minTick   = 10 * time.Millisecond
)

func (c *config) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch {
	case c.File == "" && c.Dir == "":
		bad("want file, one module, or dir, a directory of them")
	case c.File != "" && c.Dir != "":
		bad("dir: goes not with file")
	case c.File != "" && !strings.HasSuffix(c.File, suffix):
		bad("file: is %q, want the name of a %s", c.File, suffix)
	case c.File != "" && len(c.Filters) > 0:
		bad("filters: is for a dir; what is said of the file's filter stands in the link itself")
	case c.Dir != "" && c.All.Config != nil:
		bad("config: is for one filter; put it into the filter's entry in filters")
	}
	if c.RequireSigned && len(c.Keys) == 0 {
		bad("require_signed: needs keys, PEM files with public Ed25519 keys")
	}
	if c.ModuleSize < 0 || c.ModuleSize > watch.MaxFile {
		bad("module_size: is %v, want at most %v", c.ModuleSize, core.Size(watch.MaxFile))
	}
	errs = append(errs, c.All.check("")...)
	names := map[string]bool{}
	for i, f := range c.Filters {
		at := fmt.Sprintf("filters[%d]", i)
		switch {
		case f.Name == "" || strings.ContainsAny(f.Name, `/\`) || strings.HasSuffix(f.Name, suffix):
			bad("%s.name: is %q, want the name of a file in the directory without %s", at, f.Name, suffix)
		case names[f.Name]:
			bad("%s.name: %q is there already", at, f.Name)
		}
		names[f.Name] = true
		errs = append(errs, f.Own.check(at+".")...)
	}
	return errors.Join(errs...)
}

func (o *ownConfig) check(at string) (errs []error) {
	bad := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s%s: %s", at, key, fmt.Sprintf(format, args...)))
	}
	for i, g := range o.Grant {
		if all := abi.Capabilities(); !slices.Contains(all, g) {
			bad(fmt.Sprintf("grant[%d]", i), "there is no capability %q, only %s", g, strings.Join(all, ", "))
		}
	}
	if o.Mode != "" && o.Mode != "enforce" && o.Mode != "monitor" {
		bad("mode", "is %q, want enforce or monitor", o.Mode)
	}
	if o.Fuel != 0 && (o.Fuel < minFuel || o.Fuel > maxFuel) {
		bad("fuel", "is %d, want %d to %d", o.Fuel, minFuel, maxFuel)
	}
	if o.Memory != 0 && (o.Memory < page || o.Memory > maxMemory || o.Memory%page != 0) {
		bad("memory", "is %v, want whole pages of 64KiB, at most %v", o.Memory, core.Size(maxMemory))
	}
	if o.Instances < 0 || o.Instances > 1024 {
		bad("instances", "is %d, want 1 to 1024", o.Instances)
	}
	if o.Tick != 0 && o.Tick < minTick {
		bad("tick", "is %v, want at least %v", o.Tick, minTick)
	}
	if o.LogLines < 0 {
		bad("log_lines", "is %d, want 1 or more", o.LogLines)
	}
	return errs
}

// over gives what is said of one filter: its own entry before that of all.
func (o ownConfig) over(all ownConfig) ownConfig {
	if o.Config == nil {
		o.Config = all.Config
	}
	if o.Grant == nil {
		o.Grant = all.Grant
	}
	o.Mode = cmp.Or(o.Mode, all.Mode)
	o.Fuel, o.Memory = cmp.Or(o.Fuel, all.Fuel), cmp.Or(o.Memory, all.Memory)
	o.Instances, o.LogLines = cmp.Or(o.Instances, all.Instances), cmp.Or(o.LogLines, all.LogLines)
	o.Tick = cmp.Or(o.Tick, all.Tick)
	return o
}

func (c *config) options(o ownConfig, keys []ed25519.PublicKey) Options {
	o = o.over(c.All)
	return Options{
		Config: o.Config, Grant: o.Grant, Monitor: o.Mode == "monitor", Fuel: o.Fuel, Memory: o.Memory,
		Instances: o.Instances, Tick: o.Tick, LogLines: o.LogLines,
		ModuleSize: c.ModuleSize, RequireSigned: c.RequireSigned, Keys: keys,
	}
}

// resolve makes the paths absolute; relative ones start at dir.
func (c *config) resolve(dir string) {
	abs := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		if p, err := filepath.Abs(filepath.Join(dir, path)); err == nil {
			return p
		}
		return filepath.Join(dir, path) // only where there is no current directory
	}
	c.File, c.Dir = abs(c.File), abs(c.Dir)
	for i := range c.Keys {
		c.Keys[i] = abs(c.Keys[i])
	}
}

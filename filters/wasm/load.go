package wasm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/filters/wasm/guest"
	"github.com/dbmesh/dbmesh/filters/wasm/manifest"
	"github.com/dbmesh/dbmesh/filters/wasm/module"
)

// Load takes a filter all the way to one that can be asked: size, signature, manifest and
// settings, the module itself, compile, instantiate and configure, the manifest's cases. The
// report is never nil. It may take seconds; whoever has the filter closes it. Its timer for
// on_tick does not run, see Tick.
func Load(ctx context.Context, src Source, o Options, d Deps) (*Filter, *Report, error) {
	l := loading{src: src, o: o, d: d, report: &Report{Name: src.Name, Size: len(src.Module), Hash: src.Hash()}}
	steps := []struct {
		name string
		do   func(context.Context) error
	}{
		{"size", l.size}, {"signature", l.signature}, {"manifest", l.settle}, {"module", l.read},
		{"load", l.load}, {"hooks", l.hooks}, {"cases", l.cases},
	}
	for _, s := range steps {
		if !l.report.step(s.name, func() error { return s.do(ctx) }) {
			if l.filter != nil {
				_ = l.filter.Close() // never fails
			}
			return nil, l.report, l.report.Refusal
		}
	}
	return l.filter, l.report, nil
}

// loading is one filter on its way.
type loading struct {
	src    Source
	o      Options
	d      Deps
	e      *effective
	filter *Filter
	report *Report
}

func (l *loading) size(context.Context) error {
	most := l.o.ModuleSize
	if most == 0 {
		most = DefaultModuleSize
	}
	if core.Size(len(l.src.Module)) > most {
		return fmt.Errorf("the module has %d bytes, more than the module_size of %v", len(l.src.Module), most)
	}
	return nil
}

func (l *loading) signature(context.Context) (err error) {
	if len(l.o.Keys) > 0 {
		if l.report.Signed, err = verify(l.src.Module, l.src.Signature, l.o.Keys); err != nil {
			return err
		}
	}
	if l.o.RequireSigned && l.report.Signed == "" {
		return errors.New("it is not signed, and the config has require_signed")
	}
	return nil
}

func (l *loading) settle(context.Context) (err error) {
	if l.e, err = settle(&l.src, &l.o); err != nil {
		return err
	}
	if !l.e.bare {
		l.report.Manifest = l.e.manifest
	}
	l.report.Config, l.report.Grants, l.report.Tick = string(l.e.config), l.e.grants, l.e.tick
	l.report.Fuel = cmp.Or(l.e.limits.Fuel, guest.DefaultFuel)
	l.report.Memory = cmp.Or(l.e.limits.Memory, guest.DefaultMemory)
	l.report.Instances = cmp.Or(l.e.limits.Instances, 2*runtime.GOMAXPROCS(0))
	return nil
}

// read is for the report; guest.Load reads again what it needs.
func (l *loading) read(context.Context) (err error) {
	l.report.Module, err = module.Read(l.src.Module, l.caps())
	return err
}

// caps are those of modules, as far as the operator's limits lift them.
func (l *loading) caps() module.Caps {
	c := module.CapsFor(l.src.Module) // size has compared it
	c.MemoryPages = max(c.MemoryPages, int(l.report.Memory/page))
	return c
}

func (l *loading) load(ctx context.Context) error {
	start := time.Now()
	p, err := guest.Load(ctx, guest.Options{
		Name: l.src.Name, Module: l.src.Module, Grants: l.e.grants, Config: l.e.config, Limits: l.e.limits, Caps: l.caps(),
		Compiler: l.d.Compiler, Budget: l.d.Budget, Log: l.d.Log,
		Store: l.d.store, Metrics: l.d.metrics, Clock: l.d.Clock,
	})
	if err != nil {
		return err
	}
	l.filter = newFilter(p, l)
	l.report.Hooks, l.report.WantsParams, l.report.Cached = hookNames(p.Hooks()), p.WantsParams(), p.Cached()
	l.report.Load, l.report.Start = time.Since(start), p.Stats().Memory
	return nil
}

// hooks holds a manifest to what it says of the hooks.
func (l *loading) hooks(context.Context) error {
	if l.e.manifest.Hooks == nil {
		return nil
	}
	for _, h := range l.report.Hooks {
		if !slices.ContainsFunc(l.e.manifest.Hooks, func(m manifest.Hook) bool { return string(m) == h }) {
			return fmt.Errorf("it has the hook %s, of which its manifest says nothing: add it to hooks in the manifest", h)
		}
	}
	for _, h := range l.e.manifest.Hooks {
		if !slices.Contains(l.report.Hooks, string(h)) {
			return fmt.Errorf("its manifest says that it has the hook %s, but it has only %s: correct hooks in the manifest", h, strings.Join(l.report.Hooks, ", "))
		}
	}
	return nil
}

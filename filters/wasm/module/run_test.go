package module_test

import (
	"context"
	"hash/fnv"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/dbmesh/dbmesh/filters/wasm/module"
)

// guest is an instance in the runtime that dbmesh uses.
type guest struct {
	api.Module
	fuel api.MutableGlobal // nil if it is not metered
}

// instance compiles and instantiates a module; what it imports is in the runtime of host.
func instance(t testing.TB, b []byte, host func(wazero.Runtime)) (*guest, error) {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithMemoryLimitPages(512))
	t.Cleanup(func() { r.Close(ctx) })
	if host != nil {
		host(r)
	}
	m, err := r.InstantiateWithConfig(ctx, b, wazero.NewModuleConfig().WithStartFunctions())
	if err != nil {
		return nil, err
	}
	fuel, _ := m.ExportedGlobal(module.FuelExport).(api.MutableGlobal)
	return &guest{m, fuel}, nil
}

// run calls a function with some fuel and gives its results, the fuel it took, and its error.
func (g *guest) run(fuel int64, name string, args ...uint64) (results []uint64, took int64, err error) {
	if g.fuel != nil {
		g.fuel.Set(uint64(fuel))
	}
	results, err = g.ExportedFunction(name).Call(context.Background(), args...)
	if g.fuel != nil {
		took = fuel - int64(g.fuel.Get())
	}
	return results, took, err
}

// spent says whether the fuel is used up.
func (g *guest) spent() bool { return int64(g.fuel.Get()) < 0 }

// memory is a sum of all of the guest's memory.
func (g *guest) memory() uint64 {
	h := fnv.New64a()
	if m := g.Memory(); m != nil {
		b, _ := m.Read(0, m.Size())
		h.Write(b)
	}
	return h.Sum64()
}

// metered reads and meters a module that must be accepted.
func metered(t testing.TB, b []byte) []byte {
	t.Helper()
	m, err := module.Read(b, module.DefaultCaps())
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.Meter()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// meteredGuest runs a metered module without imports.
func meteredGuest(t testing.TB, b []byte) *guest {
	t.Helper()
	g, err := instance(t, metered(t, b), nil)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// trap is what went wrong, without the functions' names.
func trap(err error) string {
	if err == nil {
		return ""
	}
	first, _, _ := strings.Cut(err.Error(), "\n")
	return first
}

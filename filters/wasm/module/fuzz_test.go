package module_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/module"
	. "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

func seeds(f *testing.F) {
	m := Guest("now_ns", "sql")
	m.Table(4, 8)
	m.Global(Int64, true, I64(-5))
	m.Hook(abi.HookQuery, []Type{Int64}, Loop(Get(0), BrIf(0)), I32(0), Get(0), I32(9), MemoryFill, m.Host("now_ns"))
	m.Elements(1, 0, 1)
	m.Custom("name", string("\x01"+Bytes(U(1)+U(3)+Bytes("main.run"))))
	f.Add(m.Build())
	f.Add(in(Get(0) + "\x11\x00" + Padded(0, 5)))
	f.Add([]byte(Magic))
	for seed := range uint64(8) {
		f.Add(random(rand.New(rand.NewPCG(seed, 1)), 2))
	}
	for _, w := range append(structures(), declarations()...) {
		if len(w.bytes) < 10_000 {
			f.Add(w.bytes)
		}
	}
}

// smallCaps keep what a fuzzer finds fast to compile.
func smallCaps() module.Caps {
	caps := module.DefaultCaps()
	caps.Effort, caps.Locals, caps.MemoryPages = 20_000_000, 200, 4
	return caps
}

// FuzzRead: no bytes make Read panic, allocate much, or answer with anything but a refusal.
func FuzzRead(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m, err := module.Read(b, module.DefaultCaps())
		runtime.ReadMemStats(&after)
		if got, most := after.TotalAlloc-before.TotalAlloc, uint64(100*len(b)+1<<20); got > most {
			t.Errorf("%d bytes of %d were allocated", got, len(b))
		}
		var r *module.Refusal
		if err != nil && (!errors.As(err, &r) || r.Offset > len(b) || r.Reason == "") {
			t.Errorf("the error is %#v", err)
		}
		if err == nil && m.Size != len(b) {
			t.Errorf("%d bytes of %d", m.Size, len(b))
		}
		module.Section(b, abi.ManifestSection)
		if before, _, ok := module.CutLastSection(b, abi.SignatureSection); ok && len(before) >= len(b) {
			t.Error("a signature of nothing was cut off")
		}
		module.WithoutSection(b, "name")
	})
}

// FuzzMeter: of what Read accepts, the runtime takes the metered module if and only if it
// takes the original, custom sections apart: the pass drops them, and the runtime refuses
// names that don't fit and a last section that is empty.
func FuzzMeter(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := module.Read(b, smallCaps())
		if err != nil {
			return
		}
		out, err := m.Meter()
		if err != nil {
			return
		}
		plain := b
		for _, c := range m.Customs {
			plain, _ = module.WithoutSection(plain, c.Name)
		}
		was, is := compiles(plain), compiles(out)
		if (was == nil) != (is == nil) {
			t.Errorf("the original: %v; metered: %v", was, is)
		}
	})
}

func compiles(b []byte) error {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer r.Close(ctx)
	_, err := r.CompileModule(ctx, b)
	return err
}

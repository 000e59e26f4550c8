package guest

import (
	"context"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/dbmesh/dbmesh/core/abi"
	w "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

// processor reports the time that the goroutine's thread had a processor, for machines that
// are busy with other things too. The result is called at the end.
func processor(b *testing.B) func() {
	runtime.LockOSThread()
	used := func() int64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(1, &u); err != nil { // of the thread, on Linux
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	before := used()
	return func() {
		b.ReportMetric(float64(used()-before)/float64(b.N), "cpu-ns/op")
		runtime.UnlockOSThread()
	}
}

func benchmark(b *testing.B, o Options, sql string) {
	p := load(b, o)
	c, ctx := question(), context.Background()
	c.SQL = []byte(sql)
	ask(b, p, abi.HookQuery, c)
	fuel := c.Fuel
	b.ReportAllocs()
	defer processor(b)()
	for b.Loop() {
		if err := p.Call(ctx, abi.HookQuery, 0, c); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(fuel), "fuel")
}

func BenchmarkCall(b *testing.B) {
	facts := w.Guest() // deletes without WHERE are denied: kind, then flags
	facts.Hook(abi.HookQuery, nil, w.I32(w.GuestBlock), w.Load8U+w.At(abi.AtKind), w.I32(7), w.I32Eq,
		w.If(w.I32(w.GuestBlock), w.Load32+w.At(abi.AtFlags), w.I32(abi.FlagWhere), w.I32And, w.I32Eqz, w.If(w.Unreachable)), w.I64(0))
	deny := w.Guest()
	deny.Hook(abi.HookQuery, nil, deny.Deny(free, 1105, "HY000", "no"))
	pull := w.Guest("sql")
	pull.Hook(abi.HookQuery, nil, w.I32(free), w.I32(1024), w.I32(0), pull.Host("sql"), w.Drop, w.I64(0))
	for name, m := range map[string]*w.Module{"empty": hook(nil, w.I64(0)), "facts": facts, "deny": deny, "pull sql": pull} {
		b.Run(name, func(b *testing.B) { benchmark(b, options(b, m.Build()), "delete from t where a = 1") })
	}
	source := stock(b)
	b.Run("go 40 B", func(b *testing.B) { benchmark(b, options(b, source), "select a, b from orders where id = 12345") })
}

// The engine alone: what a hook costs without the host's path.
func BenchmarkEngine(b *testing.B) {
	for name, source := range map[string][]byte{"empty": hook(nil, w.I64(0)).Build(), "go empty": stock(b)} {
		b.Run(name, func(b *testing.B) {
			p := load(b, options(b, source))
			in := p.take(0)
			defer p.put(in)
			name := abi.HookQuery.String()
			if p.Has(abi.HookDone) {
				name = abi.HookDone.String()
			}
			f := in.module.ExportedFunction(name)
			var stack [1]uint64
			in.fuel.Set(1 << 60)
			defer processor(b)()
			for b.Loop() {
				if err := f.CallWithStack(in, stack[:]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParallel(b *testing.B) {
	p := load(b, options(b, hook(nil, w.I64(0)).Build()))
	b.RunParallel(func(pb *testing.PB) {
		c := question()
		for pb.Next() {
			if err := p.Call(context.Background(), abi.HookQuery, 0, c); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkLoadStockGo(b *testing.B) {
	o := options(b, stock(b))
	var err error
	if o.Compiler, err = NewCompiler(filepath.Join(b.TempDir(), "cache")); err != nil {
		b.Fatal(err)
	}
	finish(b, load(b, o))
	for b.Loop() {
		p, err := Load(context.Background(), o)
		if err != nil || !p.Cached() {
			b.Fatal(err)
		}
		_ = p.Close()
	}
}

func BenchmarkInstance(b *testing.B) {
	for name, source := range map[string][]byte{"empty": hook(nil, w.I64(0)).Build(), "go": stock(b)} {
		b.Run(name, func(b *testing.B) {
			p := load(b, options(b, source))
			b.ReportAllocs()
			for b.Loop() {
				in, _, err := p.newInstance(1)
				if err != nil {
					b.Fatal(err)
				}
				in.close()
			}
		})
	}
}

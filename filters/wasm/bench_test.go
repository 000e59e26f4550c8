package wasm_test

import (
	"context"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/core/coretest"
	"github.com/dbmesh/dbmesh/filters/wasm"
	w "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

// BenchmarkAsk is what a filter adds to a statement's way through the chain, the facts being
// at hand: a guest that reads one of them, one that is known by now, and one that has no hook
// for it.
func BenchmarkAsk(b *testing.B) {
	for name, build := range map[string]func(m *w.Module){
		"facts":     func(m *w.Module) { m.Hook(abi.HookQuery, nil, when("delete", w.I64(1))) },
		"cacheable": func(m *w.Module) { m.Hook(abi.HookQuery, nil, w.I64(abi.OpCacheable)) },
		"absent":    func(m *w.Module) { m.Hook(abi.HookPrepare, nil, w.I64(0)) },
	} {
		b.Run(name, func(b *testing.B) {
			m := w.Guest()
			build(m)
			f, _, err := wasm.Load(context.Background(), wasm.Source{Name: "rule", Module: m.Build()}, wasm.Options{}, deps(b))
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			ch := coretest.Chain(b, open{f})
			s := session()
			c := coretest.Query(s, "SELECT a FROM t WHERE b = 1")
			facts := known{c.Statement()}
			s.Classifier = facts
			text := c.SQL
			b.ReportAllocs()
			for b.Loop() {
				c.Reset(s, core.Query, text, len(text)+1, false)
				if v := ch.Command(context.Background(), c); v.Reply() != nil {
					b.Fatal(says(v))
				}
			}
		})
	}
}

// known is a classifier that has nothing to look up.
type known struct{ facts *core.Facts }

func (k known) Classify(*core.Command) *core.Facts              { return k.facts }
func (k known) Ranges(*core.Command) (r core.Ranges, ok bool)   { return r, false }
func (k known) Texts(*core.Command) (all []core.Range, ok bool) { return nil, false }

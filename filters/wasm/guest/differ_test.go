package guest

import (
	"context"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/abi"
	w "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

// changing is a guest that tells a shared counter's odd and even readers different things:
// the block's address and text capacity first, then what it wants.
func changing(first, later w.Code) *w.Module {
	m := w.Guest("kv_incr")
	m.Data(free, "n")
	m.Func(abi.ExportHooks, nil, []w.Type{w.Int64}, nil,
		w.I32(free), w.I32(1), w.I64(1), w.I64(0), m.Host("kv_incr"), w.I64(1), w.I64Eq, w.IfOf(w.Int64, first, later))
	// It denies with the beginning of its text area.
	m.Hook(abi.HookQuery, nil, w.I32(free+100), w.I64(0x3030304859480451), w.Store64+w.At(0),
		w.I32(free+106), w.I32(0x30303030), w.Store32+w.At(0),
		w.I32(free+107), w.I32(w.GuestBlock+abi.HeaderSize), w.I32(8), w.MemoryCopy, w.Verdict(abi.OpDeny, free+100, 15))
	return m
}

func TestALaterInstanceGetsNoMoreTextThanTheFirst(t *testing.T) {
	const hooks = 1 << abi.HookQuery
	o := options(t, changing(w.I64(hooks), w.I64(4096<<abi.WantTextShift|hooks)).Build())
	o.Grants = []string{abi.CapKV} // not the text
	p := load(t, o)
	in := p.take(0) // the first one is busy
	c := question()
	c.SQL = []byte("SELECT secret")
	if err := p.Call(context.Background(), abi.HookQuery, 0, c); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(c.Verdict.Message), "SELECT") {
		t.Fatalf("it was given %q", c.Verdict.Message)
	}
	p.put(in)
}

func TestALaterInstanceWithASmallerTextAreaIsNotWrittenBeyondIt(t *testing.T) {
	m := &w.Module{}
	m.ImportHost("kv_incr")
	m.Memory(1, -1)
	m.Export("memory", w.KindMemory, 0)
	m.Func(abi.ExportVersion, nil, []w.Type{w.Int32}, nil, w.I32(0))
	const end = pageSize - abi.HeaderSize
	m.Data(abi.AtTextCapacity, "\x00\x10\x00\x00")
	m.Data(4096+abi.HeaderSize, "n")
	m.Func(abi.ExportBlock, nil, []w.Type{w.Int32}, nil, // the later ones stand at the memory's end
		w.I32(4096+abi.HeaderSize), w.I32(1), w.I64(1), w.I64(0), m.Host("kv_incr"), w.I64(1), w.I64Eq, w.IfOf(w.Int32, w.I32(0), w.I32(end)))
	m.Func(abi.ExportHooks, nil, []w.Type{w.Int64}, nil, w.I64(4096<<abi.WantTextShift|1<<abi.HookQuery))
	m.Hook(abi.HookQuery, nil, w.I64(0))
	p := load(t, options(t, m.Build()))
	in := p.take(0)
	ask(t, p, abi.HookQuery, question())
	p.put(in)
}

package wasmtest_test

import (
	"context"
	"encoding/binary"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

func TestAGuestRunsAndHasItsBlock(t *testing.T) {
	m := wasmtest.Guest()
	m.Hook(abi.HookQuery, []wasmtest.Type{wasmtest.Int64},
		wasmtest.Get(0)+wasmtest.I64ExtendU+wasmtest.I64(2)+wasmtest.I64Mul+wasmtest.Set(1)+wasmtest.Get(1))
	m.Hook(abi.HookInitDB, nil, m.Deny(wasmtest.GuestFree, 1105, "HY000", "no"))
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer r.Close(ctx)
	g, err := r.Instantiate(ctx, m.Build())
	if err != nil {
		t.Fatal(err)
	}
	call := func(name string, args ...uint64) uint64 {
		t.Helper()
		got, err := g.ExportedFunction(name).Call(ctx, args...)
		if err != nil {
			t.Fatal(err)
		}
		return got[0]
	}
	if v, block := call(abi.ExportVersion), call(abi.ExportBlock); v != 0 || block != wasmtest.GuestBlock {
		t.Errorf("version %d, block %d", v, block)
	}
	if got := call("on_query", 21); got != 42 {
		t.Errorf("on_query(21) = %d", got)
	}
	header, _ := g.Memory().Read(wasmtest.GuestBlock, abi.HeaderSize)
	if got := binary.LittleEndian.Uint32(header[abi.AtTextCapacity:]); got != wasmtest.GuestText {
		t.Errorf("text capacity %d", got)
	}
	verdict := call("on_init_db", 0)
	payload, _ := g.Memory().Read(uint32(verdict>>32), uint32(verdict>>8)&0xffffff)
	if byte(verdict) != abi.OpDeny || string(payload[2:]) != "HY000no" {
		t.Errorf("verdict %#x with %q", verdict, payload)
	}
}

func TestAModuleWithAllSectionsIsValidAndABrokenOneIsNot(t *testing.T) {
	m := &wasmtest.Module{}
	m.ImportHost("now_ns")
	m.GuestExports()
	m.Table(4, 8)
	g := m.Global(wasmtest.Int64, true, wasmtest.I64(-5))
	hook := m.Hook(abi.HookQuery, nil, m.Host("now_ns")+wasmtest.GetGlobal(g)+wasmtest.I64Add)
	m.Func("branches", []wasmtest.Type{wasmtest.Int32}, nil, nil,
		wasmtest.Block(wasmtest.Loop(wasmtest.Get(0), wasmtest.BrTable(1, 0, 1))),
		wasmtest.Get(0), wasmtest.IfElse(wasmtest.Nop, wasmtest.Return))
	m.Elements(1, hook, 0)
	m.PassiveData("passive")
	m.DataCount()
	m.Start(m.Func("", nil, nil, nil, wasmtest.Nop))
	m.Custom(abi.ManifestSection, "name: x")

	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer r.Close(ctx)
	if _, err := r.CompileModule(ctx, m.Build()); err != nil {
		t.Error(err)
	}
	m.Func("wrong", nil, nil, nil, wasmtest.IfElse("", ""))
	if _, err := r.CompileModule(ctx, m.Build()); err == nil {
		t.Error("an if without a condition was accepted: then this test shows nothing")
	}
}

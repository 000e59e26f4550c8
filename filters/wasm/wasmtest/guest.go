package wasmtest

import (
	"encoding/binary"

	"github.com/dbmesh/dbmesh/core/abi"
)

// Where a Guest keeps its block. The memory of GuestPages pages is free from GuestFree on.
const (
	GuestBlock = 1024
	GuestText  = 4096 // text capacity
	GuestFree  = 8192
	GuestPages = 2
)

// Guest gives a correct guest of dbmesh_v1 without hooks, which imports the host functions
// named. Hooks are added with Hook, calls of host functions are written with Host.
func Guest(functions ...string) *Module {
	m := &Module{}
	for _, name := range functions {
		m.ImportHost(name)
	}
	m.GuestExports()
	return m
}

// GuestExports adds what a guest must have: memory of GuestPages pages without a maximum,
// dbmesh_v1, dbmesh_block and the text capacity. For modules whose imports are not plain.
func (m *Module) GuestExports() {
	m.Memory(GuestPages, -1)
	m.Export("memory", KindMemory, 0)
	m.Func(abi.ExportVersion, nil, []Type{Int32}, nil, I32(0))
	m.Func(abi.ExportBlock, nil, []Type{Int32}, nil, I32(GuestBlock))
	capacity := binary.LittleEndian.AppendUint32(nil, GuestText)
	m.Data(GuestBlock+abi.AtTextCapacity, string(capacity))
}

// Hook adds a hook, (arg i32) -> i64, and gives its index. Its argument is local 0, its locals
// come behind; the body leaves the verdict.
func (m *Module) Hook(h abi.Hook, locals []Type, body ...Code) uint32 {
	return m.Func(h.String(), []Type{Int32}, []Type{Int64}, locals, body...)
}

// ImportHost imports a host function by its name and gives its index. It panics if abi has
// none of that name.
func (m *Module) ImportHost(name string) uint32 {
	for _, f := range abi.Functions() {
		if f.Name != name {
			continue
		}
		var params, results []Type
		for _, p := range f.Params {
			params = append(params, Type(p))
		}
		if f.Result != 0 {
			results = []Type{Type(f.Result)}
		}
		return m.Import(abi.Module, name, params, results)
	}
	panic("wasmtest: no host function " + name)
}

// Host calls an imported host function by its name.
func (m *Module) Host(name string) Code { return Call(m.Imported(abi.Module, name)) }

// Verdict is the code that leaves a verdict whose payload Data wrote at address.
func Verdict(op byte, address, length uint32) Code {
	return I64(int64(uint64(address)<<32 | uint64(length)<<8 | uint64(op)))
}

// Deny writes an error at address, within the memory, and gives the code that leaves a
// verdict which denies with it. The state has five characters.
func (m *Module) Deny(address uint32, code uint16, state, message string) Code {
	payload := string(binary.LittleEndian.AppendUint16(nil, code)) + state + message
	m.Data(int32(address), payload)
	return Verdict(abi.OpDeny, address, uint32(len(payload)))
}

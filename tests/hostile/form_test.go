package hostile_test

import (
	"strings"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/module"
	"github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

func compilation() []attack {
	nested := func(depth int) func() []byte {
		return with(nil, func(m *wasmtest.Module) {
			body := repeat("\x02\x40", depth) + repeat(wasmtest.End, depth)
			m.Hook(abi.HookQuery, nil, body, pass())
		})
	}
	return []attack{
		{name: "two-million-instructions", tries: "has one function of two million instructions", build: onQuery(nil, repeat(wasmtest.Nop, 2_000_000), pass()), refused: "function"},
		{name: "nesting-50000", tries: "nests 50,000 blocks", build: nested(50_000), refused: "blocks"},
		{name: "nesting-2000", tries: "nests 2,000 blocks", build: nested(2000), refused: "blocks"},
		{name: "functions-100000", tries: "has 100,000 functions", build: with(nil, func(m *wasmtest.Module) {
			for range 100_000 {
				m.Func("", nil, nil, nil, wasmtest.Nop)
			}
			m.Hook(abi.HookQuery, nil, pass())
		}), refused: "functions"},
		{name: "locals-4e9", tries: "declares four billion locals in five bytes", build: with(nil, func(m *wasmtest.Module) {
			m.RawFunc(m.Signature(nil, nil), wasmtest.U(1)+wasmtest.U(4_000_000_000)+"\x7f"+wasmtest.End)
			m.Hook(abi.HookQuery, nil, pass())
		}), refused: "locals"},
		{name: "jump-table", tries: "has a jump table of four billion labels that is not there", build: with(nil, func(m *wasmtest.Module) {
			m.RawFunc(m.Signature(nil, nil), wasmtest.U(0)+wasmtest.I32(0)+"\x0e"+wasmtest.U(4_000_000_000)+wasmtest.End)
			m.Hook(abi.HookQuery, nil, pass())
		}), refused: "labels"},
		{name: "too-large", tries: "is 5 MiB large", build: with(nil, func(m *wasmtest.Module) {
			m.Hook(abi.HookQuery, nil, pass())
			m.Custom("padding", strings.Repeat("x", 5<<20))
		}), refused: "more than the"},
		{name: "segments", tries: "has 100,000 data segments that each write one byte far from the next", build: with(nil, func(m *wasmtest.Module) {
			for i := range 100_000 {
				m.Data(int32(0x2000+i%0x8000), "x")
			}
			m.Hook(abi.HookQuery, nil, pass())
		}), harmless: true},
	}
}

func form() []attack {
	return []attack{
		{name: "empty", tries: "is an empty file", build: func() []byte { return nil }, refused: "module"},
		{name: "text", tries: "is a text", build: func() []byte { return []byte("DROP TABLE users;\n") }, refused: "module"},
		{name: "cut-off", tries: "ends in the middle", build: func() []byte {
			b := onQuery(nil, pass())()
			return b[:len(b)-7]
		}, refused: "module"},
		{name: "fuel-by-index", tries: "sets the global that counts its fuel, by the index that it is going to have", build: onQuery(nil,
			wasmtest.Loop(wasmtest.I64(1<<40), wasmtest.SetGlobal(0), wasmtest.Br(0)), pass()), refused: "global"},
		{name: "fuel-by-name", tries: "exports a global under the name of the fuel", build: with(nil, func(m *wasmtest.Module) {
			m.Export(module.FuelExport, wasmtest.KindGlobal, m.Global(i64, true, wasmtest.I64(1<<40)))
			m.Hook(abi.HookQuery, nil, spin(), pass())
		}), refused: "reserved"},
		{name: "same-export-twice", tries: "exports on_query twice", build: with(nil, func(m *wasmtest.Module) {
			m.Export("on_query", wasmtest.KindFunc, m.Hook(abi.HookQuery, nil, pass()))
		}), refused: "on_query"},
		{name: "import-memory", tries: "imports its memory", build: func() []byte {
			m := bare()
			m.RawImport("env", "memory", "\x02\x00\x01")
			m.Hook(abi.HookQuery, nil, pass())
			return m.Build()
		}, refused: "memory"},
		{name: "shared-memory", tries: "shares its memory between threads", build: func() []byte {
			m := bare()
			m.RawImport("env", "memory", "\x02\x03\x01\x02")
			m.Hook(abi.HookQuery, nil, pass())
			return m.Build()
		}, refused: "memory"},
		{name: "atomics", tries: "uses instructions of threads", build: with(nil, func(m *wasmtest.Module) {
			m.Hook(abi.HookQuery, nil, wasmtest.I32(0), "\xfe\x10\x02\x00", wasmtest.Drop, pass())
		}), refused: "instruction"},
		{name: "unknown-instruction", tries: "uses an instruction that there is not", build: onQuery(nil, "\xff", pass()), refused: "instruction"},
		{name: "two-memories", tries: "has two memories", build: with(nil, func(m *wasmtest.Module) {
			m.Memory(1, -1)
			m.Hook(abi.HookQuery, nil, pass())
		}), refused: "memor"},
		{name: "data-outside", tries: "writes its data behind the end of its memory", build: with(nil, func(m *wasmtest.Module) {
			m.Data(wasmtest.GuestPages<<16-2, "outside")
			m.Hook(abi.HookQuery, nil, pass())
		}), refused: "data"},
		{name: "wrong-types", tries: "leaves an i32 where a verdict belongs", build: onQuery(nil, wasmtest.I32(1)), refused: "type"},
	}
}

func contract() []attack {
	return []attack{
		{name: "import-unknown", tries: "imports a host function that there is not", build: func() []byte {
			m := &wasmtest.Module{}
			m.Import(abi.Module, "run_shell", []wasmtest.Type{i32, i32}, []wasmtest.Type{i32})
			m.GuestExports()
			m.Hook(abi.HookQuery, nil, pass())
			return m.Build()
		}, refused: "run_shell"},
		{name: "import-not-granted", tries: "imports shared values without having been granted them", build: with([]string{"kv_set"}, func(m *wasmtest.Module) {
			m.Hook(abi.HookQuery, nil, pass())
		}), refused: "kv"},
		{name: "import-other-type", tries: "imports sql with two parameters", build: func() []byte {
			m := &wasmtest.Module{}
			m.Import(abi.Module, "sql", []wasmtest.Type{i32, i32}, []wasmtest.Type{i32})
			m.GuestExports()
			m.Hook(abi.HookQuery, nil, pass())
			return m.Build()
		}, refused: "sql"},
		{name: "hook-other-type", tries: "exports on_query without a parameter", build: with(nil, func(m *wasmtest.Module) {
			m.Func("on_query", nil, []wasmtest.Type{i64}, nil, pass())
		}), refused: "on_query"},
		{name: "from-the-future", tries: "needs minor version 4,000,000", build: func() []byte {
			m := &wasmtest.Module{}
			m.Memory(2, -1)
			m.Export("memory", wasmtest.KindMemory, 0)
			m.Func(abi.ExportVersion, nil, []wasmtest.Type{i32}, nil, wasmtest.I32(4_000_000))
			m.Func(abi.ExportBlock, nil, []wasmtest.Type{i32}, nil, wasmtest.I32(1024))
			m.Hook(abi.HookQuery, nil, pass())
			return m.Build()
		}, refused: "4000000"},
		{name: "block-outside", tries: "says that its block is behind the end of its memory", build: block(wasmtest.I32(-16)), refused: "block"},
		{name: "block-at-the-end", tries: "says that its block begins in the last bytes of its memory", build: block(wasmtest.I32(wasmtest.GuestPages<<16 - 100)), refused: "block"},
		{name: "block-huge", tries: "says that its text area has 4 GiB", build: func() []byte {
			m := bare()
			m.Memory(2, -1)
			m.Export("memory", wasmtest.KindMemory, 0)
			m.Data(wasmtest.GuestBlock+abi.AtTextCapacity, "\xff\xff\xff\xff")
			m.Hook(abi.HookQuery, nil, pass())
			return m.Build()
		}, refused: "text"},
		{name: "no-hook", tries: "has no hook at all", build: func() []byte { return wasmtest.Guest().Build() }, refused: "hook"},
		{name: "complains", tries: "fails in dbmesh_configure with a message behind the end of its memory", build: with(nil, func(m *wasmtest.Module) {
			m.Func(abi.ExportConfigure, nil, []wasmtest.Type{i64}, nil, wasmtest.Verdict(1, 0xfffffff0, 100))
			m.Hook(abi.HookQuery, nil, pass())
		}), refused: "configure"},
	}
}

func block(address wasmtest.Code) func() []byte {
	return func() []byte {
		m := &wasmtest.Module{}
		m.Memory(wasmtest.GuestPages, -1)
		m.Export("memory", wasmtest.KindMemory, 0)
		m.Func(abi.ExportVersion, nil, []wasmtest.Type{i32}, nil, wasmtest.I32(0))
		m.Func(abi.ExportBlock, nil, []wasmtest.Type{i32}, nil, address)
		m.Hook(abi.HookQuery, nil, pass())
		return m.Build()
	}
}

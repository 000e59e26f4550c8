package hostile_test

import (
	"strings"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

func endless() []attack {
	w := wasmtest.Code("")
	return []attack{
		{name: "spin", tries: "loops for ever in on_query", build: onQuery(nil, spin(), pass()), told: "out of fuel"},
		{name: "spin-start", tries: "loops for ever in its start function", build: with(nil, func(m *wasmtest.Module) {
			m.Start(m.Func("", nil, nil, nil, spin()))
			m.Hook(abi.HookQuery, nil, pass())
		}), refused: "start function"},
		{name: "spin-initialize", tries: "loops for ever in _initialize", build: with(nil, func(m *wasmtest.Module) {
			m.Func(abi.ExportInitialize, nil, nil, nil, spin())
			m.Hook(abi.HookQuery, nil, pass())
		}), refused: "out of fuel"},
		{name: "spin-configure", tries: "loops for ever in dbmesh_configure", build: with(nil, func(m *wasmtest.Module) {
			m.Func(abi.ExportConfigure, nil, []wasmtest.Type{i64}, nil, spin(), pass())
			m.Hook(abi.HookQuery, nil, pass())
		}), refused: "out of fuel"},
		{name: "spin-hooks", tries: "loops for ever in dbmesh_hooks", build: with(nil, func(m *wasmtest.Module) {
			m.Func(abi.ExportHooks, nil, []wasmtest.Type{i64}, nil, spin(), pass())
			m.Hook(abi.HookQuery, nil, pass())
		}), refused: "out of fuel"},
		{name: "spin-session", tries: "loops for ever at each login", build: hook(abi.HookSession, nil, spin(), pass()), told: "out of fuel"},
		{name: "spin-done", tries: "loops for ever behind each command", build: hook(abi.HookDone, nil, spin(), pass()), harmless: true, breaks: true},
		{name: "spin-end", tries: "loops for ever at the end of each session", build: hook(abi.HookSessionEnd, nil, spin(), pass()), harmless: true, breaks: true},
		{name: "spin-columns", tries: "loops for ever before the rows of each result", build: hook(abi.HookColumns, nil, spin(), pass()), told: "out of fuel"},
		{name: "spin-nested", tries: "loops in loops, each of them short", build: onQuery([]wasmtest.Type{i32, i32},
			wasmtest.Loop(w,
				wasmtest.I32(1000), wasmtest.Set(2),
				wasmtest.Loop(wasmtest.Get(2), wasmtest.I32(1), wasmtest.I32Sub, wasmtest.Tee(2), wasmtest.BrIf(0)),
				wasmtest.Br(0)),
			pass()), told: "out of fuel"},
		{name: "spin-long-body", tries: "has loop bodies of ten thousand instructions, so that rounds are few", build: onQuery(nil,
			wasmtest.Loop(repeat(wasmtest.Nop, 10_000), wasmtest.Br(0)), pass()), told: "out of fuel"},
		{name: "calls-without-loops", tries: "doubles its calls sixty times over, without a loop", build: with(nil, func(m *wasmtest.Module) {
			last := m.Func("", nil, nil, nil, wasmtest.Nop)
			for range 60 {
				last = m.Func("", nil, nil, nil, wasmtest.Call(last), wasmtest.Call(last))
			}
			m.Hook(abi.HookQuery, nil, wasmtest.Call(last), pass())
		}), told: "out of fuel"},
		{name: "fill-for-ever", tries: "fills its memory again and again with one instruction", build: onQuery(nil,
			wasmtest.Loop(wasmtest.I32(0x2000), wasmtest.I32(7), wasmtest.I32(0x10000), wasmtest.MemoryFill, wasmtest.Br(0)), pass()), told: "out of fuel"},
		{name: "copy-for-ever", tries: "copies its memory again and again", build: onQuery(nil,
			wasmtest.Loop(wasmtest.I32(0x2000), wasmtest.I32(0x3000), wasmtest.I32(0x10000), wasmtest.MemoryCopy, wasmtest.Br(0)), pass()), told: "out of fuel"},
		{name: "clock-for-ever", tries: "asks for the time again and again", build: with([]string{"now_ns"}, func(m *wasmtest.Module) {
			m.Hook(abi.HookQuery, nil, wasmtest.Loop(m.Host("now_ns"), wasmtest.Drop, wasmtest.Br(0)), pass())
		}), told: "out of fuel"},
		{name: "references-for-ever", tries: "has the runtime look up functions again and again", build: with(nil, func(m *wasmtest.Module) {
			self := m.Next()
			m.RawElements("\x03\x00\x01" + wasmtest.U(uint64(self)))
			m.Hook(abi.HookQuery, nil, wasmtest.Loop(repeat(wasmtest.RefFunc(self)+wasmtest.Drop, 500), wasmtest.Br(0)), pass())
		}), told: "out of fuel"},
		{name: "table-grow-by-nothing", tries: "grows a table by no entries again and again", build: with(nil, func(m *wasmtest.Module) {
			m.Table(1, 1000)
			m.Hook(abi.HookQuery, nil, wasmtest.Loop(repeat("\xd0\x70"+wasmtest.I32(0)+"\xfc\x0f\x00"+wasmtest.Drop, 500), wasmtest.Br(0)), pass())
		}), told: "out of fuel"},
		{name: "matches-of-many-states", tries: "matches a regular expression of a thousand states with its own text", build: matching("(a?){1000}b"), told: "out of fuel"},
		{name: "matches-that-begin", tries: "matches one that begins with ^ and goes on with a thousand loops", build: matching("^" + strings.Repeat(".*", 1000) + "b"), told: "out of fuel"},
		{name: "slow-but-within", tries: "uses almost all of its fuel at each query", build: onQuery([]wasmtest.Type{i32},
			wasmtest.I32(900_000), wasmtest.Set(1),
			wasmtest.Loop(wasmtest.Get(1), wasmtest.I32(1), wasmtest.I32Sub, wasmtest.Tee(1), wasmtest.BrIf(0)), pass()), harmless: true},
	}
}

// matching matches a pattern with 64 KiB of the same letter again and again.
func matching(pattern string) func() []byte {
	return with([]string{"match_new", "match_bytes"}, func(m *wasmtest.Module) {
		m.Data(0x2000, pattern)
		m.Func(abi.ExportConfigure, nil, []wasmtest.Type{i64}, nil,
			wasmtest.I32(abi.MatchRegexp), wasmtest.I32(0x2000), wasmtest.I32(int32(len(pattern))), m.Host("match_new"), wasmtest.Drop,
			wasmtest.I32(0x10000), wasmtest.I32('a'), wasmtest.I32(0x10000), wasmtest.MemoryFill, pass())
		m.Hook(abi.HookQuery, nil, wasmtest.Loop(wasmtest.I32(0), wasmtest.I32(0x10000), wasmtest.I32(0x10000), m.Host("match_bytes"),
			wasmtest.Drop, wasmtest.Br(0)), pass())
	})
}

func repeat(c wasmtest.Code, n int) wasmtest.Code {
	out := make([]byte, 0, len(c)*n)
	for range n {
		out = append(out, c...)
	}
	return wasmtest.Code(out)
}

func memory() []attack {
	return []attack{
		{name: "grow", tries: "asks for one page after the other until it gets no more", build: onQuery(nil,
			wasmtest.Loop(wasmtest.I32(1), wasmtest.MemoryGrow, wasmtest.I32(-1), wasmtest.I32Ne, wasmtest.BrIf(0)), pass()), harmless: true},
		{name: "grow-and-touch", tries: "grows to its limit, writes all of it, and traps", build: onQuery(nil,
			wasmtest.Loop(wasmtest.I32(16), wasmtest.MemoryGrow, wasmtest.I32(-1), wasmtest.I32Ne, wasmtest.BrIf(0)),
			wasmtest.I32(0), wasmtest.I32(1), wasmtest.MemorySize, wasmtest.I32(16), wasmtest.I32Shl, wasmtest.MemoryFill,
			wasmtest.Unreachable), told: "failed"},
		{name: "grow-all-at-once", tries: "asks for 4 GiB at once and then uses it", build: onQuery(nil,
			wasmtest.I32(65535), wasmtest.MemoryGrow, wasmtest.Drop, wasmtest.I32(-8), wasmtest.I32(1), wasmtest.Store32+wasmtest.At(0), pass()), told: "failed"},
		{name: "minimum-4gib", tries: "declares 4 GiB as its minimum", build: func() []byte {
			m := bare()
			m.Memory(65536, -1)
			m.Export("memory", wasmtest.KindMemory, 0)
			m.Hook(abi.HookQuery, nil, pass())
			return m.Build()
		}, refused: "memory"},
		{name: "minimum-over-limit", tries: "declares more than its limit of 16 MiB", build: func() []byte {
			m := bare()
			m.Memory(400, -1)
			m.Export("memory", wasmtest.KindMemory, 0)
			m.Hook(abi.HookQuery, nil, pass())
			return m.Build()
		}, refused: "memory"},
		{name: "table-10e8", tries: "declares a table of 100,000,000 entries", build: with(nil, func(m *wasmtest.Module) {
			m.Table(100_000_000, -1)
			m.Hook(abi.HookQuery, nil, pass())
		}), refused: "table"},
		{name: "table-4e9", tries: "declares a table of 4,294,967,295 entries", build: with(nil, func(m *wasmtest.Module) {
			m.Table(4_294_967_295, -1)
			m.Hook(abi.HookQuery, nil, pass())
		}), refused: "table"},
		{name: "table-grow", tries: "grows a table for ever", build: with(nil, func(m *wasmtest.Module) {
			m.Table(1, -1)
			m.Hook(abi.HookQuery, nil,
				wasmtest.Loop("\xd0\x70", wasmtest.I32(1_000_000), "\xfc\x0f\x00", wasmtest.Drop, wasmtest.Br(0)), pass())
		}), refused: "table"},
		{name: "log-flood", tries: "logs 4 KiB lines until its fuel is out", build: with([]string{"log"}, func(m *wasmtest.Module) {
			m.Hook(abi.HookQuery, nil,
				wasmtest.Loop(wasmtest.I32(abi.LogError), wasmtest.I32(0x2000), wasmtest.I32(4096), m.Host("log"), wasmtest.Br(0)), pass())
		}), told: "out of fuel"},
	}
}

// bare is a guest without its memory.
func bare() *wasmtest.Module {
	m := &wasmtest.Module{}
	m.Func(abi.ExportVersion, nil, []wasmtest.Type{i32}, nil, wasmtest.I32(0))
	m.Func(abi.ExportBlock, nil, []wasmtest.Type{i32}, nil, wasmtest.I32(wasmtest.GuestBlock))
	return m
}

func stack() []attack {
	return []attack{
		{name: "recursion", tries: "calls itself without end", build: with(nil, func(m *wasmtest.Module) {
			self := m.Next()
			m.Func("", nil, nil, nil, wasmtest.Call(self))
			m.Hook(abi.HookQuery, nil, wasmtest.Call(self), pass())
		}), told: "failed"},
		{name: "recursion-wide", tries: "calls itself without end, with five hundred locals each time", build: with(nil, func(m *wasmtest.Module) {
			self := m.Next()
			locals := make([]wasmtest.Type, 500)
			for i := range locals {
				locals[i] = i64
			}
			m.Func("", nil, nil, locals, wasmtest.Call(self))
			m.Hook(abi.HookQuery, nil, wasmtest.Call(self), pass())
		}), told: "failed"},
		{name: "recursion-mutual", tries: "has two functions that call each other", build: with(nil, func(m *wasmtest.Module) {
			first := m.Next()
			m.Func("", nil, nil, nil, wasmtest.Call(first+1))
			m.Func("", nil, nil, nil, wasmtest.Call(first))
			m.Hook(abi.HookQuery, nil, wasmtest.Call(first), pass())
		}), told: "failed"},
		{name: "recursion-indirect", tries: "calls itself through a table", build: with(nil, func(m *wasmtest.Module) {
			m.Table(1, -1)
			self := m.Func("", nil, nil, nil, wasmtest.I32(0), wasmtest.CallIndirect(m.Signature(nil, nil), 0))
			m.Elements(0, self)
			m.Hook(abi.HookQuery, nil, wasmtest.Call(self), pass())
		}), told: "failed"},
		{name: "recursion-login", tries: "calls itself without end at each login", build: with(nil, func(m *wasmtest.Module) {
			self := m.Next()
			m.Func("", nil, nil, nil, wasmtest.Call(self))
			m.Hook(abi.HookSession, nil, wasmtest.Call(self), pass())
		}), told: "failed"},
	}
}

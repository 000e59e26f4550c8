package hostile_test

import (
	"math"
	"strings"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

func traps() []attack {
	return []attack{
		{name: "unreachable", tries: "traps at each query", build: onQuery(nil, wasmtest.Unreachable), told: "unreachable"},
		{name: "load-outside", tries: "reads behind the end of its memory", build: onQuery(nil,
			wasmtest.I32(-4), wasmtest.Load32+wasmtest.At(0), wasmtest.Drop, pass()), told: "out of bounds"},
		{name: "store-outside", tries: "writes behind the end of its memory", build: onQuery(nil,
			wasmtest.I32(-4), wasmtest.I32(1), wasmtest.Store32+wasmtest.At(0), pass()), told: "out of bounds"},
		{name: "divide-by-zero", tries: "divides by zero", build: onQuery(nil,
			wasmtest.I32(1), wasmtest.I32(0), wasmtest.I32DivU, wasmtest.Drop, pass()), told: "divide by zero"},
		{name: "divide-overflow", tries: "divides the smallest number by -1", build: onQuery(nil,
			wasmtest.I32(math.MinInt32), wasmtest.I32(-1), wasmtest.I32DivS, wasmtest.Drop, pass()), told: "overflow"},
		{name: "indirect-nowhere", tries: "calls an entry of a table that is empty", build: with(nil, func(m *wasmtest.Module) {
			m.Table(4, 4)
			m.Hook(abi.HookQuery, nil, wasmtest.I32(2), wasmtest.CallIndirect(m.Signature(nil, nil), 0), pass())
		}), told: "failed"},
		{name: "indirect-other-type", tries: "calls a function by a type that it has not", build: with(nil, func(m *wasmtest.Module) {
			m.Table(1, 1)
			m.Elements(0, m.Func("", []wasmtest.Type{i64}, nil, nil, wasmtest.Nop))
			m.Hook(abi.HookQuery, nil, wasmtest.I32(0), wasmtest.CallIndirect(m.Signature(nil, nil), 0), pass())
		}), told: "failed"},
		{name: "trap-initialize", tries: "traps in _initialize", build: with(nil, func(m *wasmtest.Module) {
			m.Func(abi.ExportInitialize, nil, nil, nil, wasmtest.Unreachable)
			m.Hook(abi.HookQuery, nil, pass())
		}), refused: "unreachable"},
	}
}

func verdicts() []attack {
	verdict := func(op byte, address, length uint32) func() []byte {
		return onQuery(nil, wasmtest.Verdict(op, address, length))
	}
	return []attack{
		{name: "verdict-op", tries: "returns an op that there is not", build: verdict(99, 0, 0), told: "verdict"},
		{name: "verdict-pointer", tries: "returns a payload behind the end of its memory", build: verdict(abi.OpDeny, math.MaxUint32, 16), told: "verdict"},
		{name: "verdict-straddles", tries: "returns a payload that begins in its memory and ends outside", build: verdict(abi.OpDeny, wasmtest.GuestPages<<16-8, 64), told: "verdict"},
		{name: "verdict-length", tries: "returns a denial of 16 MiB", build: verdict(abi.OpDeny, 0, 1<<24-1), told: "verdict"},
		{name: "verdict-short", tries: "returns a denial of three bytes", build: verdict(abi.OpDeny, 0x2000, 3), told: "verdict"},
		{name: "verdict-rewrite-outside", tries: "rewrites with bytes that are not its own", build: verdict(abi.OpRewrite, wasmtest.GuestPages<<16, 100), told: "verdict"},
		{name: "verdict-empty-list", tries: "returns a list whose entry is longer than the list", build: with(nil, func(m *wasmtest.Module) {
			m.Data(0x2000, "\x02\xff\xff\xff")
			m.Hook(abi.HookQuery, nil, wasmtest.Verdict(abi.OpList, 0x2000, 4))
		}), told: "verdict"},
		{name: "verdict-list-in-list", tries: "returns a list in a list", build: with(nil, func(m *wasmtest.Module) {
			m.Data(0x2000, "\x07\x04\x00\x00\x07\x00\x00\x00")
			m.Hook(abi.HookQuery, nil, wasmtest.Verdict(abi.OpList, 0x2000, 8))
		}), told: "verdict"},
		{name: "verdict-not-granted", tries: "replies without having been granted to", build: with(nil, func(m *wasmtest.Module) {
			m.Data(0x2000, "\x01\x00\x00\x00\x01\x00a")
			m.Hook(abi.HookQuery, nil, wasmtest.Verdict(abi.OpReply, 0x2000, 7))
		}), told: "reply"},
		{name: "verdict-cacheable-rewrite", tries: "calls a rewrite cacheable", build: with(nil, func(m *wasmtest.Module) {
			m.Data(0x2000, "SELECT 2")
			m.Hook(abi.HookQuery, nil, wasmtest.Verdict(abi.OpRewrite|abi.OpCacheable, 0x2000, 8))
		}), told: "verdict"},
		{name: "verdict-of-done", tries: "denies a command that has ended", build: with(nil, func(m *wasmtest.Module) {
			m.Hook(abi.HookDone, nil, m.Deny(0x2000, 1105, "HY000", "too late"))
		}), harmless: true, breaks: true},
	}
}

// movingBlock is a guest whose block stands at the front with a text area, or at the very end of
// its memory without one, and that breaks often, so that instances are made anew.
func movingBlock() []byte {
	m := &wasmtest.Module{}
	m.Import("wasi_snapshot_preview1", "random_get", []wasmtest.Type{i32, i32}, []wasmtest.Type{i32})
	m.Memory(1, -1)
	m.Export("memory", wasmtest.KindMemory, 0)
	m.Func(abi.ExportVersion, nil, []wasmtest.Type{i32}, nil, wasmtest.I32(0))
	m.Func(abi.ExportBlock, nil, []wasmtest.Type{i32}, nil, wasmtest.I32(0x2000), wasmtest.I32(1), wasmtest.Call(0), wasmtest.Drop,
		wasmtest.I32(0x2000), wasmtest.Load8U+wasmtest.At(0), wasmtest.I32(1), wasmtest.I32And,
		wasmtest.IfOf(i32, wasmtest.I32(0), wasmtest.I32(1<<16-abi.HeaderSize)))
	m.Data(abi.AtTextCapacity, "\x00\x10\x00\x00")
	m.Func(abi.ExportHooks, nil, []wasmtest.Type{i64}, nil, wasmtest.I64(4096<<abi.WantTextShift|1<<abi.HookQuery|1<<abi.HookDone))
	m.Hook(abi.HookQuery, nil, pass())
	m.Hook(abi.HookDone, nil, wasmtest.Unreachable)
	return m.Build()
}

func hostCalls() []attack {
	call := func(name string, args ...wasmtest.Code) func() []byte {
		return with([]string{name}, func(m *wasmtest.Module) {
			body := append(args, m.Host(name), wasmtest.Drop, pass())
			m.Hook(abi.HookQuery, nil, body...)
		})
	}
	big := wasmtest.I32(-1)
	return []attack{
		{name: "sql-pointer", tries: "has the statement written behind the end of its memory", build: call("sql", wasmtest.I32(-64), wasmtest.I32(64), wasmtest.I32(0)), told: "sql"},
		{name: "sql-capacity", tries: "says that it has room for 4 GiB", build: call("sql", wasmtest.I32(0x2000), big, wasmtest.I32(0)), harmless: true},
		{name: "sql-offset", tries: "asks for the statement from its byte 4,294,967,295 on", build: call("sql", wasmtest.I32(0x2000), wasmtest.I32(64), big), harmless: true},
		{name: "table-index", tries: "asks for table -1", build: call("table", big, wasmtest.I32(0x2000), wasmtest.I32(64), wasmtest.I32(0)), harmless: true},
		{name: "attribute-name", tries: "asks for an attribute whose name is 2 GiB long", build: call("attribute",
			wasmtest.I32(0), wasmtest.I32(math.MaxInt32), wasmtest.I32(0), wasmtest.I32(0), wasmtest.I32(0)), harmless: true},
		{name: "match-number", tries: "matches with a set that it has not made", build: call("match", wasmtest.I32(7), wasmtest.I32(abi.SubjectSQL)), harmless: true},
		{name: "match-late", tries: "compiles patterns at each query", build: call("match_new", wasmtest.I32(abi.MatchRegexp), wasmtest.I32(0x2000), wasmtest.I32(8)), harmless: true},
		{name: "match-bomb", tries: "compiles a regular expression of a billion states", build: with([]string{"match_new"}, func(m *wasmtest.Module) {
			const bomb = "((((a{1000}){1000}){1000}))"
			m.Data(0x2000, bomb)
			m.Func(abi.ExportConfigure, nil, []wasmtest.Type{i64}, nil,
				wasmtest.I32(abi.MatchRegexp), wasmtest.I32(0x2000), wasmtest.I32(int32(len(bomb))), m.Host("match_new"), wasmtest.Drop, pass())
			m.Hook(abi.HookQuery, nil, pass())
		}), harmless: true},
		{name: "match-many", tries: "compiles sets of patterns until it gets no more", build: with([]string{"match_new"}, func(m *wasmtest.Module) {
			m.Data(0x2000, "[a-z]{200}[0-9]{200}[a-z]{200}")
			m.Func(abi.ExportConfigure, nil, []wasmtest.Type{i64}, nil,
				wasmtest.Loop(wasmtest.I32(abi.MatchRegexp), wasmtest.I32(0x2000), wasmtest.I32(30), m.Host("match_new"),
					wasmtest.I32(0), wasmtest.I32LtS, wasmtest.I32Eqz, wasmtest.BrIf(0)), pass())
			m.Hook(abi.HookQuery, nil, pass())
		}), harmless: true},
		{name: "match-again", tries: "compiles sets that are almost too large and wrong at their end until it may not", build: with([]string{"match_new"}, func(m *wasmtest.Module) {
			patterns := strings.Repeat("a{999}\n", 19) + "("
			m.Data(0x2000, patterns)
			m.Func(abi.ExportConfigure, nil, []wasmtest.Type{i64}, nil,
				wasmtest.Loop(wasmtest.I32(abi.MatchRegexp), wasmtest.I32(0x2000), wasmtest.I32(int32(len(patterns))), m.Host("match_new"),
					wasmtest.I32(abi.TooLarge), wasmtest.I32Ne, wasmtest.BrIf(0)), pass())
			m.Hook(abi.HookQuery, nil, pass())
		}), harmless: true},
		{name: "metrics-many", tries: "defines metrics until it gets no more", build: with([]string{"metric_def"}, func(m *wasmtest.Module) {
			m.Data(0x2000, "aaaaaaaa")
			m.Func(abi.ExportConfigure, nil, []wasmtest.Type{i64}, []wasmtest.Type{i32}, // the name's last letter changes
				wasmtest.Loop(
					wasmtest.I32(0x2007), wasmtest.I32(0x2007), wasmtest.Load8U+wasmtest.At(0), wasmtest.I32(1), wasmtest.I32Add, wasmtest.Store8+wasmtest.At(0),
					wasmtest.I32(abi.MetricCounter), wasmtest.I32(0x2000), wasmtest.I32(8), m.Host("metric_def"), wasmtest.Drop,
					wasmtest.Get(0), wasmtest.I32(1), wasmtest.I32Add, wasmtest.Tee(0), wasmtest.I32(100_000), wasmtest.I32LtU, wasmtest.BrIf(0)), pass())
			m.Hook(abi.HookQuery, nil, pass())
		}), harmless: true},
	}
}

func wasi() []attack {
	const preview = "wasi_snapshot_preview1"
	from := func(name string, params []wasmtest.Type, body ...wasmtest.Code) func() []byte {
		return func() []byte {
			m := &wasmtest.Module{}
			var results []wasmtest.Type
			if name != "proc_exit" {
				results = []wasmtest.Type{i32}
			}
			m.Import(preview, name, params, results)
			m.GuestExports()
			m.Hook(abi.HookQuery, nil, append(body, pass())...)
			return m.Build()
		}
	}
	four := []wasmtest.Type{i32, i32, i32, i32}
	return []attack{
		{name: "exit", tries: "ends its process", build: from("proc_exit", []wasmtest.Type{i32}, wasmtest.I32(0), wasmtest.Call(0)), told: "exit"},
		{name: "sleep", tries: "polls for ever", build: from("poll_oneoff", four, wasmtest.Loop(
			wasmtest.I32(0x2000), wasmtest.I32(0x3000), wasmtest.I32(1), wasmtest.I32(0x4000), wasmtest.Call(0), wasmtest.Drop, wasmtest.Br(0))), told: "out of fuel"},
		{name: "random-for-ever", tries: "asks for random bytes again and again", build: from("random_get", []wasmtest.Type{i32, i32}, wasmtest.Loop(
			wasmtest.I32(0x2000), wasmtest.I32(0x8000), wasmtest.Call(0), wasmtest.Drop, wasmtest.Br(0))), told: "out of fuel"},
		{name: "random-at-start", tries: "asks for random bytes in its start function, whose fuel the host can't reach", build: func() []byte {
			m := &wasmtest.Module{}
			m.Import(preview, "random_get", []wasmtest.Type{i32, i32}, []wasmtest.Type{i32})
			m.GuestExports()
			m.Start(m.Func("", nil, nil, nil, wasmtest.Loop(wasmtest.I32(0), wasmtest.I32(0x20000), wasmtest.Call(0), wasmtest.Drop, wasmtest.Br(0))))
			m.Hook(abi.HookQuery, nil, pass())
			return m.Build()
		}, refused: "start function"},
		{name: "lines-for-ever", tries: "writes lines of one letter again and again", build: func() []byte {
			m := &wasmtest.Module{}
			m.Import(preview, "fd_write", four, []wasmtest.Type{i32})
			m.GuestExports()
			m.Data(0x1ff0, "\x00\x20\x00\x00\x00\x80\x00\x00")
			m.Data(0x2000, strings.Repeat("x\n", 0x4000))
			m.Hook(abi.HookQuery, nil, wasmtest.Loop(wasmtest.I32(2), wasmtest.I32(0x1ff0), wasmtest.I32(1), wasmtest.I32(0), wasmtest.Call(0),
				wasmtest.Drop, wasmtest.Br(0)), pass())
			return m.Build()
		}, told: "out of fuel"},
		{name: "block-moves", tries: "has its block and text area elsewhere in each instance, by chance", build: movingBlock, harmless: true, breaks: true},
		{name: "random-outside", tries: "has random bytes written behind the end of its memory", build: from("random_get", []wasmtest.Type{i32, i32},
			wasmtest.I32(0x1f000), wasmtest.I32(-1), wasmtest.Call(0), wasmtest.Drop), told: "random_get"},
		{name: "write-many", tries: "writes a billion vectors to standard error", build: from("fd_write", four,
			wasmtest.I32(2), wasmtest.I32(0), wasmtest.I32(1_000_000_000), wasmtest.I32(0x4000), wasmtest.Call(0), wasmtest.Drop), harmless: true},
		{name: "open-file", tries: "opens files", build: from("path_open", []wasmtest.Type{i32, i32, i32, i32, i32, i64, i64, i32, i32},
			wasmtest.Nop), refused: "path_open"},
		{name: "socket", tries: "opens sockets", build: from("sock_accept", []wasmtest.Type{i32, i32, i32}, wasmtest.Nop), refused: "sock_accept"},
	}
}

// Package hostile_test drops modules that mean harm into the directory of a running dbmesh,
// and holds that nobody but their own filter notices. README.md lists them.
package hostile_test

import (
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

// attack is one hostile module and what has to become of it.
type attack struct {
	name  string
	tries string // what it tries, a clause for README.md
	build func() []byte
	// One of these says how it ends.
	refused  string // part of the reason for which it is not loaded
	told     string // part of the error that a client gets whose command meets it
	harmless bool   // it runs, and commands pass
	breaks   bool   // and all the same its guest breaks, where no command hears of it
}

// family is a kind of attack, a heading of README.md.
type family struct {
	title   string
	attacks []attack
}

func families() []family {
	return []family{
		{"Time", endless()},
		{"Memory", memory()},
		{"Stack", stack()},
		{"Traps", traps()},
		{"Verdicts", verdicts()},
		{"Host functions", hostCalls()},
		{"WASI", wasi()},
		{"Compilation", compilation()},
		{"Form", form()},
		{"Interface", contract()},
	}
}

const (
	i32 = wasmtest.Int32
	i64 = wasmtest.Int64
)

// pass is the verdict of a hook that does no harm.
func pass() wasmtest.Code { return wasmtest.I64(0) }

// spin never ends, if nobody ends it.
func spin() wasmtest.Code { return wasmtest.Loop(wasmtest.Br(0)) }

// onQuery is a guest with that one hook.
func onQuery(locals []wasmtest.Type, body ...wasmtest.Code) func() []byte {
	return hook(abi.HookQuery, locals, body...)
}

func hook(h abi.Hook, locals []wasmtest.Type, body ...wasmtest.Code) func() []byte {
	return func() []byte {
		m := wasmtest.Guest()
		m.Hook(h, locals, body...)
		return m.Build()
	}
}

// with is a guest that is changed before it is built.
func with(functions []string, change func(m *wasmtest.Module)) func() []byte {
	return func() []byte {
		m := wasmtest.Guest(functions...)
		change(m)
		return m.Build()
	}
}

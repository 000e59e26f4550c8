//go:build !wasip1

package dbmesh

import (
	"github.com/dbmesh/dbmesh/filter-sdk/abi"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/host"
)

// Guest is the filter of this process, for package dbmeshtest. It is not there in a module.
func Guest() host.Guest {
	return host.Guest{
		Place:     func() { host.Lay(wants.text) },
		Configure: configure,
		Hooks:     func() int64 { return int64(wants.text)<<abi.WantTextShift | int64(wants.hooks) },
		Call: func(hook, _ int32) (uint8, string) {
			v := call(hook)
			return uint8(v.head), v.encoded()
		},
		Spoil: spoil,
	}
}

func call(hook int32) Verdict {
	switch hook {
	case abi.HookSession:
		return ask(handlers.session, Session{})
	case abi.HookInitDB:
		return ask(handlers.initDB, InitDB{})
	case abi.HookQuery:
		return ask(handlers.query, Query{})
	case abi.HookPrepare:
		return ask(handlers.prepare, Query{})
	case abi.HookExecute:
		return ask(handlers.execute, Execution{})
	case abi.HookColumns:
		return ask(handlers.columns, Result{})
	case abi.HookDone:
		return tell(handlers.done, Done{})
	case abi.HookError:
		return ask(handlers.failed, ServerError{})
	case abi.HookSessionEnd:
		return tell(handlers.sessionEnd, Session{})
	case abi.HookTick:
		reset()
		if handlers.tick != nil {
			handlers.tick()
		}
	}
	return Pass
}

// spoil shows a filter that keeps a view what it will find there.
func spoil() {
	for i := range arena.memory {
		arena.memory[i] = '#'
	}
}

//go:build wasip1

package dbmesh

import (
	"unsafe"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/host"
)

//go:wasmexport dbmesh_v1
func minor() int32 { return abi.Minor }

//go:wasmexport dbmesh_block
func block() int32 { return int32(uintptr(host.Lay(wants.text))) }

//go:wasmexport dbmesh_configure
func onConfigure() int64 {
	message := configure()
	if message == "" {
		return 0
	}
	payload.text = message
	return packed(message, abi.OpDeny)
}

//go:wasmexport dbmesh_hooks
func hooks() int64 { return int64(wants.text)<<abi.WantTextShift | int64(wants.hooks) }

//go:wasmexport on_session
func onSession(int32) int64 { return answer(ask(handlers.session, Session{})) }

//go:wasmexport on_init_db
func onInitDB(int32) int64 { return answer(ask(handlers.initDB, InitDB{})) }

//go:wasmexport on_query
func onQuery(int32) int64 { return answer(ask(handlers.query, Query{})) }

//go:wasmexport on_prepare
func onPrepare(int32) int64 { return answer(ask(handlers.prepare, Query{})) }

//go:wasmexport on_execute
func onExecute(int32) int64 { return answer(ask(handlers.execute, Execution{})) }

//go:wasmexport on_columns
func onColumns(int32) int64 { return answer(ask(handlers.columns, Result{})) }

//go:wasmexport on_done
func onDone(int32) int64 { return answer(tell(handlers.done, Done{})) }

//go:wasmexport on_error
func onError(int32) int64 { return answer(ask(handlers.failed, ServerError{})) }

//go:wasmexport on_session_end
func onSessionEnd(int32) int64 { return answer(tell(handlers.sessionEnd, Session{})) }

//go:wasmexport on_tick
func onTick(int32) int64 {
	reset()
	if handlers.tick != nil {
		handlers.tick()
	}
	return 0
}

// answer is small enough to stand in each hook: most verdicts have no payload.
func answer(v Verdict) int64 {
	if v.op() == abi.OpPass {
		return int64(uint8(v.head))
	}
	return withPayload(v)
}

//go:noinline
func withPayload(v Verdict) int64 { return packed(v.encoded(), uint8(v.head)) }

func packed(text string, op uint8) int64 {
	return int64(uintptr(unsafe.Pointer(unsafe.StringData(text))))<<32 | int64(len(text))<<8 | int64(op)
}

package dbmesh

import "github.com/dbmesh/dbmesh/filter-sdk/abi"

// handlers are the filter's functions; wants is what dbmesh_hooks says of them. Both are
// written by inits only.
var (
	handlers struct {
		configure  func(Config) error
		session    func(Session) Verdict
		initDB     func(InitDB) Verdict
		query      func(Query) Verdict
		prepare    func(Query) Verdict
		execute    func(Execution) Verdict
		columns    func(Result) Verdict
		done       func(Done)
		failed     func(ServerError) Verdict
		sessionEnd func(Session)
		tick       func()
	}
	wants struct {
		hooks uint32 // bits
		text  uint32 // bytes
	}
)

func uses(hook int) {
	if wants.hooks&(1<<hook) != 0 {
		panic("dbmesh: a function is registered twice for the same hook")
	}
	wants.hooks |= 1 << hook
}

// OnConfigure is called once per instance, before any hook. An error refuses the filter, and so
// does a value in the config that is not of the type asked for.
func OnConfigure(f func(Config) error) {
	if handlers.configure != nil {
		panic("dbmesh: OnConfigure is called twice")
	}
	handlers.configure = f
}

// OnSession is asked when a client logs in. Its password is not yet proved.
// It may Pass, Deny, Route or Disconnect.
func OnSession(f func(Session) Verdict) { uses(abi.HookSession); handlers.session = f }

// OnInitDB is asked before the default schema changes, by COM_INIT_DB or USE. It may Pass,
// Deny, Rewrite (to another schema) or Disconnect.
func OnInitDB(f func(InitDB) Verdict) { uses(abi.HookInitDB); handlers.initDB = f }

// OnQuery is asked for each statement that a client sends as text; of a text of several for
// each of them, before the first is forwarded. It may return all but a Mask.
func OnQuery(f func(Query) Verdict) { uses(abi.HookQuery); handlers.query = f }

// OnPrepare is asked for each statement that a client prepares, with the same facts as OnQuery;
// often it is the same function. It may Pass, Deny, Rewrite, Route or Disconnect.
func OnPrepare(f func(Query) Verdict) { uses(abi.HookPrepare); handlers.prepare = f }

// OnExecute is asked for each execution of a prepared statement, with the facts of what was
// prepared. It may Pass, Deny, Route or Disconnect.
func OnExecute(f func(Query) Verdict) {
	uses(abi.HookExecute)
	handlers.execute = func(e Execution) Verdict { return f(e.Query) }
}

// OnExecuteParams is OnExecute for a filter that looks at parameters. Decoding them costs
// something for each execution. Capability: params.
func OnExecuteParams(f func(Execution) Verdict) {
	uses(abi.HookExecute)
	wants.hooks |= abi.WantParams
	handlers.execute = f
}

// OnColumns is asked when the columns of a result are known, before its rows. It may
// Pass, Deny or Mask. Capability: rows.
func OnColumns(f func(Result) Verdict) { uses(abi.HookColumns); handlers.columns = f }

// OnDone is told when a command has ended.
func OnDone(f func(Done)) { uses(abi.HookDone); handlers.done = f }

// OnError is asked when the backend answered with an error. Deny puts another error in its place.
func OnError(f func(ServerError) Verdict) { uses(abi.HookError); handlers.failed = f }

// OnSessionEnd is told when a session has ended.
func OnSessionEnd(f func(Session)) { uses(abi.HookSessionEnd); handlers.sessionEnd = f }

// OnTick is called every `tick` of the config, in one instance. There is no session in it.
func OnTick(f func()) { uses(abi.HookTick); handlers.tick = f }

// WantSQL has statements of up to n bytes written into the filter's memory before each hook, so
// that Query.SQL takes no call: worth it for a filter that reads nearly each statement. Call
// it in an init, with 65536 at most.
func WantSQL(n int) {
	if n < 0 || n > abi.MaxText {
		panic("dbmesh: WantSQL takes at most 65536 bytes")
	}
	wants.text = uint32(n)
}

func ask[T any](f func(T) Verdict, about T) Verdict {
	reset()
	if f == nil {
		return Pass
	}
	return f(about)
}

func tell[T any](f func(T), about T) Verdict {
	reset()
	if f != nil {
		f(about)
	}
	return Pass
}

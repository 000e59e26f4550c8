package lab

import (
	"context"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/cases"
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
)

// ask asks the hooks that a step reaches: of a command the whole way to its end, else one.
func (x *Session) ask(ctx context.Context, st *cases.Step, o *Outcome) {
	f, hooks := x.run.filter, x.run.hooks
	switch st.Hook {
	case abi.HookSession:
		if hooks.Has(core.HookConnect) {
			pool := x.s.Pool
			o.take(f.OnConnect(ctx, x.s))
			if x.s.Pool != pool {
				o.Pool = x.s.Pool
			}
			if x.s.Backend != nil {
				o.Backend = x.s.Backend.Name
			}
		}
	case abi.HookSessionEnd:
		if hooks.Has(core.HookEnd) {
			f.OnSessionEnd(x.s)
		}
	case abi.HookTick:
		if err := f.Tick(ctx); err != nil {
			o.Fault = err.Error()
		}
	case abi.HookColumns, abi.HookError, abi.HookDone:
		c := x.command(st)
		if len(c.SQL) > 0 {
			c.Statement()
		}
		x.answered(ctx, st, c, o, st.Hook)
	default:
		x.whole(ctx, st, o)
	}
}

// command makes the command of a step.
func (x *Session) command(st *cases.Step) *core.Command {
	code := core.Query
	switch st.Hook {
	case abi.HookPrepare:
		code = core.Prepare
	case abi.HookExecute:
		code = core.Execute
	case abi.HookInitDB:
		code = core.InitDB
	}
	c := &core.Command{}
	x.s.Commands++
	c.Reset(x.s, code, []byte(st.SQL), len(st.SQL)+1, st.Cut)
	return c
}

// whole takes a command through the hook for it, and where that lets it go on, through those
// for the backend's answer.
func (x *Session) whole(ctx context.Context, st *cases.Step, o *Outcome) {
	f, c := x.run.filter, x.command(st)
	hook := map[abi.Hook]core.Hook{
		abi.HookPrepare: core.HookPrepare, abi.HookExecute: core.HookExecute, abi.HookInitDB: core.HookInitDB,
	}[st.Hook]
	if st.Hook == abi.HookQuery {
		hook = core.HookQuery
	}
	if x.run.hooks.Has(hook) {
		pool := c.Pool
		o.take(f.OnCommand(ctx, c))
		o.Rewrite = c.Rewritten()
		if c.Pool != pool {
			o.Pool = c.Pool
		}
		if c.Backend != nil {
			o.Backend = c.Backend.Name
		}
	}
	if !o.over() {
		x.answered(ctx, st, c, o, abi.HookQuery)
	} else {
		x.done(st, c, o)
	}
}

// answered asks the hooks about the backend's answer: only one of them, or all in turn.
func (x *Session) answered(ctx context.Context, st *cases.Step, c *core.Command, o *Outcome, only abi.Hook) {
	f, all := x.run.filter, only == abi.HookQuery
	if (all || only == abi.HookColumns) && st.Answer.Columns != nil && x.run.hooks.Has(core.HookColumns) {
		masks, v, err := f.OnColumns(ctx, c, st.Answer.Columns)
		o.take(v, err)
		o.Masks = masks
	}
	if (all || only == abi.HookError) && st.Answer.Err != nil && x.run.hooks.Has(core.HookError) {
		other, err := f.OnError(ctx, c, st.Answer.Err)
		if err != nil {
			o.Fault = err.Error()
		}
		o.Err = other // nil leaves the backend's
	}
	if all || only == abi.HookDone {
		x.done(st, c, o)
	}
}

// done tells the filter how the command ended.
func (x *Session) done(st *cases.Step, c *core.Command, o *Outcome) {
	if !x.run.hooks.Has(core.HookDone) {
		return
	}
	how := &core.Outcome{
		Err: st.Answer.Err, Rows: st.Answer.Rows, Affected: st.Answer.Affected, Backend: st.Answer.Latency,
	}
	switch {
	case o.Err != nil:
		how.Err, how.Side = o.Err, core.FilterSide
	case how.Err != nil:
		how.Side = core.Server
	}
	x.run.filter.OnDone(c, how)
}

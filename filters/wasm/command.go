package wasm

import (
	"context"
	"fmt"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/guest"
)

// OnCommand asks on_query and on_prepare for each statement of a text, on_execute, and
// on_init_db for whatever changes the default schema.
func (f *Filter) OnCommand(ctx context.Context, c *core.Command) (core.Verdict, error) {
	var j *judgement
	var h abi.Hook
	var err error
	switch c.Code {
	case core.Query, core.Prepare:
		h = abi.HookQuery
		if c.Code == core.Prepare {
			h = abi.HookPrepare
		}
		facts := c.Statement()
		if facts.Kind == core.StatementMulti {
			return f.several(ctx, c, h, facts)
		}
		j, err = f.statement(ctx, c, part{h: h, facts: facts, sql: c.SQL, of: 1})
	case core.Execute, core.BulkExecute:
		h = abi.HookExecute
		j, err = f.execute(ctx, c)
	case core.InitDB:
		h = abi.HookInitDB
		j, err = f.part(ctx, c, part{h: h, sql: c.SQL, of: 1})
	default: // a fetch, whose statement was judged
	}
	if err != nil || j == nil {
		return core.Continue(), err
	}
	return f.apply(h, c, j)
}

// part is one statement of a command, or its schema.
type part struct {
	h      abi.Hook
	facts  *core.Facts
	sql    []byte
	at, of int // index and number in the text
}

// statement asks about one statement, and on_init_db if it is a USE that on_query lets go on.
func (f *Filter) statement(ctx context.Context, c *core.Command, p part) (*judgement, error) {
	var j *judgement
	if f.program.Has(p.h) {
		var err error
		if j, err = f.remembered(ctx, c, p); err != nil || j != nil && j.verdict.Reply() != nil {
			return j, err
		}
	}
	if p.facts.Kind != core.StatementUse || !f.program.Has(abi.HookInitDB) {
		return j, nil
	}
	text := p.sql
	if j != nil && j.rewrite != nil {
		text = j.rewrite
	}
	schema, at, sure := used(text)
	facts := p.facts
	if !sure {
		opaque := *facts
		opaque.Opaque = true
		facts = &opaque
	}
	k, err := f.part(ctx, c, part{abi.HookInitDB, facts, schema, p.at, p.of})
	if err != nil || k == nil {
		return j, err
	}
	if k.rewrite == nil {
		return k, nil
	}
	if !sure {
		return nil, f.refuse(abi.HookInitDB, "it rewrites the schema of a USE that is not understood for sure")
	}
	k = &judgement{op: k.op, rewrite: splice(text, []cut{{at, quoted(k.rewrite)}})}
	if j != nil {
		k.to, k.backend = j.to, j.backend
	}
	return k, nil
}

// remembered asks unless a cacheable verdict on an equal statement is known.
func (f *Filter) remembered(ctx context.Context, c *core.Command, p part) (*judgement, error) {
	if p.facts.Opaque || p.facts.Digest == "" || c.Truncated() {
		return f.part(ctx, c, p)
	}
	if !f.memory.empty() {
		if q, ok := f.equal(c.Session, p); ok {
			if j, known := f.memory.get(q); known {
				f.counts.cached.Add(1)
				return f.given(p.h, c.Session, j), nil
			}
		}
	}
	call := f.fill(c, p)
	defer f.calls.Put(call)
	if err := f.ask(ctx, p.h, uint32(p.at), call); err != nil {
		return nil, err
	}
	j, err := f.decode(p.h, &call.Verdict)
	if err == nil && call.Verdict.Cacheable && j.size() <= maxKept {
		if q, ok := f.equal(c.Session, p); ok {
			f.memory.put(q, j)
		}
	}
	return f.given(p.h, c.Session, j), err
}

// equal is the question that equal statements share; there is none for too many users or
// schemas.
func (f *Filter) equal(s *core.Session, p part) (q question, ok bool) {
	who, ok := f.session(s).who.id(f.memory, s)
	return question{p.facts, who, p.h}, ok
}

// part asks about one statement.
func (f *Filter) part(ctx context.Context, c *core.Command, p part) (*judgement, error) {
	call := f.fill(c, p)
	defer f.calls.Put(call)
	if err := f.ask(ctx, p.h, uint32(p.at), call); err != nil {
		return nil, err
	}
	return f.read(p.h, call)
}

// fill makes a question about a part. It sets all that such questions have, so that the Call
// need not be cleared; the others clear theirs.
func (f *Filter) fill(c *core.Command, p part) *guest.Call {
	q := f.calls.Get().(*guest.Call)
	q.Session, q.State, q.Pool = c.Session, &f.session(c.Session).state, c.Pool
	q.Params, q.HasParams, q.Ranges, q.StatementID = nil, false, nil, c.StatementID
	q.Facts, q.SQL, q.Truncated, q.Statement, q.Statements = p.facts, p.sql, c.Truncated(), p.at, p.of
	switch {
	case p.h == abi.HookInitDB || p.h == abi.HookExecute:
	case p.of == 1:
		q.Ranges = c
	default:
		q.Ranges = oneOf{c, p.sql}
	}
	return q
}

// oneOf finds where the parts of one of several statements stand in its own text.
type oneOf struct {
	command *core.Command
	sql     []byte
}

// Ranges implements guest.Ranger.
func (o oneOf) Ranges() (core.Ranges, bool) {
	var alone core.Command
	alone.Reset(o.command.Session, o.command.Code, o.sql, len(o.sql), o.command.Truncated())
	return alone.Ranges()
}

// execute asks about the execute of a prepared statement.
func (f *Filter) execute(ctx context.Context, c *core.Command) (*judgement, error) {
	call := f.fill(c, part{h: abi.HookExecute, facts: c.Statement(), sql: c.SQL, of: 1})
	defer f.calls.Put(call)
	if f.program.WantsParams() {
		call.Params, call.HasParams = c.Params()
	}
	if err := f.ask(ctx, abi.HookExecute, uint32(len(call.Params)), call); err != nil {
		return nil, err
	}
	return f.read(abi.HookExecute, call)
}

// apply does what a judgement says with a whole command: all of it, or nothing.
func (f *Filter) apply(h abi.Hook, c *core.Command, j *judgement) (core.Verdict, error) {
	pool, b := c.Pool, c.Backend
	if j.to != "" {
		var err error
		if pool, b, err = f.lead(h, j, c.Session, c.Pool); err != nil {
			return core.Continue(), err
		}
	}
	if j.rewrite != nil && !c.Rewrite(j.rewrite) {
		return core.Continue(), f.refuse(h, fmt.Sprintf("it rewrites a %s that can't be: it is longer than inspect_limit, or has no text", c.Code))
	}
	c.Pool = pool
	if b != nil {
		c.Backend = b
	}
	return j.verdict, nil
}

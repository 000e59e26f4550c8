package wasm

import (
	"context"
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/guest"
)

// kept is what a filter keeps with a session, across the filter's generations.
type kept struct {
	state guest.State
	who   who
}

// session finds what the filter keeps with the session, or begins it.
func (f *Filter) session(s *core.Session) *kept {
	if k, ok := s.Kept(f.key).(*kept); ok {
		return k
	}
	k := &kept{}
	s.Keep(f.key, k)
	return k
}

// question fills in what every question of a session has.
func (f *Filter) question(s *core.Session, pool string) *guest.Call {
	q := f.call()
	q.Session, q.State, q.Pool = s, &f.session(s).state, pool
	return q
}

// OnConnect asks on_session. A session that is in already keeps the pool that it has a
// connection to.
func (f *Filter) OnConnect(ctx context.Context, s *core.Session) (core.Verdict, error) {
	q := f.question(s, s.Pool)
	defer f.others.Put(q)
	if err := f.ask(ctx, abi.HookSession, 0, q); err != nil {
		return core.Continue(), err
	}
	j, err := f.read(abi.HookSession, q)
	if err != nil || j == nil {
		return core.Continue(), err
	}
	if j.to != "" && s.Bound(s.Pool) == nil {
		pool, b, err := f.lead(abi.HookSession, j, s, s.Pool)
		if err != nil {
			return core.Continue(), err
		}
		s.Pool = pool
		if b != nil {
			s.Backend = b
		}
	}
	return j.verdict, nil
}

// OnSessionEnd asks on_session_end.
func (f *Filter) OnSessionEnd(s *core.Session) {
	q := f.question(s, s.Pool)
	defer f.others.Put(q)
	_ = f.ask(context.Background(), abi.HookSessionEnd, 0, q) // counted and told; nothing is left to decide
}

// about fills in what is known of a command that is with the backend.
func about(q *guest.Call, c *core.Command) {
	q.Facts, q.SQL, q.Truncated, q.StatementID = c.Statement(), c.SQL, c.Truncated(), c.StatementID
}

// OnColumns asks on_columns.
func (f *Filter) OnColumns(ctx context.Context, c *core.Command, columns []core.Column) ([]core.Mask, core.Verdict, error) {
	q := f.question(c.Session, c.Pool)
	defer f.others.Put(q)
	about(q, c)
	q.Columns = columns
	if err := f.ask(ctx, abi.HookColumns, uint32(len(columns)), q); err != nil {
		return nil, core.Continue(), err
	}
	masks := slices.Clone(q.Verdict.Masks)
	for i := range masks {
		masks[i].Value = slices.Clone(masks[i].Value)
	}
	j, err := f.read(abi.HookColumns, q)
	if err != nil || j == nil {
		return nil, core.Continue(), err
	}
	return masks, j.verdict, nil
}

// OnError asks on_error. A denying verdict is the error in the old one's place.
func (f *Filter) OnError(ctx context.Context, c *core.Command, e *core.Error) (*core.Error, error) {
	q := f.question(c.Session, c.Pool)
	defer f.others.Put(q)
	about(q, c)
	q.Error = e
	if err := f.ask(ctx, abi.HookError, uint32(e.Code), q); err != nil {
		return nil, err
	}
	j, err := f.read(abi.HookError, q)
	if err != nil || j == nil || !j.verdict.Denied() {
		return nil, err
	}
	return j.verdict.Reply().Err, nil
}

// OnDone asks on_done, of commands with a statement or a schema.
func (f *Filter) OnDone(c *core.Command, o *core.Outcome) {
	switch c.Code {
	case core.Query, core.Prepare, core.Execute, core.BulkExecute, core.InitDB:
	default:
		return
	}
	q := f.question(c.Session, c.Pool)
	defer f.others.Put(q)
	about(q, c)
	q.Error, q.Outcome = o.Err, o
	if err := f.ask(context.Background(), abi.HookDone, 0, q); err == nil {
		_, _ = f.read(abi.HookDone, q) // for its count: there is nothing to decide
	}
}

// who are a session's user and schema as numbers of one generation's memory.
type who struct {
	of           *memory
	user, schema string
	userID       uint32
	schemaID     uint32
}

// id gives a number for the session's user and schema together; ok is false for those that
// the memory has no room for.
func (w *who) id(m *memory, s *core.Session) (id uint64, ok bool) {
	if w.of != m {
		*w = who{of: m}
	}
	if w.userID == 0 || w.user != s.User {
		w.user, w.userID = strings.Clone(s.User), m.number(s.User)
	}
	if w.schemaID == 0 || w.schema != s.Schema {
		w.schema, w.schemaID = strings.Clone(s.Schema), m.number(s.Schema)
	}
	return uint64(w.userID)<<32 | uint64(w.schemaID), w.userID != 0 && w.schemaID != 0
}

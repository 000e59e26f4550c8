//go:build !wasip1

package dbmeshtest

import (
	"testing"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/fake"
)

// Session is a client's session. Its slot and its state outlast commands.
type Session struct {
	proxy    *Proxy
	base     settings
	id       uint64
	sequence uint64
	kept     fake.Session
}

// Session begins a session, without asking OnSession; see Connect.
func (p *Proxy) Session(options ...Option) *Session {
	p.sessions++
	return &Session{proxy: p, base: p.base.with(options), id: p.sessions}
}

// Connect asks OnSession.
func (s *Session) Connect(options ...Option) *Outcome {
	s.proxy.t.Helper()
	return s.proxy.run(abi.HookSession, 0, s.call("a login", options))
}

// InitDB asks OnInitDB about a change of the default schema.
func (s *Session) InitDB(schema string, options ...Option) *Outcome {
	s.proxy.t.Helper()
	c := s.call("the schema "+schema, options)
	c.HasText, c.SQL = true, schema
	return s.proxy.run(abi.HookInitDB, 0, c)
}

// Query asks OnQuery about each statement of a text. As in dbmesh the strictest verdict holds
// for all, and a reply or a route for one of several is a denial. About a USE that OnQuery lets
// go on OnInitDB is asked too.
func (s *Session) Query(sql string, options ...Option) *Outcome {
	s.proxy.t.Helper()
	return s.judged(abi.HookQuery, sql, options)
}

// Prepare asks OnPrepare.
func (s *Session) Prepare(sql string, options ...Option) *Outcome {
	s.proxy.t.Helper()
	return s.judged(abi.HookPrepare, sql, options)
}

// Execute asks OnExecute or OnExecuteParams about a prepared statement; see Params.
func (s *Session) Execute(sql string, options ...Option) *Outcome {
	s.proxy.t.Helper()
	c := s.about(sql, options)
	return s.proxy.run(abi.HookExecute, int32(len(c.settings.params)), c)
}

// Result asks OnColumns about the answer to a statement; see Columns.
func (s *Session) Result(sql string, options ...Option) *Outcome {
	s.proxy.t.Helper()
	c := s.about(sql, options)
	c.Columns = c.settings.columns
	return s.proxy.run(abi.HookColumns, int32(len(c.Columns)), c)
}

// Error asks OnError about the backend's answer to a statement.
func (s *Session) Error(sql string, code int, state, message string, options ...Option) *Outcome {
	s.proxy.t.Helper()
	c := s.about(sql, options)
	c.Error, c.header.ErrorCode = [2]string{message, state}, uint16(code)
	return s.proxy.run(abi.HookError, int32(code), c)
}

// Done tells OnDone of a statement's end.
func (s *Session) Done(sql string, how Ended, options ...Option) {
	s.proxy.t.Helper()
	c := s.about(sql, options)
	how.fill(&c)
	s.proxy.run(abi.HookDone, 0, c)
}

// End tells OnSessionEnd.
func (s *Session) End(options ...Option) {
	s.proxy.t.Helper()
	s.proxy.run(abi.HookSessionEnd, 0, s.call("the session's end", options))
}

// about is a hook about one statement, with its facts.
func (s *Session) about(sql string, options []Option) call {
	s.proxy.t.Helper()
	s.sequence++
	c := s.call(sql, options)
	a := s.ask(sql, c.settings)
	c.fill(a.Facts, sql)
	c.place(a)
	return c
}

func (s *Session) ask(sql string, with settings) *answer {
	s.proxy.t.Helper()
	with.dialect.SQL = sql
	a, err := child.ask(with.dialect)
	if err != nil {
		s.proxy.t.Fatal(err)
	}
	return a
}

func (s *Session) judged(hook int32, sql string, options []Option) *Outcome {
	s.proxy.t.Helper()
	s.sequence++
	a := s.ask(sql, s.base.with(options))
	var all []*Outcome
	for i, one := range a.Statements {
		text := sql[one.Start:one.End]
		c := s.call(text, options)
		c.fill(one.Facts, text)
		c.header.Statement, c.header.Statements = uint16(i), uint16(len(a.Statements))
		if len(a.Statements) == 1 {
			c.place(a)
		} else {
			c.header.Flags |= abi.FlagMulti
		}
		o := s.proxy.run(hook, int32(i), c)
		if one.Facts.Kind == "use" {
			o = s.used(one.Facts, text, o, options)
		}
		all = append(all, o)
	}
	return s.together(sql, a, all)
}

// Query is New, Session and its Query in one; likewise the others.
func Query(t testing.TB, sql string, options ...Option) *Outcome {
	t.Helper()
	return New(t, options...).Session().Query(sql)
}

// Prepare asks OnPrepare of a new proxy.
func Prepare(t testing.TB, sql string, options ...Option) *Outcome {
	t.Helper()
	return New(t, options...).Session().Prepare(sql)
}

// Execute asks OnExecute of a new proxy.
func Execute(t testing.TB, sql string, options ...Option) *Outcome {
	t.Helper()
	return New(t, options...).Session().Execute(sql)
}

// Connect asks OnSession of a new proxy.
func Connect(t testing.TB, options ...Option) *Outcome {
	t.Helper()
	return New(t, options...).Session().Connect()
}

// InitDB asks OnInitDB of a new proxy.
func InitDB(t testing.TB, schema string, options ...Option) *Outcome {
	t.Helper()
	return New(t, options...).Session().InitDB(schema)
}

// Result asks OnColumns of a new proxy.
func Result(t testing.TB, sql string, options ...Option) *Outcome {
	t.Helper()
	return New(t, options...).Session().Result(sql)
}

// Error asks OnError of a new proxy.
func Error(t testing.TB, sql string, code int, state, message string, options ...Option) *Outcome {
	t.Helper()
	return New(t, options...).Session().Error(sql, code, state, message)
}

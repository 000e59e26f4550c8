package state

import (
	"bytes"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
)

// Limits of what one session's statement texts may take, of those that it shares with
// nobody.
const (
	maxText  = 64 << 10 // of one text, the rest is cut
	maxTexts = 4 << 20  // of all texts, beyond it they are not kept
)

// LastStatement is MariaDB's id for the statement that was prepared last.
const LastStatement = ^uint32(0)

// Statement is a prepared statement. In a session that shares connections its id is the
// session's own, and it may be prepared on any number of connections, or none.
type Statement struct {
	SQL       []byte
	Truncated bool        // SQL is not the whole text
	Mode      stmt.Mode   // by which the server has read it
	Facts     *core.Facts // nil if nobody has asked yet
	Text      *Text       // by which it can be prepared anew; nil if it can't
	Own       *Handle     // see Session.Keep
	Teller    uint64      // its number as a Handle's
	Cursor    bool        // is open
	Unread    bool        // it may have types that nobody knows but the server
	Asks      bool        // it asks about the statement before it, which none of dbmesh's may be
	Bindings
	Shown

	copied int // bytes of SQL that are the session's alone
}

// Statements is how many are prepared.
func (s *Session) Statements() int { return len(s.statements) }

// NextID is what the client will be told as the id of what it prepares next.
func (s *Session) NextID() uint32 {
	id := s.ids + 1
	for id == 0 || id == LastStatement || s.statements[id] != nil { // after 2^32 statements
		id++
	}
	return id
}

// TookID notes that the server has counted a statement for which the client was told no id,
// such as one of SQL's PREPARE.
func (s *Session) TookID() { s.ids = s.NextID() }

// Unprepared notes that a prepare has failed. MariaDB has no last statement then, and has
// counted it.
func (s *Session) Unprepared() {
	if s.last = 0; s.begin.Flavour != stmt.TiDB {
		s.TookID()
	}
}

// Prepared notes a statement that the backend has prepared. It keeps st, and a copy of
// as much of its SQL as there is room for; without SQL it has that of its shared text, which
// is released when the statement is closed.
func (s *Session) Prepared(id uint32, st Statement) {
	if s.statements == nil {
		s.statements = map[uint32]*Statement{}
	}
	s.Closed(id)
	s.ids = id
	if st.Text != nil && st.SQL == nil {
		st.SQL = st.Text.SQL
	} else {
		s.copyText(&st)
	}
	if s.login.Texts != nil {
		st.Teller = s.login.Texts.teller()
	}
	s.statements[id] = &st
	s.last = id
}

func (s *Session) copyText(st *Statement) {
	if len(st.SQL) > maxText {
		st.SQL, st.Truncated = st.SQL[:maxText], true
	}
	if s.texts+len(st.SQL) > maxTexts {
		st.SQL, st.Truncated = nil, true
	}
	st.copied = len(st.SQL)
	s.texts += st.copied
	st.SQL = bytes.Clone(st.SQL)
}

// Statement finds a prepared statement. The caller may fill in its facts.
func (s *Session) Statement(id uint32) (*Statement, bool) {
	if id == LastStatement {
		id = s.last
	}
	st, ok := s.statements[id]
	return st, ok
}

// Last is the id of the statement that was prepared last, 0 if that failed.
func (s *Session) Last() uint32 { return s.last }

// Keep notes that a statement is executed on the present connection only, by a handle that
// is lent, until Unkeep: there is something with it that another statement of the same text
// hasn't.
func (s *Session) Keep(st *Statement, h *Handle, why string) {
	if st.Own == nil {
		s.kept++
	}
	st.Own, s.why = h, why
}

// Unkeep gives the handle that a statement has for itself, nil for none. It belongs to the
// caller from then on.
func (s *Session) Unkeep(st *Statement) *Handle {
	h := st.Own
	if h != nil {
		st.Own = nil
		s.kept--
	}
	return h
}

// Keeps is why a statement holds the present connection, "" if none does.
func (s *Session) Keeps() string {
	if s.kept == 0 {
		return ""
	}
	return s.why
}

// Kept goes through the statements with a handle for themselves.
func (s *Session) Kept(yield func(*Statement) bool) {
	if s.kept == 0 {
		return
	}
	for _, st := range s.statements {
		if st.Own != nil && !yield(st) {
			return
		}
	}
}

// Closed forgets a prepared statement. A handle of its own must have been taken first, or
// its connection must be gone or reset.
func (s *Session) Closed(id uint32) {
	if st := s.statements[id]; st != nil {
		s.texts -= st.copied + len(st.Types)
		s.Mask(st, nil, nil)
		s.Define(st, nil)
		s.release(st)
	}
	delete(s.statements, id)
}

func (s *Session) release(st *Statement) {
	if h := s.Unkeep(st); h != nil && h.Text != nil {
		s.login.Texts.drop(h.Text)
	}
	if st.Text != nil {
		s.login.Texts.Release(st.Text)
	}
}

// End lets go of what the session's statements share with others. The session may Begin
// again.
func (s *Session) End() {
	for _, st := range s.statements {
		s.release(st)
	}
	clear(s.statements)
}

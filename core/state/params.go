package state

import (
	"bytes"

	"github.com/dbmesh/dbmesh/core/wire"
)

// Bindings are what a statement's executes bring from one to the next.
type Bindings struct {
	Count  int    // how many parameters the statement has
	Types  []byte // as the last execute told them, see wire.Execute; nil if that is not known
	Pieces []byte // a bit for each parameter that was sent in pieces, nil for none
	Doubt  bool   // what the server holds of the pieces is not known
}

// SentPiece notes a part of a parameter (COM_STMT_SEND_LONG_DATA). The server has the
// parameter until the statement is executed or reset.
func (s *Session) SentPiece(id uint32, param int) {
	st, ok := s.Statement(id)
	if !ok {
		return
	}
	if param >= st.Count { // the server says so with the execute
		st.Doubt = true
		return
	}
	if st.Pieces == nil {
		st.Pieces = make([]byte, (st.Count+7)/8)
	}
	st.Pieces[param/8] |= 1 << (param % 8)
	s.binds = true
}

// Executes notes that an execute is sent to the server. e is nil if nobody knows the types
// with which the server has read it.
func (s *Session) Executes(id uint32, e *wire.Execute) {
	if e == nil && !s.binds {
		return
	}
	st, ok := s.Statement(id)
	switch {
	case !ok:
	case e == nil:
		s.texts -= len(st.Types)
		st.Types = nil
	case e.Told:
		types := e.Types[:2*st.Count]
		if st.Teller != 0 && !bytes.Equal(st.Types, types) {
			st.Teller = s.login.Texts.teller() // handles that it told the others to must be told these
		}
		s.texts -= len(st.Types)
		st.Types = append(st.Types[:0], types...)
		if s.texts += len(st.Types); s.texts > maxTexts {
			s.texts -= len(st.Types)
			st.Types = nil
		}
		s.binds = true
	}
}

// Executed notes the execute's end. A server that has refused it may or may not have kept
// the pieces; if it did so for their sake, it has not looked at the types.
func (s *Session) Executed(id uint32, failed bool) {
	if !s.binds {
		return
	}
	if st, ok := s.Statement(id); ok && st.Pieces != nil {
		st.Pieces, st.Doubt = nil, failed
		if failed {
			s.Executes(id, nil)
		}
	}
}

// ResetStatement notes COM_STMT_RESET: the server has forgotten the pieces.
func (s *Session) ResetStatement(id uint32) {
	if st, ok := s.Statement(id); ok {
		st.Pieces, st.Doubt = nil, false
	}
}

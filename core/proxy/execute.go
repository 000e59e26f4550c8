package proxy

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/defect"
	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/core/wire"
)

// readsTypes says whether the execute at hand tells types of the statement's parameters.
func (s *session) readsTypes(st *state.Statement) bool {
	e := &s.loop.exec
	return e.Head(s.in.bytes()[wire.HeaderLen:s.held], st.Count, s.caps) && e.Told
}

// headLen is how many bytes of an execute must be in hand: what stands before its values.
func (s *session) headLen(b []byte) int {
	if len(b) < wire.HeaderLen+5 {
		return peek
	}
	st, ok := s.named(le32(b[wire.HeaderLen+1:]))
	if !ok {
		return peek
	}
	return max(peek, wire.HeadLen(st.Count, s.caps))
}

// address has the command at hand mean to the server what it means to the client: it gets
// the id that the statement has on the connection, and types that were told elsewhere. What
// is to be closed there is closed before it, in the same write.
func (s *session) address() want {
	if s.cmd.Code == core.Prepare && !s.holdText() {
		return s.refuse(1461, "42000", "dbmesh: limits.max_all_statements different statements are prepared in all sessions; close some or raise the limit")
	}
	if s.stmt != nil && !s.rename(s.stmt) {
		return s.refuse(needsPrepare, "HY000", "dbmesh: this execute tells no types of its parameters and is too long to be completed by them; tell them, or prepare the statement again")
	}
	if s.link.handles.Stale() {
		s.glue()
	}
	return wantNothing
}

// refuse answers a command that has a connection already.
func (s *session) refuse(code uint16, sqlState, message string) want {
	return s.notServed(s.link.src.Backend.Pool, &core.Error{Code: code, State: sqlState, Message: message})
}

// rename puts the handle's id, and types if need be, into the command at hand. It returns
// false if there is no room for them.
func (s *session) rename(st *state.Statement) bool {
	k := s.link
	h := s.handleOn(k)
	b := s.in.bytes()[wire.HeaderLen:s.held]
	switch s.cmd.Code {
	case core.Execute, core.BulkExecute:
		if s.cmd.Code == core.Execute && s.chain.ReadsParams() {
			s.decoded() // by what is known before it
		}
		if s.bind(st, h, b); st.Types != nil && !s.told && h.Teller != st.Teller && !defect.Is(defect.TypesNotInserted) {
			s.tell(st, h)
			return s.complete(st, h, b)
		}
	case core.SendLongData:
		if len(b) >= 7 {
			s.state.SentPiece(s.clientID, int(b[5])|int(b[6])<<8)
			s.hog(st)
		}
	case core.CloseStatement:
		k.handles.Lost(s.state.Unkeep(st))
		s.closed()
	}
	if wire.PutStatement(b, h.ID); defect.Is(defect.WrongStatementID) {
		wire.PutStatement(b, s.clientID)
	}
	return true
}

// bind notes the types that the execute at hand tells.
func (s *session) bind(st *state.Statement, h *state.Handle, b []byte) {
	e := &s.loop.exec
	switch ok := e.Head(b, st.Count, s.caps); {
	case !ok: // the server reads it in its own way, if it takes it
		s.state.Executes(s.clientID, nil)
		st.Unread, s.told = true, true
	case e.Told:
		s.state.Executes(s.clientID, e)
		st.Unread, s.told = st.Count > 0 && st.Types == nil, true
	}
	if s.told {
		s.tell(st, h)
	}
}

// tell notes that the execute at hand tells the statement's types, or is made to.
func (s *session) tell(st *state.Statement, h *state.Handle) {
	s.told, h.Teller = true, st.Teller
	if s.flavour() == stmt.TiDB {
		h.Types = append(h.Types[:0], st.Types...)
	}
}

// complete puts the types that were told before into the execute at hand.
func (s *session) complete(st *state.Statement, h *state.Handle, b []byte) bool {
	packet, ok := wire.AppendExecute(make([]byte, wire.HeaderLen, wire.HeaderLen+len(b)+3*st.Count), b, h.ID, st.Count, st.Types, s.caps)
	length := s.cmd.Size + len(packet) - wire.HeaderLen - len(b)
	if !ok || length >= wire.MaxPayload {
		h.Teller = state.Unheard
		return false
	}
	wire.PutHeader(packet, length, 0)
	s.packet = packet
	return true
}

// glue puts the closing of what is stale on the connection before the command at hand.
func (s *session) glue() {
	packet := s.link.handles.AppendClosing(nil)
	switch {
	case s.packet != nil:
		packet = append(packet, s.packet...)
	case s.cmd.Rewritten() != nil:
		packet = append(packet, s.framed(s.cmd.Rewritten())...)
	default:
		packet = append(packet, s.in.bytes()[:s.held]...)
	}
	s.packet = packet
}

// learnStatement takes from the response at hand what is with its prepared statement now.
func (s *session) learnStatement() {
	switch s.cmd.Code {
	case core.Prepare:
		s.learnPrepare()
	case core.Query:
		s.countPrepare()
	}
	st := s.stmt
	if st == nil {
		return
	}
	failed, status := s.resp.Err != nil, s.resp.Status
	switch {
	case runs(s.cmd.Code) && failed && s.told:
		s.unheard(st)
	case failed:
	case runs(s.cmd.Code):
		st.Cursor = status&wire.StatusCursor != 0 || st.Cursor && !s.closesCursor()
	case s.cmd.Code == core.Fetch:
		st.Cursor = status&wire.StatusLastRow == 0
	case s.cmd.Code == core.ResetStatement:
		st.Cursor = false
	}
	s.hog(st)
}

// unheard notes that an execute with types has failed. If that was because of them, nobody
// but the server knows which it has kept.
func (s *session) unheard(st *state.Statement) {
	s.handleOn(s.link).Teller = state.Unheard
	switch s.resp.Err.Code {
	case 1210, 1835, 1105, 8051: // arguments, the packet, the two in TiDB's words
		s.state.Executes(s.clientID, nil)
		st.Unread = st.Count > 0
	}
}

// closesCursor says that the execute at hand, which has succeeded, has closed the cursor of
// one before it. TiDB keeps that until there is another cursor.
func (s *session) closesCursor() bool {
	return s.flavour() != stmt.TiDB || s.resp.Status&wire.StatusCursor != 0
}

// countPrepare notes that the server has given an id to a statement of SQL's.
func (s *session) countPrepare() {
	f := s.cmd.Known()
	if f == nil {
		return
	}
	immediate := func() bool {
		words := bytes.Fields(state.BehindComments(s.cmd.SQL[:min(len(s.cmd.SQL), peek*peek)]))
		return len(words) > 1 && bytes.EqualFold(words[1], []byte("immediate"))
	}
	if f.Kind == core.StatementPrepare && (s.resp.Err == nil || s.flavour() != stmt.TiDB) || f.Kind == core.StatementExecute && immediate() {
		s.state.TookID()
	}
}

// reconsider looks at an error that was read of the server, and of which the client has
// heard nothing: it may be about the statement's id, which is not the client's.
func (s *session) reconsider() (w want, done bool) {
	st, e := s.stmt, s.resp.Err
	if st == nil || s.resp.Rows > 0 || s.out.len() < int(s.outcome.BytesOut) {
		return wantNothing, false
	}
	lost := e.Code == 1243 || strings.HasPrefix(e.Message, "ERROR 1243 ") // as TiDB says it
	h := &s.link.handles
	switch {
	case s.cmd.Code == core.Fetch && e.Code == noOpenCursor:
		s.unhear()
		st.Cursor = false
		s.hog(st)
		return s.refuse(e.Code, e.State, fmt.Sprintf(noCursorText, s.clientID)), true
	case st.Own != nil || s.again || s.held != wire.HeaderLen+s.cmd.Size:
		return wantNothing, false
	case e.Code == needsPrepare:
		h.Discard(h.Lend(st.Text))
	case lost:
		h.Lost(h.Lend(st.Text))
	default:
		return wantNothing, false
	}
	s.unhear()
	s.again, s.told = true, false
	return s.slowly(s.link.src.Backend.Pool), true
}

// unhear forgets the response at hand.
func (s *session) unhear() {
	s.out.w -= int(s.outcome.BytesOut)
	s.out.mid = s.out.w
	s.outcome.BytesOut, s.sent = 0, 0
	s.link.src.Backend.Abandon()
	s.counted, s.sentAt = false, 0
}

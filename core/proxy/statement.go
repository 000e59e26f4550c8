package proxy

import (
	"bytes"
	"fmt"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/defect"
	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/core/wire"
)

// A session that shares connections numbers its prepared statements itself. What each is on
// a connection, if it is there, is a handle of that connection's; the commands are sent with
// the handle's id in the place of the client's. A statement that isn't there is prepared
// first (prepare.go). One with which the server keeps something of the session's has a handle
// for itself, and holds the connection.

// statements is what a session that shares connections knows of the command at hand, if it
// is about a prepared statement.
type statements struct {
	stmt      *state.Statement // nil for other commands, and where the client knows none
	clientID  uint32           // by which the client knows it
	mapped    bool             // clientID is set: what stands in the command may be another
	virgin    bool             // the execute must be the first one of its handle, see address
	told      bool             // it has told types, or they were put in
	again     bool             // it was sent before
	preparing *state.Text      // of a prepare, until its answer
}

// maxShared is how long a text may be that is prepared on connection after connection. One
// that is longer keeps its connection.
const maxShared = 1 << 20

// shareStatement finds the statement that the command at hand is about, and serves what
// needs no server.
func (s *session) shareStatement() (w want, done bool) {
	s.forgetText()
	s.statements = statements{}
	switch code := s.cmd.Code; code {
	case core.Execute, core.BulkExecute, core.Fetch, core.ResetStatement, core.SendLongData, core.CloseStatement:
		id, ok := s.statementID()
		if !ok {
			return s.cannot(1835, "Malformed communication packet"), true
		}
		s.clientID, s.mapped = id, true
		st, ok := s.named(id)
		switch {
		case !ok && wire.HasResponse(byte(code)):
			return s.unknown(id), true
		case !ok, code == core.CloseStatement && st.Own == nil:
			return s.ignore(), true
		case st.Text == nil && st.Own == nil: // its connection is gone
			return s.cannot(needsPrepare, "Prepared statement needs to be re-prepared"), true
		case code == core.Fetch && !st.Cursor:
			return s.noCursor(id), true
		}
		s.stmt = st
		s.virgin = (code == core.Execute || code == core.BulkExecute) && st.Count > 0 && st.Types == nil && !s.readsTypes(st)
	}
	return wantNothing, false
}

// named finds the statement that the client means by an id. MariaDB alone knows one for the
// statement that was prepared last.
func (s *session) named(id uint32) (*state.Statement, bool) {
	if id == state.LastStatement && s.flavour() != stmt.MariaDB {
		return nil, false
	}
	return s.state.Statement(id)
}

func (s *session) flavour() stmt.Flavour { return s.state.Mode(s.Status).Flavour }

// ignore ends a command about a statement that the server needs not hear of, and that it
// would not answer.
func (s *session) ignore() want {
	if s.cmd.Code == core.CloseStatement {
		s.closed()
	}
	if s.frames.Ended() {
		return s.settle()
	}
	return s.answer(&core.Reply{})
}

// closed forgets the statement that the client has closed.
func (s *session) closed() {
	id := s.clientID
	if id == state.LastStatement {
		id = s.state.Last()
	}
	s.state.Closed(id)
}

// unknown answers as the server does if it knows no such statement.
func (s *session) unknown(id uint32) want {
	what := "execute"
	switch s.cmd.Code {
	case core.Fetch:
		what = "fetch"
	case core.ResetStatement:
		what = "reset"
	case core.BulkExecute:
		if !s.caps.Has(wire.BulkStmts) {
			return s.cannot(1295, "This command is not supported in the prepared statement protocol yet")
		}
	}
	if s.flavour() == stmt.TiDB {
		return s.cannot(1105, "ERROR 1243 (HY000): Unknown prepared statement handler %d given to stmt_%s", id, what)
	}
	return s.cannot(1243, "Unknown prepared statement handler (%d) given to mysqld_stmt_%s", id, what)
}

func (s *session) noCursor(id uint32) want {
	if s.flavour() == stmt.TiDB {
		return s.cannot(1105, "ERROR 1326 (24000): Cursor is not open")
	}
	return s.cannot(noOpenCursor, noCursorText, id)
}

// The error for a fetch from nothing.
const (
	noOpenCursor = 1421
	noCursorText = "The statement (%d) has no open cursor"
)

// cannot answers with an error in the server's place.
func (s *session) cannot(code uint16, format string, args ...any) want {
	s.outcome.Side = core.Client
	return s.answer(&core.Reply{Err: &core.Error{Code: code, State: "HY000", Message: fmt.Sprintf(format, args...)}})
}

// stuckStatement is why a prepared statement holds the connection.
func (s *session) stuckStatement() string { return s.state.Keeps() }

// dropStatements forgets the session's prepared statements. What the connection keeps for
// them alone is closed there.
func (s *session) dropStatements() {
	s.forgetText()
	for st := range s.state.Kept {
		if h := s.state.Unkeep(st); s.link != nil {
			s.link.handles.Discard(h)
		}
	}
	s.state.End()
	s.statements = statements{}
}

// lostStatements notes that the server has forgotten what the connection kept.
func (s *session) lostStatements(k *link) {
	k.handles.Clear()
	if k != s.link {
		return
	}
	for st := range s.state.Kept {
		k.handles.Lost(s.state.Unkeep(st))
	}
}

// hog has the statement's handle be the session's alone for as long as it must be, and
// anybody's again after that.
func (s *session) hog(st *state.Statement) {
	why, h := "", &s.link.handles
	switch {
	case st.Text == nil:
		why = "a prepared statement whose text is too long to be prepared again"
	case st.Asks:
		why = "a prepared statement that asks about the one before it"
	case st.Cursor && !defect.Is(defect.CursorNoPin):
		why = "an open cursor"
	case (st.Pieces != nil || st.Doubt) && !defect.Is(defect.LongDataNoPin):
		why = "a parameter that was sent in pieces"
	case st.Unread:
		why = "a prepared statement with parameters of unknown types"
	}
	switch {
	case why != "" && st.Own != nil:
		s.state.Keep(st, st.Own, why)
	case why != "":
		if own := h.Lend(st.Text); own != nil {
			s.state.Keep(st, own, why)
		}
	case st.Own != nil:
		h.Add(s.state.Unkeep(st))
	}
}

// handleOn is what the statement at hand is on the connection, nil if it isn't there.
func (s *session) handleOn(k *link) *state.Handle {
	if s.stmt.Own != nil {
		return s.stmt.Own
	}
	return k.handles.Find(s.stmt.Text)
}

// lacks says whether the statement at hand must be prepared on the connection.
func (s *session) lacks(k *link) bool {
	if s.stmt == nil {
		return false
	}
	h := s.handleOn(k)
	return h == nil || s.stmt.Own == nil && h.Teller != 0 && (s.virgin || s.clashes(h))
}

// clashes says that the execute at hand needs a handle to which others have told no other
// types: TiDB goes on to tell, and to read, the columns of the first execute's result.
func (s *session) clashes(h *state.Handle) bool {
	if !runs(s.cmd.Code) || h.Teller == s.stmt.Teller || s.flavour() != stmt.TiDB {
		return false
	}
	types := s.stmt.Types
	if s.readsTypes(s.stmt) {
		types = s.loop.exec.Types
	}
	return !bytes.HasPrefix(types, h.Types)
}

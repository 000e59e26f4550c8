package proxy

import (
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/wire"
)

// edit is what a session needs to edit responses, made when it first does.
type edit struct {
	wire.Editor
	in    buffer // from the backend, not yet edited
	shown []core.Column
	masks []wire.Mask
	side  core.Side // whose error stands for the response
	over  bool      // all of it is in out
}

// beginEdit has the response to the command at hand edited, if that may be needed.
func (s *session) beginEdit() {
	o := wire.Edits{Columns: s.chain.ReadsColumns(), Errors: s.chain.ReadsErrors()}
	st := s.prepared()
	switch s.cmd.Code {
	case core.Execute, core.BulkExecute:
		if st != nil {
			if !o.Columns { // nobody will see it if the server tells others
				s.state.Define(st, nil)
			}
			o.Known = st.Definitions
		}
	case core.Fetch:
		if o.Columns = false; st != nil {
			o.Plan, o.Denied = st.Plan, st.Denied
		}
	}
	if !o.Columns && !o.Errors && o.Plan == nil && o.Denied == nil {
		return
	}
	if s.edit == nil {
		s.edit = &edit{in: buffer{pool: &s.srv.buffers}}
	}
	e := s.edit
	e.side, e.over = core.Proxy, false
	if o.Denied != nil {
		e.side = core.FilterSide
	}
	e.Begin(&s.resp, byte(s.cmd.Code), s.caps, o)
	s.editing = true
}

// prepared is the statement that the execute or fetch at hand is about, nil for another
// command.
func (s *session) prepared() *state.Statement {
	switch s.cmd.Code {
	case core.Execute, core.BulkExecute, core.Fetch:
		if id, ok := s.statementID(); ok {
			st, _ := s.state.Statement(id)
			return st
		}
	}
	return nil
}

// respondEdited is respond for a response that links look at or change.
func (s *session) respondEdited() want {
	e := s.edit
	for {
		if s.due {
			if w := s.deliver(); w != wantNothing {
				return w
			}
			s.due = false
		}
		if e.over {
			e.in.release()
			return s.responded()
		}
		if s.yield() {
			return wantTurn
		}
		ev := s.feedEditor()
		switch ev {
		case wire.Done:
			e.over = true
			s.resp.Malformed = s.resp.Malformed || e.in.len() > 0
			s.due = s.out.mid > s.out.r && (s.farewell || !s.withhold())
			continue
		case wire.AskColumns:
			return s.askColumns()
		case wire.AskError:
			return s.askError()
		case wire.Infile:
			if !e.Denied() {
				s.mode = uploading
				return wantNothing
			}
			if w := s.declineFile(); w != wantNothing {
				return w
			}
			continue
		}
		if s.due = s.out.mid > s.out.r; s.due {
			continue
		}
		if ev == wire.Full {
			s.out.need(max(s.out.len()+e.Room, len(e.in.chunk.b)))
			continue
		}
		if w := s.readEdited(); w != wantNothing {
			return w
		}
	}
}

// feedEditor has the editor go as far as the bytes in hand and the room in out let it.
func (s *session) feedEditor() wire.Event {
	e := s.edit
	if s.out.chunk == nil {
		s.out.need(smallBuffer)
	} else if s.out.len() == 0 {
		s.out.compact()
	}
	var held []byte
	if e.in.chunk != nil {
		held = e.in.bytes()
	}
	dst, n, ev := e.Feed(s.out.chunk.b[:s.out.w], held)
	made := len(dst) - s.out.w
	s.out.w, s.out.mid = len(dst), len(dst)
	e.in.r += n
	s.outcome.BytesOut += uint64(made)
	s.turn += made
	return ev
}

// readEdited reads what the editor needs next.
func (s *session) readEdited() want {
	e := s.edit
	if !s.link.sock.readable {
		if s.out.len() == 0 {
			s.out.release()
		}
		return wantBackend
	}
	size := smallBuffer
	if s.streak >= 2 {
		size = largeBuffer
	}
	e.in.need(max(e.Need, size))
	e.in.compact()
	free := e.in.free()
	n, err := s.link.sock.read(free)
	switch {
	case n == 0 && err == errAgain:
		return wantNothing
	case n == 0 && err != nil:
		return s.backendGone(err)
	}
	if s.streak++; n < len(free) {
		s.streak = 0
	}
	e.in.w += n
	s.turn += n
	return wantNothing
}

// declineFile sends no file for a LOAD DATA LOCAL whose answer the client will not see.
func (s *session) declineFile() want {
	empty, _ := wire.AppendFrame(nil, nil, s.edit.Last()+1)
	if n, err := s.link.sock.write(empty); n < len(empty) {
		return s.backendGone(err)
	}
	s.resp.Resume()
	return wantNothing
}

// learnEdit takes from an edited response what later commands and the links need.
func (s *session) learnEdit() {
	e := s.edit
	s.editing = false
	st := s.prepared()
	if s.cmd.Code == core.Prepare && s.resp.Prepared {
		id := s.resp.StatementID
		if s.resp.Rename != 0 {
			id = s.resp.Rename
		}
		st, _ = s.state.Statement(id)
	}
	if st != nil {
		if e.Known != nil {
			s.state.Define(st, e.Known)
		}
		if s.cmd.Code == core.Execute {
			s.keepMasks(st)
		}
	}
	if e.Told == nil {
		return
	}
	s.outcome.Err = &core.Error{Code: e.Told.Code, State: e.Told.State, Message: e.Told.Message}
	s.outcome.Rows = e.Rows
	if e.Denied() {
		s.outcome.Side = e.side
	}
}

// keepMasks notes what holds for the rows that are fetched from an execute's cursor.
func (s *session) keepMasks(st *state.Statement) {
	switch e := s.edit; {
	case e.Denied():
		s.state.Mask(st, nil, e.Told)
	case s.resp.Status&wire.StatusCursor != 0:
		s.state.Mask(st, e.Plan, nil)
	}
}

package proxy

import (
	"bytes"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/core/wire"
)

// finish ends the command at hand: its state, its figures, its hooks.
func (s *session) finish() want {
	s.endWrite()
	s.streak = 0
	if s.out.len() == 0 {
		s.out.release()
	}
	if wire.HasResponse(byte(s.cmd.Code)) {
		s.learn()
	}
	if s.editing {
		s.learnEdit()
	}
	s.report()
	if s.shares {
		return s.shareFinish()
	}
	return s.settle()
}

// settle runs the links' last hooks.
func (s *session) settle() want {
	if s.chain.Slow() {
		return s.startFlow(func(f *flow) error {
			return f.away(func() error { s.chain.Done(&s.cmd, &s.outcome); return nil })
		}, func(error) want { return s.next() })
	}
	s.chain.Done(&s.cmd, &s.outcome)
	return s.next()
}

// next makes the session ready for the next command.
func (s *session) next() want {
	if k := s.link; k != nil && s.shares {
		s.noteTies(k)
	}
	s.chain.Release()
	s.chain = nil
	s.forgetParams()
	s.in.r += s.held
	s.held = 0
	if s.tail != nil {
		s.in.need(s.in.len() + len(s.tail))
		s.in.w += copy(s.in.free(), s.tail)
		s.tail = nil
	}
	s.mode = atCommand
	if s.link != nil || s.in.len() > 0 || s.farewell || s.leaving() {
		s.sendLate() // what follows is not only the wait for the client's next command
	}
	if s.farewell && !s.due {
		return wantEnd
	}
	s.idle()
	return wantNothing
}

// idle begins the time that a client may take until its next command.
func (s *session) idle() {
	if idle := s.lis.settings().IdleTimeout; idle > 0 && s.in.len() == 0 {
		s.timeout(idle)
	} else if s.deadline != 0 {
		s.timeout(0)
	}
}

// learn takes from the response what later commands need.
func (s *session) learn() {
	r := &s.resp
	if s.cmd.Code == core.Execute || s.cmd.Code == core.ResetStatement {
		s.learnBindings(r.Err != nil)
	}
	s.outcome.Rows, s.outcome.Warnings = r.Rows, r.Warnings
	if s.shares {
		s.shareLearn()
	}
	if r.Err != nil && r.Err.Code == connectionKilled && s.shares {
		s.wasKilled()
	}
	if r.Err != nil {
		s.outcome.Err = &core.Error{Code: r.Err.Code, State: r.Err.State, Message: r.Err.Message}
		s.outcome.Side = core.Server
		if runs(s.cmd.Code) {
			s.state.Failed(s.cmd.Known())
		}
		if r.Status&wire.StatusMoreResults != 0 { // of a statement before the one that failed
			s.Status = r.Status &^ wire.StatusMoreResults
		}
		return
	}
	if f := s.cmd.Known(); f != nil && runs(s.cmd.Code) {
		s.applied(f)
	}
	if runs(s.cmd.Code) && s.state.Shown() {
		if st := s.prepared(); st != nil && s.closesCursor() { // an execute that is refused leaves it open
			s.state.Mask(st, nil, nil)
		}
	}
	switch s.cmd.Code {
	case core.Prepare:
		if r.Prepared && !s.shares {
			s.state.Prepared(r.StatementID, state.Statement{
				SQL: s.cmd.SQL, Truncated: s.cmd.Truncated(), Mode: s.state.Mode(s.Status), Facts: s.cmd.Known(),
				Bindings: state.Bindings{Count: int(r.Params)},
			})
			s.lastDenied = false
		}
		return // its answer has no status
	case core.Statistics:
		return
	case core.InitDB:
		s.setSchema(s.cmd.SQL)
		s.entrySchema = s.Schema
	case core.Query:
		s.link.names = s.state.Names() // it was set there just now, if it is another
		if s.caps.Has(wire.SessionTrack) || s.cmd.Known() != nil {
			break // the response told, or the facts have
		}
		if name, ok := useStatement(s.cmd.SQL); ok {
			s.setSchema(name)
		}
	case core.ResetConnection:
		s.reset()
	}
	s.Status, s.outcome.Status = r.Status, r.Status
	s.outcome.Affected = r.Affected
}

// applied notes what a statement that has succeeded did.
func (s *session) applied(f *core.Facts) {
	s.state.Applied(f)
	if f.Creates.Has(core.EffectLastID) {
		s.inserted = s.link.src.Backend.Pool
	}
	if f.Kind == core.StatementUse && !s.caps.Has(wire.SessionTrack) {
		if name := stmt.UsedSchema(s.state.Mode(s.Status), s.cmd.SQL); name != "" {
			s.setSchema([]byte(name))
		}
	}
}

// runs says whether a command executes a statement.
func runs(c core.Code) bool {
	return c == core.Query || c == core.Execute || c == core.BulkExecute
}

// setSchema notes the session's default schema.
func (s *session) setSchema(name []byte) {
	if s.Schema != string(name) {
		s.Schema = string(name)
	}
	s.link.schema, s.link.worn.Schema = s.Schema, s.Schema
}

// tracked hears of state changes from the response follower.
func (s *session) tracked(c wire.Change) {
	if c.Kind == wire.TrackSchema {
		s.Schema, s.link.schema, s.link.worn.Schema = c.Data, c.Data, c.Data
	}
	s.state.Tracked(c)
}

// useStatement recognizes USE with a plain or quoted name.
func useStatement(sql []byte) ([]byte, bool) {
	sql = bytes.TrimRight(state.BehindComments(sql), " \t\r\n;")
	if len(sql) < 5 || !bytes.EqualFold(sql[:3], []byte("use")) || bytes.IndexByte([]byte(" \t\r\n`"), sql[3]) < 0 {
		return nil, false
	}
	name := bytes.TrimSpace(sql[3:])
	if n := len(name); n > 2 && name[0] == '`' && name[n-1] == '`' {
		return bytes.ReplaceAll(name[1:n-1], []byte("``"), []byte("`")), true
	}
	return name, true
}

// report hands the command's figures on.
func (s *session) report() {
	now := s.loop.clock()
	o := &s.outcome
	if s.sentAt == 0 { // never sent: answered by dbmesh
		s.srv.reporter.Refused(s.Listener, o.Side)
		return
	}
	s.counted = false
	o.Backend = max(now-s.sentAt-o.Send, 0)
	if wire.HasResponse(byte(s.cmd.Code)) {
		s.link.src.Backend.Observe(o.Backend, now)
		s.link.src.SawAlive(now)
	}
	s.link.report.Add(s.cmd.Code, now-s.began, o.Rows, o.BytesIn, o.BytesOut)
	s.sentAt = 0
}

// breakCommand takes down the figures of a command whose session ends under it. Its hooks
// are yet to be run, see part.
func (s *session) breakCommand() {
	if s.chain == nil {
		return
	}
	o := &s.outcome
	if s.sentAt != 0 {
		if s.counted {
			s.counted = false
			s.link.src.Backend.Abandon()
		}
		o.Backend = s.loop.clock() - s.sentAt
		s.sentAt = 0
	}
	o.Rows = s.resp.Rows
	if o.Side == core.Nobody {
		o.Side = core.Client
	}
	s.srv.reporter.Refused(s.Listener, o.Side)
}

package proxy

import (
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// answer replies to the command at hand in the backend's place.
func (s *session) answer(r *core.Reply) want {
	if r.Err != nil {
		s.outcome.Err = r.Err
	}
	if s.cmd.Code == core.Prepare {
		s.lastDenied = true
	}
	s.cmdReply = r
	if !s.frames.Ended() { // the rest of the command is still to come, and to be dropped
		s.out.need(largeBuffer)
		s.mode = dropping
		return wantNothing
	}
	return s.compose()
}

// drop reads the rest of a long command that goes nowhere.
func (s *session) drop() want {
	for !s.frames.Ended() {
		if w := s.more(); w != wantNothing {
			return w
		}
		s.out.r = s.out.mid
	}
	s.out.release()
	return s.compose()
}

// compose encodes the reply into out. A command that has no response gets none.
func (s *session) compose() want {
	r := s.cmdReply
	s.cmdReply = nil
	s.mode = replying
	if !wire.HasResponse(byte(s.cmd.Code)) {
		return wantNothing
	}
	var packet []byte
	seq := s.frames.Count()
	status := s.Status &^ (wire.StatusMoreResults | wire.StatusCursor | wire.StatusLastRow | wire.StatusTrack)
	if len(s.heldBegin) > 0 { // to the client it has begun
		status |= wire.StatusInTrans
	}
	switch {
	case r.Err == nil && s.cmd.Code != core.Query && len(r.Columns) > 0 || r.Err == nil && s.cmd.Code == core.Prepare:
		e := &core.Error{Code: 1105, State: "HY000", Message: "dbmesh: a filter answered a " + s.cmd.Code.String() + " with what only a query can have"}
		s.outcome.Err, s.outcome.Side = e, core.FilterSide
		packet, _ = wire.AppendFrame(nil, appendError(nil, e, s.caps), seq)
	case r.Err != nil:
		packet, _ = wire.AppendFrame(nil, appendError(nil, r.Err, s.caps), seq)
	case len(r.Columns) > 0:
		packet, _ = wire.AppendResult(nil, r.Columns, r.Rows, s.caps, uint16(s.collation), status, seq)
		s.outcome.Rows = uint64(len(r.Rows))
	default:
		ok := wire.AppendOK(nil, wire.OK{Affected: r.Affected, InsertID: r.InsertID, Status: status, Info: []byte(r.Info)}, s.caps)
		packet, _ = wire.AppendFrame(nil, ok, seq)
		s.outcome.Affected = r.Affected
	}
	s.out.need(s.out.len() + len(packet)) // behind replies that were withheld
	s.out.w += copy(s.out.free(), packet)
	s.out.mid = s.out.w
	s.outcome.BytesOut = uint64(len(packet))
	return wantNothing
}

// reply writes what compose made and ends the command.
func (s *session) reply() want {
	if w := s.deliver(); w != wantNothing {
		return w
	}
	s.streak = 0
	s.out.release()
	s.report()
	if s.shares && !s.lingers { // a connection may have been taken for the command before it was answered here
		s.letGo()
	}
	return s.settle()
}

func appendError(b []byte, e *core.Error, caps wire.Caps) []byte {
	return wire.AppendErr(b, &wire.Err{Code: e.Code, State: e.State, Message: e.Message}, caps)
}

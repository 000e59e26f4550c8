package proxy

import (
	"io"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// route finds the connection for the command's pool and sends the command there.
func (s *session) route() want {
	if s.cmd.Hold && s.cmd.Code == core.Query && s.Status&wire.StatusInTrans == 0 && s.stuck() == "" {
		return s.holdBegin()
	}
	if s.shares {
		return s.shareRoute()
	}
	if len(s.heldBegin) > 0 {
		return s.beginFirst()
	}
	if s.cmd.Pool == s.link.src.Backend.Pool && len(s.links) == 1 {
		return s.dispatch()
	}
	pool := s.destination()
	if s.mustSee(pool) {
		to, known := s.heed(pool)
		if !known {
			return s.catchUp(pool)
		}
		pool = to
	}
	return s.goTo(pool)
}

// dispatch begins to send the command where the session is now, and tells the links so:
// that may not be where they wished it to go.
func (s *session) dispatch() want {
	b := s.link.src.Backend
	s.cmd.Pool, s.cmd.Backend = b.Pool, b
	s.beginWrite()
	s.showOwnID()
	s.mode = sending
	if s.shares {
		if s.cmd.Code == core.Query || s.cmd.Code == core.ProcessKill {
			s.killsItself()
		}
		return s.address()
	}
	s.watchState()
	return wantNothing
}

// watchState notes what the command may leave behind on the connection.
func (s *session) watchState() {
	switch s.cmd.Code {
	case core.Query, core.Execute, core.BulkExecute:
		if s.chain.Switches() {
			s.cmd.Statement() // now at the latest
		}
		if f := s.cmd.Known(); f != nil {
			s.state.Ran(f)
		} else {
			s.state.Unwatched()
		}
	case core.SetOption:
		s.state.Unwatched()
	case core.CloseStatement:
		if id, ok := s.statementID(); ok {
			s.state.Closed(id)
		}
	}
	s.watchBindings()
}

// send writes what is in hand of the command to the backend.
func (s *session) send() want {
	b := s.in.bytes()[:s.held]
	if r := s.cmd.Rewritten(); r != nil || s.packet != nil {
		return s.sendRewritten(r)
	}
	n, err := s.link.sock.write(b[s.sent:])
	s.sent += n
	if err != nil {
		return s.backendFull(err)
	}
	return s.dispatched()
}

// sendRewritten writes the text that a link put in the place of the client's.
func (s *session) sendRewritten(sql []byte) want {
	if s.packet == nil {
		s.packet = s.framed(sql)
	}
	n, err := s.link.sock.write(s.packet[s.sent:])
	s.sent += n
	if err != nil {
		return s.backendFull(err)
	}
	s.packet = nil
	return s.dispatched()
}

// framed is the command at hand with another text.
func (s *session) framed(sql []byte) []byte {
	prefix := s.in.bytes()[wire.HeaderLen:][:s.prefix] // command byte and query attributes stay
	payload := append(append([]byte(nil), prefix...), sql...)
	packet, _ := wire.AppendFrame(nil, payload, 0)
	return packet
}

// backendFull waits for room at the backend, or copes with its end: what it said before
// is still relayed, for it may be the reason.
func (s *session) backendFull(err error) want {
	if err == errAgain {
		return wantBackendRoom
	}
	s.log.Info("backend does not take the command", "backend", s.link.src.Backend.Name, "error", err)
	s.outcome.Side, s.outcome.Cause = core.Server, err
	s.link.tainted = "it does not take a whole command"
	if !wire.HasResponse(byte(s.cmd.Code)) {
		return wantEnd
	}
	s.in.w = s.in.r + s.held // the rest of the command has nowhere to go,
	s.farewell = true        // and must not be read as further commands
	return s.expect()
}

// dispatched goes on when all that was in hand is sent: the rest of a long command, then
// the response.
func (s *session) dispatched() want {
	if !s.frames.Ended() {
		s.mode = streaming
		s.out.need(largeBuffer)
		return wantNothing
	}
	return s.expect()
}

// stream passes the rest of a long command through.
func (s *session) stream() want {
	for {
		if s.out.mid > s.out.r {
			n, err := s.link.sock.write(s.out.followed())
			s.out.r += n
			if err != nil {
				return s.backendFull(err)
			}
		}
		if s.frames.Ended() {
			s.out.release()
			return s.expect()
		}
		if w := s.more(); w != wantNothing {
			return w
		}
	}
}

// more reads on in a long command, and never beyond its end.
func (s *session) more() want {
	if s.yield() {
		return wantTurn
	}
	s.out.compact()
	limit := min(s.frames.Next()-s.out.len(), len(s.out.free()))
	n, err := s.client.read(s.out.free()[:limit])
	if n == 0 && err != nil {
		if err == errAgain {
			return wantClient
		}
		s.outcome.Side, s.outcome.Cause = core.Client, io.ErrUnexpectedEOF
		return wantEnd
	}
	s.client.readable = s.client.readable || n == limit
	s.out.w += n
	s.outcome.BytesIn += uint64(n)
	s.turn += n
	s.out.mid = s.out.r + s.frames.Feed(s.out.bytes())
	return wantNothing
}

// expect begins to follow the response.
func (s *session) expect() want {
	// From before the write: on a busy machine the backend has answered when it returns.
	s.sentAt = s.began + s.outcome.Filters + s.outcome.Wait
	if !wire.HasResponse(byte(s.cmd.Code)) {
		return s.finish()
	}
	s.link.src.Backend.Begin()
	s.counted = true
	s.resp.Begin(byte(s.cmd.Code), s.caps)
	if s.shares && s.cmd.Code == core.Prepare {
		s.resp.Rename = s.state.NextID()
	}
	if s.chain.ReadsColumns() || s.chain.ReadsErrors() || s.state.Shown() {
		s.beginEdit()
	}
	s.mode = responding
	return wantNothing
}

package proxy

import (
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// respond passes the response on, following its packets. Bytes go out as they come in,
// but for the beginning of a packet that is not yet understood, and for replies to
// pipelined commands, see withhold.
func (s *session) respond() want {
	for {
		if s.due {
			if w := s.deliver(); w != wantNothing {
				return w
			}
			s.due = false
		}
		if s.resp.Ended() {
			return s.responded()
		}
		if !s.link.sock.readable {
			if s.out.len() == 0 {
				s.out.release()
			}
			return wantBackend
		}
		if s.yield() {
			return wantTurn
		}
		s.room()
		n, err := s.link.sock.read(s.out.free())
		if n == 0 && err != nil {
			if err == errAgain {
				continue
			}
			return s.backendGone(err)
		}
		s.grow(n)
		s.out.w += n
		s.outcome.BytesOut += uint64(n)
		s.turn += n
		followed, ev := s.resp.Feed(s.out.unfollowed())
		s.out.mid += followed
		if ev == wire.Infile {
			s.mode = uploading
			return wantNothing
		}
		if s.shares && s.resp.Err != nil {
			if w, done := s.reconsider(); done {
				return w
			}
		}
		s.due = s.out.mid > s.out.r && !(s.resp.Ended() && (s.withhold() || s.standBack()))
	}
}

// responded ends the command when its whole response is delivered or withheld.
func (s *session) responded() want {
	if s.resp.Malformed || s.out.w > s.out.mid {
		s.log.Error("backend is out of step", "backend", s.link.src.Backend.Name, "command", s.cmd.Code)
		s.outcome.Side = core.Server
		return wantEnd
	}
	return s.finish()
}

// withholdMax is how many bytes of replies may wait for the reply to a further command.
const withholdMax = smallBuffer / 2

// withhold says whether a reply may wait a moment, because the client has sent a further
// command already: one write then takes the replies of both. The loop delivers it when
// withholdTime is over, so a command that is slow delays the reply before it by no more.
func (s *session) withhold() bool {
	if s.out.len() > withholdMax || s.client.tls != nil || s.chain.Slow() || s.in.len() == s.held {
		return false
	}
	next := s.in.bytes()[s.held:]
	if len(next) <= wire.HeaderLen || len(next) < wire.HeaderLen+wire.PayloadLen(next) {
		return false
	}
	switch core.Code(next[wire.HeaderLen]) {
	case core.Query, core.Execute, core.Prepare, core.Ping, core.InitDB, core.ResetStatement:
		s.loop.withhold(s)
		return true
	}
	return false
}

// deliverWithheld sends replies whose time is over. The command that runs goes on as it was.
func (s *session) deliverWithheld() {
	switch s.mode {
	case sending, responding:
	case inFlow, queueing: // the next command is with a slow filter, or has no connection yet
	default: // out may be on its way to the backend, or is delivered at once anyway
		return
	}
	if s.out.mid <= s.out.r || s.due {
		return
	}
	s.sendFollowed()
}

// sendFollowed writes what may go to the client, without waiting. What is left is due: there
// was no room, or the client is gone, and the next step finds out.
func (s *session) sendFollowed() {
	n, err := s.client.write(s.out.followed())
	s.out.r += n
	s.due = err != nil
}

// room makes room for the next read behind what is held: withheld replies, and the
// beginning of one packet.
func (s *session) room() {
	if s.out.chunk == nil {
		s.out.need(smallBuffer)
		return
	}
	if s.streak >= 2 && len(s.out.chunk.b) < largeBuffer {
		s.out.need(largeBuffer)
	}
	s.out.compact()
}

// grow counts reads that filled the buffer: a long result pays for a large one.
func (s *session) grow(n int) {
	if n == len(s.out.free()) {
		s.streak++
	} else {
		s.streak = 0
	}
}

// deliver writes what may go to the client and waits for room where there is none.
func (s *session) deliver() want {
	if s.out.mid <= s.out.r {
		return s.flushed(nil)
	}
	n, err := s.client.write(s.out.followed())
	s.out.r += n
	if n > 0 && s.stalled != 0 {
		s.timeout(sendStall) // it is slow, but takes something
	}
	return s.flushed(err)
}

// flushed keeps the time that a slow client takes apart from the backend's.
func (s *session) flushed(err error) want {
	if err == nil {
		err = s.client.flush()
	}
	switch {
	case err == nil:
		if s.stalled != 0 {
			s.outcome.Send += s.loop.clock() - s.stalled
			s.stalled = 0
			s.timeout(0)
		}
		return wantNothing
	case err == errAgain:
		if s.stalled == 0 {
			s.stalled = s.loop.clock()
			s.timeout(sendStall)
		}
		return wantClientRoom
	}
	s.outcome.Side, s.outcome.Cause = core.Client, err
	s.abandon()
	return wantEnd
}

// sendStall is how long a client may take no byte of a response. It holds a backend
// connection meanwhile.
const sendStall = 10 * time.Minute

// backendGone passes on what came before the backend's end and ends the session, which is
// what a client sees without dbmesh.
func (s *session) backendGone(err error) want {
	s.outcome.Side, s.outcome.Cause = core.Server, err
	s.link.src.SawFailure(err)
	if s.out.len() > 0 {
		_, _ = s.client.write(s.out.bytes())
	}
	s.log.Warn("backend ended the connection during a command",
		"backend", s.link.src.Backend.Name, "command", s.cmd.Code, "error", err)
	return wantEnd
}

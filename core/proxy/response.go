package proxy

import (
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// respond passes the response on, following its packets. Bytes go out as they come in,
// but for the beginning of a packet that is not yet understood.
func (s *session) respond() want {
	for {
		if w := s.deliver(); w != wantNothing {
			return w
		}
		if s.resp.Ended() {
			if s.resp.Malformed || s.out.len() > 0 {
				s.log.Error("backend is out of step", "backend", s.link.src.Backend.Name, "command", s.cmd.Code)
				s.outcome.Side = core.Server
				return wantEnd
			}
			return s.finish()
		}
		if !s.link.sock.readable {
			if s.out.len() == 0 {
				s.out.release()
			}
			return wantBackend
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
		followed, ev := s.resp.Feed(s.out.chunk.b[s.mid:s.out.w])
		s.mid += followed
		if ev == wire.Infile {
			s.mode = uploading
			return wantNothing
		}
	}
}

// room makes room for the next read: what is held is the beginning of one packet.
func (s *session) room() {
	if s.out.chunk == nil {
		s.out.need(smallBuffer)
		s.mid = 0
		return
	}
	if s.streak >= 2 && len(s.out.chunk.b) < largeBuffer {
		s.out.need(largeBuffer)
	} else {
		s.out.compact()
	}
	s.mid = s.out.r
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
	if s.mid <= s.out.r {
		return s.flushed(nil)
	}
	n, err := s.client.write(s.out.chunk.b[s.out.r:s.mid])
	s.out.r += n
	return s.flushed(err)
}

// flushed keeps the time that a slow client takes apart from the backend's.
func (s *session) flushed(err error) want {
	if err == nil && s.client.tls != nil {
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

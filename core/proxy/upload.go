package proxy

import (
	"bytes"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// upload passes the client's file of a LOAD DATA LOCAL to the backend: frames up to an
// empty one. It goes through out, for links may still look at the command in in.
func (s *session) upload() want {
	if !s.fileBegun {
		if w := s.deliver(); w != wantNothing {
			return w
		}
		s.beginFile()
	}
	for {
		if s.out.mid > s.out.r {
			n, err := s.link.sock.write(s.out.followed())
			s.out.r += n
			if err == errAgain {
				return wantBackendRoom
			}
			if err != nil {
				return s.fileRefused(err)
			}
		}
		if s.file.Ended() {
			return s.uploaded()
		}
		if s.yield() {
			return wantTurn
		}
		s.out.compact()
		n, err := s.client.read(s.out.free())
		if n == 0 && err != nil {
			if err == errAgain {
				return wantClient
			}
			s.outcome.Side, s.outcome.Cause = core.Client, err
			return wantEnd
		}
		s.out.w += n
		s.followFile(n)
	}
}

// beginFile takes over what came behind the command.
func (s *session) beginFile() {
	s.fileBegun, s.file = true, wire.Upload{}
	s.out.release()
	ahead := s.in.bytes()[s.held:]
	if s.tail != nil { // behind a file before this one; nothing was read since
		ahead, s.tail = s.tail, nil
	}
	s.out.need(max(largeBuffer, len(ahead)))
	s.out.w = copy(s.out.chunk.b, ahead)
	s.in.w = s.in.r + s.held
	s.followFile(len(ahead))
}

func (s *session) followFile(n int) {
	s.outcome.BytesIn += uint64(n)
	s.turn += n
	s.out.mid = s.out.r + s.file.Feed(s.out.bytes())
}

// fileRefused copes with a backend that takes no more of the file. What it said before is
// its answer; behind that the session ends, for the rest of the file is no command.
func (s *session) fileRefused(err error) want {
	s.outcome.Side, s.outcome.Cause = core.Server, err
	s.farewell = true
	s.out.release()
	return s.resumeResponse()
}

// uploaded goes back to the response; bytes behind the file are the next command's.
func (s *session) uploaded() want {
	if rest := s.out.bytes(); len(rest) > 0 {
		s.tail = bytes.Clone(rest)
		s.outcome.BytesIn -= uint64(len(rest))
	}
	s.out.release()
	return s.resumeResponse()
}

func (s *session) resumeResponse() want {
	s.fileBegun = false
	s.resp.Resume()
	s.mode = responding
	return wantNothing
}

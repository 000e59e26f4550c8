package proxy

import "github.com/dbmesh/dbmesh/core/wire"

// Where sessions wait for connections, a reply stands back behind the other events that the
// loop has at hand: its connection goes to the next session first, so that the server is kept
// busy, and clients get their replies in a row, which wakes them less often. At 500 sessions on
// 20 connections that is worth up to a tenth of the throughput.

// standBack says whether a whole reply goes out late: no later than the loop waits again. It
// does not where the session keeps the connection: then others wait the shorter the sooner the
// client goes on.
func (s *session) standBack() bool {
	if !s.shares || s.out.len() > withholdMax || s.client.tls != nil || s.client.packed != nil ||
		s.client.readable || s.in.len() != s.held || s.tail != nil || s.farewell || s.chain.Slow() ||
		s.resp.Status&wire.StatusInTrans != 0 || s.pins.Held() != 0 ||
		s.link.lending == nil || !s.link.lending.Crowded() {
		return false
	}
	if !s.late {
		s.late = true
		s.loop.late = append(s.loop.late, s)
	}
	return true
}

// deliverLate ends the time of a late reply.
func (s *session) deliverLate() {
	s.sendLate()
	if s.due && (s.flow == nil || !s.flow.busy) {
		s.step() // which waits for room, or finds that the client is gone
	}
}

// sendLate writes a late reply, ahead of all else that the session does. Nothing else is in out:
// what the client has sent since is not read yet.
func (s *session) sendLate() {
	if !s.late {
		return
	}
	s.late = false
	if s.sendFollowed(); !s.due && s.out.len() == 0 {
		s.out.release()
	}
}

// finishLate waits for room for a late reply that the client did not take at once.
func (s *session) finishLate() want {
	if w := s.deliver(); w != wantNothing {
		return w
	}
	s.due = false
	s.out.release()
	if s.farewell {
		return wantEnd
	}
	s.idle()
	return wantNothing
}

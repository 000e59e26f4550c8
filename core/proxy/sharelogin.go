package proxy

import (
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// shareLogin is the backend's part in the login of a session that shares connections. Where
// a login of the kind is known, the session begins without a connection.
func (s *session) shareLogin(f *flow) (wire.OK, error) {
	s.loop.share(s.srv)
	s.fresh = false
	s.cmd.Reset(&s.Session, core.Ping, nil, 0, false)
	s.cmd.Backend = s.Backend
	status, known := uint16(0), false
	if b := s.chosen(s.homePool); b != nil {
		if src := s.srv.backends.Source(b); src != nil {
			status, known = s.srv.lendings.of(src).known(s.kind, s.Schema)
		}
	}
	if !known {
		if !s.take(s.homePool) {
			if err := s.obtain(f, s.homePool, s.Backend); err != nil {
				if k := s.link; k != nil && k.tainted == "" { // there is no such schema
					s.giveBack()
				} else if k != nil {
					s.forsake(s.release())
				}
				return wire.OK{}, err
			}
		}
		status = s.link.status
	}
	s.Status, s.freshStatus, s.fresh = status, status, true
	return wire.OK{Status: status}, nil
}

// holdBegin answers a BEGIN that is sent with the next command.
func (s *session) holdBegin() want {
	if len(s.heldBegin) == 0 {
		s.heldBegin = append([]byte(nil), s.cmd.SQL...)
	}
	s.past.count, s.past.countKnown, s.past.rowsKnown = 0, true, false
	w := s.answer(&core.Reply{})
	return w
}

// beginFirst sends a BEGIN that was held, at home, and then the command at hand.
func (s *session) beginFirst() want {
	return s.startFlow(func(f *flow) error {
		k := s.home()
		if err := s.align(f, k); err != nil {
			return err
		}
		return simple(wire.NewConn(stream{f, &k.sock}), core.Query, s.heldBegin)
	}, func(err error) want {
		s.mode = atCommand
		s.heldBegin = nil
		if err != nil {
			s.outcome.Side, s.outcome.Cause = core.Server, err
			return s.answer(&core.Reply{Err: s.reason(s.home().src.Backend.Pool, err)})
		}
		s.use(s.home())
		s.Status |= wire.StatusInTrans // also if the command fails, which tells no status
		return s.route()
	})
}

package proxy

import (
	"errors"
	"fmt"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/lease"
)

// seat is a place in the queue of a lending.
type seat struct {
	grant
	src    *backend.Source
	pool   string // where the command at hand goes, which waits without a flow
	ticket *lease.Ticket
	since  time.Duration
	resume time.Duration // the session's deadline before
	served bool          // grant is what it was given
	left   bool          // nobody wants it any more
	late   bool          // queue_timeout is over
}

// sit takes a place in the queue; nil if too many wait. When the session's turn has come, it
// steps on behind the event that gave it: a connection lies idle no longer than that.
func (s *session) sit(src *backend.Source, le *lending) *seat {
	x := &seat{src: src, since: s.loop.clock(), resume: s.deadline}
	kind, srv := s.kind, s.srv
	x.ticket = le.Queue(kind, s.loop.index, x.since, func(k *link, a lease.Answer) {
		if !s.loop.next(func() {
			x.grant, x.served = grant{k, a}, true
			if x.left {
				srv.refuse(le, kind, x.grant)
				return
			}
			if s.flow == nil || !s.flow.busy {
				s.guard(s.step)
			}
		}) {
			srv.refuse(le, kind, grant{k, a})
		}
	})
	if x.ticket == nil {
		return nil
	}
	s.timeout(src.Pool.Pooling.QueueTimeout)
	return x
}

// leave gives the place up, or what was given there.
func (s *session) leave(x *seat) {
	if x.served {
		s.srv.refuse(s.srv.lendings.of(x.src), s.kind, x.grant)
	} else if !x.ticket.Cancel() {
		x.left = true
	}
	s.restore(x.resume)
}

// enqueue has the command at hand wait for a connection, without the cost of a flow: where
// sessions are many and connections few, it is what most commands do.
func (s *session) enqueue(pool string) want {
	src := s.grantedBy
	x := s.sit(src, s.srv.lendings.of(src))
	if x == nil {
		return s.slowly(pool) // which says so
	}
	s.grantedBy = nil
	x.pool = pool
	s.seat, s.mode = x, queueing
	return wantNews
}

// dequeue goes on with a command that has waited.
func (s *session) dequeue() want {
	x := s.seat
	if !x.served && !x.late {
		return wantNews
	}
	s.seat, s.mode = nil, atCommand
	s.outcome.Wait += s.loop.clock() - x.since
	if !x.served {
		s.leave(x)
		return s.obtained(x.pool, crowded(x.src, x.src.Pool.Pooling.QueueTimeout))
	}
	s.restore(x.resume)
	if s.accept(x.src, x.grant) {
		return s.dispatch()
	}
	return s.slowly(x.pool)
}

// await waits its turn in the queue inside a flow.
func (s *session) await(f *flow, src *backend.Source, le *lending) (grant, error) {
	x := s.sit(src, le)
	if x == nil {
		return grant{}, crowded(src, 0)
	}
	for !x.served {
		if err := f.wait(); err != nil || s.client.hup {
			s.leave(x)
			if errors.Is(err, errTime) {
				f.expired.Store(false)
				return grant{}, crowded(src, src.Pool.Pooling.QueueTimeout)
			}
			return grant{}, errGone
		}
	}
	s.restore(x.resume)
	return x.grant, nil
}

func crowded(src *backend.Source, waited time.Duration) error {
	return &core.Error{Code: 1040, State: "08004", Message: fmt.Sprintf(
		"dbmesh: too many connections: none of the %d to backend %q of pool %q was given back within queue_timeout (%v); raise pools[].pooling.max, or look in /api/v1/sessions for who holds them",
		src.Pool.Pooling.Max, src.Backend.Name, src.Backend.Pool, waited)}
}

// refuse gives back what nobody wants any more.
func (s *Server) refuse(le *lending, kind lease.Kind, g grant) {
	switch g.answer {
	case lease.Dial:
		le.Failed(kind)
	case lease.Replace:
		s.closeIdle(g.link, func() { le.Failed(kind) })
	case lease.Use, lease.Change:
		if !le.Put(g.link, time.Since(s.start)) {
			s.closeIdle(g.link, nil)
		}
	}
}

package proxy

import (
	"errors"
	"fmt"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/lease"
)

// await waits its turn in the queue of a lending.
func (s *session) await(f *flow, src *backend.Source, le *lending) (grant, error) {
	type seat struct {
		grant
		served, left bool
	}
	x := &seat{}
	t := le.Queue(s.kind, s.loop.index, s.loop.clock(), func(k *link, a lease.Answer) {
		if !s.loop.post(func() {
			x.grant, x.served = grant{k, a}, true
			if x.left {
				s.srv.refuse(le, s.kind, x.grant)
				return
			}
			if s.flow != nil && !s.flow.busy {
				s.guard(s.step)
			}
		}) {
			s.srv.refuse(le, s.kind, grant{k, a})
		}
	})
	if t == nil {
		return grant{}, crowded(src, 0)
	}
	limit := src.Pool.Pooling.QueueTimeout
	resume := s.deadline
	s.timeout(limit)
	for !x.served {
		if err := f.wait(); err != nil || s.client.hup {
			if x.served {
				s.srv.refuse(le, s.kind, x.grant)
			} else if !t.Cancel() {
				x.left = true
			}
			if errors.Is(err, errTime) {
				f.expired.Store(false)
				s.restore(resume)
				return grant{}, crowded(src, limit)
			}
			return grant{}, errGone
		}
	}
	s.restore(resume)
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

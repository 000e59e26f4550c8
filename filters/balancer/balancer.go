// Package balancer is the filter kind that chooses the backend of a pool for a session's
// new connection.
package balancer

import (
	"context"
	"fmt"

	"github.com/dbmesh/dbmesh/core"
	"github.com/prometheus/client_golang/prometheus"
)

// Kind makes balancer links. Its metrics are registered with reg, once for all
// generations; a nil reg leaves them out.
func Kind(reg prometheus.Registerer) core.Kind {
	picks := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dbmesh_balancer_picks_total",
		Help: "Choices of a backend by result: chosen, or none if no backend was usable.",
	}, []string{"link", "result"})
	if reg != nil {
		reg.MustRegister(picks)
	}
	return core.Kind{New: func(name string, decode core.Decode) (core.Filter, error) {
		c := config{Policy: peakEWMA}
		if err := decode(&c); err != nil {
			return nil, err
		}
		p, err := c.policy()
		if err != nil {
			return nil, err
		}
		return &filter{name, p, picks.WithLabelValues(name, "chosen"), picks.WithLabelValues(name, "none")}, nil
	}}
}

// filter may be asked by any number of sessions at once and takes no lock.
type filter struct {
	name         string
	policy       policy
	chosen, none prometheus.Counter
}

// OnConnect chooses the backend that the session logs in to. A session that is in already,
// and meets the link after a change of config, has one.
func (f *filter) OnConnect(_ context.Context, s *core.Session) (core.Verdict, error) {
	if s.Bound(s.Pool) != nil {
		return core.Continue(), nil
	}
	b, v := f.choose(s.Pools, s.Pool)
	if b != nil {
		s.Backend = b
	}
	return v, nil
}

// OnCommand chooses a backend if the command goes to a pool in which the session has no
// connection, and no earlier link has chosen.
func (f *filter) OnCommand(_ context.Context, c *core.Command) (core.Verdict, error) {
	if c.Backend != nil || c.Session.Bound(c.Pool) != nil {
		return core.Continue(), nil
	}
	b, v := f.choose(c.Session.Pools, c.Pool)
	c.Backend = b
	return v, nil
}

func (f *filter) choose(pools core.Pools, name string) (*core.Backend, core.Verdict) {
	p := pools.Pool(name)
	if p == nil {
		return nil, f.refuse(fmt.Sprintf("there is no pool %q", name))
	}
	if b := f.policy.pick(p); b != nil {
		f.chosen.Inc()
		return b, core.Continue()
	}
	return nil, f.refuse(fmt.Sprintf("no usable backend in pool %q (%s)", name, why(p)))
}

func (f *filter) refuse(reason string) core.Verdict {
	f.none.Inc()
	return core.Deny(1105, "HY000", fmt.Sprintf("dbmesh: filter %q: %s; check dbmesh's /api/v1/backends", f.name, reason))
}

// why counts the reasons for which backends of a pool are left out.
func why(p *core.Pool) string {
	var down, draining, behind, idle int
	for _, b := range p.Backends {
		switch {
		case b.State() == core.Down:
			down++
		case b.State() == core.Draining:
			draining++
		case b.Behind():
			behind++
		default:
			idle++ // weight 0
		}
	}
	text, sep := "", ""
	for _, c := range []struct {
		n    int
		what string
	}{{down, "down"}, {draining, "draining"}, {behind, "too far behind"}, {idle, "of weight 0"}} {
		if c.n > 0 {
			text += fmt.Sprintf("%s%d %s", sep, c.n, c.what)
			sep = ", "
		}
	}
	if text == "" {
		return "it is empty"
	}
	return text
}

// Package router is the filter kind that chooses the pool: of a session when it logs in,
// by rules, and if hints are on, of a single command by a comment at its head.
package router

import (
	"context"
	"fmt"

	"github.com/dbmesh/dbmesh/core"
	"github.com/prometheus/client_golang/prometheus"
)

// Kind makes router links. PoolExists tells a link which pools its rules may name; nil
// leaves that unchecked. Metrics are registered with reg, once for all generations; a nil
// reg leaves them out.
func Kind(poolExists func(name string) bool, reg prometheus.Registerer) core.Kind {
	sessions := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dbmesh_router_sessions_total",
		Help: "Sessions by the rule that chose their pool, counted from 0; rule none left it to the listener.",
	}, []string{"link", "rule", "pool"})
	hints := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dbmesh_router_hints_total",
		Help: "Commands with a pool hint by result: followed, or refused as unknown or malformed.",
	}, []string{"link", "result"})
	if reg != nil {
		reg.MustRegister(sessions, hints)
	}
	return core.Kind{New: func(name string, decode core.Decode) (core.Filter, error) {
		var c config
		if err := decode(&c); err != nil {
			return nil, err
		}
		rules, err := c.build(poolExists)
		if err != nil {
			return nil, err
		}
		f := filter{rules: rules, unmatched: sessions.MustCurryWith(prometheus.Labels{"link": name, "rule": "none"})}
		for i := range f.rules {
			f.rules[i].chosen = sessions.WithLabelValues(name, fmt.Sprint(i), f.rules[i].pool)
		}
		if !c.Hints {
			return &f, nil
		}
		return &hinting{f, name, hints.WithLabelValues(name, "followed"), hints.WithLabelValues(name, "refused")}, nil
	}}
}

// filter is immutable. It has no OnCommand, so without hints a command costs nothing.
type filter struct {
	rules     []rule
	unmatched *prometheus.CounterVec // by pool, which the listener's config bounds
}

// OnConnect gives a new session its pool. A session that is in already keeps the pool
// that it has a connection to: its state is there, and rules are about logins.
func (f *filter) OnConnect(_ context.Context, s *core.Session) (core.Verdict, error) {
	if s.Bound(s.Pool) != nil {
		return core.Continue(), nil
	}
	for i := range f.rules {
		if r := &f.rules[i]; r.matches(s) {
			s.Pool = r.pool
			r.chosen.Inc()
			return core.Continue(), nil
		}
	}
	f.unmatched.WithLabelValues(s.Pool).Inc()
	return core.Continue(), nil
}

// hinting is a filter that heeds hints.
type hinting struct {
	filter
	name              string
	followed, refused prometheus.Counter
}

// SwitchesPools is true: a hint may send any command to any pool.
func (*hinting) SwitchesPools() bool { return true }

// OnCommand heeds a hint. An execute has the text that was prepared, so it follows its
// prepare. A truncated command stays on its session's pool.
func (h *hinting) OnCommand(_ context.Context, c *core.Command) (core.Verdict, error) {
	if c.Truncated() || !hasText(c.Code) {
		return core.Continue(), nil
	}
	pool, found, err := hint(c.SQL)
	switch {
	case !found:
		return core.Continue(), nil
	case err != nil:
		return h.refuse("%v", err), nil
	case string(pool) == c.Pool: // makes no garbage
	default:
		p := c.Session.Pools.Pool(string(pool))
		if p == nil {
			return h.refuse("the hint names pool %q, which does not exist", pool), nil
		}
		c.Pool = p.Name
	}
	h.followed.Inc()
	return core.Continue(), nil
}

func (h *hinting) refuse(format string, args ...any) core.Verdict {
	h.refused.Inc()
	return core.Deny(1105, "HY000", fmt.Sprintf("dbmesh: filter %q: %s; see /api/v1/backends for the pools", h.name, fmt.Sprintf(format, args...)))
}

func hasText(c core.Code) bool {
	switch c {
	case core.Query, core.Prepare, core.Execute, core.BulkExecute:
		return true
	}
	return false
}

// Package router is the filter kind that chooses the pool: of a session when it logs in and
// of a single command, by rules, and if hints are on, by a comment at a command's head.
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
	m := newMetrics(reg)
	return core.Kind{New: func(name string, decode core.Decode) (core.Filter, error) {
		var c config
		if err := decode(&c); err != nil {
			return nil, err
		}
		logins, commands, err := c.build(poolExists)
		if err != nil {
			return nil, err
		}
		for i := range logins {
			logins[i].chosen = m.sessions.WithLabelValues(name, fmt.Sprint(logins[i].index), logins[i].pool)
		}
		f := filter{logins, m.sessions.MustCurryWith(prometheus.Labels{"link": name, "rule": "none"})}
		if !c.Hints && len(commands) == 0 && !c.LazyBegin {
			return &f, nil
		}
		return newSwitching(f, name, commands, c, m), nil
	}}
}

type metrics struct {
	sessions, commands, hints *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		sessions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dbmesh_router_sessions_total",
			Help: "Sessions by the rule that chose their pool, counted from 0; rule none left it to the listener.",
		}, []string{"link", "rule", "pool"}),
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dbmesh_router_commands_total",
			Help: "Commands by the rule that they match, counted from 0, and the pool where they went: the session's own if they had to stay.",
		}, []string{"link", "rule", "pool"}),
		hints: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "dbmesh_router_hints_total",
			Help: "Commands with a hint by result: followed, sent home since no replica may or can serve them, or refused as unknown or malformed.",
		}, []string{"link", "result"}),
	}
	if reg != nil {
		reg.MustRegister(m.sessions, m.commands, m.hints)
	}
	return m
}

// filter is immutable. It has no OnCommand, so without hints and rules on facts a command
// costs nothing.
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

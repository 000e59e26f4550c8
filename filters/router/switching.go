package router

import (
	"context"
	"fmt"

	"github.com/dbmesh/dbmesh/core"
	"github.com/prometheus/client_golang/prometheus"
)

// switching is a filter that also chooses pools for single commands.
type switching struct {
	filter
	name              string
	commands          []rule
	stayed            []*prometheus.CounterVec // of each such rule by pool, of which there are few
	hints             bool
	followed, refused prometheus.Counter
}

func newSwitching(f filter, name string, commands []rule, hints bool, m *metrics) *switching {
	s := &switching{filter: f, name: name, commands: commands, hints: hints}
	for i := range commands {
		r := &commands[i]
		of := prometheus.Labels{"link": name, "rule": fmt.Sprint(r.index)}
		s.stayed = append(s.stayed, m.commands.MustCurryWith(of))
		r.chosen = s.stayed[i].WithLabelValues(r.pool)
	}
	if hints {
		s.followed, s.refused = m.hints.WithLabelValues(name, "followed"), m.hints.WithLabelValues(name, "refused")
	}
	return s
}

// SwitchesPools is true: a hint may send any command to any pool, a rule any that it matches.
func (*switching) SwitchesPools() bool { return true }

// OnCommand heeds a hint, else the first rule that matches. An execute has the text that
// was prepared, so it follows its prepare. A truncated command stays on its session's pool.
func (f *switching) OnCommand(_ context.Context, c *core.Command) (core.Verdict, error) {
	if c.Truncated() || !hasText(c.Code) {
		return core.Continue(), nil
	}
	if f.hints {
		if pool, found, err := hint(c.SQL); found {
			return f.follow(c, pool, err), nil
		}
	}
	for i := range f.commands {
		if r := &f.commands[i]; r.matchesCommand(c) {
			c.Slot().N = uint64(i) + 1
			if !c.Statement().ReadSafe || serves(c.Session.Pools.Pool(r.pool)) {
				c.Pool = r.pool
			}
			break
		}
	}
	return core.Continue(), nil
}

// OnDone counts where a command went that a rule matched: only now the proxy has said
// whether it might leave its session's pool.
func (f *switching) OnDone(c *core.Command, _ *core.Outcome) {
	n := c.Slot().N
	if n == 0 {
		return
	}
	if r := &f.commands[n-1]; c.Pool == r.pool {
		r.chosen.Inc()
	} else {
		f.stayed[n-1].WithLabelValues(c.Pool).Inc()
	}
}

func (f *switching) follow(c *core.Command, pool []byte, err error) core.Verdict {
	switch {
	case err != nil:
		return f.refuse("%v", err)
	case string(pool) == c.Pool: // makes no garbage
	default:
		p := c.Session.Pools.Pool(string(pool))
		if p == nil {
			return f.refuse("the hint names pool %q, which does not exist", pool)
		}
		c.Pool = p.Name
	}
	f.followed.Inc()
	return core.Continue()
}

func (f *switching) refuse(format string, args ...any) core.Verdict {
	f.refused.Inc()
	return core.Deny(1105, "HY000", fmt.Sprintf("dbmesh: filter %q: %s; see /api/v1/backends for the pools", f.name, fmt.Sprintf(format, args...)))
}

// serves says whether the pool can take commands. If it can't, what only reads does as well
// in the session's own pool; anything else is better refused than done in another place.
func serves(p *core.Pool) bool {
	if p == nil {
		return false
	}
	for _, b := range p.Backends {
		if b.Weight > 0 && b.Usable() {
			return true
		}
	}
	return false
}

func hasText(c core.Code) bool {
	switch c {
	case core.Query, core.Prepare, core.Execute, core.BulkExecute:
		return true
	}
	return false
}

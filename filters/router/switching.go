package router

import (
	"context"
	"fmt"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/prometheus/client_golang/prometheus"
)

// switching is a filter that also chooses pools for single commands. It is immutable.
type switching struct {
	filter
	name     string
	commands []rule
	stayed   []*prometheus.CounterVec // of each such rule by pool, of which there are few
	metrics  *metrics                 // outlives generations, so sessions keep their hint under it

	hints, force bool
	level        core.Consistency
	wait         time.Duration
	safe         safety // by which rules match
	lazy         bool
	done         *core.Reply // to a SET @dbmesh; answers are shared and never change

	followed, home, refused prometheus.Counter
}

func newSwitching(f filter, name string, commands []rule, c config, m *metrics) *switching {
	s := &switching{
		filter: f, name: name, commands: commands, metrics: m,
		hints: c.Hints, force: c.ForceHints, wait: c.Wait, safe: proved, lazy: c.LazyBegin, done: &core.Reply{},
	}
	s.level, _ = consistency(c.Consistency, core.ConsistencyOff) // was checked
	if c.ReadOnlyTransactions {
		s.safe = provedOrReadOnly
	}
	for i := range commands {
		r := &commands[i]
		of := prometheus.Labels{"link": name, "rule": fmt.Sprint(r.index)}
		s.stayed = append(s.stayed, m.commands.MustCurryWith(of))
		r.chosen = s.stayed[i].WithLabelValues(r.pool)
	}
	if c.Hints {
		s.followed, s.home = m.hints.WithLabelValues(name, "followed"), m.hints.WithLabelValues(name, "home")
		s.refused = m.hints.WithLabelValues(name, "refused")
	}
	return s
}

// SwitchesPools is true if there are hints, which may send any command to any pool, or rules
// about commands.
func (f *switching) SwitchesPools() bool { return f.hints || len(f.commands) > 0 }

// OnCommand heeds a hint, else the first rule that matches. An execute has the text that
// was prepared, so it follows its prepare. A truncated command stays on its session's pool.
func (f *switching) OnCommand(_ context.Context, c *core.Command) (core.Verdict, error) {
	if c.Truncated() || !hasText(c.Code) {
		return core.Continue(), nil
	}
	if f.hints {
		if v, ok := f.set(c); ok {
			return v, nil
		}
	}
	if f.away(c.Session) {
		if v, refused := f.confine(c); refused {
			return v, nil
		}
	}
	if f.hints {
		h, err := f.hint(c)
		if err != nil {
			return f.refuse("%v", err), nil
		}
		if h.to != nowhere {
			return f.follow(c, h), nil
		}
	}
	for i := range f.commands {
		if r := &f.commands[i]; r.matchesCommand(c, f.safe) {
			c.Slot().N = uint64(i) + 1
			f.send(c, r, f.safe)
			break
		}
	}
	if f.lazy && c.Pool == c.Session.Pool && plain(c) {
		c.Hold = true
	}
	return core.Continue(), nil
}

// send has the command go where the rule says. What only reads does as well at home if that
// pool can't take it; anything else is better refused than done in another place. And in a
// transaction it does not choose the place: what follows may write.
func (f *switching) send(c *core.Command, r *rule, safe safety) {
	reads := safe.all(c.Statement())
	if reads && (open(c.Session) || !serves(c.Session.Pools.Pool(r.pool))) {
		return
	}
	if c.Pool = r.pool; reads {
		f.freshen(c, r.level)
	}
}

// freshen says how much a command must see that only reads, and not at home.
func (f *switching) freshen(c *core.Command, level core.Consistency) {
	if level != core.ConsistencyOff && c.Pool != c.Session.Pool {
		c.Consistency, c.Patience = level, f.wait
	}
}

// OnDone counts where a command went that a rule matched: only now the proxy has said
// whether it might leave its session's pool. A session that was reset has lost its
// variables, and so its hint.
func (f *switching) OnDone(c *core.Command, o *core.Outcome) {
	if f.hints && c.Code == core.ResetConnection && o.Err == nil {
		c.Session.Keep(f.metrics, nil)
	}
	if known := c.Known(); known != nil && c.Pool != c.Session.Pool && hasText(c.Code) && c.Code != core.Prepare && begins(known) {
		f.keep(c.Session).away = open(c.Session)
	}
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

func hasText(c core.Code) bool {
	switch c {
	case core.Query, core.Prepare, core.Execute, core.BulkExecute:
		return true
	}
	return false
}

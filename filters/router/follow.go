package router

import (
	"fmt"

	"github.com/dbmesh/dbmesh/core"
)

// follow does what a hint says.
func (f *switching) follow(c *core.Command, h hint) core.Verdict {
	switch h.to {
	case replica:
		return f.toReplica(c)
	case primary:
		c.Pool = c.Session.Pool
	case named:
		if string(h.pool) == c.Pool {
			break
		}
		name := f.known(c.Session, h.pool)
		p := c.Session.Pools.Pool(name)
		if p == nil {
			return f.refuse("the hint names pool %q, which does not exist", h.pool)
		}
		c.Pool = p.Name
		if f.level != core.ConsistencyOff && safety(provedOrReadOnly).all(c.Statement()) {
			f.freshen(c, f.level)
		}
	}
	f.followed.Inc()
	return core.Continue()
}

// toReplica sends a command where the first rule for reads does that matches it. What is
// not proved to be safe goes home, unless the config trusts the hint.
func (f *switching) toReplica(c *core.Command) core.Verdict {
	c.Pool = c.Session.Pool
	facts, safe := c.Statement(), safety(provedOrReadOnly)
	if f.force {
		safe = forced
	}
	if open(c.Session) || !safe.all(facts) {
		f.home.Inc()
		return core.Continue()
	}
	atHome := false
	for i := range f.commands {
		r := &f.commands[i]
		if !r.reads() || !r.matchesCommand(c, safe) {
			continue
		}
		if r.pool == c.Session.Pool {
			atHome = true
			continue
		}
		if f.send(c, r, safe); c.Pool == r.pool {
			f.followed.Inc()
		} else {
			f.home.Inc()
		}
		return core.Continue()
	}
	if !atHome {
		return f.refuse("the hint asks for a replica, but no rule with read_safe: true matches the statement and says where replicas are")
	}
	f.followed.Inc()
	return core.Continue()
}

// known is a pool's name as text. The names that rules have make no garbage, nor does the
// one that the session named before.
func (f *switching) known(s *core.Session, pool []byte) string {
	for i := range f.commands {
		if name := f.commands[i].pool; name == string(pool) {
			return name
		}
	}
	k := f.keep(s)
	if k.named != string(pool) {
		k.named = string(pool)
	}
	return k.named
}

func (f *switching) refuse(format string, args ...any) core.Verdict {
	f.refused.Inc()
	return core.Deny(1105, "HY000", fmt.Sprintf("dbmesh: filter %q: %s; see /api/v1/backends for the pools", f.name, fmt.Sprintf(format, args...)))
}

// serves says whether the pool can take commands.
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

package config

import (
	"fmt"
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

// pooling checks how a pool's connections are shared, and what is set and watched on them.
func (v validator) pooling(p *core.PoolSettings, at string) {
	s := &p.Pooling
	v.oneOf(at+".pooling.mode", s.Mode, "session", "transaction")
	v.atLeast(at+".pooling.max", s.Max, 1)
	v.atLeast(at+".pooling.max_per_user", s.MaxPerUser, 0)
	v.atLeast(at+".pooling.min_idle", s.MinIdle, 0)
	if s.MinIdle > s.Max {
		v.add(at+".pooling.min_idle", "is more than pooling.max (%d)", s.Max)
	}
	v.atLeast(at+".pooling.max_logins", s.MaxLogins, 1)
	v.atLeast(at+".pooling.queue_timeout", s.QueueTimeout, 1)
	v.atLeast(at+".pooling.max_life", s.MaxLife, 0)
	v.atLeast(at+".pooling.max_idle", s.MaxIdle, 0)
	v.atLeast(at+".pooling.keepalive", s.Keepalive, 0)
	v.atLeast(at+".pooling.linger", s.Linger, 0)
	v.atLeast(at+".pooling.max_statements", s.MaxStatements, 1)
	v.variables(p, at)
	v.oneOf(at+".compression", p.Compression, "off", "zlib", "zstd")
	v.atLeast(at+".replication.max_lag", p.Replication.MaxLag, 0)
	v.atLeast(at+".replication.interval", p.Replication.Interval, 1)
	v.atLeast(at+".replication.window", p.Replication.Window, 0)
	if p.Replication.MaxLag > 0 && p.Control.User == "" {
		v.add(at+".replication.max_lag", "needs an account to look with: set control.user")
	}
}

// variables checks what is set on each connection. To name one twice is seldom meant, and
// servers take it: the last value holds.
func (v validator) variables(p *core.PoolSettings, at string) {
	first := make(map[string]int)
	for i, x := range p.Variables {
		at := fmt.Sprintf("%s.variables[%d]", at, i)
		if x.Name == "" || strings.Trim(strings.ToLower(x.Name), "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			v.add(at+".name", "%q is no name of a variable", x.Name)
		}
		if x.Value == "" {
			v.add(at+".value", "a variable needs a value, as SQL has it")
		}
		name := strings.ToLower(x.Name) // as servers read it
		if before, twice := first[name]; twice {
			v.doc.warn(at+".name", "variables[%d] sets %s already; the value here takes its place", before, name)
		}
		first[name] = i
	}
}

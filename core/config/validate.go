package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

// validator checks what only the whole config shows, and fills in what follows from it.
type validator struct {
	*Config
	*problems
}

func (v validator) all() {
	if len(v.Listeners) == 0 {
		v.add("listeners", "there is no listener; one is enough: - address: 127.0.0.1:6033")
	}
	if len(v.Pools) == 0 {
		v.add("pools", "there is no pool, so no backend")
	}
	if len(v.Chains) == 0 && v.doc.root != nil {
		v.add("chains", "there is no chain; leave the key out for the usual one")
	}
	for i := range v.Pools {
		v.pool(&v.Pools[i], fmt.Sprintf("pools[%d]", i))
	}
	for i := range v.Listeners {
		v.listener(&v.Listeners[i], fmt.Sprintf("listeners[%d]", i))
	}
	unique(v, "listeners", "name", v.Listeners, func(l core.ListenerSettings) string { return l.Name })
	unique(v, "listeners", "address", v.Listeners, listenAddress)
	unique(v, "pools", "name", v.Pools, func(p core.PoolSettings) string { return p.Name })
	unique(v, "chains", "name", v.Chains, func(c core.ChainSettings) string { return c.Name })
	for i, c := range v.Chains {
		if c.Name == "" {
			v.add(fmt.Sprintf("chains[%d].name", i), "a chain needs a name")
		}
	}
	v.rest()
}

func (v validator) rest() {
	v.oneOf("log.level", v.Log.Level, "debug", "info", "warn", "error")
	v.oneOf("log.format", v.Log.Format, "text", "json")
	if v.Admin.Address != "" {
		v.address("admin.address", v.Admin.Address, adminPort)
		if v.Admin.Pprof && !loopback(v.Admin.Address) {
			v.doc.warn("admin.pprof", "profiles are served on %s, which others can reach", v.Admin.Address)
		}
	}
	v.atLeast("loops", v.Loops, 0)
	v.atLeast("limits.inspect_limit", v.Limits.InspectLimit, 1)
	v.atLeast("limits.facts_cache", v.Limits.FactsCache, 1)
	v.atLeast("limits.max_statements", v.Limits.MaxStatements, 1)
	v.atLeast("limits.max_all_statements", v.Limits.MaxAllStatements, 1)
	v.atLeast("limits.max_logins", v.Limits.MaxLogins, 1)
}

func (v validator) listener(l *core.ListenerSettings, at string) {
	if l.Address == "" {
		v.add(at+".address", "a listener needs an address")
	} else {
		v.address(at+".address", l.Address, listenPort)
	}
	if l.Name == "" {
		l.Name = l.Address
	}
	l.Chain = refer(v, at+".chain", l.Chain, "chain", v.Chains, func(c core.ChainSettings) string { return c.Name })
	l.Pool = refer(v, at+".pool", l.Pool, "pool", v.Pools, func(p core.PoolSettings) string { return p.Name })
	for i, network := range l.ProxyProtocol {
		v.network(fmt.Sprintf("%s.proxy_protocol_from[%d]", at, i), network)
	}
	if strings.ContainsFunc(l.ServerVersion, func(r rune) bool { return r < ' ' || r > '~' }) {
		v.add(at+".server_version", "may hold printable ASCII only")
	}
	v.atLeast(at+".max_sessions", l.MaxSessions, 0)
	v.atLeast(at+".max_sessions_per_user", l.MaxSessionsPerUser, 0)
	v.atLeast(at+".login_timeout", l.LoginTimeout, 1)
	for i, c := range l.Compression {
		v.oneOf(fmt.Sprintf("%s.compression[%d]", at, i), c, "zlib", "zstd")
	}
	v.serverTLS(&l.TLS, at+".tls")
}

func (v validator) pool(p *core.PoolSettings, at string) {
	if p.Name == "" {
		v.add(at+".name", "a pool needs a name")
	}
	if len(p.Backends) == 0 {
		v.add(at+".backends", "a pool needs at least one backend: - address: 127.0.0.1:3306")
	}
	for i := range p.Backends {
		b := &p.Backends[i]
		at := fmt.Sprintf("%s.backends[%d]", at, i)
		if b.Address == "" {
			v.add(at+".address", "a backend needs an address")
		} else {
			v.address(at+".address", b.Address, backendPort)
		}
		if b.Name == "" {
			b.Name = b.Address
		}
		if b.Weight != nil {
			v.atLeast(at+".weight", *b.Weight, 0)
		}
	}
	unique(v, at+".backends", "name", p.Backends, func(b core.BackendSettings) string { return b.Name })
	v.atLeast(at+".connect_timeout", p.ConnectTimeout, 1)
	v.oneOf(at+".proxy_protocol", p.ProxyProtocol, "off", "v1", "v2")
	if p.Control.User == "" && !p.Control.Password.IsZero() {
		v.add(at+".control.password", "belongs to no user; set control.user")
	}
	v.atLeast(at+".health.interval", p.Health.Interval, 1)
	v.atLeast(at+".health.timeout", p.Health.Timeout, 1)
	v.atLeast(at+".health.fall", p.Health.Fall, 1)
	v.atLeast(at+".health.rise", p.Health.Rise, 1)
	v.pooling(p, at)
	v.publicKey(&p.PublicKey, at+".public_key")
	v.clientTLS(p, at+".tls")
}

func (v validator) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		last := len(allowed) - 1
		v.add(key, "is %q, want %s or %s", value, strings.Join(allowed[:last], ", "), allowed[last])
	}
}

// unique reports elements of a list that have the name of an earlier one.
func unique[T any](v validator, list, key string, elements []T, name func(T) string) {
	first := make(map[string]int)
	for i, e := range elements {
		j, twice := first[name(e)]
		if twice && name(e) != "" {
			_, line := v.Config.where(fmt.Sprintf("%s[%d]", list, j))
			v.add(fmt.Sprintf("%s[%d].%s", list, i, key), "%q is taken by %s[%d] in line %d", name(e), list, j, line)
			continue
		}
		first[name(e)] = i
	}
}

// refer checks a name that must be in a list, and gives the only one where none is written.
func refer[T any](v validator, key, value, what string, list []T, name func(T) string) string {
	var known []string
	for _, e := range list {
		if n := name(e); n != "" && !slices.Contains(known, n) {
			known = append(known, n)
		}
	}
	switch {
	case value == "" && len(known) == 1:
		return known[0]
	case value == "" && len(known) > 1:
		v.add(key, "say which %s: %s", what, strings.Join(known, ", "))
	case value != "" && !slices.Contains(known, value):
		v.add(key, "there is no %s %q, only %s", what, value, orNone(known))
	}
	return value
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

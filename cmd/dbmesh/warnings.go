package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/config"
	"github.com/dbmesh/dbmesh/filters/auth"
	"github.com/dbmesh/dbmesh/filters/router"
)

// warnings is all of a config that is allowed and seldom meant, as far as it shows without
// a server.
func warnings(cfg *config.Config) []string {
	return slices.Concat(cfg.Warnings, unasked(cfg), unshared(cfg), idle(cfg))
}

// route is one way for sessions to begin: through a listener and its chain, at home in a pool.
type route struct {
	listener, chain, pool string
	passthrough           bool // dbmesh can't log in for them
	leaves                bool // a link may send their statements to any other pool
}

// routes are all of a config. A login rule of a router may or may not match, so that the
// listener's own pool is always among them.
func routes(cfg *config.Config) []route {
	var all []route
	for _, l := range cfg.Listeners {
		r := route{listener: l.Name, chain: l.Chain, pool: l.Pool}
		pools := []string{l.Pool}
		for _, chain := range cfg.Chains {
			if chain.Name != l.Chain {
				continue
			}
			for _, spec := range chain.Links {
				switch spec.Kind {
				case "auth":
					r.passthrough = auth.Passthrough(spec.Decode)
				case "router":
					pools = append(pools, router.Homes(spec.Decode)...)
					r.leaves = true
				case "wasm":
					r.leaves = true
				}
			}
		}
		for i, pool := range pools {
			if r.pool = pool; !slices.Contains(pools[:i], pool) {
				all = append(all, r)
			}
		}
	}
	return all
}

// shares says whether sessions of the route borrow connections.
func (r route) shares(cfg *config.Config) bool {
	return !r.passthrough && slices.ContainsFunc(cfg.Pools, func(p core.PoolSettings) bool {
		return p.Name == r.pool && p.Pooling.Shares()
	})
}

// unshared are warnings about pools that were to share connections, and to which clients
// log in themselves.
func unshared(cfg *config.Config) []string {
	all := routes(cfg)
	var texts []string
	for i, p := range cfg.Pools {
		for _, r := range all {
			if r.passthrough && r.pool == p.Name && p.Pooling.Shares() {
				texts = append(texts, cfg.Warning(fmt.Sprintf("pools[%d].pooling.mode", i),
					"is transaction, but sessions of listener %q log in to the backend themselves (chain %q, auth mode passthrough), "+
						"so that each has a connection of its own: to share, dbmesh must log in, with auth mode list", r.listener, r.chain))
			}
		}
	}
	return texts
}

// idle are warnings about keys that are for shared connections, of pools where no session
// shares any. A session that shares does so in each pool to which it is sent.
func idle(cfg *config.Config) []string {
	all := routes(cfg)
	var texts []string
	for i, p := range cfg.Pools {
		if p.Pooling.Shares() || slices.ContainsFunc(all, func(r route) bool { return r.leaves && r.shares(cfg) }) {
			continue
		}
		at := fmt.Sprintf("pools[%d]", i)
		names := slices.DeleteFunc(cfg.Written(at+".pooling"), func(name string) bool { return name == "mode" })
		for j, name := range names {
			names[j] = "pooling." + name
		}
		if len(p.Variables) > 0 {
			names = append(names, "variables")
		}
		if len(names) > 0 {
			texts = append(texts, cfg.Warning(at+"."+names[0], "has no effect with pooling.mode session%s", others(names[1:])))
		}
	}
	return texts
}

// others names further keys of which the same is true.
func others(names []string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return ", nor has " + names[0]
	}
	return ", nor have " + strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

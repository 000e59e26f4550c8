package main

import (
	"fmt"
	"slices"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/config"
	"github.com/dbmesh/dbmesh/filters/router"
)

// unasked are warnings about pools of reads for which a router wants consistency, and whose
// servers nobody can ask what they have: they or those of the sessions' own pool lack a
// control account.
func unasked(cfg *config.Config) []string {
	var all []string
	for i, chain := range cfg.Chains {
		for j, spec := range chain.Links {
			if spec.Kind != "router" {
				continue
			}
			for _, pool := range router.Consistent(spec.Decode) {
				for _, name := range append(homes(cfg, chain.Name), pool) {
					text := cfg.Warning(fmt.Sprintf("chains[%d].links[%d]", i, j),
						"wants consistency of reads in pool %q, but pool %q has no control.user to ask its servers with: "+
							"such reads go by replication.window alone, or stay in the session's own pool", pool, name)
					if !controlled(cfg, name) && !slices.Contains(all, text) {
						all = append(all, text)
					}
				}
			}
		}
	}
	return all
}

// homes are the pools where sessions that pass the chain are at home, as listeners say.
func homes(cfg *config.Config, chain string) []string {
	var pools []string
	for _, l := range cfg.Listeners {
		if l.Chain == chain {
			pools = append(pools, l.Pool)
		}
	}
	return pools
}

func controlled(cfg *config.Config, pool string) bool {
	return slices.ContainsFunc(cfg.Pools, func(p core.PoolSettings) bool { return p.Name == pool && p.Control.User != "" })
}

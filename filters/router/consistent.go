package router

import "github.com/dbmesh/dbmesh/core"

// Consistent gives the pools to which a link with this config sends reads that must have
// seen something. A config that is wrong has none.
func Consistent(decode core.Decode) []string {
	var c config
	if decode == nil || decode(&c) != nil {
		return nil
	}
	level, err := consistency(c.Consistency, core.ConsistencyOff)
	if err != nil {
		return nil
	}
	var pools []string
	for _, r := range c.Rules {
		if r.When.login() {
			continue
		}
		if own, err := consistency(r.Consistency, level); err == nil && own != core.ConsistencyOff {
			pools = append(pools, r.Pool)
		}
	}
	return pools
}

// Homes gives the pools where a link with this config has sessions begin, in the place of
// their listener's. A config that is wrong has none.
func Homes(decode core.Decode) []string {
	var c config
	if decode == nil || decode(&c) != nil {
		return nil
	}
	var pools []string
	for _, r := range c.Rules {
		if r.When.login() {
			pools = append(pools, r.Pool)
		}
	}
	return pools
}

// login says that the rule is asked at logins, and not about commands.
func (w *when) login() bool {
	return w.ReadSafe == nil && w.Kind == nil && w.Tables == nil && w.Digest == nil
}

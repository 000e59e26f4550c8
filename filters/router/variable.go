package router

import (
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

// variable is the query attribute and the user variable that hold hints.
const variable = "dbmesh"

// kept is what a session keeps between its commands, over generations of the link.
type kept struct {
	hint         // as SET @dbmesh says
	named string // the pool that a hint named last
	away  bool   // a READ ONLY transaction runs in another pool
}

func (f *switching) keep(s *core.Session) *kept {
	k, ok := s.Kept(f.metrics).(*kept)
	if !ok {
		k = &kept{}
		s.Keep(f.metrics, k)
	}
	return k
}

// set takes what a command assigns to @dbmesh, which is dbmesh's own: the server gets none
// of it, for a user variable would keep the session on one connection. It says false if the
// command does not touch it.
func (f *switching) set(c *core.Command) (core.Verdict, bool) {
	facts := c.Statement()
	if len(facts.UserVarsSet) == 0 || !slices.Contains(facts.UserVarsSet, variable) {
		return core.Verdict{}, false
	}
	if c.Code != core.Query || facts.Kind != core.StatementSet || facts.Opaque ||
		len(facts.Assignments) != 1 || len(facts.SystemVarsSet) > 0 || !facts.Assignments[0].Literal {
		return f.refuse("%v", errVariable), true
	}
	value := facts.Assignments[0].Value
	var h hint
	if !strings.EqualFold(value, "null") {
		var ok bool
		if h, ok = parseHint([]byte(value)); !ok {
			return f.refuse("%v", errVariable), true
		}
	}
	f.keep(c.Session).hint = h
	return core.Answer(f.done), true
}

// hint finds the hint that a command follows: its comment's, else its attribute's, else the
// session's.
func (f *switching) hint(c *core.Command) (hint, error) {
	if h, err := commented(c.SQL); err != nil || h.to != nowhere {
		return h, err
	}
	if text, ok := c.Attribute(variable); ok {
		h, ok := parseHint(text)
		if !ok {
			return hint{}, errAttribute
		}
		return h, nil
	}
	if k, ok := c.Session.Kept(f.metrics).(*kept); ok {
		return k.hint, nil
	}
	return hint{}, nil
}

package stmt

import (
	"slices"

	"github.com/dbmesh/dbmesh/core"
)

// maxNames is how many different names of one sort a statement may have: each is compared
// with those before it. What has as many is opaque.
const maxNames = 500

// once adds one to all if it is not there yet, and there is room.
func once[T comparable](all []T, one T) []T {
	if len(all) >= maxNames || slices.Contains(all, one) {
		return all
	}
	return append(all, one)
}

// names notes a table of the statement.
func (s *statement) names(t core.Table) { s.facts.Tables = once(s.facts.Tables, t) }

// calls notes a function, given in lower case, if it matters.
func (s *statement) calls(name string) {
	if !harmless(name, s.mode) {
		s.facts.Functions = once(s.facts.Functions, name)
	}
}

// takes adds what a statement inside this one names.
func (s *statement) takes(f *core.Facts) { join(&s.facts, f) }

// join adds what one statement names, locks and leaves unclear to the facts of another
// that holds it.
func join(to, f *core.Facts) {
	to.Tables = union(to.Tables, f.Tables)
	to.Functions = union(to.Functions, f.Functions)
	to.UserVarsRead = union(to.UserVarsRead, f.UserVarsRead)
	to.UserVarsSet = union(to.UserVarsSet, f.UserVarsSet)
	to.SystemVarsRead = union(to.SystemVarsRead, f.SystemVarsRead)
	to.SystemVarsSet = union(to.SystemVarsSet, f.SystemVarsSet)
	to.Locking = to.Locking || f.Locking
	to.Into = max(to.Into, f.Into)
	to.Hangup = to.Hangup || f.Hangup
	if f.Opaque && !to.Opaque {
		to.Opaque, to.OpaqueReason = true, f.OpaqueReason
	}
}

// union adds all of from.
func union[T comparable](to, from []T) []T {
	for _, one := range from {
		to = once(to, one)
	}
	return to
}

// full says whether the facts have as many names of a sort as there is room for.
func full(f *core.Facts) bool {
	return max(len(f.Tables), len(f.Functions), len(f.UserVarsRead), len(f.UserVarsSet), len(f.SystemVarsRead),
		len(f.SystemVarsSet)) >= maxNames
}

const tooMany = "it has too many names"

// opaque notes that the statement is not understood for sure; the first reason stays.
func (s *statement) opaque(reason string) {
	if !s.facts.Opaque {
		s.facts.Opaque, s.facts.OpaqueReason = true, reason
	}
}

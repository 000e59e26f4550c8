package stmt

import (
	"slices"

	"github.com/dbmesh/dbmesh/core"
)

// once adds one to all if it is not there yet.
func once[T comparable](all []T, one T) []T {
	if slices.Contains(all, one) {
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
func (s *statement) takes(f *core.Facts) {
	to := &s.facts
	for _, t := range f.Tables {
		to.Tables = once(to.Tables, t)
	}
	to.Functions = union(to.Functions, f.Functions)
	to.UserVarsRead = union(to.UserVarsRead, f.UserVarsRead)
	to.UserVarsSet = union(to.UserVarsSet, f.UserVarsSet)
	to.SystemVarsRead = union(to.SystemVarsRead, f.SystemVarsRead)
	to.SystemVarsSet = union(to.SystemVarsSet, f.SystemVarsSet)
	to.Locking = to.Locking || f.Locking
	to.Into = max(to.Into, f.Into)
	if f.Opaque {
		s.opaque(f.OpaqueReason)
	}
}

func union(to, from []string) []string {
	for _, one := range from {
		to = once(to, one)
	}
	return to
}

// opaque notes that the statement is not understood for sure; the first reason stays.
func (s *statement) opaque(reason string) {
	if !s.facts.Opaque {
		s.facts.Opaque, s.facts.OpaqueReason = true, reason
	}
}

package router

import (
	"slices"

	"github.com/dbmesh/dbmesh/core"
)

// A READ ONLY transaction that runs on a replica is nothing to the primary. What would be the
// same in it there goes on; what would end it, or would be missed at home behind it, is refused.

// begins says whether one of the statements begins a READ ONLY transaction.
func begins(f *core.Facts) bool {
	if f.Kind != core.StatementMulti {
		return readOnly(f)
	}
	for _, part := range f.Parts {
		if readOnly(part) {
			return true
		}
	}
	return false
}

// away says whether a READ ONLY transaction of the session runs in another pool than its own.
func (f *switching) away(s *core.Session) bool {
	k, ok := s.Kept(f.metrics).(*kept)
	if !ok || !k.away {
		return false
	}
	k.away = open(s)
	return k.away
}

// confine answers what such a transaction can't have; false for all else.
func (f *switching) confine(c *core.Command) (core.Verdict, bool) {
	facts := c.Statement()
	if facts.Kind != core.StatementMulti {
		return f.confineOne(facts)
	}
	for _, part := range facts.Parts {
		if v, refused := f.confineOne(part); refused {
			return v, true
		}
	}
	if facts.Opaque {
		return f.confineOne(facts)
	}
	return core.Verdict{}, false
}

func (f *switching) confineOne(facts *core.Facts) (core.Verdict, bool) {
	if facts.Opaque {
		return f.strays("it is not understood"), true
	}
	if facts.Access == core.AccessWrite || writes(facts) {
		return core.Deny(1792, "25006", "Cannot execute statement in a READ ONLY transaction"), true
	}
	switch facts.Kind {
	case core.StatementEmpty, core.StatementUse, core.StatementCommit, core.StatementRollback, core.StatementSavepoint, core.StatementKill:
		return core.Verdict{}, false
	case core.StatementSet:
		if len(facts.Assignments) == 1 && facts.Assignments[0].Name == "names" {
			return core.Verdict{}, false
		}
	case core.StatementSelect, core.StatementShow, core.StatementExplain, core.StatementAnalyze, core.StatementDo:
		if asksOfInsert(facts) {
			return f.strays("it asks for the last insert id, which another server gave"), true
		}
		if facts.Creates&core.Lasting == 0 {
			return core.Verdict{}, false
		}
	}
	return f.strays("what it does would be missed, or end the transaction"), true
}

func asksOfInsert(facts *core.Facts) bool {
	return slices.Contains(facts.Functions, "last_insert_id") || slices.Contains(facts.SystemVarsRead, "last_insert_id") ||
		slices.Contains(facts.SystemVarsRead, "identity")
}

func writes(facts *core.Facts) bool {
	if facts.Kind != core.StatementSelect && facts.Kind != core.StatementAnalyze {
		return false
	}
	for i := range facts.Tables {
		if facts.Tables[i].Writes {
			return true
		}
	}
	return false
}

func (f *switching) strays(why string) core.Verdict {
	return core.Deny(1105, "HY000", "dbmesh: filter \""+f.name+"\": a READ ONLY transaction that runs on a replica (read_only_transactions) can't have this statement: "+
		why+"; send it before the transaction begins, or behind its end")
}

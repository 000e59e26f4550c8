package stmt

import (
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

// start is the token that the statement itself begins with, behind any SET STATEMENT ...
// FOR, which is MariaDB's: variables that last for the one statement.
func (s *statement) start() int {
	i := 0
	for s.setsForStatement(i) {
		end := s.forAt(i + 2)
		if end < 0 {
			break
		}
		i = end + 1
	}
	return i
}

func (s *statement) setsForStatement(i int) bool {
	return s.words(i, "set", "statement") && !s.assigns(i+2)
}

// assigns says whether the i-th token is = or :=.
func (s *statement) assigns(i int) bool { return s.sign(i, "=") || s.sign(i, ":=") }

// forAt finds the FOR that ends the variables of a SET STATEMENT, -1 if there is none.
func (s *statement) forAt(i int) int {
	depth := 0
	for ; i < len(s.tokens); i++ {
		switch {
		case s.sign(i, "("):
			depth++
		case s.sign(i, ")"):
			depth--
		case depth == 0 && s.word(i, "for"):
			return i
		}
	}
	return -1
}

// set finds what a SET assigns, and the variables of a SET STATEMENT ... FOR.
func (s *statement) set() {
	i := 0
	for s.setsForStatement(i) {
		end := s.forAt(i + 2)
		if end < 0 {
			s.opaque("a SET STATEMENT without its FOR")
			return
		}
		s.setForStatement(i+2, end)
		i = end + 1
	}
	if !s.word(i, "set") {
		return
	}
	r := setter{statement: s, i: i + 1, end: len(s.tokens)}
	if s.sign(r.end-1, ";") {
		r.end--
	}
	r.forms()
	s.facts.Access = r.access()
}

// setForStatement reads the variables of one SET STATEMENT. They are no Assignments: after
// the statement they are what they were before.
func (s *statement) setForStatement(i, end int) {
	inner := setter{statement: &statement{mode: s.mode, sql: s.sql, tokens: s.tokens}, i: i, end: end}
	inner.list()
	set := inner.facts
	if set.Opaque || len(set.UserVarsSet) > 0 {
		s.opaque("a SET STATEMENT whose variables can't be read")
	}
	for _, a := range set.Assignments {
		s.facts.SystemVarsSet = once(s.facts.SystemVarsSet, a.Name)
		hides := s.word(end+1, "prepare") || s.word(end+1, "execute")
		if hides && effectOf(a).Has(core.EffectSQLMode) {
			s.opaque("a SET STATEMENT changes sql_mode, by which a text inside the statement is read")
		}
	}
}

// setter reads the assignments of one SET.
type setter struct {
	*statement
	i, end int
	// scope is the last that stood before a variable as a word. It goes on to the
	// variables that follow without one, but not in TiDB.
	scope core.Scope
}

// access is that of the strictest assignment.
func (r *setter) access() core.Access {
	access := core.AccessSession
	for _, a := range r.facts.Assignments {
		switch {
		case a.Name == "password" || a.Name == "default":
			access = stricter(access, core.AccessSchema)
		case a.Scope == core.ScopeGlobal:
			access = stricter(access, core.AccessAdmin)
		}
	}
	return access
}

func (r *setter) done() bool { return r.i >= r.end }

// forms reads what stands alone behind a SET, and else the list.
func (r *setter) forms() {
	switch i := r.i; {
	case r.done():
		r.opaque("a SET of nothing")
	case r.assigns(i + 1):
		r.list()
	case r.word1("transaction"):
		r.transaction(core.ScopeNext)
	case r.words(i, "global", "transaction"):
		r.i += 2
		r.transaction(core.ScopeGlobal)
	case r.words(i, "session", "transaction"), r.words(i, "local", "transaction"):
		r.i += 2
		r.transaction(core.ScopeSession)
	case r.words(i, "default", "role"):
		r.alone(core.ScopeGlobal)
	case r.words(i, "resource", "group"):
		r.resourceGroup()
	case r.mode.Flavour == TiDB && (r.statement.word(i, "config") || r.statement.word(i, "binding")):
		r.alone(core.ScopeGlobal)
	case r.mode.Flavour == TiDB && r.statement.word(i, "session_states"), r.words(i, "session", "authorization"):
		r.alone(core.ScopeSession)
	default:
		r.list()
	}
}

// word1 says whether the next token is the keyword, and goes past it if so.
func (r *setter) word1(keyword string) bool {
	if !r.done() && r.statement.word(r.i, keyword) {
		r.i++
		return true
	}
	return false
}

// alone is a form that is named by its first word and whose rest says nothing here.
func (r *setter) alone(scope core.Scope) {
	r.add(core.Assignment{Name: strings.ToLower(string(r.text(r.i))), Scope: scope})
	r.i = r.end
}

// resourceGroup is the session's own, or in MySQL with FOR that of other threads.
func (r *setter) resourceGroup() {
	scope := core.ScopeSession
	if r.statement.word(r.i+3, "for") {
		scope = core.ScopeGlobal
	}
	r.alone(scope)
}

// transaction reads the characteristics of SET [scope] TRANSACTION.
func (r *setter) transaction(scope core.Scope) {
	a := core.Assignment{Name: "transaction", Scope: scope, Literal: true}
	for {
		part, variable := r.characteristic()
		if part == "" {
			r.opaque("a SET TRANSACTION whose characteristics are not known")
			return
		}
		if a.Value != "" {
			a.Value += ", "
		}
		a.Value += part
		r.facts.SystemVarsSet = once(r.facts.SystemVarsSet, variable)
		if r.word1("as") { // TiDB's AS OF TIMESTAMP and an expression
			a.Value, a.Literal, r.i = "", false, r.end
		}
		if r.done() {
			break
		}
		if !r.sign(r.i, ",") {
			r.opaque("a SET TRANSACTION with more than characteristics")
			return
		}
		r.i++
	}
	r.facts.Assignments = append(r.facts.Assignments, a)
}

// characteristic reads one and names the variable that it sets, "" if it is not known.
func (r *setter) characteristic() (words, variable string) {
	for _, c := range [...]struct{ words, variable string }{
		{"read only", "transaction_read_only"},
		{"read write", "transaction_read_only"},
		{"isolation level read uncommitted", "transaction_isolation"},
		{"isolation level read committed", "transaction_isolation"},
		{"isolation level repeatable read", "transaction_isolation"},
		{"isolation level serializable", "transaction_isolation"},
	} {
		if n := strings.Count(c.words, " ") + 1; r.i+n <= r.end && r.words(r.i, strings.Fields(c.words)...) {
			r.i += n
			return c.words, c.variable
		}
	}
	return "", ""
}

package stmt

import (
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

// list reads assignments that commas separate.
func (r *setter) list() {
	for {
		if !r.item() {
			r.opaque("a SET with an assignment that can't be read")
			return
		}
		if r.done() {
			return
		}
		if !r.sign(r.i, ",") {
			r.opaque("a SET with more than assignments")
			return
		}
		r.i++
	}
}

// item reads one assignment of a list.
func (r *setter) item() bool {
	if r.done() {
		return false
	}
	switch t := r.tokens[r.i]; t.Kind {
	case UserVar:
		name := userVar(t.Text(r.sql), r.mode)
		r.i++
		return name != "" && r.assign(core.ScopeUser, name)
	case SystemVar:
		return r.systemVar(strings.ToLower(name(t.Text(r.sql)[2:])), t.Text(r.sql)[2:])
	case QuotedName:
		return r.variable()
	case Word:
		return r.keyword()
	}
	return false
}

// keyword reads an assignment that begins with a word: a variable's name, its scope, or
// one of the forms that have a place in a list.
func (r *setter) keyword() bool {
	if r.assigns(r.i+1) && !r.words(r.i, "password") || r.sign(r.i+1, ".") {
		return r.variable()
	}
	switch {
	case r.word1("names"):
		return r.setNames()
	case r.word1("charset"):
		return r.setCharset()
	case r.words(r.i, "character", "set"), r.words(r.i, "char", "set"):
		r.i += 2
		return r.setCharset()
	case r.word1("role"):
		return r.setRole()
	case r.word1("password"):
		// The value is a secret. It has no commas but in brackets.
		r.add(core.Assignment{Name: "password", Scope: core.ScopeGlobal})
		return r.expression()
	case r.word1("global"), r.word1("persist"), r.word1("persist_only"):
		r.scope = core.ScopeGlobal
	case r.word1("session"), r.word1("local"):
		r.scope = core.ScopeSession
	default:
		return false
	}
	k := r.tokens[min(r.i, len(r.tokens)-1)].Kind
	return !r.done() && (k == Word || k == QuotedName) && r.named(r.scope)
}

// variable reads an assignment to a variable without a scope.
func (r *setter) variable() bool {
	scope := r.scope
	if scope == core.ScopeGlobal {
		switch r.mode.Flavour {
		case TiDB:
			scope = core.ScopeSession
		case FlavourUnknown:
			r.opaque("a SET GLOBAL with variables that are global for some servers only")
		}
	}
	return r.named(scope)
}

// systemVar reads an assignment to @@name, or to @@ and a scope and a name. A scope in
// quotes is a name.
func (r *setter) systemVar(name string, text []byte) bool {
	r.i++
	scope, scoped := core.ScopeSession, len(text) > 0 && text[0] != '`' && r.sign(r.i, ".")
	if scoped {
		switch name {
		case "global", "persist", "persist_only":
			scope = core.ScopeGlobal
		case "session", "local":
		default:
			scoped = false
		}
	}
	if scoped {
		r.i++
		return !r.done() && r.named(scope)
	}
	if name == "" {
		return false
	}
	if r.mode.Flavour != TiDB && nextOnly(name) {
		scope = core.ScopeNext
	}
	return r.rest(scope, name)
}

// nextOnly says whether an assignment to @@name is for the next transaction alone.
func nextOnly(name string) bool {
	switch name {
	case "tx_isolation", "transaction_isolation", "tx_read_only", "transaction_read_only":
		return true
	}
	return false
}

// named reads a variable's name and what is assigned.
func (r *setter) named(scope core.Scope) bool {
	if k := r.tokens[r.i].Kind; k != Word && k != QuotedName {
		return false
	}
	first := strings.ToLower(name(r.text(r.i)))
	r.i++
	return r.rest(scope, first)
}

// rest reads what follows the first part of a name: parts behind dots, and the value.
func (r *setter) rest(scope core.Scope, variable string) bool {
	for !r.done() && r.sign(r.i, ".") {
		if r.i++; r.done() {
			return false
		}
		if k := r.tokens[r.i].Kind; k != Word && k != QuotedName {
			return false
		}
		variable += "." + strings.ToLower(name(r.text(r.i)))
		r.i++
	}
	return r.assign(scope, variable)
}

// assign reads the sign and the value.
func (r *setter) assign(scope core.Scope, variable string) bool {
	if r.done() || !r.assigns(r.i) {
		return false
	}
	r.i++
	from := r.i
	if !r.expression() {
		return false
	}
	value, literal := r.value(from, r.i, scope == core.ScopeUser)
	r.add(core.Assignment{Name: variable, Scope: scope, Value: value, Literal: literal})
	return true
}

// expression goes to the comma that ends it.
func (r *setter) expression() bool {
	from, depth := r.i, 0
	for ; !r.done(); r.i++ {
		switch {
		case r.sign(r.i, "("), r.sign(r.i, "{"):
			depth++
		case r.sign(r.i, ")"), r.sign(r.i, "}"):
			depth--
		case r.sign(r.i, ";"):
			return false
		case depth == 0 && r.sign(r.i, ","):
			return r.i > from
		case r.tokens[r.i].Kind == UserVar && r.sign(r.i+1, ":="):
			r.facts.UserVarsSet = once(r.facts.UserVarsSet, userVar(r.text(r.i), r.mode))
		}
	}
	return r.i > from && depth == 0
}

// setNames reads what follows SET NAMES.
func (r *setter) setNames() bool {
	value, ok := r.charsetName()
	if !ok {
		return false
	}
	r.add(core.Assignment{Name: "names", Value: value, Literal: true})
	if !r.word1("collate") {
		return true
	}
	if r.word1("default") {
		return true
	}
	if value, ok = r.charsetName(); ok {
		r.add(core.Assignment{Name: "collation_connection", Value: value, Literal: true})
	}
	return ok
}

func (r *setter) setCharset() bool {
	value, ok := r.charsetName()
	if ok {
		r.add(core.Assignment{Name: "charset", Value: value, Literal: true})
	}
	return ok
}

// charsetName reads the name of a character set or collation, or DEFAULT.
func (r *setter) charsetName() (string, bool) {
	if r.done() {
		return "", false
	}
	value, ok := r.value(r.i, r.i+1, false)
	r.i++
	return value, ok && value != ""
}

// setRole reads what follows SET ROLE: one name in MariaDB, else a list to the end.
func (r *setter) setRole() bool {
	from := r.i
	if r.mode.Flavour == MariaDB {
		if !r.expression() {
			return false
		}
	} else {
		for ; !r.done(); r.i++ {
			if r.assigns(r.i) {
				return false
			}
		}
	}
	if r.i == from {
		return false
	}
	value, literal := r.value(from, r.i, false)
	r.add(core.Assignment{Name: "role", Value: value, Literal: literal})
	return true
}

// add notes an assignment.
func (r *setter) add(a core.Assignment) {
	r.facts.Assignments = append(r.facts.Assignments, a)
	switch a.Name {
	case "names":
		for _, v := range [...]string{"character_set_client", "character_set_connection", "character_set_results", "collation_connection"} {
			r.facts.SystemVarsSet = once(r.facts.SystemVarsSet, v)
		}
	case "charset":
		for _, v := range [...]string{"character_set_client", "character_set_results", "collation_connection"} {
			r.facts.SystemVarsSet = once(r.facts.SystemVarsSet, v)
		}
	case "role", "password", "default", "resource", "config", "binding", "session_states", "session":
	default:
		if a.Scope == core.ScopeUser {
			r.facts.UserVarsSet = once(r.facts.UserVarsSet, a.Name)
		} else {
			r.facts.SystemVarsSet = once(r.facts.SystemVarsSet, a.Name)
		}
	}
}

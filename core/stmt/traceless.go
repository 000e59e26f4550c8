package stmt

import (
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

// What the parser does not know may do anything, and pins. But of a text that begins as a query
// or a change of rows the tokens can prove that it leaves nothing on its connection: inside of
// these, state is made by user variables, by INTO and by functions alone. Such a text stays
// opaque, and goes where opaque ones go, but needs no connection of its own afterwards.
//
// The words are MariaDB's, whose forms the parser knows least.

// Traceless says that a statement is proved to leave nothing on its connection that lasts,
// though it is opaque: it creates core.EffectUnknown and has no pin.
func Traceless(f *core.Facts) bool {
	return f.Opaque && f.Creates&core.Lasting == core.EffectUnknown && len(f.Pins) == 0
}

// nameless are reserved words of MariaDB that a parenthesis may follow: no function has such a
// name.
var nameless = wordSet(`select distinct distinctrow all from join on using where having by limit union except intersect in
	exists not and or xor between like rlike regexp div case when then else is match interval over partition range values
	with recursive index key primary set order group cross inner natural straight_join unsigned int integer bigint
	smallint tinyint mediumint varchar varbinary decimal numeric float double real returning as`)

// traceless looks for the proof, and notes all functions that the statement calls.
func (s *statement) traceless() bool {
	verb := 0
	for s.sign(verb, "(") {
		verb++
	}
	switch s.lower(verb) {
	case "select", "values", "with", "insert", "replace", "update", "delete":
	default:
		return false
	}
	if s.mode.Flavour != MariaDB {
		return false
	}
	target := s.insertsInto(verb)
	for i, t := range s.tokens {
		switch t.Kind {
		case UserVar, Illegal:
			return false
		case Number, String, Marker, SystemVar:
			if s.sign(i+1, "(") { // perhaps a name that the lexer reads in another way
				return false
			}
		case Operator, Punct:
			if strings.IndexByte(":;{}", s.text(i)[0]) >= 0 {
				return false
			}
		case Word:
			switch s.lower(i) {
			case "into":
				if i > target {
					return false
				}
			case "procedure", "handler", "lock":
				return false
			}
		}
		if s.sign(i+1, "(") && s.isName(i) && i != target && !s.expression(i) && !s.builtIn(i) {
			return false
		}
	}
	return true
}

// insertsInto is the last token of the table's name behind an INSERT or REPLACE, -1 behind
// another verb. Parentheses that follow it hold columns.
func (s *statement) insertsInto(verb int) int {
	if !s.word(verb, "insert") && !s.word(verb, "replace") {
		return -1
	}
	i := verb + 1
	for s.word(i, "low_priority") || s.word(i, "high_priority") || s.word(i, "delayed") || s.word(i, "ignore") {
		i++
	}
	if s.word(i, "into") {
		i++
	}
	if s.sign(i+1, ".") && s.isName(i+2) {
		i += 2
	}
	if !s.isName(i) {
		return -1
	}
	return i
}

// expression says whether the name at i is that of a common table expression, which its
// columns follow.
func (s *statement) expression(i int) bool {
	if !s.word(i-1, "with") && !s.word(i-1, "recursive") && !(s.sign(i-1, ",") && s.sign(i-2, ")")) {
		return false
	}
	end := s.pair(i + 1)
	return s.word(end+1, "as") && s.sign(end+2, "(")
}

// builtIn says whether the name at i, before a parenthesis, calls no function or one of the
// server's own whose effects are known. With a schema, in quotes or with a blank behind it, it
// may be a stored one's.
func (s *statement) builtIn(i int) bool {
	if s.tokens[i].Kind == QuotedName || s.sign(i-1, ".") {
		return false
	}
	w := s.lower(i)
	if nameless[w] || s.word(i-1, "as") { // behind AS it is a type
		return true
	}
	switch {
	case s.tokens[i].End < s.tokens[i+1].Start, w == "json_table", w == "point" && !s.two(i+1):
		return false // a stored one, perhaps
	case !harmless(w, s.mode) && !understood(w, s.mode):
		return false
	}
	s.calls(w)
	return true
}

// held says whether the facts have a pin for an effect.
func held(f *core.Facts, e core.Effect) bool {
	return slices.ContainsFunc(f.Pins, func(p core.Pin) bool { return p.Effect == e })
}

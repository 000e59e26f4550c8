package stmt

import (
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

// effects finds what the statement leaves behind on its connection, and what it takes away
// again, by the table of causes. The rest of the facts must be known already.
func (s *statement) effects() {
	v := view{statement: s, begin: s.start()}
	v.scan()
	f := &s.facts
	for i := range causes {
		c := &causes[i]
		if !c.where.has(s.mode.Flavour) || !c.when(&v) {
			continue
		}
		v.creates(c.Creates, c.Reason)
		if s.mode.Flavour != FlavourUnknown || c.where == everywhere {
			f.Releases |= c.Releases
		}
	}
	v.inner()
	if f.Opaque { // and without a pin where that was proved
		f.Creates |= core.EffectUnknown
	}
	if f.Releases &^= f.Creates; f.Creates.Has(core.EffectUnknown) {
		f.Releases = 0
	}
}

// creates notes effects, and the first reason for each that pins.
func (v *view) creates(e core.Effect, reason string) {
	f := &v.facts
	for one := range (e & core.Lasting &^ f.Creates).Each() {
		f.Pins = append(f.Pins, core.Pin{Effect: one, Reason: reason})
	}
	f.Creates |= e
}

// inner adds the effects of the text that EXECUTE IMMEDIATE runs. That of a PREPARE runs
// later, by an EXECUTE, of which nothing is known.
func (v *view) inner() {
	if !v.immediate() {
		return
	}
	for _, p := range v.facts.Parts {
		for _, pin := range p.Pins {
			v.creates(pin.Effect, pin.Reason)
		}
		v.creates(p.Creates, "")
	}
	if len(v.facts.Parts) == 1 {
		v.facts.Releases |= v.facts.Parts[0].Releases
	}
}

// immediate says whether it is an EXECUTE IMMEDIATE of a text that is known.
func (v *view) immediate() bool {
	return v.words(v.begin, "execute", "immediate") && len(v.facts.Parts) > 0
}

// view is a statement as the table of causes looks at it.
type view struct {
	*statement
	begin int // the first token behind SET STATEMENT ... FOR
	sets  core.Effect
	trait trait
}

// trait is a set of what stands anywhere in a statement.
type trait uint8

const (
	assignsVar   trait = 1 << iota // @x := 1
	intoVar                        // INTO @x
	namesVar                       // any @x
	takesLock                      // GET_LOCK(
	setsLastID                     // LAST_INSERT_ID(1)
	usesSequence                   // NEXTVAL(, NEXT VALUE FOR, SETVAL(
	countsRows                     // SQL_CALC_FOUND_ROWS
	selects                        // SELECT, VALUES or TABLE that is a query
)

// scan finds the traits in one pass, and what the assignments set.
func (v *view) scan() {
	for i, t := range v.tokens {
		switch t.Kind {
		case UserVar:
			v.trait |= namesVar
			if v.sign(i+1, ":=") {
				v.trait |= assignsVar
			}
			if v.word(i-1, "into") {
				v.trait |= intoVar
			}
		case Word, QuotedName:
			v.trait |= v.named(i)
		}
	}
	for _, a := range v.facts.Assignments {
		v.sets |= effectOf(a)
	}
}

// named gives the traits that a word begins.
func (v *view) named(i int) trait {
	call := v.sign(i+1, "(")
	switch w := strings.ToLower(name(v.text(i))); w {
	case "get_lock":
		if call {
			return takesLock
		}
	case "last_insert_id":
		if call && !v.sign(i+2, ")") {
			return setsLastID
		}
	case "nextval", "setval":
		if call || v.sign(i-1, ".") {
			return usesSequence
		}
	case "next":
		if v.words(i+1, "value", "for") {
			return usesSequence
		}
	case "sql_calc_found_rows":
		return countsRows
	case "select", "values":
		return selects
	case "table":
		if !v.word(i-1, "create") && !v.word(i-1, "temporary") && !v.word(i-1, "replace") {
			return selects
		}
	}
	return 0
}

// unknownFunction names a function that may do anything, "" if there is none.
func (v *view) unknownFunction() string {
	for _, f := range v.facts.Functions {
		if !understood(f, v.mode) {
			return f
		}
	}
	return ""
}

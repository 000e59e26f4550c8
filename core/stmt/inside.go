package stmt

import (
	"github.com/dbmesh/dbmesh/core"
)

// inside looks at the statement that an EXPLAIN, ANALYZE or TRACE is about, at the table of
// a DESCRIBE. It gives the facts of that statement, nil if there is none.
func (s *statement) inside(at int) *core.Facts {
	f := &s.facts
	runs := f.Kind == core.StatementAnalyze
	i := at + 1
	if s.words(i, "for", "connection") || s.word(i, "for") && i+1 < len(s.tokens) && s.tokens[i+1].Kind == Number {
		return nil
	}
	i = s.options(i)
	if s.word(i, "analyze") {
		i = s.options(i + 1)
	}
	inner := newStatement(s.mode, s.from(i))
	kind, _ := inner.kind()
	switch kind {
	case core.StatementSelect, core.StatementInsert, core.StatementReplace, core.StatementUpdate, core.StatementDelete,
		core.StatementLoad:
	default:
		s.describe(i, runs)
		return nil
	}
	sub := facts(s.mode, s.from(i))
	if !runs { // nothing is changed
		sub.Tables = unwritten(sub.Tables)
	} else {
		f.Access = sub.Access
	}
	f.Where, f.Limit = sub.Where, sub.Limit
	s.takes(sub)
	return sub
}

// describe reads a table's name with perhaps a column's behind it.
func (s *statement) describe(i int, runs bool) {
	t, next := s.tableAt(i)
	if next == i || runs || len(s.tokens) > next+1 {
		s.opaque(errForm.Error())
		s.guess(i)
		return
	}
	s.names(t)
}

// options skips what may stand between EXPLAIN and the statement.
func (s *statement) options(i int) int {
	for {
		switch s.lower(i) {
		case "extended", "partitions", "verbose", "plan", "explore":
			if s.sign(i+1, ".") || i+1 == len(s.tokens) {
				return i // a table
			}
			i++
		case "format":
			if !s.sign(i+1, "=") {
				return i
			}
			i += 3
		case "target":
			i += 3
		case "into": // MySQL's EXPLAIN FORMAT=JSON INTO @x
			if i+1 < len(s.tokens) && s.tokens[i+1].Kind == UserVar {
				s.facts.Into = core.IntoVariables
				s.facts.UserVarsSet = once(s.facts.UserVarsSet, userVar(s.text(i+1), s.mode))
			}
			i += 2
		case "for": // MySQL's EXPLAIN FOR SCHEMA x
			if !s.word(i+1, "schema") && !s.word(i+1, "database") {
				return i
			}
			i += 3
		default:
			return i
		}
	}
}

// from is the text from the i-th token on.
func (s *statement) from(i int) []byte {
	if i >= len(s.tokens) {
		return nil
	}
	return s.sql[s.tokens[i].Start:]
}

func unwritten(tables []core.Table) []core.Table {
	var all []core.Table
	for _, t := range tables {
		t.Writes = false
		all = once(all, t)
	}
	return all
}

package stmt

import "github.com/dbmesh/dbmesh/core"

// LoneCall is a call without arguments that is by itself an item of a SELECT's list, so
// that its value is a column of the result.
type LoneCall struct {
	core.Range
	Named bool // an alias follows; else the column is named by the text in Range
}

// LoneCalls finds the calls of a function, given in lower case, in the list of one SELECT.
func LoneCalls(m Mode, sql []byte, function string) []LoneCall {
	s := newStatement(m, sql)
	if !s.word(0, "select") {
		return nil
	}
	var all []LoneCall
	depth := 0
	for i := range s.tokens {
		switch {
		case s.sign(i, "("):
			depth++
		case s.sign(i, ")"):
			depth--
		case depth == 0 && (s.word(i, "from") || s.word(i, "into") || s.word(i, "union") || s.word(i, "except") || s.word(i, "intersect")):
			return all
		case depth == 0 && s.word(i, function) && s.sign(i+1, "(") && s.sign(i+2, ")") && s.beginsItem(i):
			if named, alone := s.endsItem(i + 3); alone {
				all = append(all, LoneCall{core.Range{Start: s.tokens[i].Start, End: s.tokens[i+2].End}, named})
			}
		}
	}
	return all
}

// beginsItem says whether an item of the list begins with token i.
func (s *statement) beginsItem(i int) bool {
	return s.sign(i-1, ",") || s.word(i-1, "select") || s.word(i-1, "distinct") || s.word(i-1, "all") ||
		s.word(i-1, "sql_no_cache") || s.word(i-1, "sql_cache")
}

// endsItem says whether the item ends before token i or goes on with its alias.
func (s *statement) endsItem(i int) (named, alone bool) {
	switch {
	case i >= len(s.tokens), s.sign(i, ","), s.sign(i, ";"):
		return false, true
	case s.word(i, "as"), s.tokens[i].Kind == QuotedName, s.tokens[i].Kind == String:
		return true, true
	case s.tokens[i].Kind != Word:
		return false, false
	}
	for _, end := range [...]string{"from", "where", "limit", "order", "group", "having", "union", "for", "lock", "into", "except", "intersect"} {
		if s.word(i, end) {
			return false, true
		}
	}
	// A word that is the last of the item is an alias; else it may be an operator.
	if next := i + 1; next >= len(s.tokens) || s.sign(next, ",") || s.sign(next, ";") || s.word(next, "from") || s.word(next, "limit") || s.word(next, "where") {
		return true, true
	}
	return false, false
}

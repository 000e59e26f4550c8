package stmt

import "github.com/dbmesh/dbmesh/core"

// editor puts in other words what servers know and the parser does not, so that it can read
// the rest. Only what says nothing about tables may go: functions, variables and locks are
// found by the sweep.
type editor struct {
	*statement
	edits map[int]string // by token; "" takes it away
}

// edits finds what has to be put in other words from a token on.
func (s *statement) edits(from int) map[int]string {
	e := editor{statement: s, edits: map[int]string{}}
	if s.facts.Kind == core.StatementCreate && s.words(from+1, "or", "replace") {
		e.drop(from+1, from+3)
	}
	if s.facts.Kind == core.StatementAlter {
		e.view(from)
	}
	depth := 0
	for i := from; i < len(s.tokens); i++ {
		switch {
		case s.sign(i, "("):
			depth++
		case s.sign(i, ")"):
			depth--
		case s.tokens[i].Kind == Word && !s.sign(i-1, "."):
			e.form(i, depth)
		}
		if s.sign(i+1, "(") && s.isName(i) {
			e.columns(i)
		}
	}
	return e.edits
}

func (e *editor) drop(from, to int) {
	for i := from; i < to && i < len(e.tokens); i++ {
		e.edits[i] = ""
	}
}

// view makes a CREATE OR REPLACE of an ALTER VIEW.
func (e *editor) view(from int) {
	for i := from + 1; i < len(e.tokens) && !e.isName(i-1) || i < from+maxHeadWords; i++ {
		if e.word(i, "view") {
			e.edits[from] = "CREATE OR REPLACE"
			return
		}
		if e.word(i, "table") || i >= len(e.tokens) {
			return
		}
	}
}

// form looks for what the word at i begins in any statement.
func (e *editor) form(i, depth int) {
	switch e.lower(i) {
	case "into":
		e.into(i)
	case "previous":
		e.previous(i)
	case "cycle":
		if e.word(i+2, "restrict") {
			e.drop(i, i+3)
		}
	case "with":
		if e.words(i+1, "system", "versioning") || e.words(i+1, "check", "option") {
			e.drop(i, i+3)
		}
	case "sounds":
		if e.word(i+1, "like") {
			e.drop(i, i+1)
		}
	case "fetch":
		e.fetch(i, depth)
	case "limit":
		if e.words(i+1, "rows", "examined") {
			e.drop(i, i+4)
		} else if depth > 0 && e.opener(i) == "group_concat" {
			e.drop(i, e.closing(i))
		}
	case "rows":
		if e.word(i+1, "examined") {
			e.drop(i, i+3)
		} else if e.words(i+1, "identified", "by") {
			e.drop(i, i+4)
		}
	case "for":
		e.forClause(i)
	case "lock":
		if e.words(i+1, "in", "share", "mode") {
			e.drop(i+4, e.waiting(i+4))
		}
	case "json_table":
		e.jsonTable(i)
	case "oj":
		if e.sign(i-1, "{") {
			e.braces(i - 1)
		}
	default:
		e.formOf(e.facts.Kind, i, depth)
	}
}

// formOf looks for what the word at i begins in a statement of the kind.
func (e *editor) formOf(kind core.StatementKind, i, depth int) {
	defines := kind == core.StatementCreate || kind == core.StatementAlter
	switch e.lower(i) {
	case "returning":
		if depth == 0 && kind != core.StatementSelect && !e.anyWord(i, "select") {
			e.drop(i, len(e.tokens))
		} else if depth > 0 {
			e.drop(i, e.closing(i))
		}
	case "value":
		if kind == core.StatementInsert && e.sign(i+1, "(") {
			e.edits[i] = "VALUES"
		}
	case "xml":
		if kind == core.StatementLoad && e.word(i-1, "load") {
			e.edits[i] = "DATA"
		}
	case "wait", "nowait":
		if defines || kind == core.StatementDrop || kind == core.StatementTruncate {
			e.drop(i, e.waiting(i))
		}
	case "if":
		if kind == core.StatementRename && e.word(i+1, "exists") {
			e.drop(i, i+2)
		}
	case "as":
		if kind == core.StatementInsert && depth == 0 && e.sign(i-1, ")") && e.isName(i+1) {
			e.rowAlias(i)
		}
	case "values":
		if kind == core.StatementSelect {
			e.rows(i)
		}
	case "inet6", "inet4", "uuid", "xmltype":
		if defines && e.isName(i-1) && !e.sign(i+1, "(") {
			e.edits[i] = "CHAR(36)"
		}
	}
}

// previous makes LASTVAL(s) of PREVIOUS VALUE FOR s.
func (e *editor) previous(i int) {
	if !e.words(i+1, "value", "for") {
		return
	}
	if _, next := e.tableAt(i + 3); next > i+3 {
		e.drop(i, i+3)
		e.edits[i] = "LASTVAL("
		e.edits[next-1] = string(e.text(next-1)) + ")"
	}
}

// columns takes away the names of a derived table's columns: (SELECT 1) AS x (a).
func (e *editor) columns(i int) {
	if !e.sign(i-1, ")") && !(e.word(i-1, "as") && e.sign(i-2, ")")) || openers[e.lower(i)] {
		return
	}
	end := e.pair(i + 1)
	for n := i + 2; n < end; n += 2 {
		if !e.isName(n) || n+1 < end && !e.sign(n+1, ",") {
			return
		}
	}
	e.drop(i+1, end+1)
}

// into takes away the target of a SELECT: variables, or a file with its options.
func (e *editor) into(i int) {
	switch {
	case i+1 < len(e.tokens) && e.tokens[i+1].Kind == UserVar:
		end := i + 2
		for e.sign(end, ",") && end+1 < len(e.tokens) && e.tokens[end+1].Kind == UserVar {
			end += 2
		}
		e.drop(i, end)
	case e.word(i+1, "outfile") || e.word(i+1, "dumpfile"):
		end := i + 3
		for end < len(e.tokens) && !e.word(end, "from") && !e.word(end, "for") && !e.sign(end, ")") {
			end++
		}
		e.drop(i, end)
	}
}

// rowAlias takes away MySQL's name for the new row: VALUES (1) AS new (a) ON DUPLICATE KEY.
func (e *editor) rowAlias(i int) {
	end := i + 2
	if e.sign(end, "(") {
		end = e.pair(end) + 1
	}
	if end >= len(e.tokens) || e.word(end, "on") {
		e.drop(i, end)
	}
}

func (e *editor) anyWord(i int, word string) bool {
	for ; i < len(e.tokens); i++ {
		if e.word(i, word) {
			return true
		}
	}
	return false
}

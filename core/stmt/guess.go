package stmt

import (
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

// guess finds the tables that the tokens name where the parser could not read them.
func (s *statement) guess(from int) {
	g := guesser{statement: s, expressions: map[string]bool{}}
	g.withNames(from)
	kind := s.facts.Kind
	writes := kind == core.StatementUpdate || kind == core.StatementCreate || kind == core.StatementAlter ||
		kind == core.StatementDrop || kind == core.StatementTruncate || kind == core.StatementRename
	for i := from; i < len(s.tokens); i++ {
		if s.sign(i-1, ".") {
			continue
		}
		switch s.lower(i) {
		case "from":
			if !s.inCall(i) {
				g.list(i+1, kind == core.StatementDelete && !g.seen || s.deletes(i-1))
			}
		case "join", "straight_join":
			g.list(i+1, kind == core.StatementUpdate)
		case "into":
			if s.word(i+1, "table") {
				i++
			} else if !s.inserts(i - 1) {
				continue // SELECT ... INTO
			}
			g.list(i+1, true)
		case "update":
			if !s.word(i-1, "for") && !s.word(i-1, "key") && !s.word(i-1, "before") && !s.word(i-1, "after") && !s.word(i-1, "on") {
				g.list(s.modifiers(i+1), true)
			}
		case "insert", "replace":
			if next := s.modifiers(i + 1); i == from && !s.word(next, "into") {
				g.list(next, true)
			}
		case "table":
			g.list(s.modifiers(i+1), writes || kind == core.StatementInsert)
		case "view", "sequence":
			if writes {
				g.list(s.modifiers(i+1), true)
			}
		case "references", "like":
			if s.tokens[min(i+1, len(s.tokens)-1)].Kind != String && kind == core.StatementCreate {
				g.list(i+1, false)
			}
		}
	}
}

// inserts says whether the word at i, perhaps a modifier, is that of INSERT INTO.
func (s *statement) inserts(i int) bool {
	for {
		switch s.lower(i) {
		case "low_priority", "high_priority", "delayed", "ignore":
			i--
		case "insert", "replace":
			return true
		default:
			return false
		}
	}
}

// deletes says whether the word at i, perhaps a modifier, is that of DELETE FROM.
func (s *statement) deletes(i int) bool {
	for s.word(i, "low_priority") || s.word(i, "quick") || s.word(i, "ignore") {
		i--
	}
	return s.word(i, "delete")
}

// guesser knows the names of common table expressions.
type guesser struct {
	*statement
	expressions map[string]bool
	seen        bool // a table has been found
}

// withNames finds what WITH names: name [(columns)] AS (.
func (g *guesser) withNames(from int) {
	for i := from; i < len(g.tokens); i++ {
		if !g.word(i-1, "with") && !g.word(i-1, "recursive") && !(g.sign(i-1, ",") && g.sign(i-2, ")")) {
			continue
		}
		next := i + 1
		if g.sign(next, "(") {
			next = g.pair(next) + 1
		}
		if g.word(next, "as") && g.sign(next+1, "(") {
			g.expressions[name(g.text(i))] = true
		}
	}
}

// list notes the tables of a list that commas separate, with their aliases.
func (g *guesser) list(i int, writes bool) {
	for {
		for g.sign(i, "(") {
			i++
		}
		t, next := g.tableAt(i)
		if next == i {
			return
		}
		if t.Schema != "" || !g.expressions[t.Name] && !strings.EqualFold(t.Name, "dual") {
			t.Writes = writes
			g.names(t)
			g.seen = true
		}
		i = next
		if g.word(i, "as") {
			i++
		}
		if i < len(g.tokens) && (g.tokens[i].Kind == QuotedName || g.tokens[i].Kind == Word && g.word(i-1, "as")) ||
			g.sign(i+1, ",") {
			i++
		}
		if !g.sign(i, ",") {
			return
		}
		i++
	}
}

// reserved are words that a table's place may have in a text with a mistake, but no table.
var reserved = wordSet(`select set values value where group order limit on using as join inner left right cross natural
	union lateral json_table for into from partition if not exists ignore low_priority delayed high_priority quick`)

// tableAt reads a table's name at i, and gives the place behind it, i if there is none.
func (s *statement) tableAt(i int) (core.Table, int) {
	if !s.isName(i) || reserved[s.lower(i)] {
		return core.Table{}, i
	}
	t := core.Table{Name: name(s.text(i))}
	if s.sign(i+1, ".") && s.isName(i+2) {
		t.Schema, t.Name = t.Name, name(s.text(i+2))
		i += 2
	} else if s.sign(i+1, "(") && !s.target(i-1) {
		return core.Table{}, i // a function's result
	}
	return t, i + 1
}

func (s *statement) isName(i int) bool {
	return i >= 0 && i < len(s.tokens) && (s.tokens[i].Kind == Word || s.tokens[i].Kind == QuotedName)
}

// modifiers skips the words that may stand before the first table.
func (s *statement) modifiers(i int) int {
	for {
		switch s.lower(i) {
		case "low_priority", "high_priority", "delayed", "ignore", "quick", "if", "not", "exists", "table", "tables", "only",
			"local", "no_write_to_binlog", "overwrite":
			i++
		default:
			return i
		}
	}
}

package stmt

import (
	"slices"

	"github.com/dbmesh/dbmesh/core"
)

// FindRanges says where the parts of one statement stand. f are its facts. It says false
// where that is not sure: for several statements and opaque ones, and if the places that
// it finds do not name the tables that the parser has found.
func FindRanges(m Mode, sql []byte, f *core.Facts) (core.Ranges, bool) {
	if f.Opaque || f.Kind == core.StatementMulti {
		return core.Ranges{}, false
	}
	r := ranger{statement: newStatement(m, sql), facts: f, levels: []level{{}}}
	for i := range r.tokens {
		r.step(i)
	}
	r.endClause(len(r.tokens))
	for _, t := range f.Tables {
		if !slices.ContainsFunc(r.found.Tables, func(at core.TableRange) bool {
			return at.Schema == t.Schema && at.Name == t.Name
		}) {
			return core.Ranges{}, false
		}
	}
	return r.found, true
}

// ranger goes through the tokens of a statement.
type ranger struct {
	*statement
	facts  *core.Facts
	found  core.Ranges
	levels []level // one per open parenthesis, and one
	clause *core.Range
	union  bool
}

// level is what is known between two parentheses.
type level struct {
	query bool // a SELECT or a verb like it was here: its FROM names tables
	names bool // tables are named here, separated by commas
	want  bool // a table's name is next
}

func (r *ranger) step(i int) {
	now := &r.levels[len(r.levels)-1]
	t := r.tokens[i]
	switch {
	case r.sign(i, "("):
		next := level{}
		if now.want { // (a JOIN b), or a subquery
			next = level{query: true, names: true, want: true}
			now.want = false
		}
		r.levels = append(r.levels, next)
	case r.sign(i, ")"):
		if len(r.levels) > 1 {
			r.levels = r.levels[:len(r.levels)-1]
		}
	case r.sign(i, ","):
		now.want = now.names
	case t.Kind == QuotedName && now.want:
		r.table(i)
		now.want = false
	case t.Kind == Word:
		r.keyword(i, now)
	case t.Kind != Punct:
		now.want = false
	}
}

// keyword follows what a word means for the names behind it.
func (r *ranger) keyword(i int, now *level) {
	word := lower(r.text(i))
	if r.sign(i-1, ".") {
		return // a name
	}
	if len(r.levels) == 1 {
		r.clauseAt(i, word)
	}
	switch word {
	case "select", "delete", "show", "describe", "desc", "explain", "table", "tables":
		now.query, now.names = true, false
		now.want = word == "table" || word == "tables" || word == "desc" || word == "describe"
	case "from":
		if now.query && !r.distinctFrom(i) {
			now.names, now.want = true, true
		}
	case "join", "straight_join":
		now.want = now.names
	case "into":
		now.want = true
	case "insert", "replace":
		now.query, now.want = true, len(r.levels) == 1
	case "update":
		now.names = !r.word(i-1, "for") && !r.word(i-1, "key") && !r.word(i-1, "on")
		now.want = now.names
	case "where", "set", "group", "order", "having", "limit", "on", "using", "values", "union", "except", "intersect", "window":
		now.want = false
		now.names = now.names && (word == "on" || word == "using")
	case "low_priority", "high_priority", "delayed", "ignore", "only", "lateral", "if", "not", "exists", "quick":
	default:
		if now.want {
			r.table(i)
			now.want = false
		}
	}
}

// distinctFrom says whether the FROM at i is that of IS DISTINCT FROM.
func (r *ranger) distinctFrom(i int) bool {
	return r.word(i-1, "distinct") && (r.word(i-2, "is") || r.word(i-2, "not"))
}

// table notes the name that begins with token i, if it is one of the statement's tables.
func (r *ranger) table(i int) {
	end := i
	at := core.TableRange{Name: name(r.text(i))}
	if r.sign(i+1, ".") && i+2 < len(r.tokens) {
		end = i + 2
		at.Schema, at.Name = at.Name, name(r.text(end))
	}
	at.Range = core.Range{Start: r.tokens[i].Start, End: r.tokens[end].End}
	if slices.ContainsFunc(r.facts.Tables, func(t core.Table) bool { return t.Schema == at.Schema && t.Name == at.Name }) {
		r.found.Tables = append(r.found.Tables, at)
	}
}

// clauseAt begins or ends a clause of the statement itself.
func (r *ranger) clauseAt(i int, word string) {
	f := &r.found
	switch word {
	case "from":
		if f.From.IsZero() && !r.union && !r.distinctFrom(i) {
			r.beginClause(i, &f.From)
		}
	case "where":
		r.beginClause(i, &f.Where)
	case "group":
		r.beginClause(i, &f.Group)
	case "having":
		r.beginClause(i, &f.Having)
	case "order":
		r.beginClause(i, &f.Order)
	case "limit":
		r.beginClause(i, &f.Limit)
	case "union", "except", "intersect":
		r.endClause(i)
		r.union = true
		f.From, f.Where, f.Group, f.Having, f.Order, f.Limit = core.Range{}, core.Range{}, core.Range{}, core.Range{}, core.Range{}, core.Range{}
	case "window", "into", "returning", "procedure":
		r.endClause(i)
	case "for":
		if r.word(i+1, "update") || r.word(i+1, "share") {
			r.endClause(i)
		}
	case "lock":
		if r.word(i+1, "in") {
			r.endClause(i)
		}
	case "on":
		if r.word(i+1, "duplicate") {
			r.endClause(i)
		}
	}
}

func (r *ranger) beginClause(i int, c *core.Range) {
	r.endClause(i)
	if r.union && c != &r.found.Order && c != &r.found.Limit {
		return
	}
	c.Start = r.tokens[i].Start
	r.clause = c
}

// endClause ends the clause at hand before token i.
func (r *ranger) endClause(i int) {
	if r.clause == nil {
		return
	}
	for i > 0 && r.sign(i-1, ";") {
		i--
	}
	r.clause.End = r.tokens[i-1].End
	r.clause = nil
}

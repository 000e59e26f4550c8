package core

// Range is text[Start:End]. A clause that isn't there is the zero Range.
type Range struct{ Start, End int }

// IsZero says that there is no such thing in the text.
func (r Range) IsZero() bool { return r.End == 0 }

// Ranges say where the parts of a statement stand in its text, for filters that rewrite it
// by putting other bytes in their place.
type Ranges struct {
	// Tables are the places where tables are named: behind FROM, JOIN, INTO, UPDATE and
	// their like, with schema and quotes. Where a column is qualified by a table (t.a) the
	// table's name is not among them. Names of common table expressions are not either.
	Tables []TableRange
	// The clauses of the statement itself, not of its subqueries, from the keyword on
	// (FROM, WHERE, GROUP BY, HAVING, ORDER BY, LIMIT) to the last byte of the clause. A
	// union has only the Order and Limit of the whole.
	From, Where, Group, Having, Order, Limit Range
}

// TableRange is where a table is named.
type TableRange struct {
	Range
	Schema, Name string // without quotes; "" for the session's default schema
}

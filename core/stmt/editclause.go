package stmt

// fetch takes away [OFFSET n ROWS] FETCH FIRST n ROWS ONLY.
func (e *editor) fetch(i, depth int) {
	end := i + 1
	for end < len(e.tokens) && !e.word(end, "only") && !e.word(end, "ties") && end < i+6 {
		end++
	}
	e.drop(i, end+1)
	if e.word(i-3, "offset") {
		e.drop(i-3, i)
	}
	if depth == 0 {
		e.facts.Limit = true
	}
}

// forClause takes away FOR SYSTEM_TIME with plain points in time, and the second of two
// locking clauses with what the parser does not know of the first.
func (e *editor) forClause(i int) {
	switch {
	case e.words(i+1, "system_time", "all"):
		e.drop(i, i+3)
	case e.words(i+1, "system_time", "as", "of"):
		e.drop(i, e.point(i+4))
	case e.words(i+1, "system_time", "between"), e.words(i+1, "system_time", "from"):
		if middle := e.point(i + 3); e.word(middle, "and") || e.word(middle, "to") {
			e.drop(i, e.point(middle+1))
		}
	case e.word(i+1, "update"), e.word(i+1, "share"):
		end := i + 2
		if e.word(end, "of") {
			_, end = e.tableAt(end + 1)
			for e.sign(end, ",") {
				_, end = e.tableAt(end + 1)
			}
		}
		e.drop(i, e.waiting(end))
	}
}

// point is the place behind a point in time that is one literal.
func (e *editor) point(i int) int {
	if e.word(i, "timestamp") || e.word(i, "transaction") {
		i++
	}
	if i < len(e.tokens) && (e.tokens[i].Kind == String || e.tokens[i].Kind == Number || e.tokens[i].Kind == Marker) {
		return i + 1
	}
	return i
}

// waiting is the place behind NOWAIT, WAIT n and SKIP LOCKED.
func (e *editor) waiting(i int) int {
	switch {
	case e.word(i, "nowait"):
		return i + 1
	case e.word(i, "wait"), e.words(i, "skip", "locked"):
		return i + 2
	}
	return i
}

// jsonTable makes a query of a JSON_TABLE(expression, path COLUMNS (...)).
func (e *editor) jsonTable(i int) {
	if !e.sign(i+1, "(") {
		return
	}
	end, depth := e.pair(i+1), 0
	for n := i + 1; n < end; n++ {
		switch {
		case e.sign(n, "("):
			depth++
		case e.sign(n, ")"):
			depth--
		case depth == 1 && e.sign(n, ","):
			e.drop(n, end)
			e.edits[i], e.edits[i+1] = "LATERAL", "(SELECT"
			return
		}
	}
}

// rows makes VALUES ROW(1), ROW(2) of MariaDB's VALUES (1), (2).
func (e *editor) rows(i int) {
	for n := i + 1; e.sign(n, "("); {
		e.edits[n] = "ROW("
		n = e.pair(n) + 1
		if !e.sign(n, ",") {
			return
		}
		n++
	}
}

// braces takes away the marks of {OJ ...}.
func (e *editor) braces(i int) {
	depth := 0
	for n := i; n < len(e.tokens); n++ {
		switch {
		case e.sign(n, "{"):
			depth++
		case e.sign(n, "}"):
			depth--
			if depth == 0 {
				e.drop(n, n+1)
				e.drop(i, i+2)
				return
			}
		}
	}
}

package stmt

// list is what the normalizer knows of the lists around the place where it is.
type list struct {
	last    last
	depth   int
	run     int // literals in the list at hand, one behind the other
	comma   int // where in out the comma behind the last literal stands
	group   bool
	rows    int  // groups of literals, one behind the other
	rowEnd  int  // where in out the comma behind the last group stands
	by      bool // in the list behind ORDER BY or GROUP BY
	byDepth int
}

// last is what the token before was, as far as lists ask.
type last uint8

const (
	other last = iota
	begun      // a parenthesis that may hold a list of literals
	aLiteral
	aComma    // behind a literal
	aGroup    // the end of a group of literals
	aRowComma // behind a group
	aBy       // BY, or the parenthesis behind it
	byComma   // any other comma
)

// break_ ends the lists at hand: the token is none of theirs.
func (l *list) break_() { l.last, l.group = other, false }

func (l *list) beginBy() {
	l.break_()
	l.last, l.by, l.byDepth = aBy, true, l.depth
}

// endsBy says whether a word ends a list behind BY.
func endsBy(word []byte) bool {
	for _, end := range [...]string{"limit", "having", "for", "into", "union", "offset", "fetch", "window", "rows", "range", "lock", "with"} {
		if equalFold(word, end) {
			return true
		}
	}
	return false
}

// byPosition says whether a number here may be a column's position behind BY.
func (l *list) byPosition() bool {
	if !l.by {
		return false
	}
	return l.last == aBy || l.depth == l.byDepth && (l.last == aComma || l.last == aRowComma || l.last == byComma)
}

// element writes a literal that begins at start, unless it is the third of its list or a
// later one.
func (n *normalizer) element(start int, text []byte) {
	n.flush(start)
	n.from = n.lexer.pos
	if n.last == aComma {
		n.run++
	} else {
		n.run = 1
		n.group = n.last == begun
	}
	n.last = aLiteral
	if n.run > 2 {
		n.out = n.out[:n.comma]
		if l := &n.lexer; l.pos < len(l.sql) && l.sql[l.pos] == '.' {
			n.out = append(n.out, ' ') // the dot is not that of the number before
		}
		return
	}
	if end := len(n.out); end > n.base {
		// Where 1e0'a' or 'a'"b" or x..5 stands, the tokens would grow together.
		if prev := n.out[end-1]; (inWord(prev) || prev == '.') && inWord(text[0]) || prev == '\'' && text[0] == '\'' {
			n.out = append(n.out, ' ')
		}
	}
	n.out = append(n.out, text...)
}

func (n *normalizer) punct(c byte) {
	l := &n.lexer
	if c == ';' {
		n.flush(l.pos)
		l.pos++
		n.from = l.pos
		n.semi = len(n.out) > n.base
		return
	}
	if n.semi {
		n.next(l.pos)
	}
	at := len(n.out) + l.pos - n.from
	l.pos++
	switch c {
	case ',':
		n.separate(at)
	case '(':
		n.open()
	case ')':
		n.close()
	default:
		n.break_()
	}
}

func (n *normalizer) separate(at int) {
	switch n.last {
	case aLiteral:
		n.last, n.comma = aComma, at
	case aGroup:
		n.last, n.rowEnd = aRowComma, at
	default:
		n.break_()
		n.last = byComma
	}
}

func (n *normalizer) open() {
	n.depth++
	if n.last != aRowComma {
		n.rows = 0
	}
	if n.last != aBy {
		n.last = begun
	}
}

func (n *normalizer) close() {
	n.depth--
	if n.by && n.depth < n.byDepth {
		n.by = false
	}
	if !n.group || n.last != aLiteral {
		n.break_()
		return
	}
	n.group = false
	n.last = aGroup
	if n.rows++; n.rows > 2 {
		n.out = n.out[:n.rowEnd]
		n.from = n.lexer.pos
	}
}

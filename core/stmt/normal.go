package stmt

// normalizer writes a text's shape: the text with 0 for each number and '?' for each
// string, one blank for white space and comments, and at most two elements of a list of
// literals and two rows of such lists. The shape is a statement of the same grammar, so
// that the parser can read it in the text's stead, and TiDB's digest of it is the text's.
//
// Literals stay where they decide what a statement does (SET, USE, KILL, ...), and where
// TiDB's digest keeps them (ORDER BY 1).
//
// Most of a text is its own shape. It is copied in pieces: sql[from:pos] is yet to come.
type normalizer struct {
	lexer Lexer
	out   []byte
	from  int
	base  int // where in out the shape begins

	keep    bool // the caller wants all literals
	literal bool // this statement's literals stay
	begun   bool // a word of the statement was seen
	several bool // there is more than one statement
	live    bool // there was a comment that some servers execute, this one or another
	semi    bool // a semicolon came and nothing behind it

	list
}

// AppendNormal appends the shape of a text to dst: two texts with the same shape have the
// same facts and the same digest.
func AppendNormal(dst, sql []byte, m Mode) []byte {
	n := normalizer{lexer: NewLexer(sql, m), out: dst, base: len(dst)}
	n.all()
	return n.out
}

// all goes through the text. Words, blanks and plain signs, which most texts are made of,
// are read here as Lexer.Next reads them, all else there.
func (n *normalizer) all() {
	l := &n.lexer
	sql := l.sql
	for l.pos < len(sql) {
		switch classes[sql[l.pos]] {
		case space:
			n.space()
			continue
		case letter:
			if l.named || l.part {
				break // what a dot stands before or behind
			}
			if n.semi {
				n.next(l.pos)
			}
			if n.plainWords() {
				continue
			}
		case operator:
			if n.semi {
				n.next(l.pos)
			}
			l.pos++
			n.break_()
			l.named = false
			continue
		case punct:
			l.named = false
			n.punct(sql[l.pos])
			continue
		}
		t, _ := l.Next()
		n.token(t)
	}
	_, _ = l.Next() // it may miss an end
	n.finish(l.pos)
}

// flush copies what stands before pos; it is called at the end of a token.
func (n *normalizer) flush(pos int) {
	if n.from < pos {
		if len(n.out) > n.base && inWord(n.out[len(n.out)-1]) && inWord(n.lexer.sql[n.from]) {
			n.out = append(n.out, ' ') // 1.FROM
		}
		n.out = append(n.out, n.lexer.sql[n.from:pos]...)
	}
	n.from = pos
}

// finish copies the end of a statement, without the blank behind it.
func (n *normalizer) finish(pos int) {
	n.flush(pos)
	if end := len(n.out) - 1; end >= n.base && n.out[end] == ' ' {
		n.out = n.out[:end]
	}
}

// space reads white space. A single blank is its own shape.
func (n *normalizer) space() {
	l := &n.lexer
	start := l.pos
	l.blank()
	l.named, l.part = false, false
	if l.pos == start+1 && l.sql[start] == ' ' && n.from < start {
		return
	}
	n.separator(start)
}

// separator puts a blank in the place of what ends here and began at start.
func (n *normalizer) separator(start int) {
	n.flush(start)
	n.from = n.lexer.pos
	end := len(n.out)
	if end == n.base || n.out[end-1] == ' ' || end > n.base+1 && n.out[end-1] == '-' && n.out[end-2] == '-' {
		return // behind two minus signs a blank would make a comment of them
	}
	n.out = append(n.out, ' ')
}

// plainWords reads words of ASCII with single blanks between them, names of several with
// dots among them. It reads nothing and says false if there may be more to the first:
// another byte in it, a quote behind it.
func (n *normalizer) plainWords() bool {
	l := &n.lexer
	sql := l.sql
	for start := l.pos; ; {
		i, high, dotted := start+1, sql[start], false
		for ; i < len(sql); i++ {
			c := sql[i]
			if !inWord(c) {
				if c != '.' {
					break
				}
				dotted = true
			}
			high |= c
		}
		if high >= 0x80 || i < len(sql) && sql[i] == '\'' {
			return start != l.pos
		}
		l.pos = i
		switch length := i - start; {
		case n.begun && (dotted || !n.by && length != 2 && length != 4):
			n.break_()
		default:
			n.word(start, i)
		}
		if i+1 >= len(sql) || sql[i] != ' ' || classes[sql[i+1]] != letter {
			return true
		}
		start = i + 1
	}
}

// skipped says whether another version of the server would execute the comment.
func (n *normalizer) skipped(t Token) bool {
	text := t.Text(n.lexer.sql)
	if len(text) < 3 || text[0] != '/' {
		return false
	}
	return text[2] == '!' || len(text) > 3 && text[3] == '!' &&
		(text[2] == 'M' && n.lexer.mode.Flavour == MariaDB || text[2] == 'T' && n.lexer.mode.Flavour == TiDB)
}

func (n *normalizer) token(t Token) {
	if t.Kind == Comment {
		n.live = n.live || t.Live || n.skipped(t)
		n.separator(t.Start)
		return
	}
	if n.semi && t.Kind != Blank {
		n.next(t.Start)
	}
	switch t.Kind {
	case Number:
		n.number(t)
	case String:
		n.string(t)
	case Word:
		n.word(t.Start, t.End)
	default:
		n.break_()
	}
}

// next begins another statement, at start.
func (n *normalizer) next(start int) {
	n.finish(start)
	n.out = append(n.out, ';')
	n.several, n.semi, n.begun, n.literal = true, false, false, false
	n.list = list{}
}

func (n *normalizer) word(start, end int) {
	text := n.lexer.sql[start:end]
	if !n.begun {
		n.begun = true
		n.literal = n.keep || sensitive(text)
	}
	switch len(text) {
	case 2:
		if equalFold(text, "by") {
			n.beginBy()
			return
		}
	case 4:
		if equalFold(text, "null") && !n.literal {
			n.element(start, text)
			return
		}
	}
	if n.by && n.depth == n.byDepth && endsBy(text) {
		n.by = false
	}
	n.break_()
}

// sensitive says whether the literals of a statement that begins with this word decide
// what it does.
func sensitive(word []byte) bool {
	switch len(word) {
	case 2:
		return equalFold(word, "xa")
	case 3:
		return equalFold(word, "set") || equalFold(word, "use")
	case 4:
		return equalFold(word, "kill")
	case 5:
		return equalFold(word, "begin") || equalFold(word, "start")
	case 6:
		return equalFold(word, "commit")
	case 7:
		return equalFold(word, "prepare") || equalFold(word, "execute") || equalFold(word, "release")
	case 8:
		return equalFold(word, "rollback")
	case 9:
		return equalFold(word, "savepoint")
	}
	return false
}

func (n *normalizer) number(t Token) {
	if n.literal || n.byPosition() {
		n.break_()
		return
	}
	if text := n.lexer.sql[t.Start:t.End]; len(text) > 2 && text[1] == 'b' { // TiDB keeps a sign before it
		n.element(t.Start, []byte("b'0'"))
		return
	}
	zero := []byte("0 ")
	if l := &n.lexer; l.pos == len(l.sql) || l.sql[l.pos] != '.' {
		zero = zero[:1] // else a dot behind it would be its own
	}
	n.element(t.Start, zero)
}

// isStar says whether a string is a star, which TiDB's digest keeps.
func isStar(quoted []byte) bool {
	end := len(quoted) - 2
	return end > 0 && quoted[end] == '*' && (end == 1 || end == 2 && (quoted[1] == '\\' || quoted[0]|0x20 == 'n'))
}

func (n *normalizer) string(t Token) {
	text := n.lexer.sql[t.Start:t.End]
	switch c := text[0]; {
	case n.literal, isStar(text):
		n.break_()
	case c == '"' && t.Start > 0 && inWord(n.lexer.sql[t.Start-1]): // b"1" is no bit literal
		n.element(t.Start, []byte(" '?'"))
	case c == '\'' || c == '"':
		n.element(t.Start, []byte("'?'"))
	case c|0x20 == 'n':
		n.element(t.Start, []byte("n'?'"))
	case c|0x20 == 'b':
		n.element(t.Start, []byte("b'0'"))
	default:
		n.element(t.Start, []byte("x'00'"))
	}
}

package stmt

// number reads what begins with a digit: a number, or a name such as 1a. part says that a
// dot stands before it, so that it is a name anyway.
func (l *Lexer) number(part bool) TokenKind {
	sql, i := l.sql, l.pos
	if part {
		return l.word()
	}
	if sql[i] == '0' && i+1 < len(sql) && (sql[i+1] == 'x' || sql[i+1] == 'b') {
		end := i + 2
		for end < len(sql) && (sql[i+1] == 'x' && isHex(sql[end]) || sql[i+1] == 'b' && (sql[end] == '0' || sql[end] == '1')) {
			end++
		}
		if end > i+2 && (end == len(sql) || !inWord(sql[end])) {
			l.pos = end
			return Number
		}
		return l.word()
	}
	for i < len(sql) && isDigit(sql[i]) {
		i++
	}
	if i == len(sql) || !inWord(sql[i]) {
		if i < len(sql) && sql[i] == '.' {
			return l.fraction(i)
		}
		l.pos = i
		return Number
	}
	if sql[i]|0x20 == 'e' {
		if end := exponent(sql, i+1); end > 0 {
			l.pos = end
			return Number
		}
	}
	return l.word()
}

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// bits reads x'41' or b'01' from the quote at i on. Other characters than digits in it are
// an error, after which servers differ.
func (l *Lexer) bits(base byte, i int) {
	start := i + 1
	l.pos = i
	l.quoted('\'', false)
	for _, c := range l.sql[start:max(start, l.pos-1)] {
		if base == 'x' && !isHex(c) || base == 'b' && c != '0' && c != '1' {
			l.doubts("a hexadecimal or binary literal with a character that is no digit")
			return
		}
	}
	if base == 'x' && (l.pos-1-start)%2 != 0 {
		l.doubts("a hexadecimal literal with half a byte")
	}
}

// exponent gives the end of an exponent whose e stands before i, 0 if none does.
func exponent(sql []byte, i int) int {
	if i < len(sql) && (sql[i] == '+' || sql[i] == '-') {
		i++
	}
	if i >= len(sql) || !isDigit(sql[i]) {
		return 0
	}
	for i < len(sql) && isDigit(sql[i]) {
		i++
	}
	return i
}

// fraction reads on at the decimal point, which is at i.
func (l *Lexer) fraction(i int) TokenKind {
	sql := l.sql
	for i++; i < len(sql) && isDigit(sql[i]); i++ {
	}
	if i < len(sql) && sql[i]|0x20 == 'e' {
		end := exponent(sql, i+1)
		if end == 0 { // servers differ on 1.e and 1.eX
			l.doubts("a number with an e and no exponent")
			end = i
		}
		i = end
	}
	l.pos = i
	return Number
}

// doubleQuoted reads "x", which sql_mode makes a string or a name.
func (l *Lexer) doubleQuoted() TokenKind {
	start := l.pos
	if l.mode.QuotesUnsure {
		l.doubts("text in double quotes, and it is not known whether sql_mode has ANSI_QUOTES")
	}
	if l.mode.ANSIQuotes {
		return l.quoted('"', false)
	}
	kind := l.quoted('"', !l.mode.NoBackslash)
	if l.mode.Flavour != MariaDB && !l.mode.NoBackslash {
		// Only MariaDB tells by a status flag that ANSI_QUOTES is set. This string would
		// end at another place if it were.
		for i := start + 1; i+1 < l.pos; i++ {
			if l.sql[i] == '\\' {
				if l.sql[i+1] == '"' {
					l.doubts("an escaped double quote, and the server does not tell whether sql_mode has ANSI_QUOTES")
					break
				}
				i++
			}
		}
	}
	return kind
}

// quoted reads from one quote to the next that is neither doubled nor, in a string with
// escapes, behind a backslash.
func (l *Lexer) quoted(q byte, escapes bool) TokenKind {
	kind := String
	if q == '`' || q == '"' && l.mode.ANSIQuotes {
		kind = QuotedName
	}
	sql, i := l.sql, l.pos+1
	high := byte(0)
	for i < len(sql) {
		c := sql[i]
		high |= c
		i++
		switch {
		case c == q:
			if i < len(sql) && sql[i] == q {
				i++
				continue
			}
			l.pos = i
			if high >= 0x80 {
				l.inQuotes()
			}
			return kind
		case c == '\\' && escapes && i < len(sql):
			high |= sql[i]
			i++
		}
	}
	l.pos = len(sql)
	l.doubts("a quote has no end")
	return kind
}

// inQuotes notes a byte from 0x80 on between quotes.
func (l *Lexer) inQuotes() {
	if l.mode.Charset == CharsetUnknown {
		l.doubts("bytes outside ASCII, in a character set that is not known or may hide a quote in a character")
	}
}

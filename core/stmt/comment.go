package stmt

import "bytes"

// line reads a comment that ends with its line. Servers end it at a NUL too.
func (l *Lexer) line(from int) {
	end := bytes.IndexByte(l.sql[from:], '\n')
	if end < 0 {
		end = len(l.sql) - from
	}
	if bytes.IndexByte(l.sql[from:from+end], 0) >= 0 {
		l.doubts("a NUL byte in a comment")
	}
	l.pos = from + end
}

// dash reads a comment or an operator that begins with a minus.
func (l *Lexer) dash() TokenKind {
	next := l.peek(1)
	switch {
	case next == '-' && l.pos+2 >= len(l.sql):
		l.pos = len(l.sql)
		return Comment
	case next == '-':
		third := l.peek(2)
		if classes[third] == space {
			l.line(l.pos + 2)
			return Comment
		}
		// A control character makes it a comment for MySQL and MariaDB; TiDB wants a blank, and
		// takes bytes for blanks that are one in Latin-1.
		if third < ' ' || third == 0x7f || l.mode.Flavour == TiDB && (third == 0x85 || third == 0xa0) {
			l.line(l.pos + 2)
			l.doubts("-- with a control character behind it")
			return Comment
		}
	case next == '>' && l.peek(2) == '>':
		l.pos += 3
		return Operator
	case next == '>':
		l.pos += 2
		return Operator
	}
	l.pos++
	return Operator
}

// star reads a star, or the end of an executable comment.
func (l *Lexer) star() (kind TokenKind, live bool) {
	if l.live && l.peek(1) == '/' {
		l.pos += 2
		l.live = false
		return Comment, true
	}
	l.pos++
	return Operator, false
}

// slash reads a division or a comment.
func (l *Lexer) slash() (kind TokenKind, live bool) {
	if l.peek(1) != '*' {
		l.pos++
		return Operator, false
	}
	switch l.peek(2) {
	case '!':
		return Comment, l.executable(3)
	case 'M', 'T':
		if l.peek(3) == '!' {
			return Comment, l.executable(4)
		}
	case '+':
		if l.mode.Flavour != MariaDB { // which has no hints
			l.skip(0)
			return Hint, false
		}
	}
	l.skip(0)
	return Comment, false
}

// executable reads the opening of a comment that some servers execute, whose text or
// version begins n bytes on, or the whole of it if this server does not.
func (l *Lexer) executable(n int) (live bool) {
	mark := l.peek(2)
	digits := 0
	version := uint32(0)
	for digits < 6 && isDigit(l.peek(n+digits)) {
		version = version*10 + uint32(l.peek(n+digits)-'0')
		digits++
	}
	if digits < 5 { // then they are no version
		digits, version = 0, 0
	}
	run := false
	switch l.mode.Flavour {
	case MariaDB:
		// It skips the versions of MySQL that it is no successor of.
		foreign := mark == '!' && 50700 <= version && version <= 99999
		run = mark != 'T' && version <= l.mode.Version && !foreign
		if digits > 0 && l.mode.Version == 0 && mark != 'T' {
			l.doubts("a comment for servers from some version on, and this server's version is not known")
		}
	case MySQL:
		run = mark == '!' && version <= l.mode.Version
		if mark == '!' && (digits == 6 || digits > 0 && l.mode.Version == 0) {
			l.doubts("a comment for servers from some version on, which servers read in different ways")
		}
	case TiDB:
		run = mark == '!'
		if mark == '!' && digits == 6 {
			digits = 5 // the sixth is part of the statement
		}
		if mark == 'T' {
			run = l.peek(n) != '[' // a list of features
			digits = 0
			if !run {
				l.doubts("a comment for servers that have a feature")
			}
		}
	default:
		l.doubts("a comment that some servers execute, and the server is not known")
	}
	if !run {
		l.skip(1)
		return false
	}
	if l.live {
		l.doubts("a comment that servers execute inside another")
	}
	l.live = true
	l.pos += n + digits
	return true
}

// skip goes behind the comment that begins here. Comments inside it, to the given depth,
// end before it does, as servers skip a comment for another version.
func (l *Lexer) skip(depth int) {
	if l.mode.Flavour == TiDB {
		depth = 0
	}
	sql, inner := l.sql, 0
	for i := l.pos + 2; i+1 < len(sql); i++ {
		switch {
		case sql[i] == '*' && sql[i+1] == '/':
			if inner == 0 {
				l.pos = i + 2
				return
			}
			inner--
			i++
		case sql[i] == '/' && sql[i+1] == '*' && inner < depth:
			inner++
			i++
		}
	}
	l.pos = len(sql)
	l.doubts("a comment has no end")
}

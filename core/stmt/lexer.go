package stmt

import "unicode/utf8"

// Lexer splits a text into tokens as the session's server does (MySQL's sql_lex.cc and its
// heirs; the places where they part are noted in the code). It makes no garbage and
// accepts any bytes. The zero value is an empty text.
type Lexer struct {
	sql   []byte
	pos   int
	mode  Mode
	live  bool   // inside an executable comment
	named bool   // the last token was a word that ends here: a dot behind it is a separator
	part  bool   // the last token was such a dot: digits behind it are a name
	doubt string // the first one
}

// NewLexer reads sql, which must not change meanwhile.
func NewLexer(sql []byte, m Mode) Lexer { return Lexer{sql: sql, mode: m} }

// Doubt is why the text may have been split in another way than the server does it, ""
// if no reason has come up so far.
func (l *Lexer) Doubt() string { return l.doubt }

// Next gives the next token, false at the end of the text.
func (l *Lexer) Next() (Token, bool) {
	if l.pos >= len(l.sql) {
		if l.live {
			l.live = false
			l.doubts("a comment that servers execute has no end")
		}
		return Token{}, false
	}
	before, start := l.doubt, l.pos
	named, part := l.named, l.part
	l.named, l.part = false, false
	t := Token{Start: start}
	switch c := l.sql[start]; classes[c] {
	case space:
		l.blank()
		t.Kind = Blank
	case letter:
		t.Kind = l.word()
	case digit:
		t.Kind = l.number(part)
	case quote:
		t.Kind = l.quoted('\'', !l.mode.NoBackslash)
	case double:
		t.Kind = l.doubleQuoted()
	case back:
		t.Kind = l.quoted('`', false)
	case dot:
		t.Kind = l.dot(named)
	case punct:
		l.pos++
		t.Kind = Punct
	case at:
		t.Kind = l.variable()
	case hash:
		l.line(start + 1)
		t.Kind = Comment
	case dash:
		t.Kind = l.dash()
	case slash:
		t.Kind, t.Live = l.slash()
	case star:
		t.Kind, t.Live = l.star()
	case operator:
		t.Kind = l.operator(c)
	case marker:
		l.pos++
		t.Kind = Marker
	case backslash:
		t.Kind = l.backslash()
	default:
		l.pos++
		l.doubts("a byte that no statement has outside quotes")
		t.Kind = Illegal
	}
	t.End = l.pos
	t.Doubt = before == "" && l.doubt != ""
	return t, true
}

// doubts keeps the first reason.
func (l *Lexer) doubts(reason string) {
	if l.doubt == "" {
		l.doubt = reason
	}
}

// peek gives the byte that is n further on, 0 beyond the end.
func (l *Lexer) peek(n int) byte {
	if l.pos+n < len(l.sql) {
		return l.sql[l.pos+n]
	}
	return 0
}

func (l *Lexer) blank() {
	sql, i := l.sql, l.pos+1
	for i < len(sql) && classes[sql[i]] == space {
		i++
	}
	l.pos = i
}

// word reads a name or keyword, or the literal that x, b or n begin.
func (l *Lexer) word() TokenKind {
	sql, i := l.sql, l.pos
	high := byte(0)
	for i < len(sql) && inWord(sql[i]) {
		high |= sql[i]
		i++
	}
	if high >= 0x80 {
		l.foreign(sql[l.pos:i])
	}
	if i == l.pos+1 && i < len(sql) && sql[i] == '\'' {
		switch sql[l.pos] {
		case 'x', 'X', 'b', 'B':
			l.bits(sql[l.pos]|0x20, i)
			return String
		case 'n', 'N':
			l.pos = i
			return l.quoted('\'', !l.mode.NoBackslash)
		}
	}
	l.pos, l.named = i, true
	return Word
}

// foreign notes bytes from 0x80 on outside quotes. In UTF-8 they are part of a name; in
// another character set one may be a blank (0xA0 in latin1) or hide the next byte, and
// servers differ on bytes that are no UTF-8.
func (l *Lexer) foreign(word []byte) {
	switch {
	case l.mode.Charset != CharsetUTF8:
		l.doubts("a byte outside ASCII and quotes, in a character set that is not UTF-8")
	case !utf8.Valid(word):
		l.doubts("bytes outside quotes that are no UTF-8")
	}
}

// dot reads a separator, or a decimal that begins with its point.
func (l *Lexer) dot(named bool) TokenKind {
	if !named && isDigit(l.peek(1)) {
		return l.fraction(l.pos)
	}
	l.part = named && inWord(l.peek(1))
	l.pos++
	return Punct
}

// variable reads what begins with @.
func (l *Lexer) variable() TokenKind {
	kind := UserVar
	l.pos++
	if l.peek(0) == '@' {
		kind = SystemVar
		l.pos++
	}
	sql, i := l.sql, l.pos
	if i < len(sql) {
		switch c := sql[i]; {
		case c == '`':
			l.quoted('`', false)
			return kind
		case kind == SystemVar:
		case c == '\'':
			l.quoted('\'', !l.mode.NoBackslash)
			return kind
		case c == '"':
			l.doubleQuoted()
			return kind
		}
	}
	high := byte(0)
	for i < len(sql) && (inWord(sql[i]) || sql[i] == '.' && kind == UserVar) {
		high |= sql[i]
		i++
	}
	if high >= 0x80 {
		l.foreign(sql[l.pos:i])
	}
	if i == l.pos && kind == SystemVar {
		l.doubts("@@ without a name")
	}
	l.pos, l.named = i, kind == SystemVar
	return kind
}

// backslash reads \N, which is NULL.
func (l *Lexer) backslash() TokenKind {
	l.pos++
	if l.peek(0) == 'N' {
		l.pos++
		return Word
	}
	l.doubts("a backslash outside quotes")
	return Illegal
}

// operator reads the longest sign that begins with c.
func (l *Lexer) operator(c byte) TokenKind {
	n := 1
	switch next := l.peek(1); c {
	case ':':
		if next == '=' {
			n = 2
		}
	case '<':
		switch {
		case next == '=' && l.peek(2) == '>':
			n = 3
		case next == '=' || next == '<' || next == '>':
			n = 2
		}
	case '>':
		if next == '=' || next == '>' {
			n = 2
		}
	case '!', '=':
		if next == '=' && c == '!' || next == '>' && c == '=' {
			n = 2
		}
	case '|', '&':
		if next == c {
			n = 2
		}
	}
	l.pos += n
	return Operator
}

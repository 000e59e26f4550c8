package stmt

import (
	"bytes"

	"github.com/dbmesh/dbmesh/core"
)

// statement is one statement while its facts are being found.
type statement struct {
	mode   Mode
	sql    []byte  // executable comments resolved: no comment in it means anything
	tokens []Token // without blanks, comments and hints
	facts  core.Facts
	pairs  *brackets // found when they are asked for
	proved bool      // it is opaque, but traceless
}

// newStatement splits the text of one statement.
func newStatement(m Mode, sql []byte) *statement {
	s := &statement{mode: m, sql: sql}
	for l := NewLexer(sql, m); ; {
		t, ok := l.Next()
		if !ok {
			return s
		}
		if t.Kind > Hint {
			s.tokens = append(s.tokens, t)
		}
	}
}

// text is the i-th token's, nil beyond the last.
func (s *statement) text(i int) []byte {
	if i < 0 || i >= len(s.tokens) {
		return nil
	}
	return s.tokens[i].Text(s.sql)
}

// word says whether the i-th token is this keyword, given in lower case.
func (s *statement) word(i int, keyword string) bool {
	return i >= 0 && i < len(s.tokens) && s.tokens[i].Kind == Word && equalFold(s.text(i), keyword)
}

// words says whether the tokens from the i-th on are these keywords.
func (s *statement) words(i int, keywords ...string) bool {
	for n, k := range keywords {
		if !s.word(i+n, k) {
			return false
		}
	}
	return true
}

// sign says whether the i-th token is this operator or punctuation.
func (s *statement) sign(i int, sign string) bool {
	if i < 0 || i >= len(s.tokens) {
		return false
	}
	k := s.tokens[i].Kind
	return (k == Operator || k == Punct) && string(s.text(i)) == sign
}

func equalFold(text []byte, lower string) bool {
	if len(text) != len(lower) {
		return false
	}
	for i := range text {
		c := text[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// name is what a Word or QuotedName names, without its quotes.
func name(text []byte) string {
	if len(text) >= 2 && (text[0] == '`' || text[0] == '"') {
		q := text[0]
		return string(bytes.ReplaceAll(text[1:len(text)-1], []byte{q, q}, []byte{q}))
	}
	return string(text)
}

// Package state keeps what a session has set on its backend connection, as far as dbmesh
// must know it: the texts of prepared statements, and whether the session carries more
// than a default schema and a character set, which would be lost on another connection.
package state

import (
	"bytes"

	"github.com/dbmesh/dbmesh/core/wire"
)

// Limits of what one session's statement texts may take.
const (
	maxText  = 64 << 10 // of one text, the rest is cut
	maxTexts = 4 << 20  // of all texts, beyond it they are not kept
)

// LastStatement is MariaDB's id for the statement that was prepared last.
const LastStatement = ^uint32(0)

// Statement is a prepared statement.
type Statement struct {
	SQL       []byte
	Truncated bool // SQL is not the whole text
}

// Session is the state of one session. It is not safe for concurrent use.
type Session struct {
	statements map[uint32]Statement
	texts      int
	last       uint32
	pin        string
	names      []byte // the SET NAMES in force, to be repeated on another connection
	before     []byte // what it was before the statement that runs
}

// Pin is why the session can't leave its backend connection, "" if it can.
func (s *Session) Pin() string {
	if s.pin == "" && len(s.statements) > 0 {
		return "prepared statement"
	}
	return s.pin
}

// Names is the session's last SET NAMES statement, nil if there was none.
func (s *Session) Names() []byte { return s.names }

// Statements is how many are prepared.
func (s *Session) Statements() int { return len(s.statements) }

// Prepared notes a statement that the backend has prepared.
func (s *Session) Prepared(id uint32, sql []byte, truncated bool) {
	if s.statements == nil {
		s.statements = map[uint32]Statement{}
	}
	s.Closed(id)
	if len(sql) > maxText {
		sql, truncated = sql[:maxText], true
	}
	if s.texts+len(sql) > maxTexts {
		sql, truncated = nil, true
	}
	s.texts += len(sql)
	s.statements[id] = Statement{bytes.Clone(sql), truncated}
	s.last = id
}

// Statement finds a prepared statement.
func (s *Session) Statement(id uint32) (Statement, bool) {
	if id == LastStatement {
		id = s.last
	}
	st, ok := s.statements[id]
	return st, ok
}

// Closed forgets a prepared statement.
func (s *Session) Closed(id uint32) {
	s.texts -= len(s.statements[id].SQL)
	delete(s.statements, id)
}

// Reset forgets everything, after COM_RESET_CONNECTION or a change of user.
func (s *Session) Reset() { *s = Session{} }

// Tracked notes a change of state that the backend told. What a pin is made of is not
// always told, so this adds to Ran and does not replace it.
func (s *Session) Tracked(c wire.Change) {
	if c.Kind == wire.TrackState && c.Data == "1" && s.pin == "" {
		s.pin = "session state"
	}
}

// plain are first words of statements that leave nothing behind on a connection once
// their transaction has ended, unless the text has one of the suspects.
var plain = [][]byte{
	[]byte("select"), []byte("insert"), []byte("update"), []byte("delete"), []byte("replace"),
	[]byte("show"), []byte("explain"), []byte("desc"), []byte("describe"), []byte("values"),
	[]byte("table"), []byte("with"), []byte("begin"), []byte("start"), []byte("commit"),
	[]byte("rollback"), []byte("use"), []byte("kill"), []byte("("),
}

// suspects are words with which even a plain statement may set variables or take locks.
var suspects = [][]byte{[]byte("@"), []byte("lock"), []byte("found_rows"), []byte("last_insert_id"), []byte("/*!"), []byte("/*m!"), []byte(";")}

// scanned is how much of a text is looked at; a longer one counts as suspect.
const scanned = 4 << 10

// Pins says whether a query may leave something on its connection that would be missed on
// another one. It errs towards yes.
func (s *Session) Pins(sql []byte, truncated bool) bool { return judge(sql, truncated) != "" }

// Ran notes the text of a query that was sent.
func (s *Session) Ran(sql []byte, truncated bool) {
	s.before = s.names
	if s.pin != "" {
		return
	}
	if s.pin = judge(sql, truncated); s.pin != "" {
		return
	}
	if names, ok := setNames(BehindComments(sql)); ok {
		s.names = bytes.Clone(names)
	}
}

// AsksOfLast says whether a query asks about the statement before it, so that it must go
// where that one ran.
func AsksOfLast(sql []byte) bool {
	text := BehindComments(sql)
	for _, w := range [][]byte{[]byte("show warnings"), []byte("show errors"), []byte("show count(*)")} {
		if len(text) >= len(w) && bytes.EqualFold(text[:len(w)], w) {
			return true
		}
	}
	return false
}

// Failed notes that the query that Ran was told of last was answered with an error.
func (s *Session) Failed() { s.names = s.before }

// judge gives the reason why a query pins, "" if it is known to leave nothing behind but a
// schema or a character set.
func judge(sql []byte, truncated bool) string {
	if truncated || len(sql) > scanned {
		return "statement too long to judge"
	}
	const reason = "statement may set session state"
	sql = bytes.TrimRight(sql, "; \t\r\n") // at the end it separates nothing
	for _, w := range suspects {
		if containsFold(sql, w) {
			return reason
		}
	}
	text := BehindComments(sql)
	if _, ok := setNames(text); ok {
		return ""
	}
	for _, w := range plain {
		if len(text) >= len(w) && bytes.EqualFold(text[:len(w)], w) {
			return ""
		}
	}
	return reason
}

// BehindComments is the text from its first word on: hints stand before it. Comments that
// servers execute are suspects.
func BehindComments(text []byte) []byte {
	for {
		text = bytes.TrimLeft(text, " \t\r\n")
		if !bytes.HasPrefix(text, []byte("/*")) {
			return text
		}
		end := bytes.Index(text[2:], []byte("*/"))
		if end < 0 {
			return nil
		}
		text = text[2+end+2:]
	}
}

// Unwatched notes that a query was sent whose text nobody looked at, for no link could
// have sent it elsewhere.
func (s *Session) Unwatched() {
	if s.pin == "" {
		s.pin = "statements ran before the chain could switch pools"
	}
}

// setNames recognizes SET NAMES with one plain word, which may be repeated elsewhere.
func setNames(text []byte) ([]byte, bool) {
	if len(text) < 3 || !bytes.EqualFold(text[:3], []byte("set")) { // without garbage for most texts
		return nil, false
	}
	f := bytes.Fields(bytes.TrimRight(text, "; \t\r\n"))
	if len(f) != 3 || !bytes.EqualFold(f[0], []byte("set")) || !bytes.EqualFold(f[1], []byte("names")) {
		return nil, false
	}
	for _, c := range bytes.Trim(f[2], "'\"") {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_') {
			return nil, false
		}
	}
	return text, true
}

// containsFold looks for a lower-case ASCII word in any case.
func containsFold(text, word []byte) bool {
	for i := 0; i+len(word) <= len(text); i++ {
		if text[i]|0x20 == word[0]|0x20 && bytes.EqualFold(text[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

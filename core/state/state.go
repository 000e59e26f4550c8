// Package state keeps what a session has set on its backend connection, as far as dbmesh
// must know it: the texts of prepared statements, and whether the session carries more
// than a default schema and a character set, which would be lost on another connection.
package state

import (
	"bytes"
	"slices"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
)

// Session is the state of one session. It is not safe for concurrent use.
type Session struct {
	statements map[uint32]*Statement
	texts      int
	last       uint32
	ids        uint32 // how many the client was told, or would have been
	kept       int    // statements that only the present connection has
	why        string // of the last of these
	binds      bool   // a statement has types or pieces
	masked     int    // statements with a plan, or denied
	shown      int    // bytes of column definitions
	pin        string
	names      string // the SET NAMES in force, to be repeated on another connection
	before     string // what it was before the statement that runs
	settings
}

// Pin is why the session can't leave its backend connection, "" if it can.
func (s *Session) Pin() string {
	if s.pin == "" && len(s.statements) > 0 {
		return "prepared statement"
	}
	return s.pin
}

// Names is the session's last SET NAMES statement, "" if there was none.
func (s *Session) Names() string { return s.names }

// Reset forgets everything but the login, after COM_RESET_CONNECTION. TiDB counts statements
// anew then, the others don't.
func (s *Session) Reset() {
	ids := s.ids
	if s.Begin(s.login); s.begin.Flavour != stmt.TiDB {
		s.ids = ids
	}
}

// Pins says whether a statement may leave something on its connection that would be missed
// on another one, so that it must run at home: anything that lasts but a schema or a
// character set, which are repeated.
func (s *Session) Pins(f *core.Facts) bool { return reason(f) != "" }

// Ran notes the facts of a query that was sent.
func (s *Session) Ran(f *core.Facts) {
	s.before = s.names
	if s.pin == "" {
		s.pin = reason(f)
	}
	if names, ok := setNames(f); ok {
		s.names = names
	}
}

// reason tells why a statement pins, "" if it is known to leave nothing that lasts.
func reason(f *core.Facts) string {
	lasting := f.Creates & core.Lasting
	switch {
	case f.Kind == core.StatementUse:
		lasting &^= core.EffectSchema
	case f.Kind == core.StatementSet:
		if _, ok := setNames(f); ok {
			lasting &^= core.EffectCharset
		}
	}
	if lasting == 0 {
		return ""
	}
	for _, p := range f.Pins {
		if lasting.Has(p.Effect) {
			return p.Reason
		}
	}
	return "it may leave something behind: " + lasting.String()
}

// setNames recognizes SET NAMES with one plain name, and gives a statement that repeats it.
func setNames(f *core.Facts) (string, bool) {
	if f.Kind != core.StatementSet || f.Opaque || len(f.Assignments) != 1 {
		return "", false
	}
	a := f.Assignments[0]
	if a.Name != "names" || !a.Literal || a.Value == "" {
		return "", false
	}
	for _, c := range []byte(a.Value) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_') {
			return "", false
		}
	}
	return "SET NAMES " + a.Value, true
}

// Failed notes that the statement that Ran was told of last was answered with an error. f
// are its facts, nil if nobody knows them: the first of several statements may have been
// executed, and so may be a function that a SET calls.
func (s *Session) Failed(f *core.Facts) {
	s.names = s.before
	if f != nil && (f.Kind != core.StatementSet || f.Creates.Has(core.EffectUnknown)) {
		s.doubt(f.Creates)
	}
}

// Unwatched notes that a query was sent whose facts nobody has asked for, since no link
// could have sent it elsewhere.
func (s *Session) Unwatched() {
	s.blind = true
	if s.pin == "" {
		s.pin = "statements ran before the chain could switch pools"
	}
}

// AsksOfLast says whether a query asks about the statement before it, so that it must go
// where that one ran, and AsksOfInsert whether it asks about the last one that gave an id.
// f are the facts of sql. Only what else could run anywhere may follow them around: an
// INSERT of ROW_COUNT() goes where any INSERT goes.
func AsksOfLast(sql []byte, f *core.Facts) bool {
	return ShowsLast(sql, f) || asks(f, []string{"found_rows", "row_count"}, []string{"warning_count", "error_count"})
}

// AsksOfInsert is described at AsksOfLast.
func AsksOfInsert(f *core.Facts) bool {
	return asks(f, []string{"last_insert_id"}, []string{"last_insert_id", "identity"})
}

// asks says whether a query calls some of the functions or reads some of the variables,
// and has nothing else that keeps it from running anywhere.
func asks(f *core.Facts, functions, variables []string) bool {
	if f.Kind != core.StatementSelect || len(f.Functions)+len(f.SystemVarsRead) == 0 || f.Opaque || f.Locking ||
		f.Into != core.IntoClient || len(f.UserVarsRead)+len(f.UserVarsSet) > 0 || reason(f) != "" {
		return false
	}
	return within(f.Functions, functions) && within(f.SystemVarsRead, variables)
}

func within(names, known []string) bool {
	for _, n := range names {
		if !slices.Contains(known, n) {
			return false
		}
	}
	return true
}

// ShowsLast says whether a statement shows the warnings or errors of the one before it.
func ShowsLast(sql []byte, f *core.Facts) bool {
	if f.Kind != core.StatementShow {
		return false
	}
	words := bytes.Fields(BehindComments(sql[:min(len(sql), maxShow)]))
	if len(words) < 2 || !bytes.EqualFold(words[0], []byte("show")) {
		return false
	}
	for _, w := range []string{"warnings", "errors", "count(*)"} {
		if what := words[1]; len(what) >= len(w) && bytes.EqualFold(what[:len(w)], []byte(w)) {
			return true
		}
	}
	return false
}

// maxShow is how much of a SHOW is looked at: programs that ask for warnings do it in
// short texts.
const maxShow = 1 << 10

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

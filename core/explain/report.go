package explain

import (
	"fmt"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
)

// MaxText is how many bytes of a text are explained, the same as the default inspect_limit.
const MaxText = 1 << 20

// Report is what is known of a text. Its JSON form is stable: keys may come, none goes or
// changes its meaning; lists are never null. docs/facts.md tells of the keys.
type Report struct {
	Server  Server   `json:"server"`
	Session *Session `json:"session,omitempty"`
	Facts   Facts    `json:"facts"`
	// Fingerprint is the normalised text. Bytes that are not UTF-8 become U+FFFD in JSON.
	Fingerprint string `json:"fingerprint"`
	// Ranges is nil where that is not sure: for an opaque text, and for several statements.
	Ranges *Ranges `json:"ranges"`
}

// Ranges say where in the text its parts stand.
type Ranges struct {
	Tables  []TableRange `json:"tables"` // in the order of the text, each time they are named
	Clauses []Clause     `json:"clauses"`
}

// Range is text[Start:End], in bytes.
type Range struct {
	Start int `json:"start"`
	End   int `json:"end"`
}

// TableRange is where a table's name stands, with its schema and quotes.
type TableRange struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
	Range
}

// Clause is one of the statement's top level, with its keyword.
type Clause struct {
	Name string `json:"name"` // from, where, group, having, order or limit
	Range
}

// Server is how the text was read.
type Server struct {
	Flavour     string `json:"flavour"`
	Version     string `json:"version"` // "" if it is not known
	ANSIQuotes  bool   `json:"ansi_quotes"`
	NoBackslash bool   `json:"no_backslash_escapes"`
	// QuotesUnsure says that nobody knows whether ANSI_QUOTES is on.
	QuotesUnsure bool `json:"quotes_unsure"`
	// Charset is utf8, single (one byte a character) or unknown (it may have two).
	Charset string   `json:"charset"`
	Assumed []string `json:"assumed"` // the keys above that nobody said
}

// Session is the one whose server and settings were taken.
type Session struct {
	ID     uint32 `json:"id"`
	Schema string `json:"schema"` // the default one, "" for none
}

// Facts are core.Facts with names in the place of numbers.
type Facts struct {
	Kind            string       `json:"kind"`
	Access          string       `json:"access"`
	Tables          []Table      `json:"tables"`
	Functions       []string     `json:"functions"`
	Where           bool         `json:"where"`
	Limit           bool         `json:"limit"`
	Locking         bool         `json:"locking"`
	Into            string       `json:"into"` // client, variables or file
	UserVariables   Variables    `json:"user_variables"`
	SystemVariables Variables    `json:"system_variables"`
	Assignments     []Assignment `json:"assignments"`
	Transaction     string       `json:"transaction,omitempty"` // of a BEGIN: plain, read only or other
	Placeholders    int          `json:"placeholders"`
	ReadSafe        bool         `json:"read_safe"`
	ReadReason      string       `json:"read_reason"`
	Creates         []string     `json:"creates"`
	Releases        []string     `json:"releases"`
	Pins            []Pin        `json:"pins"`
	Opaque          bool         `json:"opaque"`
	OpaqueReason    string       `json:"opaque_reason"`
	Digest          string       `json:"digest"`
	DigestText      string       `json:"digest_text"`
	Parts           []Facts      `json:"parts"`
}

// Table is one that the text names.
type Table struct {
	Schema string `json:"schema"` // "" for the session's default
	Name   string `json:"name"`
	Access string `json:"access"` // read or write
}

// Variables are names in lower case.
type Variables struct {
	Read []string `json:"read"`
	Set  []string `json:"set"`
}

// Assignment is one part of a SET.
type Assignment struct {
	Name    string `json:"name"`
	Scope   string `json:"scope"` // session, global, user or next
	Value   string `json:"value"`
	Literal bool   `json:"literal"`
}

// Pin is one reason why a session may not change its connection.
type Pin struct {
	Effect string `json:"effect"`
	Reason string `json:"reason"`
}

// Text explains sql as it is read in the dialect.
func Text(d Dialect, sql []byte) (*Report, error) {
	m, err := d.Mode()
	if err != nil {
		return nil, err
	}
	r := report(m, sql)
	r.Server.Assumed = d.Assumed()
	return r, nil
}

// Live explains sql as the server of a session reads it.
func Live(s Session, m stmt.Mode, sql []byte) *Report {
	r := report(m, sql)
	r.Session = &s
	return r
}

func report(m stmt.Mode, sql []byte) *Report { return reportOn(m, sql, stmt.Analyze(m, sql)) }

func reportOn(m stmt.Mode, sql []byte, f *core.Facts) *Report {
	r := &Report{Server: server(m), Facts: facts(f), Fingerprint: string(stmt.AppendNormal(nil, sql, m))}
	if found, ok := stmt.FindRanges(m, sql, f); ok {
		r.Ranges = ranges(found)
	}
	return r
}

func ranges(found core.Ranges) *Ranges {
	r := &Ranges{Tables: []TableRange{}, Clauses: []Clause{}}
	for _, t := range found.Tables {
		r.Tables = append(r.Tables, TableRange{t.Schema, t.Name, Range(t.Range)})
	}
	for _, c := range []struct {
		name string
		at   core.Range
	}{
		{"from", found.From}, {"where", found.Where}, {"group", found.Group},
		{"having", found.Having}, {"order", found.Order}, {"limit", found.Limit},
	} {
		if !c.at.IsZero() {
			r.Clauses = append(r.Clauses, Clause{c.name, Range(c.at)})
		}
	}
	return r
}

func server(m stmt.Mode) Server {
	s := Server{
		Flavour: m.Flavour.String(), ANSIQuotes: m.ANSIQuotes, NoBackslash: m.NoBackslash,
		QuotesUnsure: m.QuotesUnsure, Charset: "unknown", Assumed: []string{},
	}
	if v := m.Version; v > 0 {
		s.Version = fmt.Sprintf("%d.%d.%d", v/10000, v/100%100, v%100)
	}
	switch m.Charset {
	case stmt.CharsetUTF8:
		s.Charset = "utf8"
	case stmt.CharsetSingle:
		s.Charset = "single"
	}
	return s
}

func facts(f *core.Facts) Facts {
	out := Facts{
		Kind: f.Kind.String(), Access: f.Access.String(), Tables: []Table{}, Functions: list(f.Functions),
		Where: f.Where, Limit: f.Limit, Locking: f.Locking, Into: into(f.Into),
		UserVariables:   Variables{list(f.UserVarsRead), list(f.UserVarsSet)},
		SystemVariables: Variables{list(f.SystemVarsRead), list(f.SystemVarsSet)},
		Assignments:     []Assignment{}, Transaction: f.Transaction.String(), Placeholders: f.Placeholders,
		ReadSafe: f.ReadSafe, ReadReason: f.ReadReason,
		Creates: effects(f.Creates), Releases: effects(f.Releases), Pins: []Pin{},
		Opaque: f.Opaque, OpaqueReason: f.OpaqueReason,
		Digest: f.Digest, DigestText: f.DigestText, Parts: []Facts{},
	}
	for _, t := range f.Tables {
		access := "read"
		if t.Writes {
			access = "write"
		}
		out.Tables = append(out.Tables, Table{t.Schema, t.Name, access})
	}
	for _, a := range f.Assignments {
		out.Assignments = append(out.Assignments, Assignment{a.Name, scope(a.Scope), a.Value, a.Literal})
	}
	for _, p := range f.Pins {
		out.Pins = append(out.Pins, Pin{p.Effect.String(), p.Reason})
	}
	for _, p := range f.Parts {
		out.Parts = append(out.Parts, facts(p))
	}
	return out
}

func list(names []string) []string { return append([]string{}, names...) }

func effects(e core.Effect) []string {
	names := []string{}
	for one := range e.Each() {
		names = append(names, one.String())
	}
	return names
}

func into(i core.Into) string {
	switch i {
	case core.IntoVariables:
		return "variables"
	case core.IntoFile:
		return "file"
	}
	return "client"
}

func scope(s core.Scope) string {
	switch s {
	case core.ScopeGlobal:
		return "global"
	case core.ScopeUser:
		return "user"
	case core.ScopeNext:
		return "next"
	}
	return "session"
}

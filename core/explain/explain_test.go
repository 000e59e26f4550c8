package explain

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/core/stmt/stmttest"
)

func TestAVersionCountsAsExecutableCommentsDo(t *testing.T) {
	for text, want := range map[string]uint32{
		"10.11.19": 101119, "10.11": 101100, "8.0.36": 80036, "8.4": 80400, "8.0.36-log": 80036,
		"10.11.19-MariaDB-1:10.11.19+maria~ubu2204": 101119, "5.5.5-10.11.19-MariaDB": 101119, "8.0.11-TiDB-v8.5.0": 80011,
	} {
		if got, err := version(text); err != nil || got != want {
			t.Errorf("%s is %d, %v, want %d", text, got, err, want)
		}
		if m := stmt.ServerMode(text); m.Version != want && strings.Count(text, ".") > 1 {
			t.Errorf("a server that greets with %s has version %d, %d here", text, m.Version, want)
		}
	}
}

func TestWhatIsNotSaidIsAssumedAndTold(t *testing.T) {
	for _, tc := range []struct {
		d       Dialect
		mode    stmt.Mode
		assumed string
	}{
		{Dialect{}, stmt.Mode{Flavour: stmt.MariaDB, Version: 101119, Charset: stmt.CharsetUTF8}, "flavour version charset"},
		{Dialect{Flavour: "MySQL"}, stmt.Mode{Flavour: stmt.MySQL, Version: 80400, Charset: stmt.CharsetUTF8}, "version charset"},
		{Dialect{Flavour: "tidb", Charset: "GBK"}, stmt.Mode{Flavour: stmt.TiDB, Version: 80011}, "version"},
		{
			Dialect{"mariadb", "11.4.2", "pipes_as_concat, ansi ,NO_BACKSLASH_ESCAPES", "latin1"},
			stmt.Mode{Flavour: stmt.MariaDB, Version: 110402, ANSIQuotes: true, NoBackslash: true, Charset: stmt.CharsetSingle}, "",
		},
	} {
		m, err := tc.d.Mode()
		if err != nil || m != tc.mode {
			t.Errorf("%+v is %+v, %v, want %+v", tc.d, m, err, tc.mode)
		}
		if got := tc.d.Assumed(); strings.Join(got, " ") != tc.assumed {
			t.Errorf("%+v assumes %q, want %q", tc.d, got, tc.assumed)
		}
	}
}

func TestEveryFactHasItsName(t *testing.T) {
	f := facts(&core.Facts{
		Kind: core.StatementSet, Access: core.AccessSession, Into: core.IntoFile,
		Tables:      []core.Table{{Schema: "a", Name: "b", Writes: true}, {Name: "c"}},
		Assignments: []core.Assignment{{Name: "x", Scope: core.ScopeGlobal, Value: "1", Literal: true}, {Scope: core.ScopeUser}, {Scope: core.ScopeNext}, {}},
		Creates:     core.EffectRole | core.EffectUserVar, Pins: []core.Pin{{Effect: core.EffectRole, Reason: "r"}},
		Parts: []*core.Facts{{Into: core.IntoVariables}, {}},
	})
	var scopes []string
	for _, a := range f.Assignments {
		scopes = append(scopes, a.Scope)
	}
	if !slices.Equal(scopes, []string{"global", "user", "next", "session"}) {
		t.Error(scopes)
	}
	if !slices.Equal(f.Tables, []Table{{"a", "b", "write"}, {"", "c", "read"}}) || !slices.Equal(f.Creates, []string{"role", "user variable"}) {
		t.Error(f.Tables, f.Creates)
	}
	if f.Kind != "set" || f.Access != "session" || f.Into != "file" || f.Parts[0].Into != "variables" || f.Parts[1].Into != "client" || f.Pins[0] != (Pin{"role", "r"}) {
		t.Errorf("%+v", f)
	}
}

func TestMarksStandBelowWhatTheyMark(t *testing.T) {
	for _, tc := range []struct{ sql, want string }{
		{"SELECT 1", "  SELECT 1\n"},
		{"a\n\nbcd\n", "  a\n\n  bcd\n  -==\n"},
		{"\tab\x1bc", "      ab\\x1bc\n        ----=\n"}, // a tab is four blanks, ESC is four signs
		{"aé d", "  aé d\n    -=\n"},
		{"世 ab", "  世 ab\n"}, // nobody knows how wide it is
		{strings.Repeat("x\n", maxLines+1), strings.Repeat("  x\n", maxLines) + "  ...\n"},
		{strings.Repeat("x", maxShown+1), "  " + strings.Repeat("x", maxShown) + "\n  ...\n"},
	} {
		marks := []mark(strings.Repeat(" ", len(tc.sql)))
		if len(tc.sql) < 20 && tc.sql != "SELECT 1" {
			marks[3] = markClause
			for i := 4; i < min(len(marks), 6); i++ {
				marks[i] = markTable
			}
		}
		var out strings.Builder
		marked(&out, []byte(tc.sql), marks)
		if out.String() != tc.want {
			t.Errorf("%q is shown as\n%s\nwant\n%s", tc.sql, out.String(), tc.want)
		}
	}
}

func TestLinesBreakAtBlanks(t *testing.T) {
	long := strings.Repeat("x", 12)
	for text, want := range map[string][]string{
		"":                  {""},
		"aa bb cc":          {"aa bb cc"},
		"aa bb cc dd":       {"aa bb cc", "dd"},
		"aa bb ccccc":       {"aa bb", "ccccc"},
		long + " b":         {long, "b"},
		"a " + long:         {"a", long},
		long + " " + long:   {long, long},
		"aaaaaaaaaa bbbbbb": {"aaaaaaaaaa", "bbbbbb"},
	} {
		if got := wrap(text, 10); !slices.Equal(got, want) {
			t.Errorf("%q is broken into %q, want %q", text, got, want)
		}
	}
}

func TestALongCellIsCut(t *testing.T) {
	tab := &table{}
	tab.row("label", strings.Repeat("é", maxShown))
	if got := tab.out.String(); len(got) > maxShown+100 || !strings.HasSuffix(got, "... (4000 bytes)\n") || strings.Contains(got, "\ufffd") {
		t.Errorf("%d bytes: ...%s", len(got), got[len(got)-50:])
	}
}

func TestJSONHasNoByteThatSteersATerminal(t *testing.T) {
	var out strings.Builder
	if err := WriteJSON(&out, map[string]string{"k": "<ü>\x1b\x7f\u009b\u202e\U000E0041\u3000\xff"}); err != nil {
		t.Fatal(err)
	}
	want := "{\n  \"k\": \"<ü>\\u001b\\u007f\\u009b\\u202e\\udb40\\udc41\\u3000\\ufffd\"\n}\n"
	if out.String() != want {
		t.Errorf("writes %s, want %s", out.String(), want)
	}
}

func TestEveryStatementOfTheCorpusIsExplained(t *testing.T) {
	entries, err := stmttest.Load("../stmt/testdata/corpus")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		d := Dialect{Flavour: e.Servers[0], Charset: e.Charset}
		if e.ANSI {
			d.SQLMode = "ANSI_QUOTES"
		}
		if e.NoBackslash {
			d.SQLMode += ",NO_BACKSLASH_ESCAPES"
		}
		r, err := Text(d, []byte(e.SQL))
		if err != nil {
			t.Fatalf("%s:%d: %v", e.File, e.Line, err)
		}
		var people, programs bytes.Buffer
		if err := errors.Join(r.WriteTable(&people, []byte(e.SQL)), WriteJSON(&programs, r)); err != nil {
			t.Errorf("%s:%d: %v", e.File, e.Line, err)
		}
		if i := bytes.IndexFunc(append(people.Bytes(), programs.Bytes()...), func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("%s:%d: a byte steers the terminal:\n%q", e.File, e.Line, people.String())
		}
		var back Report
		if err := json.Unmarshal(programs.Bytes(), &back); err != nil || utf8.ValidString(e.SQL) && !reflect.DeepEqual(&back, r) {
			t.Errorf("%s:%d: comes back from JSON as another: %v\n%s", e.File, e.Line, err, programs.String())
		}
		for name, text := range named(r) {
			if got := e.SQL[text.Start:text.End]; !strings.EqualFold(got[:min(len(got), len(name))], name) {
				t.Errorf("%s:%d: %s stands at %q", e.File, e.Line, name, got)
			}
		}
	}
	if len(entries) < 100 {
		t.Errorf("the corpus has %d entries", len(entries))
	}
}

// named gives the places of clauses, which begin with their names.
func named(r *Report) map[string]Range {
	all := map[string]Range{}
	if r.Ranges != nil {
		for _, c := range r.Ranges.Clauses {
			all[c.Name] = c.Range
		}
	}
	return all
}

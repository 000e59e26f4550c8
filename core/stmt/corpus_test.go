package stmt_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/core/stmt/stmttest"
)

// modes are the servers that the corpus is written for.
func modes(e *stmttest.Entry) []stmt.Mode {
	var all []stmt.Mode
	for _, m := range []stmt.Mode{
		{Flavour: stmt.MariaDB, Version: 101119},
		{Flavour: stmt.MySQL, Version: 80036},
		{Flavour: stmt.TiDB, Version: 80011},
	} {
		if e.For(m.Flavour.String()) {
			m.Charset = stmt.ParseCharset(e.Charset)
			m.ANSIQuotes, m.NoBackslash = e.ANSI, e.NoBackslash
			all = append(all, m)
		}
	}
	return all
}

func corpus(t testing.TB) []stmttest.Entry {
	t.Helper()
	all, err := stmttest.Load("testdata/corpus")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// shown writes facts as the corpus does, as far as the entry says something of them.
func shown(e *stmttest.Entry, f *core.Facts) string {
	tables := "-"
	for i, t := range f.Tables {
		n := t.Name
		if t.Schema != "" {
			n = t.Schema + "." + n
		}
		if t.Writes {
			n = "w:" + n
		} else {
			n = "r:" + n
		}
		if i == 0 {
			tables = n
		} else {
			tables += "," + n
		}
	}
	s := fmt.Sprint(f.Kind, " ", f.Access, " ", tables)
	if f.ReadSafe {
		s += " safe"
	} else {
		s += " unsafe"
	}
	if f.Opaque {
		s += " opaque"
	}
	if f.Locking {
		s += " locking"
	}
	if f.Into != core.IntoClient {
		s += fmt.Sprint(" into=", f.Into)
	}
	if e.Checked && len(f.Functions) > 0 {
		s += " fn=" + strings.Join(slices.Sorted(slices.Values(f.Functions)), ",")
	}
	return s
}

// TestFactsAreThoseOfTheCorpus compares all that an entry says. Of a statement that is not
// understood for sure only the kind and the safety count, and only that which the entry
// says is opaque, or that servers refuse, may be so; what else is, the next test lists.
func TestFactsAreThoseOfTheCorpus(t *testing.T) {
	for _, e := range corpus(t) {
		want := shown(&e, &core.Facts{Kind: e.Kind, Access: e.Access, Tables: e.Tables, ReadSafe: e.Safe, Opaque: e.Opaque,
			Locking: e.Locking, Into: e.Into, Functions: e.Functions})
		for _, m := range modes(&e) {
			f := stmt.Analyze(m, []byte(e.SQL))
			have := shown(&e, f)
			if f.Opaque {
				sure := !e.Invalid && f.Kind != core.StatementUnknown && e.Charset == "utf8mb4"
				if f.ReadSafe || sure && f.Kind != e.Kind {
					t.Errorf("%s:%d (%s)\n  %s\n  have %s\n  want %s", e.File, e.Line, m.Flavour, e.SQL, have, want)
				}
				continue
			}
			if have != want {
				t.Errorf("%s:%d (%s)\n  %s\n  have %s\n  want %s\n  safe: %s; functions %s",
					e.File, e.Line, m.Flavour, e.SQL, have, want, f.ReadReason, f.Functions)
			}
		}
	}
}

func TestFewStatementsThatServersTakeAreOpaque(t *testing.T) {
	valid, opaque := 0, 0
	for _, e := range corpus(t) {
		if e.Invalid || e.Opaque {
			continue
		}
		for _, m := range modes(&e) {
			valid++
			if f := stmt.Analyze(m, []byte(e.SQL)); f.Opaque {
				opaque++
				t.Logf("%s:%d (%s) %s\n  %s", e.File, e.Line, m.Flavour, f.OpaqueReason, e.SQL)
			}
		}
	}
	if opaque*20 > valid {
		t.Errorf("%d of %d are opaque, want at most 5 %%", opaque, valid)
	}
}

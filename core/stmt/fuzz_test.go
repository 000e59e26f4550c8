package stmt_test

import (
	"regexp"
	"testing"

	"github.com/dbmesh/dbmesh/core/stmt"
)

// seeds are some of the corpus: a fuzzer runs all of its seeds before it looks further.
func seeds(t testing.TB) []string {
	all := texts(t)
	var some []string
	for i := 0; i < len(all); i += 8 {
		some = append(some, all[i])
	}
	return some
}

// allModes are settings under which one text has different tokens.
func allModes() []stmt.Mode {
	return []stmt.Mode{
		maria(), tidb(), {},
		{Flavour: stmt.MySQL, Version: 80036, ANSIQuotes: true, Charset: stmt.CharsetSingle},
		{Flavour: stmt.MariaDB, Version: 101119, NoBackslash: true, QuotesUnsure: true},
	}
}

// FuzzLexer checks that the tokens of any bytes cover them, in every mode.
func FuzzLexer(f *testing.F) {
	for _, sql := range seeds(f) {
		f.Add([]byte(sql))
	}
	f.Fuzz(func(t *testing.T, sql []byte) {
		for _, m := range allModes() {
			end := 0
			for l := stmt.NewLexer(sql, m); ; {
				tok, ok := l.Next()
				if !ok {
					break
				}
				if tok.Start != end || tok.End <= tok.Start || tok.End > len(sql) || tok.Kind > stmt.Illegal {
					t.Fatalf("%q: token %+v behind %d", sql, tok, end)
				}
				end = tok.End
			}
			if end != len(sql) {
				t.Fatalf("%q: the tokens end at %d", sql, end)
			}
		}
	})
}

// FuzzShape compares with TiDB's normaliser: a text and its shape have one digest. Texts
// with what the two lexers are known to read in their own ways are left to
// TestRandomTextsHaveTheFactsOfTheirShape, which names each such place.
func FuzzShape(f *testing.F) {
	for _, sql := range seeds(f) {
		f.Add(sql)
	}
	apart := regexp.MustCompile("(?i)[^\\t\\n\\r -~]|[\\\\@]|[^a-z_`]\\.|\\.[^a-z_`]|^\\.|\\.$|['\"]index['\"]")
	f.Fuzz(func(t *testing.T, sql string) {
		if apart.MatchString(sql) {
			t.Skip("the lexers part here")
		}
		if theirs, ours, ok := sameDigest(sql); !ok {
			t.Fatalf("%q\nshape %q\ntext  %s\nshape %s", sql, shape(sql, tidb()), theirs, ours)
		}
	})
}

// FuzzAnalyze checks that no text brings the analysis down, and that what is not
// understood is never called safe.
func FuzzAnalyze(f *testing.F) {
	for _, sql := range seeds(f) {
		f.Add([]byte(sql))
		f.Add([]byte(sql + "; SELECT 1 /*!40101 + 1 */; " + sql))
	}
	for _, sql := range append(lines(f, "free.txt"), lines(f, "held.txt")...) {
		f.Add([]byte(sql))
	}
	f.Fuzz(func(t *testing.T, sql []byte) {
		for _, m := range allModes() {
			facts := stmt.Analyze(m, sql)
			if facts.Opaque && (facts.ReadSafe || len(facts.Pins) == 0 && !stmt.Traceless(facts)) {
				t.Fatalf("%q is opaque (%s), read-safe %v, pins %v", sql, facts.OpaqueReason, facts.ReadSafe, facts.Pins)
			}
			if stmt.Traceless(facts) && !innocent(m, sql) {
				t.Fatalf("%q does not pin in mode %+v", sql, m)
			}
			if facts.ReadReason == "" {
				t.Fatalf("%q: no reason", sql)
			}
			if r, ok := stmt.FindRanges(m, sql, facts); ok {
				for _, at := range r.Tables {
					if at.Start < 0 || at.End <= at.Start || at.End > len(sql) {
						t.Fatalf("%q: %+v", sql, at)
					}
				}
			}
			if all, ok := stmt.FindTexts(m, sql, facts); ok {
				end := 0
				for i, at := range all {
					if at.Start < end || at.End <= at.Start || at.End > len(sql) {
						t.Fatalf("%q: %+v", sql, all)
					}
					end = at.End
					if alone := stmt.Analyze(m, sql[at.Start:at.End]); told(alone) != told(facts.Parts[i]) {
						t.Fatalf("%q: part %d is %s\nalone %s", sql, i, told(facts.Parts[i]), told(alone))
					}
				}
			}
			stmt.LoneCalls(m, sql, "connection_id")
		}
	})
}

package service

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/abi"
)

func TestSetsFindTheFirstPatternOfTheirOrder(t *testing.T) {
	many := strings.Repeat("zz1\nzz2\nzz3\nzz4\n", 2)
	for _, c := range []struct {
		kind           int
		patterns, text string
		want           int
	}{
		{abi.MatchLiteral, "sleep(\nbench", "select bench, sleep(1)", 0},
		{abi.MatchLiteral, "a\nb", "xyz", -1},
		{abi.MatchLiteral, "", "xyz", -1},
		{abi.MatchLiteral, "\nx\n", "xyz", 1},
		{abi.MatchLiteral, "Sleep", "select sleep", -1},
		{abi.MatchLiteral, many + "she\nhers\nhe\nhis", "ushers", 8},
		{abi.MatchLiteral, many + "hers\nhe", "ushe", 9},
		{abi.MatchLiteral, many + "abcd\nbc", "xabcx", 9},
		{abi.MatchLiteralFold, "Sleep", "select SLEEP(1)", 0},
		{abi.MatchLiteralFold, "x\nÄ", "ä", -1}, // ASCII only
		{abi.MatchRegexp, `^update\b` + "\n" + `(?i)or\s+1\s*=\s*1`, "select 1 OR 1 = 1", 1},
		{abi.MatchRegexp, "a+b", "caab", 0},
		{abi.MatchTable, "app.*", "APP.Orders", 0},
		{abi.MatchTable, "app.*", "apps.orders", -1},
		{abi.MatchTable, "user_?", "db.User_1", 0},
		{abi.MatchTable, "user_?", "user_12", -1},
		{abi.MatchTable, "*.secret", "secret", -1},
		{abi.MatchTable, "a\n\n*_log", "x.y_log", 2},
		{abi.MatchTable, "caf?", "café", 0},
		{abi.MatchTable, "*a*b*c", "xaaybbzc", 0},
		{abi.MatchTable, "*a*b*c", "xaaybbz", -1},
		{abi.MatchTable, "*", "anything", 0},
	} {
		s, err := NewSet(c.kind, []byte(c.patterns))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Match([]byte(c.text), new(bill)); got != c.want {
			t.Errorf("kind %d, %q in %q: got %d, want %d", c.kind, c.patterns, c.text, got, c.want)
		}
	}
}

// bill adds up what is paid.
type bill uint64

func (b *bill) Pay(fuel uint64) { *b += bill(fuel) }

func TestSetsRefuseWhatIsNoPattern(t *testing.T) {
	for _, c := range []struct {
		kind           int
		patterns, want string
	}{
		{abi.MatchRegexp, "ok\na(", "pattern 1: error parsing"},
		{abi.MatchRegexp, strings.Repeat("x{1000}\n", 30), "too large"},
		{abi.MatchRegexp, "x{1001}", "invalid repeat count"},
		{abi.MatchLiteral, strings.Repeat("x", abi.MaxPatterns+1), "at most 65536"},
		{9, "x", "no kind of patterns 9"},
	} {
		if _, err := NewSet(c.kind, []byte(c.patterns)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.20q: got %v", c.patterns, err)
		}
	}
}

// The automaton against the plain way, on texts over a small alphabet, where overlaps are many.
func TestTheAutomatonAgreesWithPlainSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	word := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "abAB"[r.IntN(4)]
		}
		return string(b)
	}
	for range 2000 {
		var lines []string
		for range 1 + r.IntN(20) {
			lines = append(lines, word(r.IntN(7)))
		}
		text := word(r.IntN(40))
		for _, fold := range []bool{false, true} {
			want, same := -1, func(s string) string { return s }
			if fold {
				same = strings.ToLower
			}
			for i, l := range lines {
				if l != "" && strings.Contains(same(text), same(l)) {
					want = i
					break
				}
			}
			if got := newAutomaton(lines, fold).match([]byte(text), new(bill)); got != want {
				t.Fatalf("%q in %q, fold %v: got %d, want %d", lines, text, fold, got, want)
			}
		}
	}
}

func TestLargeSetsAreBuiltAndMatchWithoutAllocations(t *testing.T) {
	var lines bytes.Buffer
	for i := 0; lines.Len() < abi.MaxPatterns-20; i++ {
		fmt.Fprintf(&lines, "word%d\n", i*7919)
	}
	s, err := NewSet(abi.MatchLiteralFold, lines.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(strings.Repeat("select * from t where a = 'WORD7' ", 30) + "word7919")
	paid := new(bill)
	if i := s.Match(text, paid); i != 1 {
		t.Fatalf("got %d", i)
	}
	if n := testing.AllocsPerRun(100, func() { s.Match(text, paid) }); n != 0 {
		t.Fatalf("it allocates %v times", n)
	}
}

func BenchmarkMatchOneKiB(b *testing.B) {
	text := []byte(strings.Repeat("select a, b, c from orders where id = 12345 and ", 22)[:1024])
	var words strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&words, "needle%d\n", i)
	}
	for name, c := range map[string]struct {
		kind     int
		patterns string
	}{
		"2 literals":       {abi.MatchLiteral, "sleep(\nbenchmark("},
		"2 literals, fold": {abi.MatchLiteralFold, "sleep(\nbenchmark("},
		"1000 literals":    {abi.MatchLiteral, words.String()},
		"regexp, prefix":   {abi.MatchRegexp, `sleep\s*\(`},
		"regexp, fold":     {abi.MatchRegexp, `(?i)sleep\s*\(`},
	} {
		s, err := NewSet(c.kind, []byte(c.patterns))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			paid := bill(0)
			for range b.N {
				s.Match(text, &paid)
			}
			b.ReportMetric(float64(paid)/float64(b.N), "fuel")
		})
	}
}

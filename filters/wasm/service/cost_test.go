package service

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core/abi"
)

// wide are patterns that give the automaton nodes of two hundred edges each.
func wide() string {
	var lines []byte
	for first := byte('0'); first < '0'+80; first++ {
		for second := 11; second < 256 && len(lines) < abi.MaxPatterns-8; second++ {
			lines = append(lines, first, byte(second), byte(255-second/2), '\n')
		}
	}
	return string(lines)
}

// Each set on the text that it likes least. A unit of fuel is about 3 ns; the bound leaves
// room for machines with other work. Without it being charged, some took 200,000 ns a unit.
func TestSetsArePaidForByTheirWorstTexts(t *testing.T) {
	const most = 150 // ns a unit
	a := bytes.Repeat([]byte("a"), 32<<10)
	for _, c := range []struct {
		name     string
		kind     int
		patterns string
		text     []byte
	}{
		{"texts that almost occur", abi.MatchLiteral, strings.Repeat("a", 62) + "b", a},
		{"a long text", abi.MatchLiteral, strings.Repeat("a", 4000) + "b", a},
		{"wide nodes", abi.MatchLiteral, wide(), bytes.Repeat([]byte("0123456789"), 3<<10)},
		{"a deep node", abi.MatchLiteralFold, strings.Repeat("a", 60_000) + "b", a},
		{"many states", abi.MatchRegexp, "(a?){1000}b", a[:1024]},
		{"many states behind a prefix", abi.MatchRegexp, "a[ab]{900}0", a[:1024]},
		{"many states behind ^", abi.MatchRegexp, "^" + strings.Repeat(".*", 1000) + "0", a[:1024]},
		{"few states behind ^", abi.MatchRegexp, "^(.*)*0", a[:4096]},
		{"loops in loops", abi.MatchRegexp, "((((a?)*b?)*c?)*d?)*e", a[:4096]},
		{"globs", abi.MatchTable, "*" + strings.Repeat("a", 2_000) + "b", a[:4096]},
	} {
		s, err := NewSet(c.kind, []byte(c.patterns))
		if err != nil {
			t.Fatal(err)
		}
		best := time.Hour
		var paid bill
		for range 10 { // more often while other programs take the processors
			paid = 0
			begin := time.Now()
			if s.Match(c.text, &paid) != -1 {
				t.Errorf("%s matches", c.name)
			}
			if best = min(best, time.Since(begin)); uint64(best) <= most*uint64(paid)*slower/2 {
				break
			}
		}
		t.Logf("%-30s %8v, %d ns a unit", c.name, best, uint64(best)/uint64(paid))
		if uint64(best) > most*uint64(paid)*slower {
			t.Errorf("%s takes %v and %d of fuel", c.name, best, paid)
		}
	}
}

// empty is a purse in which there is nothing.
type empty struct{}

var errEmpty = errors.New("empty")

func (empty) Pay(uint64) { panic(errEmpty) }

func TestNothingIsMatchedUnpaid(t *testing.T) {
	for kind, pattern := range []string{"a", "A", "^(.*)*b", "a"} {
		s, err := NewSet(kind, []byte(pattern))
		if err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() {
				if recover() != errEmpty {
					t.Errorf("kind %d: it does not pay", kind)
				}
			}()
			s.Match(make([]byte, 1<<20), empty{})
		}()
	}
}

func TestExpressionsThatBeginReadNoMoreThanTheyNeed(t *testing.T) {
	for pattern, want := range map[string]int{
		`(?i)^\s*insert`: 0, `(?i)^\s*(drop|truncate)`: -1, `^x?é`: -1, "^.{900}$": -1, `^INSERT .*z$`: -1, `^INSERT .*a$`: 0,
	} {
		s, err := NewSet(abi.MatchRegexp, []byte(pattern))
		if err != nil {
			t.Fatal(err)
		}
		text := []byte("INSERT INTO é VALUES (" + strings.Repeat("a", 200_000))
		paid := bill(0)
		if got := s.Match(text, &paid); got != want {
			t.Errorf("%s: %d", pattern, got)
		}
		if !strings.HasSuffix(pattern, "$") && paid > 20_000 {
			t.Errorf("%s: it paid %d", pattern, paid)
		}
		if got, short := s.Match(text[:100], &paid), s.Match([]byte(fmt.Sprintf("%.100s", text)), &paid); got != short {
			t.Errorf("%s: %d and %d", pattern, got, short)
		}
	}
}

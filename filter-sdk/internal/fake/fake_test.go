package fake

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
)

func TestValuesExpireByTheClock(t *testing.T) {
	var s Store
	now := time.Unix(100, 0)
	for _, want := range []int64{2, 4} {
		if n := s.Incr("n", 2, time.Second, now); n != want {
			t.Errorf("the counter is %d, want %d", n, want)
		}
		now = now.Add(500 * time.Millisecond)
	}
	if n := s.Incr("n", 1, time.Second, now); n != 1 {
		t.Errorf("the ttl does not count from the creation: %d", n)
	}
	s.Set("for ever", "x", 0, now)
	if text, ok := s.Get("for ever", now.Add(1e6*time.Hour)); !ok || text != "x" {
		t.Errorf("%q, %v", text, ok)
	}
	if s.Delete("for ever", now) != 1 || s.Delete("for ever", now) != 0 {
		t.Error("Delete does not say whether there was one")
	}
	s.Set("n", "9223372036854775807", 0, now)
	if n := s.Incr("n", 1, 0, now); n != math.MaxInt64 {
		t.Errorf("past its end a counter is %d", n)
	}
	if s.Set(strings.Repeat("k", abi.MaxKey+1), "", 0, now) != abi.TooLarge || s.Set("k", strings.Repeat("v", abi.MaxValue+1), 0, now) != abi.TooLarge {
		t.Error("limits are not kept")
	}
}

func TestTokensComeBackWithTime(t *testing.T) {
	var s Store
	now := time.Unix(100, 0)
	take := func() int32 { return s.Take("k", 2, time.Minute, now) }
	if take() != 1 || take() != 1 || take() != 0 {
		t.Fatal("two tokens are not two")
	}
	now = now.Add(30 * time.Second)
	if take() != 1 || take() != 0 {
		t.Error("after half the time there is not one")
	}
	now = now.Add(time.Hour)
	if take() != 1 || take() != 1 || take() != 0 {
		t.Error("there are not two at most")
	}
	if s.Take("none", 0, time.Minute, now) != 0 {
		t.Error("no limit gives tokens")
	}
}

func TestPatternsMatchAsInDbmesh(t *testing.T) {
	for _, tc := range []struct {
		kind           int32
		patterns, text string
		want           int32
	}{
		{abi.MatchLiteral, "a.b\nSleep(", "SELECT Sleep(1)", 1},
		{abi.MatchLiteral, "sleep(", "SELECT Sleep(1)", -1},
		{abi.MatchLiteralFold, "sleep(", "SELECT SLEEP(1)", 0},
		{abi.MatchLiteralFold, "\n\nx", "SELECT X", 2},
		{abi.MatchRegexp, `^x` + "\n" + `(?i)sleep\s*\(`, "SELECT Sleep (1)", 1},
		{abi.MatchTable, "app.*", "App.users", 0},
		{abi.MatchTable, "app.*", "apple.users", -1},
		{abi.MatchTable, "user_?", "app.USER_1", 0},
		{abi.MatchTable, "user_?", "app.user_", -1},
		{abi.MatchTable, "user_?", "user_ä", 0},
		{abi.MatchTable, "a+b", "x.a+b", 0},
	} {
		s, answer := NewSet(tc.kind, tc.patterns)
		if answer < 0 {
			t.Errorf("%q: %d", tc.patterns, answer)
			continue
		}
		if got := s.Match(tc.text); got != tc.want {
			t.Errorf("%q on %q: %d, want %d", tc.patterns, tc.text, got, tc.want)
		}
	}
	for _, bad := range []struct {
		kind     int32
		patterns string
		want     int32
	}{{abi.MatchRegexp, "(", abi.Invalid}, {9, "x", abi.Invalid}, {0, strings.Repeat("x", abi.MaxPatterns+1), abi.TooLarge}} {
		if _, answer := NewSet(bad.kind, bad.patterns); answer != bad.want {
			t.Errorf("kind %d: %d, want %d", bad.kind, answer, bad.want)
		}
	}
}

func TestConfigIsReadByPaths(t *testing.T) {
	c, err := NewConfig(map[string]any{"a": map[string]any{"b": 12345678, "n": nil}, "l": []any{"x", 1.5, true}, "d.e": "dots"})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"a.b": "12345678", "l.0": "x", "l.1": "1.5", "l.2": "true", "l": `["x",1.5,true]`, "d.e": "dots"} {
		if got, ok := c.Get(path); !ok || got != want {
			t.Errorf("%s is %q, %v, want %q", path, got, ok, want)
		}
	}
	for _, path := range []string{"b", "a.n", "l.3", "l.-1", "l.x", "a.b.c", ""} {
		if got, ok := c.Get(path); ok {
			t.Errorf("%s is %q", path, got)
		}
	}
}

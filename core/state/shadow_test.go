package state_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/state"
)

// connection is a connection whose login gave these values.
func connection(t *testing.T, base ...string) *state.Worn {
	t.Helper()
	w := &state.Worn{}
	names, values := pairs(base)
	w.LearnBase(names, values)
	if unknown := w.Unknown(names); unknown != nil {
		t.Fatalf("%v are not known though they were learnt", unknown)
	}
	return w
}

// pairs takes names and values apart.
func pairs(all []string) (names, values []string) {
	for i := 0; i < len(all); i += 2 {
		names, values = append(names, all[i]), append(values, all[i+1])
	}
	return names, values
}

func learn(t *testing.T, s *state.Shadow, w *state.Worn, all ...string) {
	t.Helper()
	names, values := pairs(all)
	if !s.Learn(w, names, values) {
		t.Fatal("too much")
	}
}

// move makes the connection the session's and gives the statement that it took.
func move(s *state.Shadow, w *state.Worn) string {
	sql := state.Difference(s, w, nil)
	w.Apply(s)
	return strings.ReplaceAll(strings.ReplaceAll(string(sql), "@@session.", ""), "`", "")
}

func TestAConnectionBecomesWhatTheSessionHasSet(t *testing.T) {
	one := connection(t, "a", "1", "b", "'x'", "c", "0")
	two := connection(t, "a", "1", "b", "'y'", "c", "0")
	var mine, yours, nobodys state.Shadow
	learn(t, &mine, one, "a", "5", "b", "'z'")
	learn(t, &yours, two, "c", "7")
	for i, tc := range []struct {
		s    *state.Shadow
		w    *state.Worn
		want string
	}{
		{&mine, one, ""},
		{&nobodys, one, "SET a = 1, b = 'x'"},
		{&nobodys, one, ""},
		{&mine, two, "SET a = 5, b = 'z', c = 0"},
		{&mine, one, "SET a = 5, b = 'z'"},
		{&yours, one, "SET a = 1, b = 'x', c = 7"},
		{&yours, two, "SET a = 1, b = 'y', c = 7"}, // each goes back to what its own login gave
		{&nobodys, two, "SET c = 0"},
	} {
		if got := move(tc.s, tc.w); got != tc.want {
			t.Errorf("step %d: %q, want %q", i, got, tc.want)
		}
	}
	if got := maps.Collect(mine.Each); len(got) != 2 || got["a"] != "5" || got["b"] != "'z'" {
		t.Errorf("the session has %v", got)
	}
}

func TestWhatIsEqualByValueNeedsNoStatement(t *testing.T) {
	one, two := connection(t, "a", "1"), connection(t, "a", "9")
	var s, other state.Shadow
	learn(t, &s, one, "a", "9")
	if got := move(&s, two); got != "" {
		t.Errorf("the login gave it already, but: %s", got)
	}
	learn(t, &other, two, "a", "9")
	if got := move(&other, one); got != "" {
		t.Errorf("another session has set the same, but: %s", got)
	}
	learn(t, &other, one, "a", "1") // back to the login's
	if got := move(&state.Shadow{}, one); got != "" {
		t.Errorf("it is as the login gave it, but: %s", got)
	}
}

// What one session learns must not show in another that has shared its values.
func TestSharedValuesDoNotChange(t *testing.T) {
	w := connection(t, "a", "1", "b", "2")
	var s, other state.Shadow
	learn(t, &s, w, "a", "5")
	move(&other, w)
	learn(t, &other, w, "b", "6")
	if got := move(&s, w); got != "SET a = 5, b = 2" {
		t.Error(got)
	}
	if got := move(&other, w); got != "SET a = 1, b = 6" {
		t.Error(got)
	}
}

func TestVariablesThatChangeEachOtherAreSetTogether(t *testing.T) {
	w := connection(t, "max_join_size", "100", "sql_big_selects", "1", "z", "0")
	var s state.Shadow
	learn(t, &s, w, "max_join_size", "50", "sql_big_selects", "1", "z", "0")
	if got := move(&state.Shadow{}, w); got != "SET max_join_size = 100, sql_big_selects = 1" {
		t.Error(got)
	}
}

func TestAConnectionTellsOfWhichVariablesItsLoginIsNotKnown(t *testing.T) {
	one, two := connection(t, "a", "1", "b", "2"), connection(t, "b", "2")
	var s state.Shadow
	if lacks := two.Lacks(&s); lacks != nil {
		t.Errorf("lacks %v of nothing", lacks)
	}
	learn(t, &s, one, "a", "5", "b", "6")
	if lacks := two.Lacks(&s); len(lacks) != 1 || lacks[0] != "a" {
		t.Errorf("lacks %v", lacks)
	}
	if unknown := two.Unknown([]string{"x", "b"}); len(unknown) != 1 || unknown[0] != "x" {
		t.Errorf("unknown %v", unknown)
	}
	one.Forget()
	if lacks := one.Lacks(&s); len(lacks) != 2 {
		t.Errorf("after a reset it lacks %v", lacks)
	}
	one.LearnBase([]string{"a", "b"}, []string{"3", "4"})
	if got := move(&s, one); got != "SET a = 5, b = 6" {
		t.Errorf("after a reset: %s", got)
	}
	s.Clear()
	if got := move(&s, one); got != "SET a = 3, b = 4" {
		t.Errorf("the session began anew: %s", got)
	}
}

func TestAFailedSETIsSeenToHaveChangedNothing(t *testing.T) {
	w := connection(t, "a", "1", "b", "2")
	var s state.Shadow
	learn(t, &s, w, "a", "5")
	for _, tc := range []struct {
		values []string
		want   bool
	}{
		{[]string{"5", "2"}, true},
		{[]string{"1", "2"}, false},
		{[]string{"5", "3"}, false},
	} {
		if got := s.Unchanged(w, []string{"a", "b"}, tc.values); got != tc.want {
			t.Errorf("%v: %v", tc.values, got)
		}
	}
}

func TestWhatOneSessionSetsIsBounded(t *testing.T) {
	w := connection(t)
	var s state.Shadow
	long := strings.Repeat("x", 4<<10)
	kept := 0
	for i := range 100 {
		if s.Learn(w, []string{string(rune('A' + i))}, []string{long}) {
			kept++
		}
	}
	if kept < 10 || kept > 16 || len(s.Names()) != kept {
		t.Errorf("%d of 100 long values are kept, %d names", kept, len(s.Names()))
	}
}

func TestEqualConnectionsCostNothing(t *testing.T) {
	w := connection(t, "a", "1", "b", "2")
	var s state.Shadow
	dst := make([]byte, 0, 64)
	look := func() {
		if w.Lacks(&s) != nil || len(state.Difference(&s, w, dst)) > 0 {
			t.Fatal("not equal")
		}
	}
	if n := testing.AllocsPerRun(100, look); n != 0 {
		t.Errorf("nothing set: %v allocations", n)
	}
	learn(t, &s, w, "a", "5", "b", "2")
	if n := testing.AllocsPerRun(100, look); n != 0 {
		t.Errorf("the session's last connection: %v allocations", n)
	}
}

func BenchmarkDifferenceOfEqual(b *testing.B) {
	w := &state.Worn{}
	w.LearnBase([]string{"a"}, []string{"1"})
	var s state.Shadow
	s.Learn(w, []string{"a"}, []string{"5"})
	b.ReportAllocs()
	for b.Loop() {
		if w.Lacks(&s) != nil || len(state.Difference(&s, w, nil)) > 0 {
			b.Fatal("not equal")
		}
	}
}

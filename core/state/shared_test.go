package state

import "testing"

// sharing is a session that shares connections to a server of the version.
func sharing(texts *Texts, version string) *Session {
	s := &Session{}
	s.Begin(Login{Version: version, Texts: texts})
	return s
}

// prepares has a session prepare a text, and gives the id that its client is told.
func (s *Session) prepares(t *testing.T, sql string) (uint32, *Statement) {
	t.Helper()
	text := s.login.Texts.Hold(Meaning{}, []byte(sql))
	if text == nil {
		t.Fatal("no room for the text")
	}
	id := s.NextID()
	s.Prepared(id, Statement{Text: text})
	st, ok := s.Statement(id)
	if last, _ := s.Statement(LastStatement); !ok || last != st || string(st.SQL) != sql {
		t.Fatalf("statement %d: %+v", id, st)
	}
	return id, st
}

func TestIdsAreCountedAsTheServerCountsThem(t *testing.T) {
	for version, want := range map[string][4]uint32{
		"10.11.19-MariaDB":   {1, 3, 5, 6},
		"8.0.36":             {1, 3, 5, 6},
		"8.0.11-TiDB-v8.5.0": {1, 2, 4, 1},
	} {
		texts := NewTexts(10)
		s := sharing(texts, version)
		var got [4]uint32
		got[0], _ = s.prepares(t, "a")
		s.Unprepared()
		if _, ok := s.Statement(LastStatement); ok {
			t.Errorf("%s: there is a last statement behind a failed prepare", version)
		}
		got[1], _ = s.prepares(t, "a")
		s.TookID() // by SQL's PREPARE
		got[2], _ = s.prepares(t, "b")
		s.Reset()
		if s.Statements() != 0 || texts.Len() != 0 {
			t.Errorf("%s: %d statements and %d texts after a reset", version, s.Statements(), texts.Len())
		}
		if got[3], _ = s.prepares(t, "a"); got != want {
			t.Errorf("%s: ids %v, want %v", version, got, want)
		}
		s.End()
	}
}

func TestNoStatementGetsAnIdThatIsTaken(t *testing.T) {
	s := sharing(NewTexts(10), "")
	first, _ := s.prepares(t, "a")
	s.ids = LastStatement - 1
	second, _ := s.prepares(t, "b")
	if first != 1 || second != 2 {
		t.Errorf("ids %d and %d", first, second)
	}
}

func TestAStatementHoldsItsTextAndWhatItKeeps(t *testing.T) {
	texts := NewTexts(10)
	var h Handles
	h.Begin(texts, 4)
	s := sharing(texts, "")
	id, st := s.prepares(t, "a")
	h.Add(h.New(st.Text, 70, 0))
	if s.Keeps() != "" {
		t.Errorf("held for %q", s.Keeps())
	}
	s.Keep(st, h.Lend(st.Text), "a cursor")
	s.Keep(st, st.Own, "pieces")
	if s.Keeps() != "pieces" || h.Len() != 0 {
		t.Errorf("held for %q", s.Keeps())
	}
	h.Add(s.Unkeep(st))
	if s.Keeps() != "" || s.Unkeep(st) != nil || h.Len() != 1 {
		t.Errorf("held for %q", s.Keeps())
	}
	s.Keep(st, h.Lend(st.Text), "a cursor")
	s.Closed(id)
	if s.Keeps() != "" || texts.Len() != 0 || len(texts.all) != 0 {
		t.Errorf("held for %q, %d texts", s.Keeps(), len(texts.all))
	}
	_, st = s.prepares(t, "b")
	s.Keep(st, h.New(st.Text, 71, 0), "a cursor")
	s.End()
	s.End()
	if s.Keeps() != "" || len(texts.all) != 0 {
		t.Errorf("held for %q, %d texts", s.Keeps(), len(texts.all))
	}
}

func TestStatementsWithoutASharedTextAreKeptToo(t *testing.T) {
	texts := NewTexts(10)
	var h Handles
	h.Begin(texts, 4)
	s := sharing(texts, "")
	s.Prepared(s.NextID(), Statement{SQL: []byte("long"), Truncated: true})
	st, _ := s.Statement(1)
	s.Keep(st, h.New(nil, 9, 0), "long")
	h.Discard(s.Unkeep(st))
	if string(st.SQL) != "long" || !st.Truncated || !h.Stale() {
		t.Errorf("%+v", st)
	}
	s.End()
}

func TestAMeaningIsOfWhatBearsOnATextOnly(t *testing.T) {
	var a, b Shadow
	var w Worn
	learn := func(s *Shadow, name, value string) { s.Learn(&w, []string{name}, []string{value}) }
	learn(&a, "sql_mode", "'ANSI'")
	learn(&a, "wait_timeout", "7")
	learn(&b, "sql_mode", "'ANSI'")
	one, two := a.Meaning("x"), b.Meaning("x")
	if !one.Equal(two) || one.Equal(b.Meaning("y")) {
		t.Error("a text means something else after wait_timeout was set")
	}
	var none Shadow
	if one.Equal(none.Meaning("x")) || !none.Meaning("").Equal(Meaning{}) {
		t.Error("sql_mode does not matter")
	}
	learn(&a, "sql_mode", "''")
	learn(&a, "collation_connection", "'latin1_bin'")
	now := a.Meaning("x")
	if now.Equal(one) {
		t.Error("sql_mode does not matter")
	}
	reading := a.Reading(one)
	got := map[string]string{}
	reading.Each(func(name, value string) bool { got[name] = value; return true })
	if len(got) != 2 || got["sql_mode"] != "'ANSI'" || got["wait_timeout"] != "7" {
		t.Errorf("it is read with %v", got)
	}
	if again := reading.Meaning("x"); !again.Equal(one) {
		t.Error("the reading has another meaning")
	}
}

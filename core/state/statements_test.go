package state_test

import (
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestPreparedStatementsAreKnownByTheirIds(t *testing.T) {
	var s state.Session
	text := []byte("SELECT 1")
	s.Prepared(1, state.Statement{SQL: text, Truncated: false})
	copy(text, "########") // the text is the caller's
	s.Prepared(7, state.Statement{SQL: []byte("SELECT 7"), Truncated: true})
	for id, want := range map[uint32]string{1: "SELECT 1", 7: "SELECT 7", state.LastStatement: "SELECT 7"} {
		st, ok := s.Statement(id)
		if !ok || string(st.SQL) != want || st.Truncated != (want == "SELECT 7") {
			t.Errorf("statement %d: %+v, %v", id, st, ok)
		}
	}
	if s.Statements() != 2 || s.Pin() == "" {
		t.Errorf("%d statements, pin %q", s.Statements(), s.Pin())
	}
	s.Closed(7)
	s.Closed(7)
	s.Closed(99)
	if _, ok := s.Statement(7); ok || s.Statements() != 1 {
		t.Error("a closed statement is known")
	}
	s.Closed(1)
	if s.Pin() != "" {
		t.Errorf("pinned without statements: %s", s.Pin())
	}
	s.Prepared(3, state.Statement{SQL: []byte("SELECT 3"), Truncated: false})
	s.Reset()
	if s.Statements() != 0 || s.Pin() != "" {
		t.Error("statements outlived a reset")
	}
}

// What statements' texts take is bounded; beyond it they count as truncated.
func TestStatementTextsAreBounded(t *testing.T) {
	var s state.Session
	s.Prepared(1, state.Statement{SQL: []byte(strings.Repeat("x", 100<<10)), Truncated: false})
	if st, _ := s.Statement(1); len(st.SQL) != 64<<10 || !st.Truncated {
		t.Errorf("a long text is kept with %d bytes, truncated %v", len(st.SQL), st.Truncated)
	}
	for id := range uint32(200) {
		s.Prepared(id, state.Statement{SQL: []byte(strings.Repeat("y", 60<<10)), Truncated: false})
	}
	kept := 0
	for id := range uint32(200) {
		st, ok := s.Statement(id)
		if !ok || (len(st.SQL) == 0) != st.Truncated {
			t.Fatalf("statement %d: %d bytes, truncated %v, %v", id, len(st.SQL), st.Truncated, ok)
		}
		kept += len(st.SQL)
	}
	if kept > 4<<20 || kept < 3<<20 {
		t.Errorf("%d bytes of texts are kept", kept)
	}
	// What is closed makes room.
	for id := range uint32(200) {
		s.Closed(id)
	}
	s.Prepared(1, state.Statement{SQL: []byte("SELECT 1"), Truncated: false})
	if st, _ := s.Statement(1); string(st.SQL) != "SELECT 1" {
		t.Errorf("no room after all were closed: %q", st.SQL)
	}
}

func TestSETNAMESIsKeptUntilItFails(t *testing.T) {
	var s state.Session
	s.Ran(facts("SET NAMES latin1"))
	s.Ran(facts("/* hint */ set names 'utf8mb4';"))
	if got := s.Names(); got != "SET NAMES utf8mb4" {
		t.Errorf("names %q", got)
	}
	s.Ran(facts("SELECT 1"))
	s.Failed(facts("SELECT 1"))
	if got := s.Names(); got != "SET NAMES utf8mb4" {
		t.Errorf("names after a failed SELECT: %q", got)
	}
	s.Ran(facts("SET NAMES klingon"))
	s.Failed(facts("SET NAMES klingon"))
	if got := s.Names(); got != "SET NAMES utf8mb4" {
		t.Errorf("names after a failed SET NAMES: %q", got)
	}
	if s.Pin() != "" {
		t.Errorf("pinned: %s", s.Pin())
	}
	for _, sql := range []string{"SET NAMES utf8 COLLATE utf8_bin", "SET NAMES @x", "SET NAMES (SELECT 1)", "SET NAMES", "SET NAMES utf8\x00"} {
		var s state.Session
		if s.Ran(facts(sql)); s.Pin() == "" {
			t.Errorf("%s does not pin", sql)
		}
	}
}

func TestATrackedChangeOfStatePins(t *testing.T) {
	var s state.Session
	s.Tracked(wire.Change{Kind: wire.TrackState, Data: "0"})
	s.Tracked(wire.Change{Kind: wire.TrackSchema, Data: "app"})
	if s.Pin() != "" {
		t.Errorf("pinned: %s", s.Pin())
	}
	s.Tracked(wire.Change{Kind: wire.TrackState, Data: "1"})
	if s.Pin() == "" {
		t.Error("not pinned")
	}
	var unwatched state.Session
	unwatched.Unwatched()
	if unwatched.Pin() == "" {
		t.Error("a session that nobody watched may move")
	}
}

package state_test

import (
	"fmt"
	"testing"

	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/core/wire"
)

const (
	maria = "5.5.5-10.11.19-MariaDB"
	mysql = "8.0.36"
	utf8  = 45 // utf8mb4_general_ci
)

func began(version string, tracks bool) *state.Session {
	s := new(state.Session)
	s.Begin(state.Login{Version: version, Collation: utf8, Tracks: tracks})
	return s
}

func show(m stmt.Mode) string {
	charset := [...]string{"unknown", "utf8", "single"}[m.Charset]
	return fmt.Sprint(m.Flavour, " ", charset, " ansi=", m.ANSIQuotes, " unsure=", m.QuotesUnsure, " nobackslash=", m.NoBackslash)
}

func TestTheModeFollowsWhatTheSessionSets(t *testing.T) {
	for _, tc := range []struct {
		version, sql, want string
	}{
		{maria, "SELECT 1", "mariadb utf8 ansi=false unsure=false nobackslash=false"},
		{maria, "SET NAMES gbk", "mariadb unknown ansi=false unsure=false nobackslash=false"},
		{maria, "SET NAMES latin1", "mariadb single ansi=false unsure=false nobackslash=false"},
		{maria, "SET character_set_client = @x", "mariadb unknown ansi=false unsure=false nobackslash=false"},
		{maria, "SET character_set_server = gbk, collation_database = gbk_bin, character_set_filesystem = latin1", "mariadb utf8 ansi=false unsure=false nobackslash=false"},
		{maria, "SET character_set_results = NULL", "mariadb utf8 ansi=false unsure=false nobackslash=false"},
		{maria, "SET GLOBAL character_set_client = gbk", "mariadb utf8 ansi=false unsure=false nobackslash=false"},
		{maria, "SELECT 1; SET NAMES sjis", "mariadb unknown ansi=false unsure=false nobackslash=false"},
		{maria, "EXECUTE IMMEDIATE 'SET NAMES gbk'", "mariadb unknown ansi=false unsure=false nobackslash=false"},
		{mysql, "SET sql_mode = 'ANSI_QUOTES'", "mysql utf8 ansi=true unsure=false nobackslash=false"},
		{mysql, "SET @@session.sql_mode = 'STRICT_ALL_TABLES,ansi'", "mysql utf8 ansi=true unsure=false nobackslash=false"},
		{mysql, "SET sql_mode = ''", "mysql utf8 ansi=false unsure=false nobackslash=false"},
		{mysql, "SET sql_mode = DEFAULT", "mysql utf8 ansi=false unsure=true nobackslash=false"},
		{mysql, "SET sql_mode = 4", "mysql utf8 ansi=false unsure=true nobackslash=false"},
		{mysql, "SET sql_mode = CONCAT(@@sql_mode, ',ANSI')", "mysql utf8 ansi=false unsure=true nobackslash=false"},
		{mysql, "CALL p()", "mysql unknown ansi=false unsure=true nobackslash=false"},
		{mysql, "SET autocommit = 0", "mysql utf8 ansi=false unsure=false nobackslash=false"},
	} {
		s := began(tc.version, false)
		m := s.Mode(wire.StatusAutocommit)
		s.Applied(stmt.Analyze(m, []byte(tc.sql)))
		if got := show(s.Mode(wire.StatusAutocommit)); got != tc.want {
			t.Errorf("%s\n got %s\nwant %s", tc.sql, got, tc.want)
		}
		s.Reset()
		if got := s.Mode(0); got != m {
			t.Errorf("%s: after a reset %s", tc.sql, show(got))
		}
	}
}

func TestStatusFlagsTellOfQuotes(t *testing.T) {
	for version, want := range map[string]string{
		maria: "mariadb utf8 ansi=true unsure=false nobackslash=true",
		mysql: "mysql utf8 ansi=false unsure=false nobackslash=true", // the flag is MariaDB's own
	} {
		if got := show(began(version, false).Mode(wire.StatusNoBackslash | wire.StatusANSIQuotes)); got != want {
			t.Errorf("%s: %s, want %s", version, got, want)
		}
	}
}

func TestTheTrackerTellsOfWhatTheTextsHide(t *testing.T) {
	s := began(maria, true)
	s.Applied(facts("CALL p()"))
	if got := s.Mode(0).Charset; got != stmt.CharsetUTF8 {
		t.Errorf("after a CALL of which the server told nothing: %v", got)
	}
	s.Tracked(wire.Change{Kind: wire.TrackVariable, Name: "character_set_client", Data: "gbk"})
	if got := s.Mode(0).Charset; got != stmt.CharsetUnknown {
		t.Errorf("after a change to gbk: %v", got)
	}
	s.Tracked(wire.Change{Kind: wire.TrackVariable, Name: "character_set_client", Data: "utf8mb4"})
	s.Applied(facts("SET session_track_system_variables = ''"))
	s.Applied(facts("CALL p()"))
	if got := s.Mode(0).Charset; got != stmt.CharsetUnknown {
		t.Errorf("the session has stopped the server telling, and called a program: %v", got)
	}
}

func TestStatementsThatNobodyLookedAtMakeTheModeUnsure(t *testing.T) {
	s := began(mysql, false)
	s.Unwatched()
	if got := show(s.Mode(0)); got != "mysql unknown ansi=false unsure=true nobackslash=false" {
		t.Error(got)
	}
	s = began(maria, true)
	s.Unwatched()
	if got := show(s.Mode(0)); got != "mariadb utf8 ansi=false unsure=false nobackslash=false" {
		t.Error(got)
	}
}

func TestASetThatFailedHalfwayLeavesDoubt(t *testing.T) {
	s := began(mysql, false)
	s.Failed(facts("SET NAMES gbk; SELECT nonsense"))
	if got := s.Mode(0).Charset; got != stmt.CharsetUnknown {
		t.Error(got)
	}
	s = began(mysql, false)
	s.Failed(facts("SET NAMES klingon"))
	if got := s.Mode(0).Charset; got != stmt.CharsetUTF8 {
		t.Error(got)
	}
}

package state_test

import (
	"testing"

	"github.com/dbmesh/dbmesh/core/state"
)

func TestOnlyWhatMayLeaveSomethingBehindPinsASession(t *testing.T) {
	for sql, pins := range map[string]bool{
		"SELECT 1":                             false,
		" insert t () ":                        false,
		"/* dbmesh:pool=readers */ SELECT 1":   false,
		"/* a */ /* b */\nselect 1":            false,
		"SET NAMES utf8mb4":                    false,
		"/* dbmesh:pool=readers */ SET @a = 1": true,
		"/* never ends":                        true,
		"/*!40101 SET sql_mode = '' */":        true,
		"/* a */ /*M! SET x = 1 */":            true,
		"SET sql_mode = ''":                    true,
		"SELECT GET_LOCK('a', 1)":              true,
		"CREATE TEMPORARY TABLE t (a INT)":     true,
		"/* a */ PREPARE p FROM 'SELECT 1'":    true,
	} {
		var s state.Session
		s.Ran([]byte(sql), false)
		if got := s.Pin() != ""; got != pins {
			t.Errorf("%s: pinned %v (%s)", sql, got, s.Pin())
		}
	}
}

func TestATextThatIsTooLongToSeePins(t *testing.T) {
	var s state.Session
	s.Ran([]byte("SELECT 1"), true)
	if s.Pin() == "" {
		t.Error("not pinned")
	}
}

func TestWhatAsksAboutTheStatementBeforeIsRecognized(t *testing.T) {
	for sql, want := range map[string]bool{
		"SHOW WARNINGS": true, " show errors limit 1": true, "/* x */ SHOW COUNT(*) WARNINGS": true,
		"SHOW TABLES": false, "SELECT 'show warnings'": false, "": false, "show warn": false,
	} {
		if got := state.AsksOfLast([]byte(sql)); got != want {
			t.Errorf("%q: %v", sql, got)
		}
	}
}

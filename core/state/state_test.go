package state_test

import (
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/stmt"
)

func mariadb() stmt.Mode {
	return stmt.Mode{Flavour: stmt.MariaDB, Version: 101119, Charset: stmt.CharsetUTF8}
}

func facts(sql string) *core.Facts { return stmt.Analyze(mariadb(), []byte(sql)) }

func TestOnlyWhatMayLeaveSomethingBehindPinsASession(t *testing.T) {
	for sql, pins := range map[string]bool{
		"SELECT 1":                             false,
		" insert into t values () ":            false,
		"/* dbmesh:pool=readers */ SELECT 1":   false,
		"/* a */ /* b */\nselect 1":            false,
		"SELECT a FROM t FOR UPDATE":           false,
		"BEGIN":                                false,
		"USE app":                              false,
		"SET NAMES utf8mb4":                    false,
		"/* dbmesh:pool=readers */ SET @a = 1": true,
		"SELECT @a := 1":                       true,
		"/* never ends":                        true,
		"/*!40101 SET sql_mode = '' */":        true,
		"/* a */ /*M! SET x = 1 */":            true,
		"SET sql_mode = ''":                    true,
		"SET NAMES utf8mb4; SET @a = 1":        true,
		"SET NAMES utf8mb4, @a = 1":            true,
		"SELECT GET_LOCK('a', 1)":              true,
		"SELECT app.f()":                       true,
		"CREATE TEMPORARY TABLE t (a INT)":     true,
		"/* a */ PREPARE p FROM 'SELECT 1'":    true,
		"CALL p()":                             true,
		"LOCK TABLES t READ":                   true,
	} {
		var s state.Session
		f := facts(sql)
		if s.Pins(f) != pins {
			t.Errorf("%s: Pins says %v", sql, !pins)
		}
		s.Ran(f)
		if got := s.Pin() != ""; got != pins {
			t.Errorf("%s: pinned %v (%s)", sql, got, s.Pin())
		}
	}
}

func TestATextThatIsTooLongToSeePins(t *testing.T) {
	var s state.Session
	s.Ran(stmt.NewClassifier(0).Classify(mariadb(), []byte("SELECT 1"), true))
	if s.Pin() == "" {
		t.Error("not pinned")
	}
}

func TestWhatAsksAboutTheStatementBeforeIsRecognized(t *testing.T) {
	for sql, want := range map[string]bool{
		"SHOW WARNINGS": true, " show errors limit 1": true, "/* x */ SHOW COUNT(*) WARNINGS": true,
		"SELECT FOUND_ROWS()": true, "SHOW\t WARNINGS": true, "SELECT @@warning_count": true, "SELECT a FROM t WHERE b = ROW_COUNT()": true,
		"SELECT 'found_rows()'": false,
		// What can't run anywhere does not run where the statement before it did.
		"INSERT INTO t VALUES (ROW_COUNT())": false, "SELECT ROW_COUNT(); DELETE FROM t": false, "SELECT ROW_COUNT() FOR UPDATE": false,
		"SELECT ROW_COUNT(), f()": false, "SELECT ROW_COUNT(), @x": false, "SELECT ROW_COUNT() INTO @x": false, "SELECT LAST_INSERT_ID()": false,
		"SHOW TABLES": false, "SELECT 'show warnings'": false, "": false, "show warn": false,
	} {
		if got := state.AsksOfLast([]byte(sql), facts(sql)); got != want {
			t.Errorf("%q: %v", sql, got)
		}
	}
}

func TestWhatAsksAboutTheLastInsertIsRecognized(t *testing.T) {
	for sql, want := range map[string]bool{
		"SELECT 1 + Last_Insert_Id()": true, "SELECT @@identity, @@last_insert_id": true, "SELECT ROW_COUNT()": false, "SELECT 1": false,
		"INSERT INTO t VALUES (LAST_INSERT_ID())": false, "SELECT LAST_INSERT_ID() FOR UPDATE": false, "SELECT LAST_INSERT_ID(); DELETE FROM t": false,
	} {
		if got := state.AsksOfInsert(facts(sql)); got != want {
			t.Errorf("%q: %v", sql, got)
		}
	}
}

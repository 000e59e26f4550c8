package state_test

import (
	"testing"

	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/stmt"
)

func TestATextThatWasNotReadHasDoneNothing(t *testing.T) {
	const (
		near   = "You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version for the right syntax to use near 'x' at line 1"
		noFunc = "FUNCTION app.noFunc does not exist"
	)
	for _, tc := range []struct {
		sql     string
		code    uint16
		message string
		want    bool
	}{
		{"SELEC 1", 1064, near, true},
		{"SELEC 1 ;\n", 1064, near, true},
		{"SELECT * FROM (SELECT 1", 1064, near, true},
		{"SELECT CAST(1 AS INT) FROM WHERE", 1064, near, true},
		{"INSRT INTO t (a) VALUES (1)", 1064, near, true},
		{"SET x = = 1", 1064, near, true},
		{"SELEC 1", 1064, "syntax error, unexpected $end", false},
		{"SELEC 1", 1054, near, false},
		{"SELECT 1; SELEC 1", 1064, near, false},
		{"SELEC ';'", 1064, near, false},
		{"SELECT f(1)", 1064, near, false},
		{"CALL p()", 1064, near, false},
		{"/*!99999 x */ CALL p(", 1064, near, false},
		{"EXECUTE IMMEDIATE 'SELEC'", 1064, near, false},
		{"EXECUTE x", 1064, near, false},
		{"PREPARE x FROM 'SELEC 1'", 1064, near, false},
		{"SIGNAL SQLSTATE '42000' SET MYSQL_ERRNO = 1064", 1064, near, false},
		{"BINLOG 'x'", 1064, near, false},
		{"SELECT nofunc(1)", 1305, noFunc, true},
		{"SELECT app.nofunc(1)", 1305, noFunc, true},
		{"SELECT `nofunc`(a) FROM t", 1305, noFunc, true},
		{"SELECT nofunc(1)", 1305, "FUNCTION other.nofunc does not exist", false},
		{"SELECT g(1)", 1305, noFunc, false},
		{"SELECT other.nofunc(1)", 1305, noFunc, false},
		{"SELECT g(nofunc(1))", 1305, noFunc, false},
		{"CALL nofunc(1)", 1305, "PROCEDURE app.nofunc does not exist", false},
		{"SELECT nofunc(1)", 1305, "PROCEDURE app.nofunc does not exist", false},
		{"SELECT nofunc(1); SELECT 1", 1305, noFunc, false},
		{"SET @a = nofunc(1)", 1305, noFunc, false},
	} {
		if got := state.Unrun(stmt.Analyze(mariadb(), []byte(tc.sql)), []byte(tc.sql), "App", tc.code, tc.message); got != tc.want {
			t.Errorf("%s, answered with %d %s: %v, want %v", tc.sql, tc.code, tc.message, got, tc.want)
		}
	}
}

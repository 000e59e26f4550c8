package proxy

import (
	"testing"

	"github.com/dbmesh/dbmesh/core/stmt"
)

func TestASavepointIsKnownInAllItsForms(t *testing.T) {
	m := stmt.Mode{Flavour: stmt.MariaDB, Version: 101100, Charset: stmt.CharsetUTF8}
	for sql, want := range map[string]bool{
		"SAVEPOINT a":                                         true,
		"/*!50000 SAVEPOINT */ a":                             true,
		"EXECUTE IMMEDIATE 'SAVEPOINT a'":                     true,
		"SET STATEMENT lock_wait_timeout = 1 FOR SAVEPOINT a": true,
		"RELEASE SAVEPOINT a":                                 false,
		"ROLLBACK TO a":                                       false,
		"BEGIN":                                               false,
		"SET autocommit = 0":                                  false,
	} {
		if got := savepoint(stmt.Analyze(m, []byte(sql))); got != want {
			t.Errorf("%s: %v, want %v", sql, got, want)
		}
	}
}

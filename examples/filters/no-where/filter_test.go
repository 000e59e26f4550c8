package main

import (
	"testing"

	"github.com/dbmesh/dbmesh/filter-sdk/dbmeshtest"
)

func TestWritesOfWholeTablesAreBlocked(t *testing.T) {
	for _, sql := range []string{"DELETE FROM t", "UPDATE t SET a = 1", "DELETE FROM t WHERE 1", "UPDATE t SET a = 1 WHERE 1 = 1 LIMIT 2"} {
		dbmeshtest.Query(t, sql).WantDeny(1105).WantCacheable()
	}
	for _, sql := range []string{"DELETE FROM t WHERE id = 1", "SELECT * FROM t", "DELETE FROM t WHERE id = 1 OR a"} {
		dbmeshtest.Query(t, sql).WantPass()
	}
}

func TestExecutesAreNotAskedAbout(t *testing.T) {
	dbmeshtest.Prepare(t, "DELETE FROM t").WantDeny(1105)
	dbmeshtest.Execute(t, "DELETE FROM t").WantPass()
}

func TestTablesCanBeAllowed(t *testing.T) {
	staging := dbmeshtest.Config(map[string]any{"allow": []any{"staging.*"}})
	dbmeshtest.Query(t, "DELETE FROM staging.a", staging).WantPass()
	dbmeshtest.Query(t, "DELETE FROM a", staging, dbmeshtest.Schema("staging")).WantPass()
	dbmeshtest.Query(t, "DELETE FROM a", staging, dbmeshtest.Schema("app")).WantDeny(1105)
}

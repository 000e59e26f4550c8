package main

import (
	"testing"

	"github.com/dbmesh/dbmesh/filter-sdk/dbmeshtest"
)

func TestAColumnIsMaskedWhateverItIsCalled(t *testing.T) {
	rules := dbmeshtest.Config(map[string]any{"rules": []any{
		map[string]any{"table": "app.users", "column": "email", "by": "keep", "first": 1, "last": 4, "except": []any{"admin"}},
	}})
	email := dbmeshtest.Columns(dbmeshtest.Column{Name: "x", Origin: "EMAIL", Table: "u", TableOrigin: "users", Schema: "app"})
	const sql = "SELECT email AS x FROM users u"
	dbmeshtest.Result(t, sql, rules, email, dbmeshtest.Schema("app")).WantMask(0, "alice@example.com", "a************.com")
	dbmeshtest.Result(t, sql, rules, email, dbmeshtest.Schema("app"), dbmeshtest.User("admin")).WantPass()
}

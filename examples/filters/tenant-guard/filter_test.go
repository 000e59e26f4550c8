package main

import (
	"testing"

	"github.com/dbmesh/dbmesh/filter-sdk/dbmeshtest"
)

func TestThePredicateIsAddedOrTheStatementDenied(t *testing.T) {
	options := []dbmeshtest.Option{
		dbmeshtest.Config(map[string]any{"tables": []any{"app.orders"}}), dbmeshtest.Schema("app"), dbmeshtest.User("tenant_7"),
	}
	dbmeshtest.Query(t, "SELECT a FROM orders WHERE b OR c", options...).WantRewrite("SELECT a FROM orders WHERE ( b OR c) AND tenant_id = 7")
	dbmeshtest.Query(t, "SELECT a FROM orders, other", options...).WantDeny(1142)
	dbmeshtest.Query(t, "SELECT a FROM other", options...).WantPass()
}

package effects

import (
	"context"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// Which variable a SET without a scope sets depends on what stands before it and on the
// server. The facts must say what the server does.
func TestTheScopeOfAnAssignmentIsThatOfTheServer(t *testing.T) {
	for name, tidb := range map[string]bool{"mariadb": false, "tidb": true} {
		t.Run(name, func(t *testing.T) {
			server := place(t, tidb)
			for _, sql := range []string{
				"SET max_error_count = 71",
				"SET SESSION max_sort_length = 1025, max_error_count = 72",
				"SET GLOBAL max_sort_length = 1025, max_error_count = 73",
				"SET GLOBAL max_sort_length = 1025, @@max_error_count = 74",
				"SET GLOBAL max_sort_length = 1025, SESSION max_error_count = 75",
				"SET SESSION max_sort_length = 1025, GLOBAL max_error_count = 76",
				"SET GLOBAL max_sort_length = 1025, @x = 1, NAMES utf8mb4, max_error_count = 77",
				"SET @@global.max_sort_length = 1025, max_error_count = 78",
				"SET LOCAL max_sort_length = 1025, @@global.max_error_count = 79",
				"SET @@session.max_error_count := 80",
				"SET @@local.`max_error_count` = 81",
			} {
				scopes(t, server, sql)
			}
		})
	}
}

// scopes compares what the statement does to max_error_count with its facts.
func scopes(t *testing.T, server *servers.Backend, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	conn, end := connect(ctx, t, server)
	defer end()
	const session, global = "SELECT @@session.max_error_count", "SELECT @@global.max_error_count"
	mine, all := ask(ctx, conn, session), ask(ctx, conn, global)
	if got := ask(ctx, conn, sql); got != "" {
		t.Fatalf("%s: %s", sql, got)
	}
	if (ask(ctx, conn, session) != mine) == (ask(ctx, conn, global) != all) {
		t.Fatalf("%s changes neither or both", sql)
	}
	want := core.ScopeSession
	if ask(ctx, conn, global) != all {
		want = core.ScopeGlobal
	}
	m := stmt.ServerMode(server.Value(t, "SELECT VERSION()"))
	m.Charset = stmt.CharsetUTF8
	f := stmt.Analyze(m, []byte(sql))
	last := f.Assignments[len(f.Assignments)-1]
	if last.Name != "max_error_count" || last.Scope != want || f.Opaque {
		t.Errorf("%s has scope %v, and to the server %v; facts %+v", sql, last.Scope, want, f)
	}
	if lasting := f.Creates.Has(core.EffectSystemVar); want == core.ScopeSession && !lasting {
		t.Errorf("%s creates %v", sql, f.Creates)
	}
}

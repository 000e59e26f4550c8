package wasm_test

import (
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm"
	w "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

// several denies deletes, disconnects on drops, rewrites selects, routes shows, breaks on calls.
func several(t *testing.T) *wasm.Filter {
	m := w.Guest()
	m.Data(w.GuestFree+200, "\x51\x04HY000bye")
	is := func(name string, verdict, otherwise w.Code) w.Code {
		return w.I32(w.GuestBlock) + w.Load8U + w.At(abi.AtKind) + w.I32(kind(name)) + w.I32Eq + w.IfOf(w.Int64, verdict, otherwise)
	}
	m.Hook(abi.HookQuery, nil,
		is("delete", m.Deny(w.GuestFree, 1105, "HY000", "no deletes"),
			is("drop", w.Verdict(abi.OpDisconnect, w.GuestFree+200, 10),
				is("select", rewrite(m, w.GuestFree+300, "SELECT 'a;b'"),
					is("show", route(m, w.GuestFree+400, abi.RoutePool, "readers"),
						is("call", w.Unreachable, w.I64(0)))))))
	return load(t, m.Build(), wasm.Options{Grant: []string{abi.CapRoute}})
}

func TestOfSeveralStatementsTheStrictestVerdictHolds(t *testing.T) {
	f := several(t)
	for sql, want := range map[string]string{
		"SET @a = 1; INSERT INTO t VALUES (1)":          "go on",
		"INSERT INTO t VALUES (1); DELETE FROM t":       "deny no deletes",
		"DELETE FROM t; DROP TABLE t":                   "disconnect bye",
		"DROP TABLE t; DELETE FROM t":                   "disconnect bye",
		"CALL p(); DELETE FROM t":                       "deny no deletes",
		"CALL p(); DROP TABLE t":                        "disconnect bye",
		"CALL p(); SET @a = 1":                          `deny dbmesh: filter "0" failed: trap`,
		"SET @a = 1; SHOW TABLES":                       `deny dbmesh: filter "rule": its verdict route is not possible for one of several`,
		"SHOW TABLES; DELETE FROM t":                    "deny",
		"SELECT 1; INSERT INTO t VALUES (1); SELECT 2;": "go on",
	} {
		v, c := ask(t, f, sql)
		if got := says(v); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
		if strings.HasPrefix(sql, "SELECT 1;") {
			if got := string(c.Rewritten()); got != "SELECT 'a;b'; INSERT INTO t VALUES (1); SELECT 'a;b';" {
				t.Errorf("rewritten to %q", got)
			}
		} else if c.Rewritten() != nil || c.Pool != "main" {
			t.Errorf("%s: rewritten to %q, pool %s", sql, c.Rewritten(), c.Pool)
		}
	}
}

// A text that can't be taken apart is one question, and the guest sees that it is opaque.
func TestATextThatIsNotUnderstoodIsOneOpaqueQuestion(t *testing.T) {
	m := w.Guest()
	flags := w.I32(w.GuestBlock) + w.Load32 + w.At(abi.AtFlags) + w.I32(abi.FlagOpaque) + w.I32And
	m.Hook(abi.HookQuery, nil, flags+w.IfOf(w.Int64, m.Deny(w.GuestFree, 1105, "HY000", "opaque"), w.I64(0)))
	f := load(t, m.Build(), wasm.Options{})
	if v, _ := ask(t, f, "SELECT 1; SELEKT 2"); says(v) != "deny opaque" {
		t.Error(says(v))
	}
	if v, _ := ask(t, f, "SELECT 1; SELECT 2"); says(v) != "go on" {
		t.Error(says(v))
	}
}

// schemas denies the schema "secret" and rewrites "old", and has no other hook.
func schemas(t *testing.T) *wasm.Filter {
	m := w.Guest("sql")
	const text = w.GuestFree + 1000
	m.Data(w.GuestFree+300, "new`er")
	is := func(name string, verdict, otherwise w.Code) w.Code {
		var word int32
		for i := range 4 {
			word |= int32(name[i]) << (8 * i)
		}
		return w.I32(text) + w.Load32 + w.At(0) + w.I32(word) + w.I32Eq + w.IfOf(w.Int64, verdict, otherwise)
	}
	m.Hook(abi.HookInitDB, nil,
		w.I32(text)+w.I32(100)+w.I32(0)+m.Host("sql")+w.Drop,
		is("secret", m.Deny(w.GuestFree, 1044, "42000", "not that one"),
			is("old_", w.Verdict(abi.OpRewrite, w.GuestFree+300, 6), w.I64(0))))
	return load(t, m.Build(), wasm.Options{})
}

func TestWhateverChangesTheSchemaIsAskedAbout(t *testing.T) {
	f := schemas(t)
	ch := chain(t, f)
	if v, _ := command(ch, session(), core.InitDB, "secret"); says(v) != "deny not that one" {
		t.Error(says(v))
	}
	if v, c := command(ch, session(), core.InitDB, "old_"); says(v) != "go on" || string(c.Rewritten()) != "new`er" {
		t.Errorf("%s, rewritten to %q", says(v), c.Rewritten())
	}
	for sql, want := range map[string]string{
		"USE secret":                   "deny",
		" use /* x */ `secret` ; ":     "deny",
		"USE secret;":                  "deny",
		"SELECT 1; USE secret":         "deny",
		"-- x\nUSE secret":             "deny",
		"USE public":                   "go on",
		"SELECT * FROM secret.t":       "go on",
		"SELECT 'USE secret'":          "go on",
		"USE old_":                     "go on USE `new``er`",
		"SELECT 1; USE `old_`; SELECT": "go on",
		"SELECT 1; USE `old_`":         "go on SELECT 1; USE `new``er`",
	} {
		v, c := command(ch, session(), core.Query, sql)
		got := says(v)
		if r := c.Rewritten(); r != nil {
			got += " " + string(r)
		}
		if !strings.HasPrefix(got, want) || want == "go on" && got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
}

//go:build !wasip1

package dbmeshtest_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/dbmesh/dbmesh/filter-sdk/dbmeshtest"
)

func TestWholeTablesAreSafe(t *testing.T) {
	Query(t, "DELETE FROM t", User("app")).WantDeny(1105).WantMessage("without WHERE").WantCacheable()
	Query(t, "DELETE FROM t WHERE a = 1").WantPass()
	Prepare(t, "UPDATE t SET a = ?").WantDeny(1105)
	Prepare(t, "INSERT INTO t VALUES (?, ?, ?)").WantDeny(1105).WantMessage("too many")
}

func TestEachVerdictArrives(t *testing.T) {
	Query(t, "SELECT 1").WantPass().WantCacheable()
	Query(t, "SHOW TABLES", User("ann")).WantReply([]string{"name", "value"}, []string{"user", "ann"}, []string{"nothing", Null})
	if o := Query(t, "SET @a = 1").WantOK(7); o.InsertID != 8 || o.Info != "done" {
		t.Errorf("insert id %d, info %q", o.InsertID, o.Info)
	}
	if o := Query(t, "KILL 1").WantDisconnect(1317); o.State != "70100" || o.Message != "bye" {
		t.Errorf("%s", o)
	}
	Query(t, "SELECT a FROM t FOR UPDATE").WantRoute("primary")
	Query(t, "SELECT * FROM orders_old WHERE note = 'more than 32 bytes'").
		WantRewrite("SELECT * FROM orders WHERE note = 'more than 32 bytes'").WantRouteBackend("db2")
	Query(t, "SELECT * FROM tenants t JOIN app.tenants u", User("ann")).WantRewrite("SELECT * FROM tenants_ann t JOIN tenants_ann u")
	Query(t, "SELECT a FROM t LIMIT 99 -- x").WantRewrite("SELECT a FROM t LIMIT 1 -- x")
	if o := Query(t, "DO 'long'").WantDeny(1105); o.Message != strings.Repeat("ä", 256) {
		t.Errorf("a long message is %d bytes", len(o.Message))
	}
}

func TestPatternsAreMatched(t *testing.T) {
	Query(t, "SELECT Sleep (3)").WantDeny(1105).WantMessage("sleep select")
	Query(t, "SELECT 'Classified'").WantMessage("secret")
	Query(t, "SELECT `Exact` FROM t").WantPass() // digests are in lower case
	Query(t, "SELECT GET_LOCK('a', 1)", Schema("app")).WantMessage("not for app")
	frozen := Config(map[string]any{"frozen": []string{"app.*", "audit"}})
	Query(t, "INSERT INTO t VALUES (1)", frozen, Schema("app")).WantDeny(1105)
	Query(t, "INSERT INTO x.audit VALUES (1)", frozen).WantDeny(1105)
	Query(t, "INSERT INTO t VALUES (1)", frozen).WantPass()
	Query(t, "INSERT INTO t VALUES (1)", Schema("app")).WantPass()
}

func TestAllStatementsOfATextAreAskedAbout(t *testing.T) {
	Query(t, "SELECT 1; DELETE FROM t").WantDeny(1105)
	Query(t, "DELETE FROM t; KILL 1").WantDisconnect(1317)
	Query(t, "SELECT 1; SHOW TABLES").WantDeny(1105).WantMessage("reply is not possible")
	Query(t, "DO 'again' ; SELECT 1 LIMIT 5 ; DO 'again';").WantRewrite("DO 2 ; SELECT 1 LIMIT 5 ; DO 2;") // of several nobody says where clauses stand
	Query(t, "SELECT 1; SELECT 2").WantPass()
}

func TestSchemasAreChanged(t *testing.T) {
	InitDB(t, "mysql", User("ann"), Schema("app")).WantDeny(1044).WantMessage("ann may not leave app")
	InitDB(t, "old_app").WantRewrite("app")
	InitDB(t, "app").WantPass()
	Query(t, "USE mysql").WantDeny(1044)
	Query(t, "SELECT 1; use `mysql` ;").WantDeny(1044)
	Query(t, "/* a */ USE/**/ -- x\nmysql # y").WantDeny(1044)
	Query(t, "USE /*! old_app */").WantPass() // it is not sure, and a filter has to look at Opaque
	Query(t, " Use `old_a``b`;").WantRewrite(" Use `a``b`;")
	Query(t, "USE app").WantPass()
	Prepare(t, "USE old_app").WantRewrite("USE `app`")
}

func TestLoginsAreJudged(t *testing.T) {
	Connect(t, Attribute("program_name", "bot"), Address("10.0.0.7")).WantDisconnect(1045).WantMessage("from 10.0.0.7")
	if o := Connect(t, Address("10.0.0.7:6666")).WantDeny(1045); o.State != "HY000" {
		t.Errorf("a bad SQLSTATE becomes %q", o.State)
	}
	Connect(t, TLS()).WantRoute("encrypted")
	Connect(t, Address("[::1]:6666"), Attribute("a", "b")).WantPass()
}

func TestParametersAreReadable(t *testing.T) {
	Execute(t, "SELECT ?", Params(nil, -1, uint64(1<<63), 1.5, "text", []byte("\xff"), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), InPieces{}, true), StatementID(9)).
		WantDeny(1105).WantMessage("true true 9 select 0: 1:-1 2:9223372036854775808 3:1.5 4:text 5:\xff 6:2026-01-02 03:04:05 7: 1:1 7")
	defer func() {
		if fmt.Sprint(recover()) != "dbmeshtest: a parameter can't be a struct {}" {
			t.Error("a parameter of an odd type is taken")
		}
	}()
	Params(struct{}{})
}

func TestColumnsAreMasked(t *testing.T) {
	o := Result(t, "SELECT email, a AS hash, b AS `null`, 1, name FROM users",
		Columns(Col("app.users.email"), Column{Name: "hash"}, Column{Name: "null"}, Column{Name: "1", Type: 3, Flags: 0x8001}, Col("users.name")))
	o.WantMask(0, "ann@example.org", "an*********.org").WantMask(0, "ännchö", "******").WantMask(0, "ännchön", "än*chön")
	o.WantMask(1, "Jefe", "688275af9c0270e12d211645104c3b6b")
	o.WantMask(2, "x", Null).WantMask(3, "7", "0").WantMask(4, "Ann", "Ann")
	Result(t, "SELECT 1", Columns(Column{Name: "1"})).WantPass()
}

func TestErrorsAreReplaced(t *testing.T) {
	Error(t, "SELECT 1", 1146, "42S02", "Table 'a.b' doesn't exist").WantDeny(1142).WantMessage("not 42S02 Table 'a.b'")
	Error(t, "SELECT 1", 1064, "42000", "syntax").WantPass()
}

func TestWhatOneSessionKeepsIsItsOwn(t *testing.T) {
	p := New(t, Config(map[string]any{"limits": map[string]any{"user": 2}}))
	a, b := p.Session(User("a")), p.Session(User("b"))
	a.Connect().WantPass()
	a.Query("DO 'state'").WantMessage(`"" 1`)
	a.Query("DO 'state'").WantMessage(`"+" 2`)
	b.Query("DO 'state'").WantMessage(`"" 1`)
	a.Query("DO 'state too large'").WantMessage("over a limit")
	a.Query("DO 'rate'").WantPass()
	a.Query("DO 'rate'").WantPass()
	a.Query("DO 'rate'").WantDeny(1226)
	b.Query("DO 'rate'").WantPass()
	p.Advance(30 * time.Second)
	a.Query("DO 'rate'").WantPass()
	a.Query("DO 'rate'").WantDeny(1226)
	a.Query("DO 'kv'").WantMessage("1 1true false")
	b.Query("DO 'kv'").WantMessage("2 2true false")
	p.Advance(time.Minute)
	a.Query("DO 'kv'").WantMessage("1 1true false")
	if last, ok := p.KV("last"); !ok || last != "1" {
		t.Errorf("last is %q, %v", last, ok)
	}
	p.SetKV("n", "41")
	a.Query("DO 'kv'").WantMessage("42 42true false")
}

func TestProxiesDoNotDisturbEachOther(t *testing.T) {
	one, two := New(t, Config(map[string]any{"limits": map[string]any{"user": 1}})), New(t)
	a, b := one.Session(), two.Session()
	for range 3 {
		b.Query("DO 'rate'").WantPass()
	}
	a.Query("DO 'rate'").WantPass()
	b.Query("DO 'rate'").WantDeny(1226)
	a.Query("DO 'rate'").WantDeny(1226)
	b.Query("DELETE FROM t")
	if one.Metric("denials") != 0 || two.Metric("denials") != 1 {
		t.Errorf("denials %v and %v", one.Metric("denials"), two.Metric("denials"))
	}
}

func TestFactsLogsAndMetricsAreSeen(t *testing.T) {
	p := New(t, Clock(time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)), Listener("front"))
	s := p.Session(InTransaction(), NoAutocommit(), Pool("replicas"))
	s.Query("DO 'facts'").WantMessage("1 1 07:08:09 front replicas true false read false false false false false false 0 1 0 10 true do ? true -1")
	s.Query("DO 'log'").WantPass()
	if got := p.Logs(); !slices.Equal(got, []string{"d", "i", "w", "e"}) {
		t.Errorf("logged %q", got)
	}
	if p.Metric("queue") != 7 || p.Metric("denials") != 2 {
		t.Errorf("queue %v, denials %v", p.Metric("queue"), p.Metric("denials"))
	}
	told = nil
	s.Done("SELECT 1", Ended{Latency: 1500 * time.Microsecond, Rows: 1, Affected: 2, Bytes: 3})
	s.Done("SELECT x", Ended{Code: 1054, State: "42S22", Message: "Unknown column"})
	s.Query("DO 'state'")
	s.End()
	p.Advance(time.Second)
	p.Tick()
	want := []string{"done select 1.5ms 1 2 3 0  ", "done select 0s 0 0 0 1054 42S22 Unknown column", "end of app: +", "tick at 07:08:10"}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	if p.Metric("latency_seconds") != 0.0015 {
		t.Errorf("latency %v", p.Metric("latency_seconds"))
	}
}

func TestConfigurationsAreReadAndRefused(t *testing.T) {
	told = nil
	New(t, Config(map[string]any{"on": false, "share": 0.25, "window": "1m30s", "frozen": "one"}))
	if want := `false 0.25 1m30s [one]{"frozen":"one","on":false,"share":0.25,"window":"1m30s"}`; told[0] != want {
		t.Errorf("read %s, want %s", told[0], want)
	}
	for key, tc := range map[string]struct {
		value any
		says  string
	}{
		"on": {"perhaps", `config on: "perhaps", want true or false`}, "share": {"x", "want a number"}, "window": {5, `config window: "5", want a time such as 1m30s`},
		"limits": {map[string]any{"user": 1.5}, `config limits.user: "1.5", want a whole number`},
		"frozen": {[]any{"a", ""}, `the pattern "" is empty or has a line's end`}, "bad": {"no such pool", "no such pool"},
	} {
		if got := ConfigError(t, map[string]any{key: tc.value}); !strings.Contains(got, tc.says) {
			t.Errorf("%s = %v: says %q, want %q", key, tc.value, got, tc.says)
		}
	}
}

func TestTextsAreReadAsTheSessionsServerReadsThem(t *testing.T) {
	Query(t, `DELETE FROM t WHERE a = "x`+"`").WantPass() // opaque, but with a WHERE
	Query(t, `DELETE FROM "t"`, SQLMode("ANSI_QUOTES"), Server("mysql", "8.0.36"), Charset("latin1")).WantDeny(1105)
	Query(t, "DELETE FROM t\xff").WantDeny(1105)
	Query(t, "DO 'facts'", Truncated()).WantMessage("false false true 0 1")
}

func TestAKeptViewShows(t *testing.T) {
	p := New(t)
	p.Session().Query("DO 'keep'                                             ")
	if strings.Contains(keptView, "keep") {
		t.Errorf("a view that was kept is still %q", keptView)
	}
}

// broken is a test that a helper may fail.
type broken struct {
	testing.TB
	said []string
}

func (b *broken) Helper() {}

func (b *broken) Errorf(format string, args ...any) {
	b.said = append(b.said, fmt.Sprintf(format, args...))
}

func (b *broken) Fatalf(format string, args ...any) {
	b.Errorf(format, args...)
	panic(b)
}

func (b *broken) Fatal(args ...any) { b.Fatalf("%s", fmt.Sprint(args...)) }

// failing runs f as a test and gives what it failed with.
func failing(f func(testing.TB)) string {
	b := &broken{}
	func() {
		defer func() {
			if p := recover(); p != nil && p != any(b) {
				panic(p)
			}
		}()
		f(b)
	}()
	return strings.Join(b.said, "\n")
}

func TestWrongExpectationsFail(t *testing.T) {
	for says, f := range map[string]func(*Outcome){
		"DELETE FROM t: deny 1105 (HY000) write without WHERE is blocked, cacheable, want pass": func(o *Outcome) { o.WantPass() },
		"want deny 1": func(o *Outcome) { o.WantDeny(1) }, "want disconnect 1105": func(o *Outcome) { o.WantDisconnect(1105) },
		"want a message with x": func(o *Outcome) { o.WantMessage("x") }, "want rewrite to ": func(o *Outcome) { o.WantRewrite("") },
		"want route to the pool p": func(o *Outcome) { o.WantRoute("p") }, "want route to the backend b": func(o *Outcome) { o.WantRouteBackend("b") },
		`want reply ["a"] [["b"]]`: func(o *Outcome) { o.WantReply([]string{"a"}, []string{"b"}) }, "want ok, 0 affected": func(o *Outcome) { o.WantOK(0) },
		"want mask": func(o *Outcome) { o.WantMask(0, "a", "a") },
	} {
		if got := failing(func(tb testing.TB) { f(Query(tb, "DELETE FROM t")) }); !strings.Contains(got, says) {
			t.Errorf("says %q, want %q", got, says)
		}
	}
	for says, f := range map[string]func(testing.TB){
		"want cacheable":                           func(tb testing.TB) { Query(tb, "KILL 1").WantCacheable() },
		`column 0 shows "a" as "a", want`:          func(tb testing.TB) { Result(tb, "SELECT 1").WantMask(0, "a", "b") },
		"dbmesh takes no mask from on_query":       func(tb testing.TB) { Query(tb, "DO 'bad verdict'") },
		"a rewrite of on_query can't be cacheable": func(tb testing.TB) { Query(tb, "DO 'cacheable rewrite'") },
		"dbmesh takes from Both":                   func(tb testing.TB) { Query(tb, "DO 'two rewrites'") },
		"the reply has 70011 bytes":                func(tb testing.TB) { Query(tb, "DO 'large'") },
		"reply [\"name\" \"value\"]":               func(tb testing.TB) { Query(tb, "SHOW TABLES").WantPass() },
		"no ok from on_prepare":                    func(tb testing.TB) { Prepare(tb, "SET @a = 1") },
		"refuses its configuration: no":            func(tb testing.TB) { New(tb, Config(map[string]any{"bad": "no"})) },
		"takes the configuration map[]":            func(tb testing.TB) { ConfigError(tb, map[string]any{}) },
		`no metric "x"`:                            func(tb testing.TB) { New(tb).Metric("x") },
		`flavour is "oracle"`:                      func(tb testing.TB) { Query(tb, "SELECT 1", Server("oracle", "")) },
	} {
		if got := failing(f); !strings.Contains(got, says) {
			t.Errorf("says %q, want %q", got, says)
		}
	}
}

// TestWithoutTheCommandATestSaysWhatToDo runs this binary's only test that needs it anew.
func TestWithoutTheCommandATestSaysWhatToDo(t *testing.T) {
	if os.Getenv("DBMESHTEST_CHILD") != "" {
		Query(t, "SELECT 1")
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(t.TempDir(), "dbmesh") // one that does not know --lines
	if err := os.WriteFile(old, []byte("#!/bin/sh\nexit 64\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for dbmesh, says := range map[string]string{"": "put it on PATH", "/no/such/dbmesh": "/no/such/dbmesh", old: "has ended"} {
		c := exec.Command(exe, "-test.run=^TestWithoutTheCommandATestSaysWhatToDo$")
		c.Env = append(os.Environ(), "DBMESHTEST_CHILD=1", "PATH=/nowhere", "DBMESH="+dbmesh)
		out, err := c.Output()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || !strings.Contains(string(out), says) {
			t.Errorf("DBMESH=%s: %v\n%s", dbmesh, err, out)
		}
	}
}

func FuzzNoTextBreaksTheFilter(f *testing.F) {
	f.Add("SELECT * FROM tenants; DELETE FROM t")
	f.Add("DO 'state'\x00\xff")
	f.Fuzz(func(t *testing.T, sql string) {
		if o := Query(t, sql); o.Verdict == "deny" && o.Code == 0 {
			t.Errorf("%s", o)
		}
	})
}

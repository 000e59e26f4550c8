package router_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/coretest"
	"github.com/dbmesh/dbmesh/filters/router"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func build(t testing.TB, text string) core.Filter {
	t.Helper()
	f, err := router.Kind(nil, nil).New("router", coretest.Decode(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func route(t *testing.T, f core.Filter, s *core.Session) string {
	t.Helper()
	v, err := f.(core.Connector).OnConnect(context.Background(), s)
	if err != nil || v.Reply() != nil {
		t.Fatalf("verdict %+v, error %v", v.Reply(), err)
	}
	return s.Pool
}

const rules = `
rules:
- {when: {user: report, schema: shop}, pool: reports}
- {when: {user: "report*"}, pool: readers}
- {when: {listener: ro}, pool: readers}
- {when: {attribute: {program_name: "mysqldump", _os: "Linux*"}}, pool: backups}
- {when: {schema: "tenant-[0-4]?"}, pool: west}
`

func TestTheFirstRuleThatMatchesChoosesThePool(t *testing.T) {
	f := build(t, rules)
	for _, tc := range []struct {
		want   string
		change func(*core.Session)
	}{
		{"main", func(*core.Session) {}},
		{"reports", func(s *core.Session) { s.User = "report" }},
		{"readers", func(s *core.Session) { s.User, s.Schema = "report", "" }},
		{"readers", func(s *core.Session) { s.User = "reporting" }},
		{"main", func(s *core.Session) { s.User = "Report" }},
		{"readers", func(s *core.Session) { s.Listener = "ro" }},
		{"reports", func(s *core.Session) { s.Listener, s.User = "ro", "report" }},
		{"main", func(s *core.Session) { s.Attributes = map[string]string{"program_name": "mysqldump"} }},
		{"backups", func(s *core.Session) {
			s.Attributes = map[string]string{"program_name": "mysqldump", "_os": "Linux6"}
		}},
		{"west", func(s *core.Session) { s.Schema = "tenant-17" }},
		{"main", func(s *core.Session) { s.Schema = "tenant-57" }},
		{"main", func(s *core.Session) { s.Schema = "tenant-1" }},
	} {
		s := coretest.Session(tc.change)
		if got := route(t, f, s); got != tc.want {
			t.Errorf("%s@%s schema %q attributes %v goes to %s, want %s", s.User, s.Listener, s.Schema, s.Attributes, got, tc.want)
		}
	}
}

func TestARuleWithoutConditionsTakesTheRest(t *testing.T) {
	f := build(t, "{rules: [{when: {user: a}, pool: one}, {pool: rest}]}")
	if got := route(t, f, coretest.Session()); got != "rest" {
		t.Fatalf("goes to %s", got)
	}
}

func TestASessionWithAConnectionKeepsItsPool(t *testing.T) {
	s := coretest.Session()
	s.Bind(coretest.Pool("main", 1).Backends[0])
	if got := route(t, build(t, "{rules: [{pool: rest}]}"), s); got != "main" {
		t.Fatalf("an old session moved to %s", got)
	}
}

func hinted(t *testing.T, f core.Filter, code core.Code, sql string) (*core.Command, *core.Error) {
	t.Helper()
	s := coretest.Session(func(s *core.Session) {
		s.Pools = coretest.NewPools(coretest.Pool("main", 1), coretest.Pool("readers", 1))
	})
	c := coretest.Command(s, code, sql)
	v, err := f.(core.Commander).OnCommand(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if v.Reply() != nil {
		return c, v.Reply().Err
	}
	return c, nil
}

func TestAHintChoosesThePoolOfACommand(t *testing.T) {
	f := build(t, "hints: true")
	for sql, want := range map[string]string{
		"/* dbmesh:pool=readers */ select 1":             "readers",
		"/*dbmesh:pool=readers*/select 1":                "readers",
		" \n\t/*   dbmesh:pool=readers\n*/ select 1":     "readers",
		"/* dbmesh:pool=main */ select 1":                "main",
		"select 1 /* dbmesh:pool=readers */":             "main",
		"/* app:x */ /* dbmesh:pool=readers */ select 1": "main",
		"/*! dbmesh:pool=readers */ select 1":            "main",
		"-- dbmesh:pool=readers\nselect 1":               "main",
		"":                                               "main",
		"/*":                                             "main",
	} {
		for _, code := range []core.Code{core.Query, core.Prepare, core.Execute, core.BulkExecute} {
			if c, err := hinted(t, f, code, sql); err != nil || c.Pool != want {
				t.Errorf("%v %q goes to %s (%v), want %s", code, sql, c.Pool, err, want)
			}
		}
		if c, err := hinted(t, f, core.InitDB, sql); err != nil || c.Pool != "main" {
			t.Errorf("init_db %q goes to %s (%v)", sql, c.Pool, err)
		}
	}
}

func TestABadHintIsRefusedByName(t *testing.T) {
	f := build(t, "hints: true")
	for _, sql := range []string{
		"/* dbmesh:pool=writers */ select 1",
		"/* dbmesh:pol=readers */ select 1",
		"/* dbmesh:pool= */ select 1",
		"/* dbmesh:pool=readers",
		"/* dbmesh:pool=readers main */ select 1",
		"/* dbmesh:pool=readers;x */ select 1",
		"/* dbmesh:*/ select 1",
		"/* dbmesh:pool=" + strings.Repeat("x", 300) + " */ select 1",
	} {
		_, err := hinted(t, f, core.Query, sql)
		if err == nil || err.Code != 1105 || !strings.Contains(err.Message, `filter "router"`) {
			t.Errorf("%q: error %v", sql, err)
		}
	}
}

func TestATruncatedCommandIgnoresItsHint(t *testing.T) {
	f := build(t, "hints: true")
	c := coretest.Query(coretest.Session(), "")
	c.Reset(c.Session, core.Query, []byte("/* dbmesh:pool=readers */ insert"), 1<<24-1, true)
	v, err := f.(core.Commander).OnCommand(context.Background(), c)
	if err != nil || v.Reply() != nil || c.Pool != "main" {
		t.Fatalf("pool %s, verdict %+v, error %v", c.Pool, v.Reply(), err)
	}
}

func TestOnlyHintsSwitchPools(t *testing.T) {
	if s, ok := build(t, "hints: true").(core.Switcher); !ok || !s.SwitchesPools() {
		t.Error("hints do not switch pools")
	}
	f := build(t, "{rules: [{pool: rest}]}")
	if s, ok := f.(core.Switcher); ok && s.SwitchesPools() {
		t.Error("rules alone switch pools")
	}
	if _, ok := f.(core.Commander); ok {
		t.Error("rules alone cost each command a hook")
	}
}

func TestBadConfigsAreRefusedWithASentence(t *testing.T) {
	exists := func(name string) bool { return name == "readers" }
	for text, want := range map[string]string{
		"{rules: [{when: {user: a}}]}":                                 "rules[0]: needs a pool",
		"{rules: [{when: {user: 'a['}, pool: readers}]}":               "when.user",
		"{rules: [{when: {attribute: {x: '['}}, pool: readers}]}":      "when.attribute.x",
		"{rules: [{pool: readers}, {when: {user: a}, pool: readers}]}": "rules[0]: it has no condition",
		"{rules: [{when: {user: a}, pool: readers}, {pool: writers}]}": `rules[1]: there is no pool "writers"`,
		"{rules: [{when: {usr: a}, pool: readers}]}":                   "usr",
	} {
		_, err := router.Kind(exists, nil).New("router", coretest.Decode(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", text, err, want)
		}
	}
	if _, err := router.Kind(exists, nil).New("router", coretest.Decode("{rules: [{pool: readers}]}")); err != nil {
		t.Error(err)
	}
}

func TestRulesAndHintsAreCounted(t *testing.T) {
	reg := prometheus.NewRegistry()
	kind := router.Kind(nil, reg)
	for range 2 { // two generations share the counters
		f, err := kind.New("router", coretest.Decode("{hints: true, rules: [{when: {user: a}, pool: readers}]}"))
		if err != nil {
			t.Fatal(err)
		}
		route(t, f, coretest.Session(func(s *core.Session) { s.User = "a" }))
		route(t, f, coretest.Session())
		hinted(t, f, core.Query, "/* dbmesh:pool=readers */ select 1")
		hinted(t, f, core.Query, "/* dbmesh:pool=gone */ select 1")
		hinted(t, f, core.Query, "select 1")
	}
	want := `
# HELP dbmesh_router_hints_total Commands with a hint by result: followed, sent home since no replica may or can serve them, or refused as unknown or malformed.
# TYPE dbmesh_router_hints_total counter
dbmesh_router_hints_total{link="router",result="followed"} 2
dbmesh_router_hints_total{link="router",result="home"} 0
dbmesh_router_hints_total{link="router",result="refused"} 2
# HELP dbmesh_router_sessions_total Sessions by the rule that chose their pool, counted from 0; rule none left it to the listener.
# TYPE dbmesh_router_sessions_total counter
dbmesh_router_sessions_total{link="router",pool="main",rule="none"} 2
dbmesh_router_sessions_total{link="router",pool="readers",rule="0"} 2
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want)); err != nil {
		t.Fatal(err)
	}
}

func TestACommandWithoutAHintMakesNoGarbage(t *testing.T) {
	f := build(t, "hints: true").(core.Commander)
	s := coretest.Session(func(s *core.Session) { s.Pools = coretest.NewPools(coretest.Pool("main", 1)) })
	for _, sql := range []string{"select 1", "/* a comment */ select 1", "/* dbmesh:pool=main */ select 1"} {
		c := coretest.Query(s, sql)
		if n := testing.AllocsPerRun(1000, func() { f.OnCommand(context.Background(), c) }); n != 0 {
			t.Errorf("%q: %v allocations", sql, n)
		}
	}
}

func FuzzAHintNeverPanicsAndNeverInventsAPool(f *testing.F) {
	filter := build(f, "hints: true").(core.Commander)
	s := coretest.Session(func(s *core.Session) {
		s.Pools = coretest.NewPools(coretest.Pool("main", 1), coretest.Pool("readers", 1))
	})
	f.Add([]byte("/* dbmesh:pool=readers */ select 1"))
	f.Add([]byte("/*dbmesh:pool=*/"))
	f.Fuzz(func(t *testing.T, sql []byte) {
		c := coretest.Query(s, string(sql))
		v, err := filter.OnCommand(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		if v.Reply() == nil && c.Pool != "main" && !strings.Contains(string(sql), fmt.Sprintf("dbmesh:pool=%s", c.Pool)) {
			t.Fatalf("%q goes to %s", sql, c.Pool)
		}
	})
}

package router_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/coretest"
	"github.com/dbmesh/dbmesh/filters/router"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

const digest = "5cf7d7e8e2fd8a8b9f1c0a1b2c3d4e5f60718293a4b5c6d7e8f9000102030405"

// The facts are what the manuals say of these texts.
func facts() coretest.Classifier {
	table := func(schema, name string) []core.Table { return []core.Table{{Schema: schema, Name: name}} }
	read := func(tables []core.Table) *core.Facts {
		return &core.Facts{Kind: core.StatementSelect, Access: core.AccessRead, Tables: tables, ReadSafe: true}
	}
	insert := &core.Facts{Kind: core.StatementInsert, Access: core.AccessWrite, Tables: []core.Table{{Schema: "logs", Name: "seen", Writes: true}}}
	many := func(parts ...*core.Facts) *core.Facts {
		all := &core.Facts{Kind: core.StatementMulti, ReadSafe: true, Parts: parts}
		for _, f := range parts {
			all.Tables = append(all.Tables, f.Tables...)
			all.ReadSafe = all.ReadSafe && f.ReadSafe
		}
		return all
	}
	orders, seen := read(table("", "orders")), read(table("logs", "seen"))
	hot := read(table("", "orders"))
	hot.Digest = digest
	opaque := read(table("logs", "seen"))
	opaque.Opaque, opaque.ReadSafe, opaque.Digest = true, false, digest
	return coretest.Classifier{
		"SELECT * FROM orders":                          orders,
		"SELECT * FROM Orders":                          read(table("", "Orders")),
		"SELECT * FROM shop.orders":                     read(table("shop", "orders")),
		"SELECT * FROM logs.seen":                       seen,
		"SELECT * FROM orders JOIN logs.seen":           read(append(table("", "orders"), table("logs", "seen")...)),
		"SELECT 1":                                      read(nil),
		"SELECT * FROM orders WHERE id = 1":             hot,
		"SELECT * FROM orders FOR UPDATE":               {Kind: core.StatementSelect, Tables: table("", "orders"), Locking: true},
		"INSERT INTO logs.seen VALUES (1)":              insert,
		"SELECT * FROM logs.seen; SELECT * FROM orders": many(seen, orders),
		"SELECT 1; INSERT INTO logs.seen VALUES (1)":    many(read(nil), insert),
		"SELECT * FROM logs.seen ODDLY":                 opaque,
		";":                                             many(),
	}
}

// asked is a command of a session that knows the pools main, readers and logs, behind the
// chain's links and before its end.
func asked(t testing.TB, f core.Filter, code core.Code, sql string, changes ...func(*core.Session)) *core.Command {
	t.Helper()
	c := coretest.Command(coretest.Session(append([]func(*core.Session){func(s *core.Session) {
		s.Pools = coretest.NewPools(coretest.Pool("main", 1), coretest.Pool("readers", 0, 1), coretest.Pool("logs", 1))
		s.Classifier = facts()
	}}, changes...)...), code, sql)
	ch := coretest.Chain(t, f)
	if v := ch.Command(context.Background(), c); v.Reply() != nil {
		t.Fatalf("%s: %v", sql, v.Reply().Err)
	}
	t.Cleanup(func() { ch.Done(c, &core.Outcome{}) })
	return c
}

func TestARuleOnFactsChoosesThePoolOfACommand(t *testing.T) {
	const (
		orders, upper, qualified = "SELECT * FROM orders", "SELECT * FROM Orders", "SELECT * FROM shop.orders"
		seen, join, none         = "SELECT * FROM logs.seen", "SELECT * FROM orders JOIN logs.seen", "SELECT 1"
		hot, locking, insert     = "SELECT * FROM orders WHERE id = 1", "SELECT * FROM orders FOR UPDATE", "INSERT INTO logs.seen VALUES (1)"
	)
	all := []string{orders, upper, qualified, seen, join, none, hot, locking, insert}
	for when, there := range map[string][]string{
		"read_safe: true":                            {orders, upper, qualified, seen, join, none, hot},
		"read_safe: false":                           {locking, insert},
		"kind: [insert, update]":                     {insert},
		"kind: [select]":                             {orders, upper, qualified, seen, join, none, hot, locking},
		"kind: [select], read_safe: false":           {locking},
		"tables: [orders]":                           {orders, upper, qualified, join, hot, locking},
		"tables: [ORDERS]":                           {orders, upper, qualified, join, hot, locking},
		"tables: ['o*s']":                            {orders, upper, qualified, join, hot, locking},
		"tables: ['[N-P]rder?']":                     {orders, upper, qualified, join, hot, locking},
		"tables: ['[^o]*']":                          {seen, join, insert},
		"tables: ['\\o*']":                           {orders, qualified, join, hot, locking}, // an escape keeps its case
		"tables: [shop.orders]":                      {orders, upper, qualified, join, hot, locking},
		"tables: [shop2.orders]":                     {},
		"tables: ['logs.*']":                         {seen, join, insert},
		"tables: ['LOG?.s[a-e]en']":                  {seen, join, insert},
		"tables: ['*.*']":                            {orders, upper, qualified, seen, join, hot, locking, insert},
		"tables: [customers, seen], read_safe: true": {seen, join},
		"digest: [" + digest + "]":                   {hot},
		"digest: [" + strings.ToUpper(digest) + "]":  {hot},
		"user: app, read_safe: true, tables: [seen]": {seen, join},
		"user: other, read_safe: true":               {},
		"schema: shop, kind: [insert]":               {insert},
		"schema: other, kind: [insert]":              {},
	} {
		f := build(t, fmt.Sprintf("{rules: [{when: {%s}, pool: logs}]}", when))
		for _, sql := range all {
			want := "main"
			for _, s := range there {
				if s == sql {
					want = "logs"
				}
			}
			if got := asked(t, f, core.Query, sql).Pool; got != want {
				t.Errorf("{%s}: %s goes to %s, want %s", when, sql, got, want)
			}
		}
	}
}

func TestTheFirstRuleThatMatchesTheCommandWins(t *testing.T) {
	f := build(t, `{hints: true, rules: [
		{when: {tables: [orders]}, pool: main},
		{when: {user: app}, pool: logs},
		{when: {read_safe: true}, pool: readers},
		{when: {kind: [select]}, pool: logs}]}`)
	inLogs := func(s *core.Session) { s.Pool = "logs" }
	for sql, want := range map[string]string{
		"SELECT * FROM orders":                              "main",
		"SELECT * FROM logs.seen":                           "readers",
		"/* dbmesh:pool=main */ SELECT * FROM logs.seen":    "main",
		"INSERT INTO logs.seen VALUES (1)":                  "logs",
		"SELECT * FROM orders JOIN logs.seen":               "main",
		"/* dbmesh:pool=readers */ SELECT * FROM elsewhere": "readers",
		"SELECT * FROM elsewhere":                           "logs",
	} {
		if got := asked(t, f, core.Query, sql, inLogs).Pool; got != want {
			t.Errorf("%s goes to %s, want %s", sql, got, want)
		}
	}
	if got := route(t, f, coretest.Session()); got != "logs" {
		t.Errorf("the login goes to %s: rules about commands were asked", got)
	}
}

// By the first of several statements alone the others would go where they must not.
func TestSeveralStatementsMustAllMatchTheSameRule(t *testing.T) {
	for rules, want := range map[string][3]string{
		"{when: {read_safe: true}, pool: readers}":                                              {"readers", "main", "main"},
		"{when: {tables: [seen]}, pool: logs}":                                                  {"main", "main", "main"},
		"{when: {tables: [seen]}, pool: logs}, {when: {tables: [orders]}, pool: logs}":          {"main", "main", "main"},
		"{when: {tables: [seen, orders]}, pool: logs}":                                          {"logs", "main", "main"},
		"{when: {kind: [select, insert]}, pool: logs}":                                          {"logs", "logs", "main"},
		"{when: {kind: [select]}, pool: readers}, {when: {kind: [select, insert]}, pool: logs}": {"readers", "logs", "main"},
		"{when: {read_safe: false}, pool: logs}":                                                {"main", "main", "main"},
	} {
		f := build(t, "{rules: ["+rules+"]}")
		for i, sql := range []string{"SELECT * FROM logs.seen; SELECT * FROM orders", "SELECT 1; INSERT INTO logs.seen VALUES (1)", ";"} {
			if got := asked(t, f, core.Query, sql).Pool; got != want[i] {
				t.Errorf("%s: %s goes to %s, want %s", rules, sql, got, want[i])
			}
		}
	}
}

const everyRule = `{rules: [
	{when: {read_safe: true}, pool: readers}, {when: {read_safe: false}, pool: logs}, {when: {kind: [select]}, pool: logs},
	{when: {tables: ["*"]}, pool: logs}, {when: {digest: [` + digest + `]}, pool: logs}]}`

func TestWhatIsNotUnderstoodMatchesNoRule(t *testing.T) {
	f := build(t, everyRule)
	for _, sql := range []string{"SELECT * FROM logs.seen ODDLY", "who knows"} {
		if got := asked(t, f, core.Query, sql).Pool; got != "main" {
			t.Errorf("%s goes to %s", sql, got)
		}
	}
	c := asked(t, f, core.Query, "SELECT 1")
	c.Reset(c.Session, core.Query, []byte("SELECT 1"), 1<<24-1, true)
	if v, err := f.(core.Commander).OnCommand(context.Background(), c); err != nil || v.Reply() != nil || c.Pool != "main" {
		t.Errorf("a truncated command goes to %s, error %v", c.Pool, err)
	}
	if c.Known() != nil {
		t.Error("facts of a truncated command were asked for")
	}
}

func TestRulesAskAboutStatementsAndNothingElse(t *testing.T) {
	f := build(t, everyRule)
	for code, want := range map[core.Code]string{
		core.Query: "readers", core.Prepare: "readers", core.Execute: "readers", core.BulkExecute: "readers",
		core.InitDB: "main", core.Ping: "main", core.Fetch: "main", core.CloseStatement: "main",
	} {
		if got := asked(t, f, code, "SELECT 1").Pool; got != want {
			t.Errorf("%v goes to %s, want %s", code, got, want)
		}
	}
}

func TestFactsAreFoundOnlyIfTheSessionMatches(t *testing.T) {
	f := build(t, "{rules: [{when: {user: report, read_safe: true}, pool: readers}]}")
	if c := asked(t, f, core.Query, "SELECT 1"); c.Known() != nil {
		t.Error("facts were looked for in vain")
	}
	c := asked(t, f, core.Query, "SELECT 1", func(s *core.Session) { s.User = "report" })
	if c.Pool != "readers" || c.Known() == nil {
		t.Errorf("goes to %s, facts %v", c.Pool, c.Known())
	}
}

func TestReadsStayAtHomeIfTheirPoolIsDead(t *testing.T) {
	f := build(t, "{rules: [{when: {kind: [select]}, pool: readers}]}")
	dead := func(s *core.Session) {
		for _, b := range s.Pools.Pool("readers").Backends {
			b.SetState(core.Down)
		}
	}
	gone := func(s *core.Session) { s.Pools = coretest.NewPools(coretest.Pool("main", 1)) }
	weightless := func(s *core.Session) {
		s.Pools = coretest.NewPools(coretest.Pool("main", 1), coretest.Pool("readers", 0))
	}
	for what, change := range map[string]func(*core.Session){"dead": dead, "gone": gone, "weightless": weightless} {
		if got := asked(t, f, core.Query, "SELECT 1", change).Pool; got != "main" {
			t.Errorf("readers %s: a read goes to %s", what, got)
		}
		if got := asked(t, f, core.Query, "SELECT * FROM orders FOR UPDATE", change).Pool; got != "readers" {
			t.Errorf("readers %s: what locks goes to %s, not to the rule's pool to be refused", what, got)
		}
	}
}

func TestAUnqualifiedTableCountsWithTheSchemaOfTheMoment(t *testing.T) {
	f := build(t, "{rules: [{when: {tables: [logs.orders]}, pool: logs}, {when: {schema: archive, kind: [select]}, pool: readers}]}")
	for schema, want := range map[string]string{"shop": "main", "logs": "logs", "Logs": "logs", "": "main", "archive": "readers"} {
		in := func(s *core.Session) { s.Schema = schema }
		if got := asked(t, f, core.Query, "SELECT * FROM orders", in).Pool; got != want {
			t.Errorf("in schema %q it goes to %s, want %s", schema, got, want)
		}
	}
}

func TestRulesOnFactsSwitchPools(t *testing.T) {
	if s, ok := build(t, everyRule).(core.Switcher); !ok || !s.SwitchesPools() {
		t.Error("rules on facts do not switch pools")
	}
}

func TestBadConditionsAreRefusedWithASentence(t *testing.T) {
	for when, want := range map[string]string{
		"kind: [select, selct]":      `rules[0]: when.kind[1]: there is no kind of statement "selct"`,
		"kind: [multi]":              "when.kind[0]: multi matches nothing",
		"kind: [unknown]":            "when.kind[0]: unknown matches nothing",
		"kind: []":                   "when.kind: is empty",
		"tables: []":                 "when.tables: is empty",
		"tables: [a, 'b[']":          `when.tables[1]: "b[" is not a pattern`,
		"tables: ['b[.c']":           `when.tables[0]: "b[" is not a pattern`,
		"tables: [a.b.c]":            `when.tables[0]: "a.b.c" is no table`,
		"tables: ['.b']":             `when.tables[0]: ".b" is no table`,
		"tables: ['']":               `when.tables[0]: "" is no table`,
		"digest: []":                 "when.digest: is empty",
		"digest: [abc]":              `when.digest[0]: "abc" is no digest`,
		"digest: [" + digest + "00]": "is no digest",
		"read_safe: perhaps":         "read_safe",
	} {
		_, err := router.Kind(nil, nil).New("router", coretest.Decode("{rules: [{when: {"+when+"}, pool: readers}]}"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("{%s}: error %v, want one with %q", when, err, want)
		}
	}
	// A rule that takes every login leaves commands to those after it, but no login.
	const rest = "{rules: [{pool: readers}, {when: {read_safe: true}, pool: readers}%s]}"
	if _, err := router.Kind(nil, nil).New("router", coretest.Decode(fmt.Sprintf(rest, ""))); err != nil {
		t.Error(err)
	}
	_, err := router.Kind(nil, nil).New("router", coretest.Decode(fmt.Sprintf(rest, ", {when: {user: a}, pool: readers}")))
	if err == nil || !strings.Contains(err.Error(), "rules[0]: it has no condition") {
		t.Errorf("a rule about logins behind one that takes all: error %v", err)
	}
}

func TestCommandsAreCountedWhereTheyWent(t *testing.T) {
	reg := prometheus.NewRegistry()
	f, err := router.Kind(nil, reg).New("router", coretest.Decode(
		"{rules: [{when: {user: a}, pool: readers}, {when: {tables: [seen]}, pool: logs}, {when: {read_safe: true}, pool: readers}]}"))
	if err != nil {
		t.Fatal(err)
	}
	ch := coretest.Chain(t, f)
	for _, sql := range []string{"SELECT 1", "SELECT * FROM orders", "SELECT * FROM logs.seen", "SELECT * FROM orders FOR UPDATE"} {
		for _, pinned := range []bool{false, true, false} {
			c := asked(t, build(t, "hints: true"), core.Query, sql)
			ch.Command(context.Background(), c)
			if pinned {
				c.Pool = "main" // the proxy has the last word
			}
			ch.Done(c, &core.Outcome{})
		}
	}
	want := `
# HELP dbmesh_router_commands_total Commands by the rule that they match, counted from 0, and the pool where they went: the session's own if they had to stay.
# TYPE dbmesh_router_commands_total counter
dbmesh_router_commands_total{link="router",pool="logs",rule="1"} 2
dbmesh_router_commands_total{link="router",pool="main",rule="1"} 1
dbmesh_router_commands_total{link="router",pool="main",rule="2"} 2
dbmesh_router_commands_total{link="router",pool="readers",rule="2"} 4
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "dbmesh_router_commands_total"); err != nil {
		t.Fatal(err)
	}
}

func TestRulesOnFactsMakeNoGarbage(t *testing.T) {
	f := build(t, `{hints: true, consistency: session, wait: 1s, read_only_transactions: true, lazy_begin: true, rules: [
		{when: {kind: [update], user: "a*"}, pool: logs}, {when: {digest: [`+digest+`]}, pool: main},
		{when: {tables: ["log*.se?n", orders]}, pool: readers}, {when: {read_safe: true}, pool: readers}]}`)
	var end core.Outcome
	for sql := range facts() {
		if sql == "SELECT * FROM logs.seen ODDLY" {
			continue
		}
		c := asked(t, f, core.Query, sql)
		ch := coretest.Chain(t, f)
		text := c.SQL
		for _, pool := range []string{"", "main"} {
			if n := testing.AllocsPerRun(200, func() {
				c.Reset(c.Session, core.Query, text, len(text), false)
				ch.Command(context.Background(), c)
				if pool != "" {
					c.Pool = pool
				}
				ch.Done(c, &end)
			}); n > 0 {
				t.Errorf("%s, kept %q: %v allocations", sql, pool, n)
			}
		}
	}
}

func TestTheREADMENamesEveryKindThatMayMatch(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(text), "\nKinds: ")
	list, _, _ = strings.Cut(list, "\n\n")
	for k := core.StatementEmpty; k.String() != "invalid"; k++ {
		if k != core.StatementMulti && !strings.Contains(list, "`"+k.String()+"`") {
			t.Errorf("%s is not among the README's kinds", k)
		}
	}
}

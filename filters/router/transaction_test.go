package router_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/coretest"
	"github.com/dbmesh/dbmesh/filters/router"
)

const readOnlyBegin = "START TRANSACTION READ ONLY"

func TestReadOnlyTransactionsGoToTheReadersIfTheyMay(t *testing.T) {
	for rules, want := range map[string][2]string{ // without the option, with it
		"{when: {read_safe: true}, pool: readers}":                                                     {"main", "readers"},
		"{when: {kind: [begin, select], read_safe: true}, pool: readers}":                              {"main", "readers"},
		"{when: {kind: [select], read_safe: true}, pool: readers}":                                     {"main", "main"},
		"{when: {tables: [orders], read_safe: true}, pool: readers}":                                   {"main", "main"},
		"{when: {user: other, read_safe: true}, pool: readers}":                                        {"main", "main"},
		"{when: {kind: [begin]}, pool: logs}, {when: {read_safe: true}, pool: readers}":                {"logs", "logs"},
		"{when: {tables: [seen]}, pool: logs}, {when: {read_safe: true}, pool: readers}":               {"main", "readers"},
		"{when: {read_safe: false, kind: [begin]}, pool: logs}, {when: {read_safe: true}, pool: main}": {"logs", "main"},
	} {
		for i, option := range []string{"false", "true"} {
			f, s := build(t, "{read_only_transactions: "+option+", rules: ["+rules+"]}"), session()
			goes(t, f, s, readOnlyBegin, want[i])
			if !strings.Contains(rules, "[begin]") {
				goes(t, f, s, "BEGIN", "main")
				goes(t, f, s, "START TRANSACTION READ WRITE", "main")
				goes(t, f, s, readOnlyBegin+"; SELECT 1", "main")
			}
			s.Status |= 1
			if !strings.Contains(rules, "logs") {
				goes(t, f, s, readOnlyBegin, "main") // it ends the transaction that is open
			}
		}
	}
}

func TestAReadOnlyTransactionStaysAtHomeIfNoReaderIsLeft(t *testing.T) {
	f, s := build(t, "{read_only_transactions: true, rules: [{when: {read_safe: true}, pool: readers}]}"), session()
	s.Pools = coretest.NewPools(coretest.Pool("main", 1), coretest.Pool("readers", 0))
	goes(t, f, s, readOnlyBegin, "main")
}

// What is in a READ ONLY transaction on a replica is there alone.
func TestAReadOnlyTransactionElsewhereIsConfined(t *testing.T) {
	const option = "{read_only_transactions: true, rules: [{when: {read_safe: true}, pool: readers}]}"
	set := func(name string, effect core.Effect) *core.Facts {
		return &core.Facts{Kind: core.StatementSet, Creates: effect, Assignments: []core.Assignment{{Name: name}}}
	}
	more := map[string]*core.Facts{
		"COMMIT": {Kind: core.StatementCommit}, "SAVEPOINT a": {Kind: core.StatementSavepoint}, "USE other": {Kind: core.StatementUse, Creates: core.EffectSchema},
		"SHOW PROCESSLIST": {Kind: core.StatementShow}, "SELECT @@port": {Kind: core.StatementSelect, SystemVarsRead: []string{"port"}},
		"SET NAMES latin1": set("names", core.EffectCharset), "SET @x = 1": set("x", core.EffectUserVar), "SET autocommit = 0": set("autocommit", core.EffectTransaction),
		"SELECT LAST_INSERT_ID()": {Kind: core.StatementSelect, Functions: []string{"last_insert_id"}},
		"SELECT @@identity":       {Kind: core.StatementSelect, SystemVarsRead: []string{"identity"}},
		"SELECT GET_LOCK('a', 1)": {Kind: core.StatementSelect, Creates: core.EffectNamedLock},
		"CREATE TABLE t (a INT)":  {Kind: core.StatementCreate, Access: core.AccessSchema},
		"LOCK TABLES t WRITE":     {Kind: core.StatementLock}, "CALL p()": {Kind: core.StatementCall, Creates: core.AllEffects},
		"ANALYZE DELETE FROM t": {Kind: core.StatementAnalyze, Tables: []core.Table{{Name: "t", Writes: true}}},
	}
	begun := func(status uint16) (core.Filter, *core.Session) {
		f, s := build(t, option), session()
		for sql, facts := range more {
			s.Classifier.(known).Classifier[sql] = facts
		}
		c := coretest.Query(s, readOnlyBegin)
		ch := coretest.Chain(t, f)
		ch.Command(context.Background(), c)
		s.Status = status
		ch.Done(c, &core.Outcome{Status: status})
		return f, s
	}
	for _, sql := range []string{"SELECT 1", locking, "COMMIT", "SAVEPOINT a", "USE other", "SHOW PROCESSLIST", "SELECT @@port", "SET NAMES latin1", "SELECT * FROM logs.seen; SELECT * FROM orders"} {
		f, s := begun(3)
		if _, r := send(t, f, s, core.Query, sql); r != nil {
			t.Errorf("%s: %v", sql, r.Err)
		}
	}
	for _, sql := range []string{
		"who knows", "BEGIN", readOnlyBegin, "SET @x = 1", "SET autocommit = 0", "SELECT LAST_INSERT_ID()", "SELECT @@identity",
		"SELECT GET_LOCK('a', 1)", "CREATE TABLE t (a INT)", "LOCK TABLES t WRITE", "CALL p()",
	} {
		f, s := begun(3)
		for _, code := range []core.Code{core.Query, core.Prepare, core.Execute} {
			refused(t, f, s, code, sql, "can't have this statement")
		}
		s.Status = 2 // it has ended
		if _, r := send(t, f, s, core.Query, sql); r != nil {
			t.Errorf("%s behind the transaction: %v", sql, r.Err)
		}
		f, s = begun(2) // the server has begun none
		if _, r := send(t, f, s, core.Query, sql); r != nil {
			t.Errorf("%s without a transaction: %v", sql, r.Err)
		}
	}
	for _, sql := range []string{writes, "SELECT 1; " + writes, "ANALYZE DELETE FROM t"} {
		f, s := begun(3)
		if _, r := send(t, f, s, core.Query, sql); r == nil || r.Err == nil || r.Err.Code != 1792 {
			t.Errorf("%s: %+v, want what a server says", sql, r)
		}
	}
	f, s := build(t, option), session()
	send(t, f, s, core.Query, "BEGIN")
	s.Status = 3
	if _, r := send(t, f, s, core.Query, writes); r != nil {
		t.Errorf("a write in a transaction at home: %v", r.Err)
	}
}

func TestAPlainBeginIsHeldIfTheConfigSaysSo(t *testing.T) {
	lazy := build(t, "{lazy_begin: true, hints: true, rules: [{when: {read_safe: true}, pool: readers}]}")
	holds := func(f core.Filter, code core.Code, status uint16, sql string) bool {
		s := session()
		s.Status = status
		c, r := send(t, f, s, code, sql)
		if r != nil {
			t.Fatalf("%s: %+v", sql, r)
		}
		return c.Hold
	}
	if !holds(lazy, core.Query, 2, "BEGIN") || !holds(build(t, "lazy_begin: true"), core.Query, 2, "BEGIN") {
		t.Error("a plain BEGIN is not held")
	}
	for _, not := range []struct {
		what, sql string
		code      core.Code
		status    uint16
	}{
		{"in a transaction, which it ends", "BEGIN", core.Query, 3},
		{"without autocommit", "BEGIN", core.Query, 0},
		{"prepared", "BEGIN", core.Prepare, 2},
		{"executed", "BEGIN", core.Execute, 2},
		{"read only", readOnlyBegin, core.Query, 2},
		{"with characteristics", "START TRANSACTION READ WRITE", core.Query, 2},
		{"a read", "SELECT 1", core.Query, 2},
		{"hinted", "/* dbmesh:pool=main */ BEGIN", core.Query, 2},
	} {
		if holds(lazy, not.code, not.status, not.sql) {
			t.Errorf("%s: %s is held", not.what, not.sql)
		}
	}
	if holds(build(t, "{rules: [{when: {read_safe: true}, pool: readers}]}"), core.Query, 2, "BEGIN") {
		t.Error("a BEGIN is held by default")
	}
	if holds(build(t, "{lazy_begin: true, rules: [{when: {kind: [begin]}, pool: logs}]}"), core.Query, 2, "BEGIN") {
		t.Error("a BEGIN is held that a rule sends elsewhere")
	}
}

// The first statement of a held transaction takes the BEGIN along: were it a read that goes
// to a replica, no write could follow.
func TestAReadInATransactionDoesNotChooseItsPlace(t *testing.T) {
	f, s := build(t, "{lazy_begin: true, rules: [{when: {read_safe: true}, pool: readers}, {when: {kind: [insert]}, pool: logs}]}"), session()
	s.Status |= 1
	goes(t, f, s, "SELECT 1", "main")
	goes(t, f, s, "SELECT * FROM logs.seen; SELECT * FROM orders", "main")
	goes(t, f, s, writes, "logs")
}

func TestReadsElsewhereMustSeeWhatTheRuleSays(t *testing.T) {
	f := build(t, `{hints: true, consistency: session, wait: 200ms, read_only_transactions: true, rules: [
		{when: {tables: [orders], read_safe: true}, consistency: global, pool: readers},
		{when: {tables: [seen], kind: [select]}, consistency: off, pool: readers},
		{when: {read_safe: true}, pool: readers}, {when: {kind: [insert]}, pool: logs}]}`)
	for sql, want := range map[string]core.Consistency{
		"SELECT * FROM orders":                 core.ConsistencyGlobal,
		seen:                                   core.ConsistencyOff,
		"SELECT 1":                             core.ConsistencySession,
		readOnlyBegin:                          core.ConsistencySession,
		writes:                                 core.ConsistencyOff,
		locking:                                core.ConsistencyOff,
		toPrimary + "SELECT 1":                 core.ConsistencyOff,
		toReplica + "SELECT 1":                 core.ConsistencySession,
		"/* dbmesh:pool=logs */ " + seen:       core.ConsistencySession,
		"/* dbmesh:pool=logs */ " + writes:     core.ConsistencyOff,
		"/* dbmesh:pool=main */ " + "SELECT 1": core.ConsistencyOff,
	} {
		for _, code := range []core.Code{core.Query, core.Prepare, core.Execute} {
			c, _ := send(t, f, session(), code, sql)
			patience := 200 * time.Millisecond
			if want == core.ConsistencyOff {
				patience = 0
			}
			if c.Consistency != want || c.Patience != patience {
				t.Errorf("%v %s: %v within %v, want %v", code, sql, c.Consistency, c.Patience, want)
			}
		}
	}
	reader := session()
	reader.Pool = "readers"
	if c, _ := send(t, f, reader, core.Query, "SELECT 1"); c.Consistency != core.ConsistencyOff {
		t.Error("a read in the session's own pool must wait")
	}
}

func TestSettingsThatDoNothingAreRefused(t *testing.T) {
	const reads = "rules: [{when: {read_safe: true}, pool: readers}]"
	for text, want := range map[string]string{
		"{consistency: sesion, " + reads + "}":                                         `consistency: is "sesion", want off, session or global`,
		"{consistency: session}":                                                       "consistency: needs rules about commands, or hints",
		"{consistency: global, rules: [{pool: x}]}":                                    "consistency: needs rules about commands, or hints",
		"{wait: 1s, " + reads + "}":                                                    "wait: needs consistency",
		"{wait: 1s, consistency: off, " + reads + "}":                                  "wait: needs consistency",
		"{force_hints: true}":                                                          "force_hints: needs hints: true",
		"{read_only_transactions: true}":                                               "read_only_transactions: needs a rule with read_safe: true",
		"{read_only_transactions: true, rules: [{when: {read_safe: false}, pool: x}]}": "read_only_transactions: needs a rule",
		"{rules: [{when: {user: a}, consistency: session, pool: x}]}":                  "rules[0]: consistency: is for rules about commands",
		"{rules: [{when: {read_safe: true}, consistency: always, pool: x}]}":           `rules[0]: consistency: is "always"`,
		"{lazy_begin: perhaps}":                                                        "lazy_begin",
	} {
		if _, err := router.Kind(nil, nil).New("router", coretest.Decode(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", text, err, want)
		}
	}
	for _, text := range []string{
		"{consistency: session, hints: true}", "{consistency: off}", "{lazy_begin: true}",
		"{wait: 1s, rules: [{when: {read_safe: true}, consistency: global, pool: x}]}",
	} {
		if _, err := router.Kind(nil, nil).New("router", coretest.Decode(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestOnlyWhatMaySendCommandsAwaySwitchesPools(t *testing.T) {
	if s := build(t, "lazy_begin: true").(core.Switcher); s.SwitchesPools() {
		t.Error("lazy_begin alone switches pools")
	}
}

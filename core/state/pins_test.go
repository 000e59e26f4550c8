package state_test

import (
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/stmt"
)

// ran notes statements that succeed, as the proxy does.
func ran(p *state.Pins, m stmt.Mode, statements ...string) {
	for _, sql := range statements {
		f := stmt.Analyze(m, []byte(sql))
		_, shadowed := state.Assigned(f, m)
		p.Ran(f, shadowed)
		p.Succeeded(f)
	}
}

func TestAConnectionIsHeldByWhatIsOnItAlone(t *testing.T) {
	for _, tc := range []struct {
		statements string
		want       core.Effect
	}{
		{"SELECT 1|INSERT INTO t VALUES (1)|BEGIN|COMMIT", 0},
		{"USE app|SET NAMES utf8mb4|SET sql_mode = ''|SET autocommit = 0", 0},
		{"SET @a = 1", core.EffectUserVar},
		{"SELECT @a := 1|COMMIT", core.EffectUserVar},
		{"SET timestamp = 1|SET timestamp = DEFAULT", core.EffectReplication},
		{"LOCK TABLES t READ", core.EffectTableLock},
		{"LOCK TABLES t READ|UNLOCK TABLES", 0},
		{"LOCK TABLES t READ|BEGIN", 0},
		{"SELECT GET_LOCK('a', 1)|SELECT RELEASE_LOCK('a')", core.EffectNamedLock},
		{"SELECT GET_LOCK('a', 1)|SELECT RELEASE_ALL_LOCKS()", 0},
		{"SET @a = 1|LOCK TABLES t READ|UNLOCK TABLES", core.EffectUserVar},
		{"CREATE TEMPORARY TABLE x (a INT)|DROP TEMPORARY TABLE x", core.EffectTempTable},
		{"CALL p()|UNLOCK TABLES|SELECT RELEASE_ALL_LOCKS()|COMMIT", core.EffectUnknown},
		{"SET NAMES utf8; SELECT 1", core.EffectCharset},
		{"SET TRANSACTION READ ONLY", core.EffectNextTransaction},
		{"SET TRANSACTION READ ONLY|COMMIT", 0},
		{"SET character_set_database = latin1", core.EffectCharset},
		{"DROP DATABASE x", core.EffectSchema},
		{"SELECT CAST(a AS INT) FROM t|DELETE HISTORY FROM t|INSERT INTO t VALUES (1) RETURNING (SELECT 1)", 0},
		{"SELECT CAST(1 AS INT), @a := 1", core.EffectUserVar | core.EffectUnknown},
		{"SELECT CAST(1 AS INT), f()", core.EffectUnknown},
		{"SELECT CAST(1 AS INT), GET_LOCK('a', 1)|SELECT RELEASE_ALL_LOCKS()", core.EffectUnknown},
	} {
		var p state.Pins
		ran(&p, mariadb(), strings.Split(tc.statements, "|")...)
		if p.Held() != tc.want || (p.Reason() == "") != (tc.want == 0) {
			t.Errorf("%s: held by %v (%s), want %v", tc.statements, p.Held(), p.Reason(), tc.want)
		}
		p.Clear()
		if p.Held() != 0 || p.Reason() != "" {
			t.Errorf("%s: held after a reset by %v (%s)", tc.statements, p.Held(), p.Reason())
		}
	}
}

func TestAnUnseenStatementHoldsUntilAReset(t *testing.T) {
	var p state.Pins
	p.Ran(nil, false)
	p.Succeeded(nil)
	if p.Held() != core.EffectUnknown {
		t.Error(p.Held())
	}
}

func TestFactsWithoutPinsHoldUnlessTheyAreProved(t *testing.T) {
	for _, f := range []*core.Facts{
		{Opaque: true, Creates: core.AllEffects},
		{Opaque: true, Creates: core.EffectUnknown | core.EffectUserVar},
		{Kind: core.StatementCall, Creates: core.EffectUnknown},
	} {
		var p state.Pins
		if p.Ran(f, false); !p.Held().Has(core.EffectUnknown) {
			t.Errorf("%+v holds %v", f, p.Held())
		}
	}
}

func TestAFailedStatementReleasesNothing(t *testing.T) {
	var p state.Pins
	ran(&p, mariadb(), "LOCK TABLES t READ")
	p.Ran(facts("UNLOCK TABLES"), false)
	if p.Held() != core.EffectTableLock {
		t.Error(p.Held())
	}
}

func TestEachEffectKeepsItsFirstReason(t *testing.T) {
	var p state.Pins
	ran(&p, mariadb(), "LOCK TABLES t READ", "SET @a = 1", "SELECT 1 INTO @b", "SELECT GET_LOCK('x', 1)")
	if !strings.Contains(p.Reason(), "LOCK TABLES") {
		t.Errorf("first %q", p.Reason())
	}
	ran(&p, mariadb(), "UNLOCK TABLES")
	var all []string
	for e, reason := range p.Each {
		all = append(all, e.String()+": "+reason)
	}
	const want = "user variable: it sets a user variable; named lock: it takes a named lock (GET_LOCK)"
	if got := strings.Join(all, "; "); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// On MariaDB a SET autocommit = 1 that commits leaves a SET TRANSACTION in force, and a
// SELECT of no table does. On TiDB almost any statement ends it.
func TestSETTRANSACTIONHoldsUntilTheNextTransactionHasEnded(t *testing.T) {
	for _, tc := range []struct {
		name  string
		steps string // statements, ! behind one that fails, + behind one after which a transaction is open
		holds bool
	}{
		{"alone", "set", true},
		{"statements that need no transaction", "set|SELECT 1|DO 0", true},
		{"in it", "set|BEGIN+|SELECT 1+", true},
		{"ended by COMMIT", "set|BEGIN+|COMMIT", false},
		{"COMMIT of nothing", "set|COMMIT", false},
		{"ended by DDL", "set|BEGIN+|CREATE TABLE x (a INT)", false},
		{"ended by SET autocommit", "set|SET autocommit = 0|SELECT a FROM t+|SET autocommit = 1", true},
		{"the one after that", "set|SET autocommit = 0|SELECT a FROM t+|SET autocommit = 1|BEGIN+|ALTER TABLE x", false},
		{"an error within", "set|BEGIN+|INSERT INTO t VALUES (1)!|SELECT 1", true},
		{"an error within, and COMMIT", "set|BEGIN+|INSERT INTO t VALUES (1)!|COMMIT", false},
		{"said in a transaction", "BEGIN+|set+|ALTER TABLE x", true},
		{"said in a transaction, refused", "BEGIN+|set!|ALTER TABLE x", true},
		{"said again", "set|BEGIN+|set!|SELECT 1", true},
	} {
		var p state.Pins
		for _, sql := range strings.Split(tc.steps, "|") {
			fails, open := strings.HasSuffix(sql, "!"), strings.HasSuffix(sql, "+")
			sql = strings.TrimRight(sql, "!+")
			if sql == "set" {
				sql = "SET TRANSACTION READ ONLY"
			}
			f := facts(sql)
			if p.Ran(f, false); !fails {
				p.Succeeded(f)
				p.Answered(open)
			}
		}
		if got := p.Held()&core.EffectNextTransaction != 0; got != tc.holds {
			t.Errorf("%s: held %v (%s)", tc.name, got, p.Reason())
		}
	}
}

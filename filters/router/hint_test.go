package router_test

import (
	"context"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/coretest"
	"github.com/dbmesh/dbmesh/filters/router"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// known are facts by text, with any hint before it: those of the router's other tests, and
// some of statements that hints are tried on.
type known struct{ coretest.Classifier }

func (k known) Classify(c *core.Command) *core.Facts {
	text := string(c.SQL)
	if strings.HasPrefix(text, "/* dbmesh:") {
		_, text, _ = strings.Cut(text, "*/ ")
	}
	if f, ok := k.Classifier[text]; ok {
		return f
	}
	if value, ok := strings.CutPrefix(text, "SET @dbmesh = "); ok {
		return &core.Facts{Kind: core.StatementSet, UserVarsSet: []string{"dbmesh"}, Assignments: []core.Assignment{
			{Name: "dbmesh", Scope: core.ScopeUser, Value: strings.Trim(value, "'"), Literal: value != "1 + 1"},
		}}
	}
	return k.Classifier.Classify(c)
}

func session() *core.Session {
	k := known{facts()}
	begin := func(t core.Transaction) *core.Facts {
		return &core.Facts{Kind: core.StatementBegin, Access: core.AccessSession, Transaction: t}
	}
	k.Classifier["BEGIN"] = begin(core.TransactionPlain)
	k.Classifier["START TRANSACTION READ ONLY"] = begin(core.TransactionReadOnly)
	k.Classifier["START TRANSACTION READ WRITE"] = begin(core.TransactionOther)
	k.Classifier["SELECT 1 INTO @dbmesh"] = &core.Facts{Kind: core.StatementSelect, UserVarsSet: []string{"dbmesh"}}
	return coretest.Session(func(s *core.Session) {
		s.Pools = coretest.NewPools(coretest.Pool("main", 1), coretest.Pool("readers", 0, 1), coretest.Pool("logs", 1))
		s.Classifier, s.Status = k, 2
	})
}

// send gives what becomes of a command of the session, which has ended then.
func send(t testing.TB, f core.Filter, s *core.Session, code core.Code, sql string) (*core.Command, *core.Reply) {
	t.Helper()
	c := coretest.Command(s, code, sql)
	ch := coretest.Chain(t, f)
	v := ch.Command(context.Background(), c)
	o := core.Outcome{}
	if v.Denied() {
		o.Err = v.Reply().Err
	}
	ch.Done(c, &o)
	return c, v.Reply()
}

func goes(t *testing.T, f core.Filter, s *core.Session, sql, want string) {
	t.Helper()
	c, r := send(t, f, s, core.Query, sql)
	if r != nil || c.Pool != want {
		t.Errorf("%s goes to %s, want %s; reply %+v", sql, c.Pool, want, r)
	}
}

func refused(t *testing.T, f core.Filter, s *core.Session, code core.Code, sql, why string) {
	t.Helper()
	if _, r := send(t, f, s, code, sql); r == nil || r.Err == nil || r.Err.Code != 1105 || !strings.Contains(r.Err.Message, why) {
		t.Errorf("%v %s: reply %+v, want an error with %q", code, sql, r, why)
	}
}

const (
	seen, locking, writes = "SELECT * FROM logs.seen", "SELECT * FROM orders FOR UPDATE", "INSERT INTO logs.seen VALUES (1)"
	toPrimary, toReplica  = "/* dbmesh:primary */ ", "/* dbmesh:replica */ "
)

const hinting = `{hints: true, rules: [
	{when: {tables: [orders]}, pool: main},
	{when: {user: other, read_safe: true}, pool: logs},
	{when: {read_safe: true}, pool: readers}]}`

func TestAHintKeepsAReadOnThePrimary(t *testing.T) {
	f, s := build(t, hinting), session()
	goes(t, f, s, seen, "readers")
	goes(t, f, s, toPrimary+seen, "main")
	goes(t, f, s, "/*dbmesh:primary*/ "+seen, "main")
	if c := coretest.Query(s, toPrimary+seen); c != nil {
		c.Pool = "logs" // a link before this one
		if _, err := f.(core.Commander).OnCommand(context.Background(), c); err != nil || c.Pool != "main" {
			t.Errorf("goes to %s, not to the session's own pool (%v)", c.Pool, err)
		}
	}
}

func TestAReplicaHintGoesWhereTheFirstRuleForReadsSays(t *testing.T) {
	f, s := build(t, hinting), session()
	goes(t, f, s, toReplica+seen, "readers")
	goes(t, f, s, "SELECT * FROM orders", "main")
	goes(t, f, s, toReplica+"SELECT * FROM orders", "readers") // a rule that keeps it at home is not asked
	goes(t, f, s, toReplica+"START TRANSACTION READ ONLY", "readers")
	other := session()
	other.User = "other"
	goes(t, f, other, toReplica+seen, "logs")
	at := session()
	at.Pool = "readers"
	goes(t, f, at, toReplica+seen, "readers")
}

func TestAReplicaHintDoesNotMakeAStatementSafe(t *testing.T) {
	f, s := build(t, hinting), session()
	for _, sql := range []string{locking, writes, "who knows", "SELECT 1; " + writes, "BEGIN", "START TRANSACTION READ WRITE", ";", seen + " ODDLY"} {
		goes(t, f, s, toReplica+sql, "main")
	}
	s.Status |= 1
	goes(t, f, s, toReplica+seen, "main") // what follows in the transaction may write
	goes(t, f, s, seen, "main")
}

func TestForceTrustsAReplicaHint(t *testing.T) {
	f, s := build(t, strings.Replace(hinting, "hints: true", "hints: true, force_hints: true", 1)), session()
	for sql, want := range map[string]string{
		locking: "readers", writes: "readers", seen: "readers", "SELECT 1; " + writes: "readers",
		seen + " ODDLY": "main", "who knows": "main", // nobody knows what that is
	} {
		goes(t, f, s, toReplica+sql, want)
	}
	goes(t, f, s, locking, "main")
}

func TestAReplicaHintWithoutAReplicaIsRefused(t *testing.T) {
	f, s := build(t, "{hints: true, rules: [{when: {kind: [select]}, pool: logs}, {when: {tables: [orders], read_safe: true}, pool: readers}]}"), session()
	refused(t, f, s, core.Query, toReplica+seen, "no rule with read_safe: true matches")
	refused(t, build(t, "hints: true"), s, core.Prepare, toReplica+seen, "no rule with read_safe: true matches")
	goes(t, f, s, toReplica+writes, "main")
	goes(t, f, s, toReplica+"SELECT * FROM orders", "readers")
	for _, b := range s.Pools.Pool("readers").Backends {
		b.SetState(core.Down)
	}
	goes(t, f, s, toReplica+"SELECT * FROM orders", "main")
}

func TestAQueryAttributeIsAHint(t *testing.T) {
	f, s := build(t, hinting), session()
	for text, want := range map[string]string{"primary": "main", "replica": "readers", "pool=logs": "logs"} {
		s.Attributed = coretest.Attributes{"dbmesh": text, "other": "x"}
		goes(t, f, s, "SELECT * FROM logs.seen", want)
		goes(t, f, s, "/* dbmesh:pool=readers */ "+writes, "readers") // the comment is nearer
	}
	s.Attributed = coretest.Attributes{"other": "primary"}
	goes(t, f, s, seen, "readers")
	for _, bad := range []string{"", "writers", "PRIMARY", "pool=", " replica"} {
		s.Attributed = coretest.Attributes{"dbmesh": bad}
		refused(t, f, s, core.Query, seen, "query attribute dbmesh")
		goes(t, build(t, "{rules: [{when: {read_safe: true}, pool: readers}]}"), s, seen, "readers") // hints are off
	}
}

func TestAUserVariableIsAHintForTheStatementsBehindIt(t *testing.T) {
	f, s := build(t, hinting), session()
	set := func(value string) {
		t.Helper()
		if _, r := send(t, f, s, core.Query, "SET @dbmesh = "+value); r == nil || r.Err != nil || len(r.Columns) > 0 {
			t.Fatalf("SET @dbmesh = %s: reply %+v, want OK", value, r)
		}
	}
	set("'primary'")
	goes(t, f, s, seen, "main")
	goes(t, build(t, hinting), s, seen, "readers") // another kind's link does not know of it
	s.Attributed = coretest.Attributes{"dbmesh": "pool=logs"}
	goes(t, f, s, seen, "logs")
	s.Attributed = nil
	goes(t, f, s, toReplica+seen, "readers")
	set("'pool=logs'")
	goes(t, f, s, seen, "logs")
	goes(t, f, s, writes, "logs")
	set("'replica'")
	goes(t, f, s, "SELECT * FROM orders", "readers")
	goes(t, f, s, writes, "main")
	set("NULL")
	goes(t, f, s, "SELECT * FROM orders", "main")
	set("'primary'")
	if _, r := send(t, f, s, core.ResetConnection, ""); r != nil {
		t.Fatal(r)
	}
	goes(t, f, s, seen, "readers")
	set("'primary'")
	s.Forget()
	goes(t, f, s, seen, "readers")
}

func TestAUserVariableOutlivesItsLink(t *testing.T) {
	kind, s := router.Kind(nil, nil), session()
	var f [2]core.Filter
	for i := range f {
		var err error
		if f[i], err = kind.New("router", coretest.Decode(hinting)); err != nil {
			t.Fatal(err)
		}
	}
	send(t, f[0], s, core.Query, "SET @dbmesh = 'primary'")
	goes(t, f[1], s, seen, "main")
}

func TestTheHintVariableIsNeverHalfUnderstood(t *testing.T) {
	f, s := build(t, hinting), session()
	for _, sql := range []string{"SET @dbmesh = 'writers'", "SET @dbmesh = 1 + 1", "SET @dbmesh = ''", "SELECT 1 INTO @dbmesh", "SET @dbmesh = 'pool='"} {
		refused(t, f, s, core.Query, sql, "SET @dbmesh = 'VALUE' alone")
	}
	for _, code := range []core.Code{core.Prepare, core.Execute} {
		refused(t, f, s, code, "SET @dbmesh = 'primary'", "sent as text")
	}
	goes(t, f, s, seen, "readers")
	goes(t, build(t, "{rules: [{when: {read_safe: true}, pool: readers}]}"), s, "SET @dbmesh = 'primary'", "main") // hints are off
}

func TestHintsAreCountedByWhatBecameOfThem(t *testing.T) {
	reg := prometheus.NewRegistry()
	f, err := router.Kind(nil, reg).New("router", coretest.Decode(hinting))
	if err != nil {
		t.Fatal(err)
	}
	s := session()
	for _, sql := range []string{seen, toPrimary + seen, toReplica + seen, toReplica + writes, "/* dbmesh:pool=logs */ " + writes, "/* dbmesh:x */ " + seen} {
		send(t, f, s, core.Query, sql)
	}
	want := `
# HELP dbmesh_router_hints_total Commands with a hint by result: followed, sent home since no replica may or can serve them, or refused as unknown or malformed.
# TYPE dbmesh_router_hints_total counter
dbmesh_router_hints_total{link="router",result="followed"} 3
dbmesh_router_hints_total{link="router",result="home"} 1
dbmesh_router_hints_total{link="router",result="refused"} 1
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "dbmesh_router_hints_total"); err != nil {
		t.Fatal(err)
	}
}

func TestHintsMakeNoGarbage(t *testing.T) {
	for _, text := range []string{hinting, "hints: true"} {
		f, s := build(t, text), session()
		send(t, f, s, core.Query, "SET @dbmesh = 'pool=logs'")
		facts := s.Classifier.Classify(coretest.Query(s, seen))
		for _, sql := range []string{toPrimary + seen, toReplica + seen, "/* dbmesh:pool=logs */ " + seen, seen} {
			if text != hinting && strings.HasPrefix(sql, toReplica) {
				continue // refused, in words
			}
			s.Classifier = coretest.Classifier{sql: facts}
			c := coretest.Query(s, sql)
			ch := coretest.Chain(t, f)
			var end core.Outcome
			if n := testing.AllocsPerRun(200, func() {
				c.Reset(s, core.Query, c.SQL, len(c.SQL), false)
				ch.Command(context.Background(), c)
				ch.Done(c, &end)
			}); n > 0 {
				t.Errorf("%s: %v allocations", sql, n)
			}
		}
	}
}

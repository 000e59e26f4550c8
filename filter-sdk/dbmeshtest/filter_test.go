//go:build !wasip1

package dbmeshtest_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dbmesh/dbmesh/filter-sdk/dbmesh"
)

// The filter under test does what each test wants of it, by the statement.
var (
	denials  = dbmesh.NewCounter("denials")
	queue    = dbmesh.NewGauge("queue")
	latency  = dbmesh.NewHistogram("latency_seconds")
	sleepy   = dbmesh.Regexps(`(?i)\bsleep\s*\(`)
	secret   = dbmesh.LiteralsFold("top_secret", "classified")
	exact    = dbmesh.Literals("Exact")
	frozen   *dbmesh.Patterns // tables
	perUser  int
	told     []string // what hooks without a verdict saw
	keptView string
)

func init() {
	dbmesh.WantSQL(32)
	dbmesh.OnConfigure(configure)
	dbmesh.OnSession(login)
	dbmesh.OnInitDB(func(d dbmesh.InitDB) dbmesh.Verdict {
		switch target := d.Target(); {
		case target == "mysql":
			return dbmesh.Deny(1044, "42000", d.User()+" may not leave "+d.Schema())
		case strings.HasPrefix(target, "old_"):
			return dbmesh.Rewrite(strings.TrimPrefix(target, "old_"))
		}
		return dbmesh.Pass
	})
	dbmesh.OnQuery(query)
	dbmesh.OnPrepare(func(q dbmesh.Query) dbmesh.Verdict {
		if q.Placeholders() > 2 {
			return dbmesh.DenyMessage("too many question marks")
		}
		return query(q)
	})
	dbmesh.OnExecuteParams(execute)
	dbmesh.OnColumns(columns)
	dbmesh.OnDone(func(d dbmesh.Done) {
		latency.Observe(d.Latency().Seconds())
		told = append(told, fmt.Sprintf("done %s %v %d %d %d %d %s %s", d.Kind(), d.Latency(), d.Rows(), d.Affected(), d.Bytes(), d.ErrorCode(), d.ErrorState(), d.ErrorMessage()))
	})
	dbmesh.OnError(func(e dbmesh.ServerError) dbmesh.Verdict {
		if e.Code() == 1146 {
			return dbmesh.Deny(1142, "42000", "not "+e.State()+" "+e.Message())
		}
		return dbmesh.Pass
	})
	dbmesh.OnSessionEnd(func(s dbmesh.Session) { told = append(told, "end of "+s.User()+": "+s.State()) })
	dbmesh.OnTick(func() { told = append(told, "tick at "+dbmesh.Now().UTC().Format(time.TimeOnly)) })
}

func configure(c dbmesh.Config) error {
	perUser = c.Int("limits.user", 3)
	frozen = dbmesh.TableGlobs(c.Strings("frozen")...)
	if c.Has("bad") {
		return errors.New(c.String("bad", ""))
	}
	told = append(told, fmt.Sprint(c.Bool("on", true), c.Float("share", 0.5), c.Duration("window", time.Hour), c.Strings("frozen"), c.JSON()))
	return nil
}

func login(s dbmesh.Session) dbmesh.Verdict {
	switch {
	case s.Attribute("program_name") == "bot":
		return dbmesh.Disconnect(1045, "28000", "no bots from "+s.Address())
	case s.Port() == 6666 && s.IP() == [16]byte{10: 0xff, 11: 0xff, 12: 10, 13: 0, 14: 0, 15: 7}:
		return dbmesh.Deny(1045, "bad state", "not from there")
	case s.TLS():
		return dbmesh.Route("encrypted")
	}
	s.Slot()[0] = 'x'
	return dbmesh.Pass
}

func query(q dbmesh.Query) dbmesh.Verdict {
	switch q.Kind() {
	case dbmesh.Delete, dbmesh.Update:
		if !q.HasWhere() && !q.HasLimit() {
			denials.Inc()
			return dbmesh.Deny(1105, "HY000", "write without WHERE is blocked").Cacheable()
		}
	case dbmesh.Show:
		return dbmesh.Reply([]string{"name", "value"}, []dbmesh.Value{dbmesh.Text("user"), dbmesh.Text(q.User())}, []dbmesh.Value{dbmesh.Text("nothing"), dbmesh.Null})
	case dbmesh.Set:
		return dbmesh.OK(7, 8, "done")
	case dbmesh.Kill:
		return dbmesh.Disconnect(1317, "70100", "bye")
	case dbmesh.Do:
		return special(q)
	case dbmesh.Select:
		return read(q)
	}
	if q.Match(frozen) {
		return dbmesh.DenyMessage("frozen")
	}
	return dbmesh.Pass
}

func read(q dbmesh.Query) dbmesh.Verdict {
	switch {
	case q.Match(sleepy):
		return dbmesh.DenyMessage("sleep " + dbmesh.Kind.String(q.Kind()))
	case q.Find(secret) == 1, q.MatchDigest(exact):
		return dbmesh.DenyMessage("secret")
	case q.Calls("get_lock"):
		return dbmesh.DenyMessage("locks are not for " + q.Schema())
	case q.Locking():
		return dbmesh.Route("primary")
	case strings.Contains(q.SQL(), "orders_old"):
		return dbmesh.Both(dbmesh.Rewrite(strings.ReplaceAll(q.SQL(), "orders_old", "orders")), dbmesh.RouteBackend("db2"))
	}
	for t := range q.Tables() {
		if t.Name() == "tenants" {
			return scope(q)
		}
	}
	if start, end, ok := q.Clause(dbmesh.ClauseLimit); ok {
		return dbmesh.Rewrite(q.SQL()[:start] + "LIMIT 1" + q.SQL()[end:])
	}
	return dbmesh.Pass.Cacheable()
}

// scope puts the tenants' table of the user into the place of the common one.
func scope(q dbmesh.Query) dbmesh.Verdict {
	text, at := "", 0
	for p := range q.Places() {
		if strings.HasSuffix(p.Table(), "tenants") {
			text += q.SQL()[at:p.Start] + "tenants_" + q.User()
			at = p.End
		}
	}
	return dbmesh.Rewrite(text + q.SQL()[at:])
}

// special does what "DO 'word'" asks for.
func special(q dbmesh.Query) dbmesh.Verdict {
	word := strings.Trim(strings.TrimPrefix(q.SQL(), "DO "), "'")
	switch word {
	case "rate":
		if !dbmesh.Rate("u:"+q.User(), perUser, time.Minute) {
			return dbmesh.Deny(1226, "42000", "slower")
		}
	case "kv":
		n := dbmesh.KVIncr("n", 1, time.Minute)
		if err := dbmesh.KVSet("last", fmt.Sprint(n), 0); err != nil {
			return dbmesh.DenyMessage(err.Error())
		}
		last, ok := dbmesh.KVGet("last")
		return dbmesh.DenyMessage(fmt.Sprint(n, " ", last, ok, dbmesh.KVDelete("nothing")))
	case "state":
		before := q.State()
		if err := q.SetState(before + "+"); err != nil {
			return dbmesh.DenyMessage(err.Error())
		}
		q.Slot()[1]++
		return dbmesh.DenyMessage(fmt.Sprintf("%q %d", before, q.Slot()[1]))
	case "state too large":
		return dbmesh.DenyMessage(q.SetState(strings.Repeat("x", 5000)).Error())
	case "log":
		dbmesh.LogDebug("d")
		dbmesh.LogInfo("i")
		dbmesh.LogWarn("w")
		dbmesh.LogError("e")
		queue.Set(7)
		denials.Add(2)
	case "again":
		return dbmesh.Rewrite("DO 2")
	case "keep":
		keptView = q.SQL()
	case "facts":
		return dbmesh.DenyMessage(facts(q))
	case "bad verdict":
		return dbmesh.Mask(dbmesh.MaskNull(0))
	case "cacheable rewrite":
		return dbmesh.Rewrite("x").Cacheable()
	case "two rewrites":
		return dbmesh.Both(dbmesh.Rewrite("a"), dbmesh.Rewrite("b"))
	case "large":
		return dbmesh.Reply([]string{"a"}, []dbmesh.Value{dbmesh.Text(strings.Repeat("x", 70000))})
	case "long":
		return dbmesh.DenyMessage(strings.Repeat("ä", 300))
	}
	return dbmesh.Pass
}

func facts(q dbmesh.Query) string {
	index, count := q.Index()
	return fmt.Sprint(q.ID(), q.Sequence(), " ", q.Time().UTC().Format(time.TimeOnly), " ", q.Listener(), " ", q.Pool(), " ", q.InTransaction(), q.Autocommit(),
		" ", q.Access(), q.Writes(), q.Into(), q.Opaque(), q.ReadSafe(), q.Prepared(), q.Truncated(), index, count, q.TableCount(), q.Length(),
		" ", fmt.Sprintf("%016x", q.DigestID()) == q.Digest()[:16], " ", q.DigestText(), " ", secret.Match("CLASSIFIED"), frozen.Find("app.x"))
}

func execute(e dbmesh.Execution) dbmesh.Verdict {
	var all []string
	for i := range e.ParamCount() {
		all = append(all, fmt.Sprint(e.ParamType(i), ":", e.Param(i)))
	}
	return dbmesh.DenyMessage(fmt.Sprint(e.Prepared(), e.Decoded(), e.StatementID(), " ", e.Kind(), " ", strings.Join(all, " "), " ", e.ParamType(99), e.Param(99)))
}

func columns(r dbmesh.Result) dbmesh.Verdict {
	var masks []dbmesh.ColumnMask
	for c := range r.Columns() {
		switch {
		case c.Schema() == "app" && c.TableOrigin() == "users" && c.Origin() == "email":
			masks = append(masks, dbmesh.MaskKeep(c.Index(), 2, 4))
		case c.Name() == "hash":
			masks = append(masks, dbmesh.MaskHash(c.Index(), "key"))
		case c.Name() == "null":
			masks = append(masks, dbmesh.MaskNull(c.Index()))
		case c.Type() == 3 && c.Flags() == 0x8001 && c.Table() == "":
			masks = append(masks, dbmesh.MaskConstant(c.Index(), "0"))
		}
	}
	return dbmesh.Mask(masks...)
}

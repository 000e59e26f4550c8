// Command go is the conformance filter in Go; README.md says what it understands. Those in the other
// languages do the same, step by step.
package main

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
	"github.com/dbmesh/dbmesh/filter-sdk/dbmesh"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/host"
)

var (
	literals  = dbmesh.Literals("needle", "Straße")
	folded    = dbmesh.LiteralsFold("DROP", "grant")
	regexps   = dbmesh.Regexps(`(?i)sleep\s*\(`, `^-- x`)
	globs     = dbmesh.TableGlobs("app.*", "user_?")
	counter   = dbmesh.NewCounter("seen")
	gauge     = dbmesh.NewGauge("level")
	histogram = dbmesh.NewHistogram("size")
)

func init() {
	dbmesh.WantSQL(64)
	dbmesh.OnConfigure(configure)
	dbmesh.OnSession(func(s dbmesh.Session) dbmesh.Verdict { return run(s.Attribute("conf")) })
	dbmesh.OnInitDB(func(i dbmesh.InitDB) dbmesh.Verdict { return run(i.Target()) })
	dbmesh.OnQuery(func(q dbmesh.Query) dbmesh.Verdict { return run(q.SQL()) })
	dbmesh.OnPrepare(func(q dbmesh.Query) dbmesh.Verdict { return run(q.SQL()) })
	dbmesh.OnExecuteParams(func(e dbmesh.Execution) dbmesh.Verdict { return run(e.SQL()) })
	dbmesh.OnColumns(func(r dbmesh.Result) dbmesh.Verdict {
		for c := range r.Columns() {
			return run(c.Name())
		}
		return dbmesh.Pass
	})
	dbmesh.OnDone(func(dbmesh.Done) { kept() })
	dbmesh.OnError(func(e dbmesh.ServerError) dbmesh.Verdict { return run(e.Message()) })
	dbmesh.OnSessionEnd(func(dbmesh.Session) { kept() })
	dbmesh.OnTick(kept)
}

func main() {}

func configure(c dbmesh.Config) error {
	show("all", c.JSON())
	for i := 0; c.Has("show." + strconv.Itoa(i)); i++ {
		key := c.String("show."+strconv.Itoa(i), "")
		if c.Has(key) {
			show(key, c.String(key, ""))
		} else {
			show(key, "-")
		}
	}
	if c.Has("refuse") {
		return errors.New("refused: " + c.String("refuse", ""))
	}
	return nil
}

func show(key, value string) { dbmesh.LogDebug("config " + key + ": " + value) }

// kept runs the command that all sessions share, for hooks without a text of their own.
func kept() {
	command, _ := dbmesh.KVGet("conf")
	run(command)
}

// run runs the steps behind "conf: ", up to the end of a comment.
func run(text string) dbmesh.Verdict {
	_, command, found := strings.Cut(text, "conf: ")
	if !found {
		return dbmesh.Pass
	}
	command, _, _ = strings.Cut(command, " */")
	verdict := dbmesh.Pass
	for more := true; more; {
		var step string
		step, command, more = strings.Cut(command, " | ")
		words := words{step}
		name := words.next()
		if !facts(name) && !service(name, &words) {
			verdict = judge(name, &words, verdict)
		}
	}
	return verdict
}

type words struct{ rest string }

func (w *words) next() string {
	word, rest, _ := strings.Cut(w.rest, " ")
	w.rest = rest
	return word
}

func (w *words) number() int {
	n, err := strconv.Atoi(w.next())
	if err != nil {
		panic("conf: not a number")
	}
	return n
}

func say(name, text string) { dbmesh.LogInfo(name + ": " + text) }

func result(name string, err error) {
	switch {
	case err == nil:
		say(name, "ok")
	case errors.Is(err, dbmesh.ErrTooLarge):
		say(name, "too large")
	case errors.Is(err, dbmesh.ErrInvalid):
		say(name, "invalid")
	default:
		say(name, "not there")
	}
}

func yes(name string, is bool) { say(name, strconv.FormatBool(is)) }

func number[N int | int64](name string, n N) { say(name, strconv.FormatInt(int64(n), 10)) }

// checksum is 32-bit FNV-1a, after the length.
func checksum(name, text string) {
	sum := uint32(2166136261)
	for i := range len(text) {
		sum = (sum ^ uint32(text[i])) * 16777619
	}
	say(name, strconv.Itoa(len(text))+" "+strconv.FormatUint(uint64(sum), 10))
}

// hexadecimal is here since encoding/hex brings package fmt.
func hexadecimal(b []byte) string {
	const digits = "0123456789abcdef"
	var out []byte
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&15])
	}
	return string(out)
}

func span(name string, start, end int, ok bool) {
	if !ok {
		say(name, "-")
		return
	}
	say(name, strconv.Itoa(start)+" "+strconv.Itoa(end))
}

// facts runs the steps that look.
func facts(name string) bool {
	q := dbmesh.Query{}
	switch name {
	case "header":
		say(name, header())
	case "slot":
		slot := q.Slot()
		say(name, hexadecimal(slot[:]))
		slot[0]++
		slot[31] = 0xfe
	case "sql":
		checksum(name, q.SQL())
	case "digest":
		say(name, q.Digest()+" "+q.DigestText())
	case "tables":
		for t := range q.Tables() {
			say(name, t.String()+" "+strconv.FormatBool(t.Written()))
		}
	case "functions":
		for f := range q.Functions() {
			say(name, f)
		}
	case "clauses":
		for c := range dbmesh.Clause(7) {
			start, end, ok := q.Clause(c)
			span(name, start, end, ok)
		}
	case "places":
		for p := range q.Places() {
			span(name+" "+p.Table(), p.Start, p.End, true)
		}
	case "params":
		e := dbmesh.Execution{}
		for i := range e.ParamCount() + 1 {
			say(name, strconv.Itoa(int(e.ParamType(i)))+" "+e.Param(i))
		}
	case "columns":
		for c := range (dbmesh.Result{}).Columns() {
			say(name, c.Name()+","+c.Origin()+","+c.Table()+","+c.TableOrigin()+","+c.Schema()+","+
				strconv.Itoa(int(c.Type()))+","+strconv.Itoa(int(c.Flags())))
		}
	case "error":
		e := dbmesh.ServerError{}
		say(name, strconv.Itoa(e.Code())+","+e.State()+","+e.Message())
	case "session":
		say(name, q.User()+","+q.Schema()+","+q.Address()+","+q.Listener()+","+q.Pool()+","+q.Attribute("program_name"))
	default:
		return false
	}
	return true
}

func header() string {
	b := host.Block
	var out strings.Builder
	put := func(name string, n uint64) { out.WriteString(name + "=" + strconv.FormatUint(n, 10) + " ") }
	put("layout", uint64(b.Layout))
	put("hook", uint64(b.Hook))
	put("flags", uint64(b.Flags))
	put("kind", uint64(b.Kind))
	put("access", uint64(b.Access))
	put("tables", uint64(b.Tables))
	put("params", uint64(b.Params))
	put("columns", uint64(b.Columns))
	put("functions", uint64(b.Functions))
	put("sql", uint64(b.SQLLength))
	put("text", uint64(b.TextLength))
	put("digest", b.Digest)
	put("session", b.Session)
	put("sequence", b.Sequence)
	put("user", uint64(b.User))
	put("schema", uint64(b.Schema))
	put("port", uint64(b.Port))
	put("statement", uint64(b.Statement))
	put("statements", uint64(b.Statements))
	put("error", uint64(b.ErrorCode))
	put("time", uint64(b.Time))
	put("id", uint64(b.StatementID))
	put("rows", b.Rows)
	put("affected", b.Affected)
	put("latency", uint64(b.Latency))
	put("bytes", uint64(b.Bytes))
	return out.String() + "address=" + hexadecimal(b.Address[:])
}

func pattern(name string) *dbmesh.Patterns {
	switch name {
	case "literals":
		return literals
	case "folded":
		return folded
	case "regexps":
		return regexps
	}
	return globs
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// service runs the steps that call the host.
func service(name string, w *words) bool {
	q := dbmesh.Query{}
	switch name {
	case "match":
		number(name, q.Find(pattern(w.next())))
	case "match-digest":
		yes(name, q.MatchDigest(pattern(w.next())))
	case "match-text":
		set := pattern(w.next())
		number(name, set.Find(w.rest))
	case "state":
		say(name, q.State())
	case "set-state":
		result(name, q.SetState(w.rest))
	case "set-state-big":
		result(name, q.SetState(strings.Repeat("x", w.number())))
	case "kv-get":
		value, ok := dbmesh.KVGet(w.next())
		if !ok {
			value = "-"
		}
		say(name, value)
	case "kv-set":
		key, ttl := w.next(), milliseconds(w.number())
		result(name, dbmesh.KVSet(key, w.rest, ttl))
	case "kv-set-big":
		key := strings.Repeat("x", w.number())
		result(name, dbmesh.KVSet(key, strings.Repeat("x", w.number()), 0))
	case "kv-incr":
		key, delta := w.next(), int64(w.number())
		number(name, dbmesh.KVIncr(key, delta, milliseconds(w.number())))
	case "kv-delete":
		yes(name, dbmesh.KVDelete(w.next()))
	case "rate":
		key, limit := w.next(), w.number()
		yes(name, dbmesh.Rate(key, limit, milliseconds(w.number())))
	case "count":
		counter.Add(float64(w.number()))
	case "gauge":
		gauge.Set(float64(w.number()))
	case "observe":
		histogram.Observe(float64(w.number()) / 4)
	case "debug":
		dbmesh.LogDebug(w.rest)
	case "warn":
		dbmesh.LogWarn(w.rest)
	case "fail":
		dbmesh.LogError(w.rest)
	case "now":
		number(name, dbmesh.Now().UnixNano())
	default:
		return false
	}
	return true
}

// judge runs the steps that decide.
func judge(name string, w *words, before dbmesh.Verdict) dbmesh.Verdict {
	switch name {
	case "deny":
		code, state := w.number(), w.next()
		return dbmesh.Deny(code, state, w.rest)
	case "deny-big":
		return dbmesh.Deny(1105, "HY000", strings.Repeat("x", w.number()))
	case "disconnect":
		code, state := w.number(), w.next()
		return dbmesh.Disconnect(code, state, w.rest)
	case "rewrite":
		return dbmesh.Rewrite(w.rest)
	case "rewrite-big":
		return dbmesh.Rewrite(strings.Repeat("x", w.number()))
	case "route":
		return dbmesh.Route(w.next())
	case "route-backend":
		return dbmesh.RouteBackend(w.next())
	case "both":
		pool := w.next()
		return dbmesh.Both(dbmesh.Rewrite(w.rest), dbmesh.Route(pool))
	case "ok":
		affected, insert := w.number(), w.number()
		return dbmesh.OK(uint64(affected), uint64(insert), w.rest)
	case "reply":
		return dbmesh.Reply([]string{"a", "größe"}, []dbmesh.Value{dbmesh.Text("1"), dbmesh.Null}, []dbmesh.Value{dbmesh.Text(""), dbmesh.Text(w.rest)})
	case "reply-big":
		return dbmesh.Reply([]string{"a"}, []dbmesh.Value{dbmesh.Text(strings.Repeat("x", w.number()))})
	case "mask":
		return dbmesh.Mask(dbmesh.MaskNull(0), dbmesh.MaskConstant(1, "***"), dbmesh.MaskHash(2, "key"), dbmesh.MaskKeep(w.number(), 1, 2))
	case "cacheable":
		return before.Cacheable()
	case "panic":
		panic("conf: panic")
	case "spin":
		for n := abi.Minor; ; n++ {
			host.Block.Slot[0] = byte(n)
		}
	}
	return before
}

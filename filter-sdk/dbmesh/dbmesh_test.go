//go:build !wasip1

package dbmesh

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/fake"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/host"
)

// begin makes a process without a filter, and what answers it.
func begin(t testing.TB) *fake.Host {
	t.Helper()
	reset := func() {
		handlers.query, handlers.configure, handlers.tick, handlers.execute = nil, nil, nil, nil
		wants.hooks, wants.text = 0, 0
		setup.waiting, setup.over, setup.running, setup.fault = nil, false, false, nil
		users, schemas, arena = nil, nil, scratch{}
	}
	reset()
	t.Cleanup(reset)
	host.Current = &fake.Host{
		Session:  &fake.Session{Strings: [6]string{"ann", "app"}},
		Services: &fake.Services{Clock: func() time.Time { return time.Unix(1, 0) }},
	}
	host.Lay(0)
	return host.Current
}

func TestPassAndDenyAllocateNothing(t *testing.T) {
	h := begin(t)
	h.HasText, h.SQL = true, "SELECT 1"
	kept := Deny(1105, "HY000", "no").Cacheable()
	for name, f := range map[string]func(Query) Verdict{
		"pass":       func(Query) Verdict { return Pass },
		"deny":       func(Query) Verdict { return DenyMessage("write without WHERE is blocked") },
		"kept":       func(Query) Verdict { return kept },
		"route":      func(Query) Verdict { return Route("replicas") },
		"facts":      func(q Query) Verdict { return passIf(q.Kind() == Unknown && !q.HasWhere() && q.User() == "ann") },
		"text":       func(q Query) Verdict { return passIf(strings.Contains(q.SQL(), "SELECT")) },
		"same again": func(q Query) Verdict { return Rewrite(q.SQL()) },
	} {
		handlers.query = f
		host.Block.User = 1
		call(abi.HookQuery).encoded() // takes memory that stays
		if n := testing.AllocsPerRun(100, func() { call(abi.HookQuery).encoded() }); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func passIf(is bool) Verdict {
	if is {
		return Pass
	}
	return DenyMessage("not so")
}

func TestVerdictsAreEncodedAsTheInterfaceSays(t *testing.T) {
	for want, v := range map[string]Verdict{
		"":                 Pass,
		"\x51\x04HY000no":  Deny(1105, "HY000", "no"),
		"\x51\x04HY000bad": Disconnect(1105, "HY0000", "bad"),
		"SELECT 1":         Rewrite("SELECT 1"),
		"\x00replicas":     Route("replicas"),
		"\x01db1":          RouteBackend("db1"),
		"\x03\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00ok":        OK(3, 4, "ok"),
		"\x02\x00\x01\x00\x01\x00a\x02\x00bc\x01\x00\x00\x00x\xff\xff\xff\xff":      Reply([]string{"a", "bc"}, []Value{Text("x"), Null}),
		"\x02\x03\x00\x00abc\x03\x02\x00\x00\x00p":                                  Both(Rewrite("abc"), Route("p")),
		"\x02\x00\x01\x00\x03\x02\xff\x00\x00\x00\x02\x00\x01\x00\x00\x00\x01\x00-": Mask(MaskKeep(1, 2, 300), MaskConstant(2, "-")),
	} {
		if got := v.encoded(); got != want {
			t.Errorf("%+v is %q, want %q", v, got, want)
		}
	}
	if Mask() != Pass || Pass.Cacheable().head != abi.OpCacheable {
		t.Error("a mask of nothing or a cacheable pass is not what it should be")
	}
	for n, want := range map[int]int{512: 512, 513: 512} {
		if got := len(DenyMessage(strings.Repeat("x", n)).encoded()) - 7; got != want {
			t.Errorf("a message of %d bytes is cut to %d", n, got)
		}
	}
	if got := DenyMessage("x" + strings.Repeat("ä", 256)).encoded()[7:]; got != "x"+strings.Repeat("ä", 255) {
		t.Errorf("half a character is left of a message: %q", got[len(got)-4:])
	}
	panics(t, "as many values", func() { Reply([]string{"a"}, nil) })
}

func TestTextsOfOneHookDoNotDisturbEachOther(t *testing.T) {
	h := begin(t)
	for _, size := range []int{1, 700, 1100, 3000, 100, 1 << 21, 0, 5} {
		h.Tables = append(h.Tables, fake.Table{Full: strings.Repeat(string(rune('a'+len(h.Tables))), size)})
	}
	host.Block.Tables = uint16(len(h.Tables))
	for range 2 {
		reset()
		var got []string
		for table := range (Query{}).Tables() {
			got = append(got, table.String())
		}
		for i, want := range h.Tables {
			if got[i] != want.Full {
				t.Errorf("table %d has %d bytes of %q, want %d", i, len(got[i]), got[i][:min(1, len(got[i]))], len(want.Full))
			}
		}
	}
	reset()
	if len(arena.memory) != 0 {
		t.Errorf("%d bytes stay for good", len(arena.memory))
	}
}

func TestNamesAreAskedForOnce(t *testing.T) {
	h := begin(t)
	s := Session{}
	host.Block.User, host.Block.Schema = 3, 0
	first := s.User()
	h.Session.Strings = [6]string{"bob", "other"}
	reset()
	spoil()
	if first != "ann" || s.User() != "ann" || s.Schema() != "other" {
		t.Errorf("user %q, then %q; schema %q", first, s.User(), s.Schema())
	}
	host.Block.User = maxNames
	if s.User() != "bob" || len(users) > maxNames {
		t.Errorf("user %q, %d names are kept", s.User(), len(users))
	}
	host.Block.User = 2
	if s.User() != "bob" {
		t.Errorf("the second user is %q", s.User())
	}
}

func TestHooksAreThoseThatAreRegistered(t *testing.T) {
	begin(t)
	OnQuery(func(Query) Verdict { return DenyMessage("q") })
	OnExecuteParams(func(Execution) Verdict { return DenyMessage("e") })
	WantSQL(4096)
	if got := Guest().Hooks(); got != 4096<<32|1<<abi.HookQuery|1<<abi.HookExecute|abi.WantParams {
		t.Errorf("hooks are %x", got)
	}
	for hook := range int32(abi.Hooks) {
		op, payload := Guest().Call(hook, 0)
		if has := hook == abi.HookQuery || hook == abi.HookExecute; has != (op == abi.OpDeny) || has != (payload != "") {
			t.Errorf("%s says %d %q", abi.HookName(int(hook)), op, payload)
		}
	}
	panics(t, "registered twice", func() { OnQuery(nil) })
	panics(t, "registered twice", func() { OnExecute(nil) })
	panics(t, "65536", func() { WantSQL(65537) })
	OnConfigure(func(Config) error { return fmt.Errorf("%w", ErrInvalid) })
	panics(t, "OnConfigure is called twice", func() { OnConfigure(nil) })
	if got := Guest().Configure(); got != ErrInvalid.Error() {
		t.Errorf("configure says %q", got)
	}
}

func TestPatternsAndMetricsAreMadeInTheirPlaceOnly(t *testing.T) {
	h := begin(t)
	set, counter := Literals("a"), NewCounter("c")
	panics(t, "match: it is not valid", func() { (&Patterns{number: 7}).Match("a") })
	if set.Match("a") {
		t.Error("a set matches before it is made")
	}
	h.Configuring = true
	if message := configure(); message != "" {
		t.Fatal(message)
	}
	counter.Inc()
	if !set.Match("cat") || set.Match("dog") || h.Services.Metrics[0].Value != 1 {
		t.Error("a set or a metric is not made")
	}
	panics(t, "only for package variables", func() { Regexps("x") })
	panics(t, "only for package variables", func() { NewGauge("x") })
	if (*Patterns)(nil).Match("") || (Query{}).Match(nil) {
		t.Error("no set matches")
	}
}

func TestARefusedPatternRefusesTheFilter(t *testing.T) {
	for says, make := range map[string]func(){
		`the patterns "(": it is not valid`:   func() { Regexps("(") },
		"has a line's end":                    func() { TableGlobs("a\nb") },
		"the metric : it is not valid":        func() { NewHistogram("") },
		"it is over a limit":                  func() { Literals(strings.Repeat("x", abi.MaxPatterns+1)) },
		"config a.0: \"x\", want a whole num": func() { OnConfigure(func(c Config) error { c.Int("a.0", 1); return nil }) },
	} {
		h := begin(t)
		h.Configuring = true
		h.Config, _ = fake.NewConfig(map[string]any{"a": []any{"x"}})
		make()
		if got := configure(); !strings.Contains(got, says) {
			t.Errorf("says %q, want %q", got, says)
		}
	}
}

func TestKindsAndAccessesHaveTheirNames(t *testing.T) {
	for k, want := range map[Kind]string{Unknown: "unknown", Select: "select", TableUpkeep: "table", XA: "xa", Admin: "admin", 200: "unknown"} {
		if k.String() != want {
			t.Errorf("%d is %s, want %s", k, k, want)
		}
	}
	if AccessSchema.String() != "schema" || Access(99).String() != "unknown" {
		t.Error("accesses have other names")
	}
}

func TestTimesAreRoundedUp(t *testing.T) {
	for d, want := range map[time.Duration]int64{0: 0, 1: 1, time.Millisecond: 1, time.Second + 1: 1001} {
		if got := millis(d); got != want {
			t.Errorf("%v is %d ms, want %d", d, got, want)
		}
	}
}

func panics(t *testing.T, says string, f func()) {
	t.Helper()
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, says) {
			t.Errorf("panics with %q, want %q", got, says)
		}
	}()
	f()
}

package guest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	w "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// granted are all capabilities.
func granted() []string { return abi.Capabilities() }

// options loads a module with everything granted and nothing cached.
func options(t testing.TB, source []byte) Options {
	t.Helper()
	c, err := NewCompiler("")
	if err != nil {
		t.Fatal(err)
	}
	return Options{Name: "test", Module: source, Grants: granted(), Compiler: c, Budget: NewBudget(0),
		Limits: Limits{Instances: 2, Wait: 5 * time.Second}}
}

// load loads a program and closes it when the test ends; all its memory must be back then.
func load(t testing.TB, o Options) *Program {
	t.Helper()
	p, err := Load(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { finish(t, p) })
	return p
}

func finish(t testing.TB, p *Program) {
	t.Helper()
	_ = p.Close()
	select {
	case <-p.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the program does not end")
	}
	if held := p.held.Load(); held != 0 {
		t.Fatalf("%d bytes are still held", held)
	}
}

// question is a Call with a session and a statement.
func question() *Call {
	return &Call{
		Session: &core.Session{ID: 7, User: "app", Schema: "shop", Listener: "front", Commands: 3, Status: 2, TLS: true,
			Client: netip.MustParseAddrPort("10.1.2.3:4567"), Attributes: map[string]string{"program_name": "pay"}},
		State: &State{},
		Facts: &core.Facts{Kind: core.StatementSelect, Access: core.AccessRead, Where: true, ReadSafe: true,
			Tables:    []core.Table{{Name: "orders"}, {Schema: "log", Name: "events", Writes: true}},
			Functions: []string{"sleep"}, DigestText: "select ?",
			Digest: "0123456789abcdef0000000000000000000000000000000000000000000000ff"},
		SQL:  []byte("select 1 from orders"),
		Pool: "writers",
	}
}

// ask calls a hook, which must not break.
func ask(t testing.TB, p *Program, h abi.Hook, c *Call) {
	t.Helper()
	if err := p.Call(context.Background(), h, 0, c); err != nil {
		var f *Fault
		if errors.As(err, &f) {
			t.Fatalf("%v: %s\n%s", f.Kind, f.Text, f.Trace)
		}
		t.Fatal(err)
	}
}

// hook is a guest whose on_query has a body.
func hook(functions []string, body ...w.Code) *w.Module {
	m := w.Guest(functions...)
	m.Hook(abi.HookQuery, nil, body...)
	return m
}

// record is a log that a test reads.
type record struct{ bytes.Buffer }

func (r *record) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(&r.Buffer, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func TestThePassOfAnEmptyHookIsAPass(t *testing.T) {
	p := load(t, options(t, hook(nil, w.I64(0)).Build()))
	if p.Hooks() != 1<<abi.HookQuery || !p.Has(abi.HookQuery) || p.Has(abi.HookDone) || p.WantsParams() {
		t.Fatalf("hooks are %b", p.Hooks())
	}
	c := question()
	ask(t, p, abi.HookQuery, c)
	if c.Verdict.Op != abi.OpPass {
		t.Fatalf("got %+v", c.Verdict)
	}
	ask(t, p, abi.HookDone, c) // it has none
	ask(t, p, abi.Hooks+3, c)
}

func TestTheHeaderTellsTheFacts(t *testing.T) {
	m := w.Guest()
	for h := range len(abi.HookNames()) {
		m.Hook(abi.Hook(h), nil, w.I64(0))
	}
	m.Func(abi.ExportHooks, nil, []w.Type{w.Int64}, nil, w.I64(16<<abi.WantTextShift|abi.WantParams|abi.WantHooksMask))
	o := options(t, m.Build())
	at := time.UnixMilli(1_700_000_000_123)
	o.Clock = func() time.Time { return at }
	p := load(t, o)
	in := p.slots[0].in
	head := func() []byte { return in.memory.bytes[w.GuestBlock:] }
	u16 := func(at int) int { return int(binary.LittleEndian.Uint16(head()[at:])) }
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(head()[at:]) }
	u64 := func(at int) uint64 { return binary.LittleEndian.Uint64(head()[at:]) }

	c := question()
	c.Statement, c.Statements, c.Truncated = 1, 3, true
	ask(t, p, abi.HookQuery, c)
	for _, v := range []struct {
		name      string
		got, want any
	}{
		{"layout", u16(abi.AtLayout), abi.Layout},
		{"hook", u16(abi.AtHook), int(abi.HookQuery)},
		{"flags", u32(abi.AtFlags), uint32(abi.FlagAutocommit | abi.FlagWhere | abi.FlagMulti | abi.FlagTruncated | abi.FlagReadSafe | abi.FlagTLS | abi.FlagWrites)},
		{"kind", abi.Kinds()[head()[abi.AtKind]], "select"},
		{"access", abi.Accesses()[head()[abi.AtAccess]], "read"},
		{"tables", u16(abi.AtTables), 2},
		{"functions", u16(abi.AtFunctions), 1},
		{"sql length", u32(abi.AtSQLLength), uint32(len(c.SQL))},
		{"text length", u32(abi.AtTextLength), uint32(16)},
		{"text", string(head()[abi.HeaderSize:][:17]), "select 1 from or\x00"},
		{"digest", u64(abi.AtDigest), uint64(0x0123456789abcdef)},
		{"session", u64(abi.AtSession), uint64(7)},
		{"sequence", u64(abi.AtSequence), uint64(3)},
		{"user", u32(abi.AtUser), uint32(1)},
		{"schema", u32(abi.AtSchema), uint32(1)},
		{"address", netip.AddrFrom16([16]byte(head()[abi.AtAddress:])).Unmap().String(), "10.1.2.3"},
		{"port", u16(abi.AtPort), 4567},
		{"statement", u16(abi.AtStatement), 1},
		{"statements", u16(abi.AtStatements), 3},
		{"error", u16(abi.AtErrorCode), 0},
		{"time", u64(abi.AtTime), uint64(1_700_000_000_123)},
		{"capacity", u32(abi.AtTextCapacity), uint32(w.GuestText)},
	} {
		if v.got != v.want {
			t.Errorf("%s is %v, want %v", v.name, v.got, v.want)
		}
	}

	c = question()
	c.Params, c.HasParams, c.StatementID = make([]core.Param, 4), true, 99
	c.Session.User, c.Session.Status, c.Session.Client = "other", 1, netip.AddrPort{}
	ask(t, p, abi.HookExecute, c)
	if f := u32(abi.AtFlags); u16(abi.AtParams) != 4 || u32(abi.AtStatementID) != 99 || u32(abi.AtUser) != 2 || u32(abi.AtSchema) != 1 ||
		u64(abi.AtAddress) != 0 || f&(abi.FlagParams|abi.FlagPrepared|abi.FlagTransaction|abi.FlagAutocommit) != abi.FlagParams|abi.FlagPrepared|abi.FlagTransaction {
		t.Errorf("execute: params %d, id %d, user %d, flags %b", u16(abi.AtParams), u32(abi.AtStatementID), u32(abi.AtUser), f)
	}

	c = question()
	c.Outcome = &core.Outcome{Err: &core.Error{Code: 1064}, Rows: 5, Affected: 6, BytesOut: 1 << 40, Backend: 3 * time.Millisecond}
	ask(t, p, abi.HookDone, c)
	if u64(abi.AtRows) != 5 || u64(abi.AtAffected) != 6 || u32(abi.AtBytes) != 1<<32-1 || u32(abi.AtLatency) != 3000 || u16(abi.AtErrorCode) != 1064 || u16(abi.AtParams) != 0 {
		t.Errorf("done: % x", head()[:128])
	}

	c = question()
	c.Columns = make([]core.Column, 3)
	ask(t, p, abi.HookColumns, c)
	if u16(abi.AtColumns) != 3 || u64(abi.AtRows) != 0 {
		t.Errorf("columns: % x", head()[:128])
	}
	c.State.slot[0] = 1
	ask(t, p, abi.HookColumns, c)
	ask(t, p, abi.HookTick, &Call{})
	if head()[abi.AtSlot] != 0 || u64(abi.AtSession) != 0 || u32(abi.AtUser) != 0 || u32(abi.AtFlags) != 0 {
		t.Errorf("tick: % x", head()[:128])
	}
}

func TestNumbersOfTheABIAreThoseOfCore(t *testing.T) {
	for i, name := range abi.Kinds() {
		if got := core.StatementKind(i).String(); got != name {
			t.Errorf("kind %d is %s here and %s for guests", i, got, name)
		}
	}
	for i, name := range abi.Accesses() {
		if got := core.Access(i).String(); got != name {
			t.Errorf("access %d is %s here and %s for guests", i, got, name)
		}
	}
	for _, f := range abi.Functions() {
		if hostFunctions()[f.Name] == nil {
			t.Errorf("there is no host function %s", f.Name)
		}
	}
	if len(hostFunctions()) != len(abi.Functions()) {
		t.Error("there are host functions that abi does not have")
	}
}

func TestTheSlotFollowsTheSessionThroughInstancesAndGenerations(t *testing.T) {
	// It counts in the slot, and denies with nothing.
	at := w.I32(w.GuestBlock + abi.AtSlot)
	source := hook(nil, at, at, w.Load64+w.At(0), w.I64(1), w.I64Add, w.Store64+w.At(0), w.I64(0)).Build()
	p, q := load(t, options(t, source)), load(t, options(t, source))
	a, b := question(), question()
	for range 3 {
		ask(t, p, abi.HookQuery, a)
	}
	ask(t, p, abi.HookQuery, b)
	other := p.take(0) // so that the next call needs another instance
	ask(t, p, abi.HookQuery, a)
	p.put(other)
	ask(t, q, abi.HookQuery, a)
	if a.State.slot[0] != 5 || b.State.slot[0] != 1 {
		t.Fatalf("counted %d and %d", a.State.slot[0], b.State.slot[0])
	}
}

func TestAGuestSeesItsConfigAndCanRefuseIt(t *testing.T) {
	m := hook([]string{"config_get"}, w.I64(0))
	m.Data(w.GuestFree, "limit"+"no limit is set")
	m.Func(abi.ExportConfigure, nil, []w.Type{w.Int64}, nil,
		w.I32(w.GuestFree), w.I32(5), w.I32(0), w.I32(0), w.I32(0), m.Host("config_get"), w.I32(0), w.I32LtS,
		w.IfOf(w.Int64, w.Verdict(abi.OpDeny, w.GuestFree+5, 15), w.I64(0)))
	o := options(t, m.Build())
	if _, err := Load(context.Background(), o); err == nil || err.Error() != "it refuses its config: no limit is set" {
		t.Fatalf("got %v", err)
	}
	o.Config = []byte(`{"limit": 5}`)
	load(t, o)
	if used := o.Budget.Used(); used != w.GuestPages*pageSize {
		t.Fatalf("%v of the budget is used: the refused guest keeps some", used)
	}
}

func TestAClosedProgramWaitsForItsCalls(t *testing.T) {
	o := options(t, hook(nil, w.I64(0)).Build())
	p := load(t, o)
	in := p.take(0)
	_ = p.Close()
	select {
	case <-p.Done():
		t.Fatal("it closed an instance that somebody uses")
	default:
	}
	c := question()
	if err := p.Call(context.Background(), abi.HookQuery, 0, c); err != ErrClosed {
		t.Fatalf("got %v", err)
	}
	if err := in.run(abi.HookQuery, 0, c); err != nil {
		t.Fatal(err)
	}
	p.put(in)
	<-p.Done()
	if o.Budget.Used() != 0 {
		t.Fatal("it kept memory")
	}
}

func TestCallsWaitForAnInstanceButNotForEver(t *testing.T) {
	o := options(t, hook(nil, w.I64(0)).Build())
	o.Limits.Wait = 20 * time.Millisecond
	p := load(t, o)
	a := p.take(0)
	ask(t, p, abi.HookQuery, question()) // makes the second
	b := p.take(0)
	if a == nil || b == nil {
		t.Fatal("there are not two instances")
	}
	err := p.Call(context.Background(), abi.HookQuery, 0, question())
	var f *Fault
	if !errors.As(err, &f) || f.Kind != Busy || !strings.Contains(f.Text, "all 2 instances were busy for 20ms") {
		t.Fatalf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.Call(ctx, abi.HookQuery, 0, question()); err != context.Canceled && !errors.As(err, &f) {
		t.Fatalf("got %v", err)
	}
	p.limits.Wait = time.Minute
	done := make(chan error)
	go func() { done <- p.Call(context.Background(), abi.HookQuery, 0, question()) }()
	for p.attention.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	p.put(a)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	p.put(b)
	if s := p.Stats(); s.Instances != 2 || s.Idle != 2 || s.Faults[Busy] != 1 && s.Faults[Busy] != 2 {
		t.Fatalf("got %+v", s)
	}
}

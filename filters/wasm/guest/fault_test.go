package guest

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	w "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

// spin is an endless loop.
func spin() w.Code { return w.Loop(w.Br(0)) + w.I64(0) }

// broken is a guest that breaks in on_query, and how.
type broken struct {
	name   string
	source []byte
	kind   Kind
	text   string // in the fault's
}

func brokenGuests() []broken {
	const free = w.GuestFree
	verdict := func(op byte, payload string) []byte {
		m := w.Guest()
		m.Data(free, payload)
		m.Hook(abi.HookQuery, nil, w.Verdict(op, free, uint32(len(payload))))
		return m.Build()
	}
	plain := func(body ...w.Code) []byte { return hook(nil, body...).Build() }
	host := func(name string, args ...w.Code) []byte {
		m := w.Guest(name)
		body := append(args, m.Host(name))
		if name != "log" {
			body = append(body, w.Drop)
		}
		m.Hook(abi.HookQuery, nil, append(body, w.I64(0))...)
		return m.Build()
	}
	wasi := func(name string, params []w.Type, results []w.Type, args ...w.Code) []byte {
		m := &w.Module{}
		m.Import(wasiModule, name, params, results)
		m.GuestExports()
		body := append(args, w.Call(0))
		for range results {
			body = append(body, w.Drop)
		}
		m.Hook(abi.HookQuery, nil, append(body, w.I64(0))...)
		return m.Build()
	}
	i := func(n int) []w.Type {
		types := make([]w.Type, n)
		for j := range types {
			types[j] = w.Int32
		}
		return types
	}
	tree := w.Guest()
	self := tree.Next()
	tree.Func("", i(1), nil, nil, w.Get(0), w.If(w.Get(0), w.I32(1), w.I32Sub, w.Call(self), w.Get(0), w.I32(1), w.I32Sub, w.Call(self)))
	tree.Hook(abi.HookQuery, nil, w.I32(100), w.Call(self), w.I64(0))
	deep := w.Guest()
	self = deep.Next()
	deep.Func("", i(1), i(1), nil, w.Get(0), w.I32(1), w.I32Add, w.Call(self), w.I32(1), w.I32Add)
	deep.Hook(abi.HookQuery, nil, w.I32(0), w.Call(self), w.Drop, w.I64(0))
	indirect := w.Guest()
	indirect.Table(4, 4)
	indirect.Hook(abi.HookQuery, nil, w.I32(2), w.CallIndirect(indirect.Signature(nil, nil), 0), w.I64(0))
	hoard := hook(nil, w.Loop(w.I32(16), w.MemoryGrow, w.I32(-1), w.I32Ne, w.BrIf(0)), w.Unreachable)
	abort := &w.Module{}
	abort.Import("env", "abort", i(4), nil)
	abort.GuestExports()
	abort.Data(free, "\x0c\x00\x00\x00b\x00o\x00o\x00m\x00!\x00!\x00"+"\x02\x00\x00\x00f\x00")
	abort.Hook(abi.HookQuery, nil, w.I32(free+4), w.I32(free+20), w.I32(3), w.I32(9), w.Call(0), w.I64(0))

	return []broken{
		{"endless loop", plain(spin()), OutOfFuel, "out of fuel in on_query: its limit is 2000000"},
		{"call tree", tree.Build(), OutOfFuel, "out of fuel"},
		{"endless recursion", deep.Build(), OutOfFuel, "out of fuel"},
		{"endless fill", plain(w.Loop(w.I32(free), w.I32(0), w.I32(60000), w.MemoryFill, w.Br(0)), w.I64(0)), OutOfFuel, "out of fuel"},
		{"host calls without end", func() []byte {
			m := w.Guest("now_ns")
			m.Hook(abi.HookQuery, nil, w.Loop(m.Host("now_ns"), w.Drop, w.Br(0)), w.I64(0))
			return m.Build()
		}(), OutOfFuel, "out of fuel"},
		{"memory without end", hoard.Build(), OutOfMemory, "out of memory in on_query: its limit is 16MiB"},
		{"unreachable", plain(w.Unreachable), Trap, "trap in on_query: unreachable"},
		{"wild pointer", plain(w.I32(-8), w.Load64+w.At(0)), Trap, "out of bounds memory access"},
		{"division by zero", plain(w.I32(1), w.I32(0), w.I32DivS, w.Drop, w.I64(0)), Trap, "integer divide by zero"},
		{"empty table entry", indirect.Build(), Trap, "trap in on_query: "},
		{"abort", abort.Build(), Trap, "abort: boom!! at f:3:9"},
		{"exit", wasi("proc_exit", i(1), nil, w.I32(3)), Exit, "exit with code 3 in on_query"},
		{"exit with 0", wasi("proc_exit", i(1), nil, w.I32(0)), Exit, "exit with code 0"},
		{"random beyond memory", wasi("random_get", i(2), i(1), w.I32(0), w.I32(-1)), Trap, "host function random_get"},
		{"random without end", wasi("random_get", i(2), i(1), w.I32(0), w.I32(2*pageSize)), 255, ""},
		{"text to a wild pointer", host("sql", w.I32(-4), w.I32(100), w.I32(0)), Trap, "host function sql"},
		{"text over the end", host("sql", w.I32(w.GuestPages*pageSize-3), w.I32(100), w.I32(0)), Trap, "host function sql"},
		{"log from nowhere", host("log", w.I32(1), w.I32(-100), w.I32(50)), Trap, "host function log"},
		{"long counter key", host("kv_incr", w.I32(0), w.I32(257), w.I64(1), w.I64(0)), Trap, "longer than 256"},

		{"unknown verdict", plain(w.I64(77)), BadVerdict, "there is no verdict 77"},
		{"verdict outside of memory", plain(w.Verdict(abi.OpDeny, 0xFFFFFF00, 200)), BadVerdict, "lies outside of its memory"},
		{"verdict over the end", plain(w.Verdict(abi.OpDeny, w.GuestPages*pageSize-5, 10)), BadVerdict, "lies outside"},
		{"huge verdict", func() []byte {
			m := hook(nil, w.Verdict(abi.OpDeny, 0, abi.MaxVerdict+1))
			return m.Build()
		}(), BadVerdict, "at most 65536"},
		{"mask in on_query", verdict(abi.OpMask, "\x00\x00"), BadVerdict, "mask plan is not among those"},
		{"cacheable rewrite", verdict(abi.OpRewrite|abi.OpCacheable, "select 2"), BadVerdict, "rewrite can't be cacheable"},
		{"short error", verdict(abi.OpDeny, "\x51\x04HY00"), BadVerdict, "an error is"},
		{"bad SQLSTATE", verdict(abi.OpDeny, "\x51\x04hy000no"), BadVerdict, `"hy000" is no SQLSTATE`},
		{"error 0", verdict(abi.OpDeny, "\x00\x00HY000no"), BadVerdict, "code 0"},
		{"empty rewrite", verdict(abi.OpRewrite, ""), BadVerdict, "empty"},
		{"route nowhere", verdict(abi.OpRoute, "\x00"), BadVerdict, "a route is"},
		{"route of no kind", verdict(abi.OpRoute, "\x07x"), BadVerdict, "a route is"},
		{"reply without columns", verdict(abi.OpReply, "\x00\x00\x00\x00"), BadVerdict, "the reply's rows"},
		{"reply cut off", verdict(abi.OpReply, "\x01\x00\x01\x00\x01\x00a\x05\x00\x00\x00bc"), BadVerdict, "the reply's rows"},
		{"reply of many rows", verdict(abi.OpReply, "\xff\xff\xff\xff"), BadVerdict, "the reply's rows"},
		{"reply with a rest", verdict(abi.OpReply, "\x01\x00\x00\x00\x01\x00ax"), BadVerdict, "the reply's rows"},
		{"short ok", verdict(abi.OpOK, "\x00"), BadVerdict, "an ok has"},
		{"list in a list", verdict(abi.OpList, "\x07\x00\x00\x00"), BadVerdict, "each at most once"},
		{"two routes", verdict(abi.OpList, "\x03\x02\x00\x00\x00a\x03\x02\x00\x00\x00b"), BadVerdict, "each at most once"},
		{"list cut off", verdict(abi.OpList, "\x02\x09\x00\x00x"), BadVerdict, "cut off"},
	}
}

func TestEachWayToBreakIsAFaultAndTheInstanceIsReplaced(t *testing.T) {
	for _, b := range brokenGuests() {
		t.Run(b.name, func(t *testing.T) {
			o := options(t, b.source)
			p := load(t, o)
			c := question()
			err := p.Call(context.Background(), abi.HookQuery, 0, c)
			if b.kind >= Kinds {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var f *Fault
			if !errors.As(err, &f) {
				t.Fatalf("got %v", err)
			}
			if f.Kind != b.kind || !strings.Contains(f.Text, b.text) || !strings.Contains(f.Text, "on_query") || f.Hook != abi.HookQuery {
				t.Fatalf("got %v, %q", f.Kind, f.Text)
			}
			if c.Verdict.Op != abi.OpPass || c.Verdict.Reply != nil {
				t.Fatalf("it left a verdict: %+v", c.Verdict)
			}
			if c.Fuel > p.limits.Fuel {
				t.Fatalf("it used %d", c.Fuel)
			}
			replaced(t, p, 1)
			if err := p.Call(context.Background(), abi.HookQuery, 0, c); !errors.As(err, &f) || f.Kind != b.kind {
				t.Fatalf("the second time: %v", err)
			}
			if s := p.Stats(); s.Faults[b.kind] != 2 {
				t.Fatalf("got %+v", s)
			}
		})
	}
}

// replaced waits until n instances were replaced.
func replaced(t testing.TB, p *Program, n uint64) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for p.Stats().Replaced < n {
		if time.Now().After(deadline) {
			t.Fatalf("not replaced: %+v", p.Stats())
		}
		time.Sleep(time.Millisecond)
	}
}

func TestVerdictsNeedTheirCapabilities(t *testing.T) {
	for op, c := range map[byte]struct{ payload, capability string }{
		abi.OpReply: {"\x01\x00\x00\x00\x01\x00a", abi.CapReply},
		abi.OpOK:    {strings.Repeat("\x00", 16), abi.CapReply},
		abi.OpRoute: {"\x00readers", abi.CapRoute},
		abi.OpList:  {"\x03\x02\x00\x00\x00a", abi.CapRoute},
	} {
		m := w.Guest()
		m.Data(w.GuestFree, c.payload)
		m.Hook(abi.HookQuery, nil, w.Verdict(op, w.GuestFree, uint32(len(c.payload))))
		o := options(t, m.Build())
		o.Grants = BareGrants()
		p := load(t, o)
		var f *Fault
		err := p.Call(context.Background(), abi.HookQuery, 0, question())
		if !errors.As(err, &f) || f.Kind != NotGranted || !strings.Contains(f.Text, "needs the capability "+c.capability) {
			t.Errorf("op %d: got %v", op, err)
		}
	}
}

func TestAHostFunctionThatBreaksIsAFaultOfTheHost(t *testing.T) {
	m := w.Guest("clause")
	m.Hook(abi.HookQuery, nil, w.I32(0), m.Host("clause"), w.Drop, w.I64(0))
	p := load(t, options(t, m.Build()))
	c := question()
	c.Ranges = breaks{}
	err := p.Call(context.Background(), abi.HookQuery, 0, c)
	var f *Fault
	if !errors.As(err, &f) || f.Kind != HostPanic || !strings.Contains(f.Text, "host function clause broke in on_query") {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(f.Trace, "nil map") {
		t.Fatalf("the trace is %q", f.Trace)
	}
}

type breaks struct{ none map[string]int }

func (b breaks) Ranges() (core.Ranges, bool) {
	b.none["x"] = 1
	return core.Ranges{}, true
}

// A trap's trace names functions and what the guest wrote.
func TestATraceNamesFunctionsAndThePanic(t *testing.T) {
	m := &w.Module{}
	i := w.Int32
	m.Import(wasiModule, "fd_write", []w.Type{i, i, i, i}, []w.Type{i})
	m.GuestExports()
	m.Data(w.GuestFree, "panic: boom\n")
	m.Data(w.GuestFree+100, "\x00\x20\x00\x00\x0c\x00\x00\x00") // one piece: address 8192, 12 bytes
	inner := m.Func("", nil, nil, nil, w.I32(2), w.I32(w.GuestFree+100), w.I32(1), w.I32(w.GuestFree+200), w.Call(0), w.Drop, w.Unreachable)
	outer := m.Hook(abi.HookQuery, nil, w.Call(inner), w.I64(0))
	_ = outer
	m.Custom("name", string("\x01"+w.Bytes("\x02"+w.U(uint64(inner))+w.Bytes("inner")+w.U(uint64(outer))+w.Bytes("outer"))))
	o := options(t, m.Build())
	log := &record{}
	o.Log = log.logger()
	p := load(t, o)
	err := p.Call(context.Background(), abi.HookQuery, 0, question())
	var f *Fault
	if !errors.As(err, &f) || f.Trace != "panic: boom\nin inner < outer" {
		t.Fatalf("got %v, %q", err, f.Trace)
	}
	if !strings.Contains(log.String(), `msg="panic: boom" filter=test`) {
		t.Fatalf("logged %q", log.String())
	}
}

func TestManyFaultsLeaveNothingBehind(t *testing.T) {
	n := 3000
	if scale := os.Getenv("DBMESH_TEST_SCALE"); !raceEnabled && (scale == "ci" || scale == "full") {
		n = 100_000
	}
	o := options(t, hook(nil, w.Unreachable).Build())
	p := load(t, o)
	c := question()
	fault := func(n int) {
		for range n {
			var f *Fault
			if err := p.Call(context.Background(), abi.HookQuery, 0, c); !errors.As(err, &f) || f.Kind != Trap {
				t.Fatal(err)
			}
		}
	}
	measure := func() (uint64, int) {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse, runtime.NumGoroutine()
	}
	fault(n / 10)
	memory, goroutines := measure()
	fault(n)
	after, now := measure()
	if after > memory+1<<20 {
		t.Errorf("memory went from %d to %d KiB", memory>>10, after>>10)
	}
	if now > goroutines+1 {
		t.Errorf("goroutines went from %d to %d", goroutines, now)
	}
	if used := o.Budget.Used(); used > 2*w.GuestPages*pageSize {
		t.Errorf("%v of the budget is used", used)
	}
	if s := p.Stats(); s.Faults[Trap] != uint64(n/10+n) || s.Refused != 0 {
		t.Errorf("got %+v", s)
	}
}

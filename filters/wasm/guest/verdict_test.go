package guest

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	w "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

// answers is a program whose hook gives one verdict.
func answers(t testing.TB, h abi.Hook, op byte, payload string) *Program {
	m := w.Guest()
	m.Data(free, payload)
	m.Hook(h, nil, w.Verdict(op, free, uint32(len(payload))))
	return load(t, options(t, m.Build()))
}

func TestVerdictsAreReadAsTheyWereMeant(t *testing.T) {
	long := strings.Repeat("x", abi.MaxMessage-1) + "é"
	null := "\xff\xff\xff\xff"
	for _, c := range []struct {
		name    string
		hook    abi.Hook
		op      byte
		payload string
		want    Verdict
	}{
		{"deny", abi.HookQuery, abi.OpDeny, "\x51\x04HY000no", Verdict{Op: abi.OpDeny, Code: 1105, State: []byte("HY000"), Message: []byte("no")}},
		{"cacheable deny", abi.HookPrepare, abi.OpDeny | abi.OpCacheable, "\x51\x04HY000", Verdict{Op: abi.OpDeny, Cacheable: true, Code: 1105, State: []byte("HY000"), Message: []byte{}}},
		{"cacheable pass", abi.HookQuery, abi.OpPass | abi.OpCacheable, "", Verdict{Op: abi.OpPass, Cacheable: true}},
		{"long message", abi.HookQuery, abi.OpDeny, "\x51\x04HY000" + long, Verdict{Op: abi.OpDeny, Code: 1105, State: []byte("HY000"), Message: []byte(long[:abi.MaxMessage-1])}},
		{"disconnect", abi.HookSession, abi.OpDisconnect, "\x15\x0428000go", Verdict{Op: abi.OpDisconnect, Code: 1045, State: []byte("28000"), Message: []byte("go")}},
		{"rewrite", abi.HookQuery, abi.OpRewrite, "select 2", Verdict{Op: abi.OpRewrite, Rewrite: []byte("select 2")}},
		{"schema", abi.HookInitDB, abi.OpRewrite, "other", Verdict{Op: abi.OpRewrite, Rewrite: []byte("other")}},
		{"route", abi.HookExecute, abi.OpRoute, "\x01b1", Verdict{Op: abi.OpRoute, RouteTo: abi.RouteBackend, Route: []byte("b1")}},
		{"list", abi.HookQuery, abi.OpList, "\x02\x01\x00\x00x\x03\x02\x00\x00\x00r", Verdict{Op: abi.OpList, Rewrite: []byte("x"), Route: []byte("r")}},
		{"ok", abi.HookQuery, abi.OpOK, "\x05\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00info", Verdict{Op: abi.OpOK, Reply: &core.Reply{Affected: 5, InsertID: 7, Info: "info"}}},
		{"reply", abi.HookQuery, abi.OpReply, "\x02\x00\x02\x00\x01\x00a\x00\x00\x01\x00\x00\x00x" + null + "\x00\x00\x00\x00\x02\x00\x00\x00yz",
			Verdict{Op: abi.OpReply, Reply: &core.Reply{Columns: []string{"a", ""}, Rows: [][][]byte{{[]byte("x"), nil}, {{}, []byte("yz")}}}}},
		{"masks", abi.HookColumns, abi.OpMask, "\x03\x00\x00\x00\x03\x01\x04\x00\x00\x00\x02\x00\x01\x00\x00\x00\x03\x00***\x01\x00\x02\x00\x00\x00\x01\x00k",
			Verdict{Op: abi.OpMask, Masks: []core.Mask{{Column: 0, By: core.MaskKeep, First: 1, Last: 4, Value: []byte{}}, {Column: 2, By: core.MaskConstant, Value: []byte("***")}, {Column: 1, By: core.MaskHash, Value: []byte("k")}}}},
		{"other error", abi.HookError, abi.OpDeny, "\x51\x04HY000hidden", Verdict{Op: abi.OpDeny, Code: 1105, State: []byte("HY000"), Message: []byte("hidden")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := answers(t, c.hook, c.op, c.payload)
			q := question()
			q.Columns = make([]core.Column, 3)
			q.Verdict = Verdict{Op: abi.OpList, Rewrite: []byte("old"), Route: []byte("old")}
			for range 2 {
				ask(t, p, c.hook, q)
				if !reflect.DeepEqual(q.Verdict, c.want) {
					t.Fatalf("got %+v, want %+v", q.Verdict, c.want)
				}
			}
		})
	}
}

func TestMasksOfColumnsThatAreNotThereAreRefused(t *testing.T) {
	p := answers(t, abi.HookColumns, abi.OpMask, "\x01\x00\x03\x00\x00\x00\x00\x00\x00\x00")
	c := question()
	c.Columns = make([]core.Column, 3)
	if err := p.Call(context.Background(), abi.HookColumns, 3, c); err == nil || !strings.Contains(err.Error(), "it masks column 3 of 3") {
		t.Fatalf("got %v", err)
	}
}

// The Go code must not read the guest's memory once the instance is back.
func TestAVerdictSurvivesItsInstance(t *testing.T) {
	m := w.Guest()
	m.Data(free, "\x51\x04HY000")
	m.Hook(abi.HookQuery, nil, w.I32(free+7), w.I32(w.GuestBlock), w.Load64+w.At(abi.AtSession), w.Store64+w.At(0), w.Verdict(abi.OpDeny, free, 15))
	o := options(t, m.Build())
	o.Limits.Instances = 1
	p := load(t, o)
	a, b := question(), question()
	a.Session.ID, b.Session.ID = 'a', 'b'
	ask(t, p, abi.HookQuery, a)
	ask(t, p, abi.HookQuery, b)
	if a.Verdict.Message[0] != 'a' || b.Verdict.Message[0] != 'b' {
		t.Fatalf("got %q and %q", a.Verdict.Message, b.Verdict.Message)
	}
	finish(t, p)
	if a.Verdict.Message[0] != 'a' {
		t.Fatal("the verdict went with the program")
	}
}

func TestCallsDoNotAllocate(t *testing.T) {
	pass := hook(nil, w.I64(0))
	getters := w.Guest("sql", "table", "session_str", "match_bytes", "now_ns", "state_set")
	getters.Hook(abi.HookQuery, nil,
		w.I32(free), w.I32(100), w.I32(0), getters.Host("sql"), w.Drop,
		w.I32(0), w.I32(free), w.I32(100), w.I32(0), getters.Host("table"), w.Drop,
		w.I32(abi.StrAddress), w.I32(free), w.I32(100), w.I32(0), getters.Host("session_str"), w.Drop,
		w.I32(free), w.I32(100), getters.Host("state_set"), w.Drop,
		getters.Host("now_ns"), w.Drop, w.I64(0))
	deny := w.Guest()
	deny.Hook(abi.HookQuery, nil, deny.Deny(free, 1105, "HY000", "no")+w.I64(abi.OpCacheable)+w.I64Or)
	for name, m := range map[string]*w.Module{"pass": pass, "getters": getters, "cacheable deny": deny} {
		p := load(t, options(t, m.Build()))
		c, ctx := question(), context.Background()
		call := func() {
			if err := p.Call(ctx, abi.HookQuery, 0, c); err != nil {
				t.Fatal(err)
			}
		}
		call()
		if n := testing.AllocsPerRun(1000, call); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func TestFuelIsTheSameForTheSameWork(t *testing.T) {
	m := w.Guest("sql")
	m.Hook(abi.HookQuery, []w.Type{w.Int32},
		w.I32(free), w.I32(100), w.I32(0), m.Host("sql"), w.Set(1),
		w.Loop(w.Get(1), w.I32(1), w.I32Sub, w.Tee(1), w.BrIf(0)), w.I64(0))
	p := load(t, options(t, m.Build()))
	c := question()
	ask(t, p, abi.HookQuery, c)
	first := c.Fuel
	if first < hostFuel+20 || first > 500 {
		t.Fatalf("it used %d", first)
	}
	for range 1000 {
		if ask(t, p, abi.HookQuery, c); c.Fuel != first {
			t.Fatalf("it used %d, then %d", first, c.Fuel)
		}
	}
}

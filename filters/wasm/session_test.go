package wasm_test

import (
	"context"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/core/coretest"
	"github.com/dbmesh/dbmesh/filters/wasm"
	w "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

// counting counts in the session's slot and denies from the third query on.
func counting() []byte {
	m := w.Guest()
	at := w.I32(w.GuestBlock)
	m.Hook(abi.HookQuery, nil,
		at+at+w.Load32+w.At(abi.AtSlot)+w.I32(1)+w.I32Add+w.Store32+w.At(abi.AtSlot),
		at+w.Load32+w.At(abi.AtSlot)+w.I32(2)+w.I32GtU+w.IfOf(w.Int64, m.Deny(w.GuestFree, 1105, "HY000", "enough"), w.I64(0)))
	return m.Build()
}

func TestTheSlotIsTheSessionsOwn(t *testing.T) {
	ch := chain(t, load(t, counting(), wasm.Options{}))
	one, other := session(), session()
	for i, want := range []string{"go on", "go on", "deny enough"} {
		if v, _ := command(ch, one, core.Query, "SELECT 1"); says(v) != want {
			t.Errorf("query %d: %s, want %s", i, says(v), want)
		}
	}
	if v, _ := command(ch, other, core.Query, "SELECT 1"); says(v) != "go on" {
		t.Errorf("another session's first query: %s", says(v))
	}
}

// params is a decoder that gives two parameters.
type params struct{}

func (params) Params(*core.Command) ([]core.Param, bool) {
	return []core.Param{{Type: core.ParamInt, Text: []byte("7")}, {Type: core.ParamText, Text: []byte("x")}}, true
}

func TestAnExecuteShowsItsParametersToWhoReadsThem(t *testing.T) {
	m := w.Guest("param_type")
	m.Func(abi.ExportHooks, nil, []w.Type{w.Int64}, nil, w.I64(1<<abi.HookExecute|abi.WantParams))
	m.Hook(abi.HookExecute, nil,
		w.Get(0)+w.I32(16)+w.I32Mul+w.I32(1)+m.Host("param_type")+w.I32Add+ // 2*16 + text
			w.I32(2*16+abi.ParamText)+w.I32Eq+w.IfOf(w.Int64, m.Deny(w.GuestFree, 1105, "HY000", "seen"), w.I64(0)))
	f := load(t, m.Build(), wasm.Options{Grant: []string{abi.CapParams}})
	if !f.ReadsParams() {
		t.Error("it does not read parameters")
	}
	s := session()
	s.Decoder = params{}
	if v, _ := command(chain(t, f), s, core.Execute, "SELECT ?"); says(v) != "deny seen" {
		t.Error(says(v))
	}
}

func TestColumnsAreMaskedByPlan(t *testing.T) {
	m := w.Guest()
	isSelect := w.I32(w.GuestBlock) + w.Load8U + w.At(abi.AtKind) + w.I32(kind("select")) + w.I32Eq
	plan := "\x01\x00" + "\x01\x00" + "\x01" + "\x00\x00\x00" + "\x03\x00" + "***"
	m.Data(w.GuestFree, plan)
	m.Hook(abi.HookColumns, nil, isSelect+w.IfOf(w.Int64, w.Verdict(abi.OpMask, w.GuestFree, uint32(len(plan))), w.I64(0)))
	ch := chain(t, load(t, m.Build(), wasm.Options{Grant: []string{abi.CapRows}}))
	s := session()
	_, c := command(ch, s, core.Query, "SELECT a, b FROM t")
	masks, v := ch.Columns(context.Background(), c, []core.Column{{Name: "a"}, {Name: "b"}})
	if v.Denied() || len(masks) != 1 || masks[0].Column != 1 || masks[0].By != core.MaskConstant || string(masks[0].Value) != "***" {
		t.Errorf("%v, %s", masks, says(v))
	}
}

func TestAnErrorIsToldInOtherWords(t *testing.T) {
	m := w.Guest()
	m.Hook(abi.HookError, nil, w.Get(0)+w.I32(1146)+w.I32Eq+w.IfOf(w.Int64, m.Deny(w.GuestFree, 1146, "42S02", "no such thing"), w.I64(0)))
	ch := chain(t, load(t, m.Build(), wasm.Options{}))
	_, c := command(ch, session(), core.Query, "SELECT 1")
	for code, want := range map[uint16]string{1146: "no such thing", 1062: "the server's"} {
		if e := ch.Error(context.Background(), c, &core.Error{Code: code, State: "42S02", Message: "the server's"}); e.Message != want {
			t.Errorf("%d: %q, want %q", code, e.Message, want)
		}
	}
}

func TestTheEndsOfCommandsAndSessionsAreHeardOf(t *testing.T) {
	m := w.Guest("kv_incr", "kv_get")
	m.Data(w.GuestFree, "ends")
	add := w.I32(w.GuestFree) + w.I32(4) + w.I64(1) + w.I64(0) + m.Host("kv_incr") + w.Drop + w.I64(0)
	m.Hook(abi.HookDone, nil, add)
	m.Hook(abi.HookSessionEnd, nil, add)
	m.Hook(abi.HookQuery, nil, w.I32(w.GuestFree)+w.I32(4)+w.I64(0)+w.I64(0)+m.Host("kv_incr")+w.I64(2)+w.I64Eq+
		w.IfOf(w.Int64, m.Deny(w.GuestFree+10, 1105, "HY000", "two ends"), w.I64(0)))
	ch := chain(t, load(t, m.Build(), wasm.Options{Grant: []string{abi.CapKV}}))
	s := session()
	ch.Connect(context.Background(), s)
	v, c := command(ch, s, core.Query, "SELECT 1")
	if says(v) != "go on" {
		t.Fatal(says(v))
	}
	ch.Done(c, &core.Outcome{})
	ping := coretest.Command(s, core.Ping, "")
	ch.Command(context.Background(), ping)
	ch.Done(ping, &core.Outcome{}) // of no statement: not heard of
	ch.End(s)
	if v, _ := command(ch, session(), core.Query, "SELECT 1"); says(v) != "deny two ends" {
		t.Error(says(v))
	}
}

// A verdict that says that it is cacheable is given again without the guest: its fuel and its
// calls stand still.
func TestACacheableVerdictNeverEntersTheGuestAgain(t *testing.T) {
	m := w.Guest()
	m.Data(w.GuestFree, "\x51\x04HY000no")
	payload := w.Verdict(abi.OpDeny|abi.OpCacheable, w.GuestFree, 9)
	m.Hook(abi.HookQuery, nil, when("delete", payload)+w.I64(abi.OpCacheable)+w.I64Or)
	asked := 0
	d := deps(t)
	d.Asked = func(wasm.Asked) { asked++ }
	f, _, err := wasm.Load(context.Background(), wasm.Source{Name: "rule", Module: m.Build()}, wasm.Options{}, d)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ch := chain(t, f)
	s := session()
	query := func(s *core.Session, sql, want string, asks int) {
		t.Helper()
		asked = 0
		v, _ := command(ch, s, core.Query, sql)
		if !strings.HasPrefix(says(v), want) || asked != asks {
			t.Errorf("%s: %s, asked %d times; want %s, %d", sql, says(v), asked, want, asks)
		}
	}
	for _, sql := range []string{"DELETE FROM t WHERE a = 1", "SELECT 1"} {
		want := map[byte]string{'D': "deny no", 'S': "go on"}[sql[0]]
		query(s, sql, want, 1) // the facts are not cached before the second time
		query(s, sql, want, 1)
		query(s, sql, want, 0)
		query(s, strings.ReplaceAll(sql, "1", "2"), want, 0)
		other := session()
		other.Classifier, other.User = s.Classifier, "bob"
		query(other, sql, want, 1)
		query(other, sql, want, 0)
		other.Schema = "elsewhere"
		query(other, sql, want, 1)
	}
	query(s, "SELEKT 1", "go on", 1) // opaque: asked each time
	query(s, "SELEKT 1", "go on", 1)
}

// Thousands of verdicts may be remembered, so a large one is not.
func TestALargeCacheableReplyIsAskedForEachTime(t *testing.T) {
	for _, size := range []int{10, 5000} {
		m := w.Guest()
		payload := "\x01\x00\x01\x00\x01\x00a" + string(binary.LittleEndian.AppendUint32(nil, uint32(size))) + strings.Repeat("x", size)
		m.Data(w.GuestFree, payload)
		m.Hook(abi.HookQuery, nil, w.Verdict(abi.OpReply|abi.OpCacheable, w.GuestFree, uint32(len(payload))))
		asked := 0
		d := deps(t)
		d.Asked = func(wasm.Asked) { asked++ }
		f, _, err := wasm.Load(context.Background(), wasm.Source{Name: "rule", Module: m.Build()}, wasm.Options{Grant: []string{"reply"}}, d)
		if err != nil {
			t.Fatal(err)
		}
		ch, s := chain(t, f), session()
		for range 5 {
			if v, _ := command(ch, s, core.Query, "SELECT 1"); v.Reply() == nil {
				t.Fatalf("it says %s", says(v))
			}
		}
		if small := size < 1000; small != (asked < 5) {
			t.Errorf("a reply of %d bytes was asked for %d times", size, asked)
		}
		_ = f.Close()
	}
}

func TestAskingAllocatesNothing(t *testing.T) {
	m := w.Guest()
	m.Hook(abi.HookQuery, nil, when("delete", w.I64(0)))
	ch := chain(t, load(t, m.Build(), wasm.Options{}))
	s := session()
	c := coretest.Query(s, "SELECT a FROM t WHERE b = 1")
	text := c.SQL
	once := func() {
		c.Reset(s, core.Query, text, len(text)+1, false)
		if v := ch.Command(context.Background(), c); v.Reply() != nil {
			t.Fatal(says(v))
		}
	}
	for range 4 {
		once()
	}
	if n := testing.AllocsPerRun(2000, once); n != 0 && !raceOn {
		t.Errorf("%v allocations for each question", n)
	}
}

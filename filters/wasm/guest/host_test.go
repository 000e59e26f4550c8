package guest

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/service"
	w "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

// free is the guest's memory that tests use.
const free = w.GuestFree

// caller is a guest that calls one host function with the arguments that stand at free+4096,
// eight bytes each, in on_query or in dbmesh_configure. It leaves the result behind them.
func caller(name string, configure bool) *w.Module {
	m := w.Guest(name)
	var f abi.Function
	for _, f = range abi.Functions() {
		if f.Name == name {
			break
		}
	}
	const args = free + 4096
	code := w.I32(args)
	for i, p := range f.Params {
		code += w.I32(int32(args+8*i)) + map[abi.ValueType]w.Code{abi.I32: w.Load32, abi.I64: w.Load64, abi.F64: "\x2b"}[p] + w.At(0)
	}
	code += m.Host(name)
	switch f.Result {
	case abi.I32:
		code += w.I64ExtendS + w.Store64 + w.At(64)
	case abi.I64:
		code += w.Store64 + w.At(64)
	default:
		code += w.Drop
	}
	code += w.I64(0)
	if configure {
		m.Func(abi.ExportConfigure, nil, []w.Type{w.Int64}, nil, code)
		code = w.I64(0)
	}
	m.Hook(abi.HookQuery, nil, code)
	return m
}

// host is a guest for one host function.
type host struct {
	t  *testing.T
	p  *Program
	c  *Call
	in *instance
}

func newHost(t *testing.T, name string, change func(*Options)) *host {
	o := options(t, caller(name, false).Build())
	o.Limits.Instances = 1
	if change != nil {
		change(&o)
	}
	p := load(t, o)
	return &host{t, p, question(), p.slots[0].in}
}

// data writes into the guest's memory at free+at.
func (h *host) data(at int, text string) { copy(h.in.memory.bytes[free+at:], text) }

// text reads n bytes from there.
func (h *host) text(at, n int) string { return string(h.in.memory.bytes[free+at:][:n]) }

// call calls the host function.
func (h *host) call(args ...int64) int64 {
	h.t.Helper()
	for i, a := range args {
		binary.LittleEndian.PutUint64(h.in.memory.bytes[free+4096+8*i:], uint64(a))
	}
	ask(h.t, h.p, abi.HookQuery, h.c)
	return int64(binary.LittleEndian.Uint64(h.in.memory.bytes[free+4096+64:]))
}

func (h *host) want(want int64, args ...int64) {
	h.t.Helper()
	if got := h.call(args...); got != want {
		h.t.Errorf("got %d, want %d", got, want)
	}
}

// getter checks a getter whose text is want and whose first arguments are args.
func (h *host) getter(want string, args ...int64) {
	h.t.Helper()
	const to = 1000
	n := int64(len(want))
	get := func(room, off int64) int64 { return h.call(append(args, free+to, room, off)...) }
	h.data(to, strings.Repeat("#", 200))
	if got := get(0, 0); got != n || h.text(to, 1) != "#" {
		h.t.Errorf("with no room: %d, %q", got, h.text(to, 1))
	}
	if got := get(100, 0); got != n || h.text(to, len(want)+1) != want+"#" {
		h.t.Errorf("got %d, %q", got, h.text(to, len(want)+1))
	}
	h.data(to, strings.Repeat("#", 200))
	if got := get(2, 1); got != n || h.text(to, 3) != (want + "##")[1:min(3, len(want))]+strings.Repeat("#", 3-min(2, len(want)-1)) {
		h.t.Errorf("two bytes from 1 on: %d, %q", got, h.text(to, 3))
	}
	for _, off := range []int64{n, n + 1, math.MaxInt32, -1} {
		h.data(to, "#")
		if got := get(100, off); got != n || h.text(to, 1) != "#" {
			h.t.Errorf("from %d on: %d, %q", off, got, h.text(to, 1))
		}
	}
	if got := h.call(append(args, -5, 0, 0)...); got != n {
		h.t.Errorf("a wild pointer without room: %d", got)
	}
	if got := h.call(append(args, free+to, -1, 0)...); got != n {
		h.t.Errorf("all the room there is: %d", got)
	}
	wild := append(args, w.GuestPages*pageSize-1, 100, 0)
	for i, a := range wild {
		binary.LittleEndian.PutUint64(h.in.memory.bytes[free+4096+8*i:], uint64(a))
	}
	if n < 2 {
		return
	}
	err := h.p.Call(context.Background(), abi.HookQuery, 0, h.c)
	var f *Fault
	if !errors.As(err, &f) || f.Kind != Trap || !strings.Contains(f.Text, "out of bounds") {
		h.t.Errorf("beyond the memory: %v", err)
	}
	replaced(h.t, h.p, 1)
	h.in = h.p.slots[0].in
}

func TestGettersGiveTextsInParts(t *testing.T) {
	params := []core.Param{{Type: core.ParamInt, Text: []byte("-42")}, {Type: core.ParamNull}, {Type: core.ParamUnknown}}
	columns := []core.Column{{Schema: "shop", Table: "o", OrgTable: "orders", Name: "card", OrgName: "card_no", Type: 253, Flags: 0x1001}}
	for _, g := range []struct {
		name string
		want string
		args []int64
	}{
		{"sql", "select 1 from orders", nil},
		{"digest", question().Facts.Digest, nil},
		{"digest_text", "select ?", nil},
		{"table", "shop.orders", []int64{0}},
		{"table", "log.events", []int64{1}},
		{"function", "sleep", []int64{0}},
		{"place_name", "shop.orders", []int64{0}},
		{"param", "-42", []int64{0}},
		{"column", "card", []int64{0, abi.ColumnName}},
		{"column", "card_no", []int64{0, abi.ColumnOrgName}},
		{"column", "o", []int64{0, abi.ColumnTable}},
		{"column", "orders", []int64{0, abi.ColumnOrgTable}},
		{"column", "shop", []int64{0, abi.ColumnSchema}},
		{"session_str", "app", []int64{abi.StrUser}},
		{"session_str", "shop", []int64{abi.StrSchema}},
		{"session_str", "10.1.2.3", []int64{abi.StrAddress}},
		{"session_str", "front", []int64{abi.StrListener}},
		{"session_str", "writers", []int64{abi.StrPool}},
		{"session_str", "test", []int64{abi.StrFilter}},
		{"attribute", "pay", []int64{free, 12}},
		{"error_str", "no such table", []int64{abi.ErrMessage}},
		{"error_str", "42S02", []int64{abi.ErrState}},
		{"config", `{"a":{"b":[1,"two"]},"x.y":true}`, nil},
		{"config_get", `[1,"two"]`, []int64{free, 3}},
		{"state_get", "kept", nil},
		{"kv_get", "value", []int64{free, 3}},
	} {
		t.Run(g.name+" "+g.want, func(t *testing.T) {
			h := newHost(t, g.name, func(o *Options) { o.Config = []byte(`{"a":{"b":[1,"two"]},"x.y":true}`) })
			h.c.Params, h.c.HasParams, h.c.Columns = params, true, columns
			h.c.Error = &core.Error{Code: 1146, State: "42S02", Message: "no such table"}
			h.c.State.kept = []byte("kept")
			h.c.Ranges = ranger{core.Ranges{Tables: []core.TableRange{{Range: core.Range{Start: 14, End: 20}, Name: "orders"}}}, true}
			h.p.store.Set([]byte("a.b"), []byte("value"), 0)
			key := map[string]string{"attribute": "program_name", "config_get": "a.b", "kv_get": "a.b"}[g.name]
			h.data(0, key)
			h.getter(g.want, g.args...)
		})
	}
}

// ranger gives what it has.
type ranger struct {
	r  core.Ranges
	ok bool
}

func (r ranger) Ranges() (core.Ranges, bool) { return r.r, r.ok }

func TestWhatIsNotThereIsSaidSo(t *testing.T) {
	big := int64(math.MaxUint32)
	for _, g := range []struct {
		name string
		want int64
		args []int64
	}{
		{"table", abi.NotThere, []int64{2, free, 9, 0}},
		{"table", abi.NotThere, []int64{big, free, 9, 0}},
		{"table_access", 0, []int64{0}},
		{"table_access", 1, []int64{1}},
		{"table_access", abi.NotThere, []int64{2}},
		{"function", abi.NotThere, []int64{1, free, 9, 0}},
		{"clause", -1, []int64{abi.ClauseFrom}},
		{"clause", -1, []int64{big}},
		{"place", -1, []int64{0}},
		{"place_name", abi.NotThere, []int64{0, free, 9, 0}},
		{"param", abi.NotThere, []int64{0, free, 9, 0}},
		{"param_type", abi.NotThere, []int64{0}},
		{"column", abi.NotThere, []int64{0, 0, free, 9, 0}},
		{"column_type", abi.NotThere, []int64{0}},
		{"session_str", abi.Invalid, []int64{99, free, 9, 0}},
		{"attribute", abi.NotThere, []int64{free, 3, free, 9, 0}},
		{"attribute", abi.TooLarge, []int64{0, abi.MaxKey + 1, free, 9, 0}},
		{"error_str", abi.NotThere, []int64{0, free, 9, 0}},
		{"config_get", abi.NotThere, []int64{free, 3, free, 9, 0}},
		{"config_get", abi.TooLarge, []int64{0, big, free, 9, 0}},
		{"match_new", abi.OutOfPlace, []int64{0, free, 3}},
		{"match", abi.Invalid, []int64{0, 0}},
		{"match_bytes", abi.Invalid, []int64{big, free, 3}},
		{"state_get", abi.NotThere, []int64{free, 9, 0}},
		{"state_set", abi.TooLarge, []int64{0, abi.MaxState + 1}},
		{"state_set", 0, []int64{0, abi.MaxState}},
		{"kv_get", abi.NotThere, []int64{free, 3, free, 9, 0}},
		{"kv_get", abi.TooLarge, []int64{0, abi.MaxKey + 1, free, 9, 0}},
		{"kv_set", abi.TooLarge, []int64{free, 3, 0, abi.MaxValue + 1, 0}},
		{"kv_set", abi.TooLarge, []int64{free, 257, 0, 1, 0}},
		{"kv_delete", 0, []int64{free, 3}},
		{"kv_delete", abi.TooLarge, []int64{free, big}},
		{"rate", abi.TooLarge, []int64{free, big, 1, 1000}},
		{"rate", 0, []int64{free, 3, 0, 1000}},
		{"metric_def", abi.OutOfPlace, []int64{0, free, 3}},
		{"metric_add", abi.Invalid, []int64{0, 0}},
	} {
		newHost(t, g.name, nil).want(g.want, g.args...)
		if t.Failed() {
			t.Fatalf("%s %v", g.name, g.args)
		}
	}
}

func TestGuestsWithoutAQuestionHaveNoStatement(t *testing.T) {
	for _, name := range []string{"sql", "digest", "digest_text", "state_get", "table_access", "clause", "place", "param_type", "column_type"} {
		o := options(t, caller(name, true).Build())
		p := load(t, o)
		got := int64(binary.LittleEndian.Uint64(p.slots[0].in.memory.bytes[free+4096+64:]))
		if got != abi.NotThere {
			t.Errorf("%s gives %d in dbmesh_configure", name, got)
		}
	}
}

func TestClausesAndPlacesAreFoundOncePerQuestion(t *testing.T) {
	h := newHost(t, "clause", nil)
	n := 0
	h.c.Ranges = counting{&n, core.Ranges{Where: core.Range{Start: 3, End: 9}}}
	h.want(3<<32|9, abi.ClauseWhere)
	h.want(-1, abi.ClauseLimit)
	if n != 2 {
		t.Fatalf("found %d times in two questions", n)
	}
	h.c.Ranges = ranger{core.Ranges{Where: core.Range{Start: 3, End: 9}}, false}
	h.want(-1, abi.ClauseWhere)
}

type counting struct {
	n *int
	r core.Ranges
}

func (c counting) Ranges() (core.Ranges, bool) { *c.n++; return c.r, true }

func TestParametersHaveTypesAndNULLHasNoText(t *testing.T) {
	types := []core.ParamType{core.ParamNull, core.ParamInt, core.ParamUint, core.ParamFloat, core.ParamText, core.ParamBytes, core.ParamTime, core.ParamUnknown}
	h := newHost(t, "param_type", nil)
	h.c.HasParams = true
	for _, p := range types {
		h.c.Params = append(h.c.Params, core.Param{Type: p})
	}
	for i, want := range []int64{abi.ParamNull, abi.ParamInt, abi.ParamUint, abi.ParamFloat, abi.ParamText, abi.ParamBytes, abi.ParamTime, abi.ParamUnknown} {
		h.want(want, int64(i))
	}
	text := newHost(t, "param", nil)
	text.c.HasParams, text.c.Params = true, h.c.Params
	text.want(abi.NotThere, 0, free, 9, 0)
	text.want(abi.NotThere, 7, free, 9, 0)
	text.want(0, 4, free, 9, 0)
}

func TestColumnsHaveTypeAndFlags(t *testing.T) {
	h := newHost(t, "column_type", nil)
	h.c.Columns = []core.Column{{Type: 253, Flags: 0x1001}}
	h.want(253|0x1001<<8, 0)
}

func TestStateIsTheSessions(t *testing.T) {
	h := newHost(t, "state_set", nil)
	h.data(0, "hello")
	h.want(0, free, 5)
	if string(h.c.State.kept) != "hello" {
		t.Fatalf("kept %q", h.c.State.kept)
	}
	h.want(0, free, 0)
	if len(h.c.State.kept) != 0 {
		t.Fatalf("kept %q", h.c.State.kept)
	}
	h.c.State = nil
	h.want(abi.NotThere, free, 5)
}

func TestSharedValuesAndRatesOutliveAProgram(t *testing.T) {
	store := service.NewStore(service.Bounds{}, nil)
	with := func(o *Options) { o.Store = store }
	set := newHost(t, "kv_set", with)
	set.data(0, "keyvalue")
	set.want(0, free, 3, free+3, 5, 60_000)
	get := newHost(t, "kv_get", with)
	get.data(0, "key")
	get.want(5, free, 3, free+100, 50, 0)
	if got := get.text(100, 5); got != "value" {
		t.Fatalf("got %q", got)
	}
	incr := newHost(t, "kv_incr", with)
	incr.data(0, "n")
	incr.want(-5, free, 1, -5, 0)
	incr.want(-3, free, 1, 2, -1)
	get.data(0, "n")
	get.want(2, free, 1, free+100, 50, 0)
	del := newHost(t, "kv_delete", with)
	del.data(0, "key")
	del.want(1, free, 3)
	del.want(0, free, 3)
	rate := newHost(t, "rate", with)
	rate.data(0, "u")
	rate.want(1, free, 1, 2, 3_600_000)
	rate.want(1, free, 1, 2, 3_600_000)
	rate.want(0, free, 1, 2, 3_600_000)
}

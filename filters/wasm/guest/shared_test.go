package guest

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/service"
	w "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

// metered notes what a guest's metrics record.
type metered struct{ defined, recorded []string }

func (m *metered) Define(kind int, name string) (service.Metric, error) {
	if name == "taken" {
		return nil, errors.New("it is a gauge")
	}
	m.defined = append(m.defined, name)
	return recorder{m, name}, nil
}

type recorder struct {
	m    *metered
	name string
}

func (r recorder) Record(v float64) {
	r.m.recorded = append(r.m.recorded, r.name+" "+time.Duration(v*float64(time.Second)).String())
}

func TestMetricsAreDefinedOnceAndRecordNumbersOnly(t *testing.T) {
	m := w.Guest("metric_def", "metric_add")
	m.Data(free, "hits_total"+"taken"+"Bad")
	def := func(kind, at, n int32) w.Code {
		return w.I32(kind) + w.I32(free+at) + w.I32(n) + m.Host("metric_def")
	}
	store := func(at int32, value w.Code) w.Code { return w.I32(free+100+at) + value + w.Store32 + w.At(0) }
	m.Func(abi.ExportConfigure, nil, []w.Type{w.Int64}, nil,
		store(0, def(0, 0, 10)), store(4, def(0, 10, 5)), store(8, def(0, 15, 3)), store(12, def(7, 0, 10)), store(16, def(0, 0, 65)), store(20, def(1, 0, 10)), w.I64(0))
	add := func(metric int32, value float64) w.Code {
		return w.I32(metric) + w.F64(value) + m.Host("metric_add") + w.Drop
	}
	m.Hook(abi.HookQuery, nil, add(0, 1.5), add(0, -1), add(0, math.NaN()), add(0, math.Inf(1)), add(1, -2), add(9, 1), w.I64(0))
	o := options(t, m.Build())
	all := &metered{}
	o.Metrics = all
	p := load(t, o)
	want := []int32{0, abi.Invalid, abi.Invalid, abi.Invalid, abi.TooLarge, 1}
	for i, n := range want {
		if got := int32(binary.LittleEndian.Uint32(p.slots[0].in.memory.bytes[free+100+4*i:])); got != n {
			t.Errorf("definition %d gave %d, want %d", i, got, n)
		}
	}
	ask(t, p, abi.HookQuery, question())
	if got := strings.Join(all.recorded, ", "); got != "hits_total 1.5s, hits_total -2s" {
		t.Fatalf("recorded %s", got)
	}
}

func TestSetsMatchTextDigestAndTablesAndAreShared(t *testing.T) {
	const patterns = "sleep(\nORDERS" + "log.*\n*.orders" + `\d+ from` + "a("
	m := w.Guest("match_new", "match", "match_bytes")
	m.Data(free, patterns)
	make := func(kind, at, n int32) w.Code {
		return w.I32(kind) + w.I32(free+at) + w.I32(n) + m.Host("match_new") + w.Drop
	}
	m.Func(abi.ExportConfigure, nil, []w.Type{w.Int64}, nil, make(abi.MatchLiteralFold, 0, 13), make(abi.MatchTable, 13, 14),
		make(abi.MatchRegexp, 27, 8), make(abi.MatchRegexp, 35, 2), make(9, 0, 1), w.I64(0))
	at := int32(0)
	result := func(code w.Code) w.Code {
		at += 4
		return w.I32(free+100+at-4) + code + w.Store32 + w.At(0)
	}
	match := func(set, subject int32) w.Code { return result(w.I32(set) + w.I32(subject) + m.Host("match")) }
	m.Hook(abi.HookQuery, nil, match(0, abi.SubjectSQL), match(0, abi.SubjectDigestText), match(0, abi.SubjectTables),
		match(1, abi.SubjectTables), match(2, abi.SubjectSQL), match(1, abi.SubjectSQL), match(0, 3), match(3, 0),
		result(w.I32(0)+w.I32(free)+w.I32(8)+m.Host("match_bytes")), w.I64(0))
	o := options(t, m.Build())
	log := &record{}
	o.Log = log.logger()
	p := load(t, o)
	in := p.slots[0].in
	ask(t, p, abi.HookQuery, question())
	for i, want := range []int32{1, -1, 1, 0, 0, abi.Invalid, abi.Invalid, abi.Invalid, 0} {
		if got := int32(binary.LittleEndian.Uint32(in.memory.bytes[free+100+4*i:])); got != want {
			t.Errorf("match %d gave %d, want %d", i, got, want)
		}
	}
	if !strings.Contains(log.String(), "match_new: pattern 0: error parsing regexp") {
		t.Errorf("logged %q", log.String())
	}
	p.take(0)
	ask(t, p, abi.HookQuery, question()) // another instance
	other := p.slots[1].in
	if len(p.sets.all) != 3 || other.sets[0] != in.sets[0] || in.sets[0].users != 2 {
		t.Errorf("%d sets, the first has %d users", len(p.sets.all), in.sets[0].users)
	}
	p.put(in)
	finish(t, p)
	if len(p.sets.all) != 0 || p.sets.memory != 0 {
		t.Error("sets are left")
	}
}

func TestLogLinesAreLimited(t *testing.T) {
	m := w.Guest("log")
	m.Data(free, "hello\xff")
	m.Hook(abi.HookQuery, nil, w.I32(abi.LogWarn), w.I32(free), w.I32(6), m.Host("log"), w.I64(0))
	o := options(t, m.Build())
	log := &record{}
	o.Log, o.Limits.LogLines = log.logger(), 10
	p := load(t, o)
	for range 1000 {
		ask(t, p, abi.HookQuery, question())
	}
	n := strings.Count(log.String(), "level=WARN msg=hello? filter=test")
	if dropped := p.Stats().LogLines; n < 10 || n > 50 || dropped != uint64(1000-n) {
		t.Fatalf("%d lines, %d dropped", n, dropped)
	}
	allowed, dropped := p.lines.allow(time.Now().Unix() + 5)
	if !allowed || dropped == 0 {
		t.Fatalf("the next second: %v, %d", allowed, dropped)
	}
}

func TestGuestsHaveTimeAndRandomnessOfTheirOwn(t *testing.T) {
	m := &w.Module{}
	i, l := w.Int32, w.Int64
	m.Import(wasiModule, "random_get", []w.Type{i, i}, []w.Type{i})
	m.Import(wasiModule, "clock_time_get", []w.Type{i, l, i}, []w.Type{i})
	m.Import(wasiModule, "poll_oneoff", []w.Type{i, i, i, i}, []w.Type{i})
	m.Import(wasiModule, "environ_sizes_get", []w.Type{i, i}, []w.Type{i})
	m.Import(wasiModule, "environ_get", []w.Type{i, i}, []w.Type{i})
	m.Import(wasiModule, "args_sizes_get", []w.Type{i, i}, []w.Type{i})
	m.Import(wasiModule, "sched_yield", nil, []w.Type{i})
	m.Import(abi.Module, "now_ns", nil, []w.Type{l})
	m.GuestExports()
	m.Data(free+600, "\x2a\x00\x00\x00\x00\x00\x00\x00\x00") // one subscription to a clock
	m.Hook(abi.HookQuery, nil,
		w.I32(free), w.I32(16), w.Call(0), w.Drop,
		w.I32(0), w.I64(0), w.I32(free+16), w.Call(1), w.Drop,
		w.I32(1), w.I64(0), w.I32(free+24), w.Call(1), w.Drop,
		w.I32(free+600), w.I32(free+700), w.I32(1), w.I32(free+800), w.Call(2), w.Drop,
		w.I32(free+900), w.I32(free+904), w.Call(3), w.Drop,
		w.I32(free+908), w.I32(free+1000), w.Call(4), w.Drop,
		w.I32(free+912), w.I32(free+916), w.Call(5), w.Drop,
		w.Call(6), w.Drop,
		w.I32(free+32), w.Call(7), w.Store64+w.At(0), w.I64(0))
	o := options(t, m.Build())
	p := load(t, o)
	bytes := func(at, n int) []byte { return p.slots[0].in.memory.bytes[free+at:][:n] }
	number := func(at int) int64 { return int64(binary.LittleEndian.Uint64(bytes(at, 8))) }
	ask(t, p, abi.HookQuery, question())
	first, monotonic := string(bytes(0, 16)), number(24)
	before := time.Now().UnixNano()
	ask(t, p, abi.HookQuery, question())
	after := time.Now().UnixNano()
	if string(bytes(0, 16)) == first || strings.Count(first, "\x00") > 8 {
		t.Error("randomness repeats")
	}
	if now := number(16); now < before || now > after || number(32) < now || number(32) > after {
		t.Errorf("it is %d between %d and %d", number(16), before, after)
	}
	if number(24) <= monotonic || monotonic <= 0 {
		t.Errorf("the monotonic clock went from %d to %d", monotonic, number(24))
	}
	if bytes(700, 1)[0] != 42 || binary.LittleEndian.Uint32(bytes(800, 4)) != 1 {
		t.Errorf("the event is % x", bytes(700, 32))
	}
	if env := string(bytes(1000, 20)); env != "GOMEMLIMIT=10066329\x00" || bytes(904, 1)[0] != 20 || bytes(900, 1)[0] != 1 {
		t.Errorf("the environment is %q", env)
	}
}

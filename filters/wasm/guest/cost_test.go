package guest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	w "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

// calling calls a host function for ever.
func calling(name string, args ...w.Code) *w.Module {
	m := w.Guest(name)
	m.Hook(abi.HookQuery, nil, w.Loop(append(args, m.Host(name), w.Drop, w.Br(0))...), w.I64(0))
	return m
}

// Guests that have the host work much. Nobody may get more than a few times what their fuel is
// worth, 6 ms; before they were charged, each ran for seconds.
func TestHostFunctionsArePaidForByTheirWork(t *testing.T) {
	const i = w.Int32
	deep := strings.Repeat("a.", 127) + "a"
	lines := &w.Module{}
	lines.Import(wasiModule, "fd_write", []w.Type{i, i, i, i}, []w.Type{i})
	lines.GuestExports()
	lines.Data(free, strings.Repeat("x\n", 30_000))
	lines.Data(free-8, "\x00\x20\x00\x00\x60\xea\x00\x00")
	lines.Hook(abi.HookQuery, nil, w.Loop(w.I32(2), w.I32(free-8), w.I32(1), w.I32(0), w.Call(0), w.Drop, w.Br(0)), w.I64(0))
	vectors := &w.Module{}
	vectors.Import(wasiModule, "fd_write", []w.Type{i, i, i, i}, []w.Type{i})
	vectors.GuestExports()
	vectors.Hook(abi.HookQuery, nil, w.Loop(w.I32(2), w.I32(free), w.I32(1024), w.I32(0), w.Call(0), w.Drop, w.Br(0)), w.I64(0))
	large := calling("config_get", w.I32(free), w.I32(4), w.I32(0), w.I32(0), w.I32(0))
	large.Data(free, "list")
	steps := calling("config_get", w.I32(free), w.I32(int32(len(deep))), w.I32(0), w.I32(0), w.I32(0))
	steps.Data(free, deep)
	text := calling("match", w.I32(0), w.I32(abi.SubjectDigestText))
	digest := w.Guest("match_new", "match")
	digest.Func(abi.ExportConfigure, nil, []w.Type{w.Int64}, nil, w.I32(0), w.I32(free), w.I32(0), digest.Host("match_new"), w.Drop, w.I64(0))
	digest.Hook(abi.HookQuery, nil, w.Loop(w.I32(0), w.I32(abi.SubjectDigestText), digest.Host("match"), w.Drop, w.Br(0)), w.I64(0))
	name := calling("table", w.I32(0), w.I32(0), w.I32(0), w.I32(0))

	for _, c := range []struct {
		name string
		m    *w.Module
	}{
		{"lines of one character", lines}, {"empty vectors", vectors}, {"a large list", large}, {"a deep key", steps},
		{"no set", text}, {"the digest text", digest}, {"a table's long name", name},
	} {
		o := options(t, c.m.Build())
		nested := strings.Repeat(`{"a":`, 127) + "1" + strings.Repeat("}", 127)
		o.Config = json.RawMessage(fmt.Sprintf(`{"list": [%s1], "a": %s}`, strings.Repeat(`"x",`, 50_000), nested))
		p := load(t, o)
		q := question()
		q.Facts.DigestText = strings.Repeat("x", 1<<20)
		q.Facts.Tables = []core.Table{{Name: strings.Repeat("t", 1<<20)}}
		begin := time.Now()
		err := p.Call(context.Background(), abi.HookQuery, 0, q)
		took := time.Since(begin)
		var f *Fault
		if !errors.As(err, &f) || f.Kind != OutOfFuel {
			t.Errorf("%s: %v", c.name, err)
		}
		t.Logf("%-24s %v", c.name, took)
		if !raceEnabled && took > 500*time.Millisecond {
			t.Errorf("%s: it ran %v", c.name, took)
		}
	}
}

func TestAStartFunctionHasTheHostDoLittle(t *testing.T) {
	const i = w.Int32
	m := &w.Module{}
	m.Import(wasiModule, "random_get", []w.Type{i, i}, []w.Type{i})
	m.Memory(200, -1)
	m.Export("memory", w.KindMemory, 0)
	m.Func(abi.ExportVersion, nil, []w.Type{i}, nil, w.I32(0))
	m.Func(abi.ExportBlock, nil, []w.Type{i}, nil, w.I32(0))
	m.Hook(abi.HookQuery, nil, w.I64(0))
	m.Start(m.Func("", nil, nil, nil, w.Loop(w.I32(0), w.I32(200*pageSize-1), w.Call(0), w.Drop, w.Br(0))))
	begin := time.Now()
	_, err := Load(context.Background(), options(t, m.Build()))
	if err == nil || !strings.Contains(err.Error(), "its start function has host functions do too much") {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("it ran %v", took)
	}
}

func TestSetsThatFailCountToo(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes compiling expressions take a minute")
	}
	m := w.Guest("match_new")
	patterns := strings.Repeat("a{999}\n", 19) + "("
	m.Data(free, patterns)
	m.Func(abi.ExportConfigure, nil, []w.Type{w.Int64}, nil,
		w.Loop(w.I32(abi.MatchRegexp), w.I32(free), w.I32(int32(len(patterns))), m.Host("match_new"), w.I32(abi.TooLarge), w.I32Ne, w.BrIf(0)), w.I64(0))
	m.Hook(abi.HookQuery, nil, w.I64(0))
	begin := time.Now()
	load(t, options(t, m.Build()))
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// What a guest writes while it is made is for the log; the client hears what kind of fault it was.
func TestClientsDoNotHearWhatAGuestSaidThatCouldNotBeMade(t *testing.T) {
	const i = w.Int32
	m := &w.Module{}
	m.Import(wasiModule, "fd_write", []w.Type{i, i, i, i}, []w.Type{i})
	m.ImportHost("kv_incr")
	m.GuestExports()
	m.Data(free, "panic: the password is x\n")
	m.Data(free+100, "\x00\x20\x00\x00\x19\x00\x00\x00n")
	m.Func(abi.ExportConfigure, nil, []w.Type{w.Int64}, nil,
		w.I32(free+108), w.I32(1), w.I64(1), w.I64(0), m.Host("kv_incr"), w.I64(1), w.I64Eq, w.If(w.I64(0), w.Return),
		w.I32(2), w.I32(free+100), w.I32(1), w.I32(free+200), w.Call(0), w.Drop, w.Unreachable)
	m.Hook(abi.HookQuery, nil, w.Unreachable)
	o := options(t, m.Build())
	o.Limits.Instances = 1
	p := load(t, o)
	var f *Fault
	for range 2 {
		if err := p.Call(context.Background(), abi.HookQuery, 0, question()); !errors.As(err, &f) {
			t.Fatal(err)
		}
	}
	if s := p.Stats(); s.Instances != 0 { // so that it ends without one
		t.Errorf("got %+v", s)
	}
	if f.Kind != Busy || strings.Contains(f.Text, "password") || !strings.Contains(f.Text, "unreachable") || !strings.Contains(f.Trace, "password") {
		t.Errorf("got %v, %q, %q", f.Kind, f.Text, f.Trace)
	}
}

func TestAnAbortIsToldInOneShortLine(t *testing.T) {
	const i = w.Int32
	m := &w.Module{}
	m.Import("env", "abort", []w.Type{i, i, i, i}, nil)
	m.GuestExports()
	m.Data(free, "\x00\x02\x00\x00"+strings.Repeat("\x0a\x00\x2a\x20\x00\xd8", 100)) // line feed, U+202A, half a pair
	m.Hook(abi.HookQuery, nil, w.I32(free+4), w.I32(free+4), w.I32(3), w.I32(9), w.Call(0), w.I64(0))
	p := load(t, options(t, m.Build()))
	var f *Fault
	if err := p.Call(context.Background(), abi.HookQuery, 0, question()); !errors.As(err, &f) {
		t.Fatal(err)
	}
	if !strings.HasPrefix(f.Text, "trap in on_query: abort: ") || strings.ContainsAny(f.Text, "\n\r") || len(f.Text) > 300 || !utf8.ValidString(f.Text) {
		t.Errorf("the client hears %q", f.Text)
	}
}

func TestATrapIsNotBlamedOnMemoryThatWasRefusedLongAgo(t *testing.T) {
	m := w.Guest()
	m.Hook(abi.HookQuery, nil, w.I32(60_000), w.MemoryGrow, w.Drop, w.I64(0))
	m.Hook(abi.HookDone, nil, w.Unreachable)
	o := options(t, m.Build())
	o.Limits.Instances = 1
	p := load(t, o)
	ask(t, p, abi.HookQuery, question())
	var f *Fault
	if err := p.Call(context.Background(), abi.HookDone, 0, question()); !errors.As(err, &f) || f.Kind != Trap {
		t.Errorf("got %v", err)
	}
}

// Users log in with any name, before anybody knows whether they exist.
func TestNamesStayDifferentWhenThereAreTooMany(t *testing.T) {
	n := names{}
	for i := range maxNames {
		n.id(fmt.Sprint("nobody", i))
	}
	root, app, long := n.id("root"), n.id("app"), n.id(strings.Repeat("x", 1<<20))
	if root == 0 || app == 0 || root == app || long == root || root != n.id("root") || n.id("nobody7") != 8 {
		t.Errorf("got %d, %d, %d, %d", root, app, long, n.id("nobody7"))
	}
	if len(n.ids) != maxNames {
		t.Errorf("%d are kept", len(n.ids))
	}
	few := names{}
	if few.id(strings.Repeat("x", 1<<20)); len(few.ids) != 0 {
		t.Error("a long one is kept")
	}
}

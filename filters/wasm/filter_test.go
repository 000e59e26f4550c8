package wasm_test

import (
	"context"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/core/coretest"
	"github.com/dbmesh/dbmesh/filters/wasm"
	w "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

func TestAGuestDeniesThroughAChain(t *testing.T) {
	f := load(t, denies("delete", "no deletes here"), wasm.Options{})
	if v, _ := ask(t, f, "DELETE FROM t"); says(v) != "deny no deletes here" || v.Reply().Err.Code != 1105 || v.Reply().Err.State != "HY000" {
		t.Error(says(v), v.Reply())
	}
	if v, _ := ask(t, f, "SELECT 1"); says(v) != "go on" {
		t.Error(says(v))
	}
}

func TestAGuestIsAskedOnlyWhereItHasAHook(t *testing.T) {
	for hook, want := range map[abi.Hook]core.HookSet{
		abi.HookSession:    core.Hooks(core.HookConnect),
		abi.HookInitDB:     core.Hooks(core.HookInitDB, core.HookQuery, core.HookPrepare),
		abi.HookQuery:      core.Hooks(core.HookQuery),
		abi.HookPrepare:    core.Hooks(core.HookPrepare),
		abi.HookExecute:    core.Hooks(core.HookExecute),
		abi.HookColumns:    core.Hooks(core.HookColumns),
		abi.HookDone:       core.Hooks(core.HookDone),
		abi.HookError:      core.Hooks(core.HookError),
		abi.HookSessionEnd: core.Hooks(core.HookEnd),
		abi.HookTick:       0,
	} {
		m := w.Guest()
		m.Hook(hook, nil, w.I64(0))
		if got := load(t, m.Build(), wasm.Options{Grant: []string{abi.CapRows}}).Hooks(); got != want {
			t.Errorf("a guest with %v has the hooks %b, want %b", hook, got, want)
		}
	}
}

// An unasked filter would break here: its guest has no on_query, and its Close was called.
func TestAChainDoesNotAskAboutQueriesWhereTheGuestDoesNot(t *testing.T) {
	m := w.Guest()
	m.Hook(abi.HookPrepare, nil, w.Unreachable)
	f := load(t, m.Build(), wasm.Options{})
	j := &coretest.Journal{}
	ch, err := coretest.Build(&core.Builder{Observe: func(_, link, _ string) core.Observer {
		return coretest.Observer{Link: link, Journal: j}
	}}, coretest.Link{Name: "rule", Filter: open{f}})
	if err != nil {
		t.Fatal(err)
	}
	defer ch.Discard()
	command(ch, session(), core.Query, "SELECT 1")
	if lines := j.Take(); len(lines) != 0 {
		t.Errorf("a query asked %q", lines)
	}
	command(ch, session(), core.Prepare, "SELECT 1")
	if lines := j.Take(); len(lines) != 1 || lines[0] != "rule broke" {
		t.Errorf("a prepare asked %q", lines)
	}
}

func TestEachVerdictDoesWhatItSays(t *testing.T) {
	const at = w.GuestFree
	for _, c := range []struct {
		name    string
		verdict func(m *w.Module) w.Code
		says    string
		sql     string // afterwards, if it is another
		pool    string
		backend string
	}{
		{"pass", func(m *w.Module) w.Code { return w.I64(0) }, "go on", "", "", ""},
		{"disconnect", func(m *w.Module) w.Code {
			m.Data(at, "\x51\x04HY000bye")
			return w.Verdict(abi.OpDisconnect, at, 10)
		}, "disconnect bye", "", "", ""},
		{"rewrite", func(m *w.Module) w.Code { return rewrite(m, at, "SELECT 2") }, "go on", "SELECT 2", "", ""},
		{"pool", func(m *w.Module) w.Code { return route(m, at, abi.RoutePool, "readers") }, "go on", "", "readers", ""},
		{"backend", func(m *w.Module) w.Code { return route(m, at, abi.RouteBackend, "db2") }, "go on", "", "", "db2"},
		{"no pool", func(m *w.Module) w.Code { return route(m, at, abi.RoutePool, "nowhere") },
			`deny dbmesh: filter "rule" failed: it routes to the pool "nowhere", which does not exist`, "", "", ""},
		{"no backend", func(m *w.Module) w.Code { return route(m, at, abi.RouteBackend, "db9") },
			`deny dbmesh: filter "rule" failed: it routes to the backend "db9", which the pool "main" does not have`, "", "", ""},
		{"ok", func(m *w.Module) w.Code { return ok(m, at) }, "ok", "", "", ""},
	} {
		m := w.Guest()
		m.Hook(abi.HookQuery, nil, c.verdict(m))
		f := load(t, m.Build(), wasm.Options{Grant: []string{abi.CapRoute, abi.CapReply}})
		ch, err := coretest.Build(&core.Builder{}, coretest.Link{Name: "rule", Filter: open{f}})
		if err != nil {
			t.Fatal(err)
		}
		v, cmd := command(ch, session(), core.Query, "SELECT 1")
		ch.Discard()
		if got := says(v); !strings.HasPrefix(got, c.says) {
			t.Errorf("%s: %s, want %s", c.name, got, c.says)
		}
		if want := strings.TrimSpace(c.sql); want != "" && string(cmd.Rewritten()) != want || want == "" && cmd.Rewritten() != nil {
			t.Errorf("%s: rewritten to %q", c.name, cmd.Rewritten())
		}
		if c.pool != "" && cmd.Pool != c.pool || c.pool == "" && cmd.Pool != "main" {
			t.Errorf("%s: goes to %q", c.name, cmd.Pool)
		}
		if c.backend != "" && (cmd.Backend == nil || cmd.Backend.Name != c.backend) || c.backend == "" && cmd.Backend != nil {
			t.Errorf("%s: goes to the backend %v", c.name, cmd.Backend)
		}
	}
}

func TestAVerdictNeedsItsCapability(t *testing.T) {
	for name, verdict := range map[string]func(m *w.Module) w.Code{
		abi.CapRoute: func(m *w.Module) w.Code { return route(m, w.GuestFree, abi.RoutePool, "readers") },
		abi.CapReply: func(m *w.Module) w.Code { return ok(m, w.GuestFree) },
	} {
		m := w.Guest()
		m.Hook(abi.HookQuery, nil, verdict(m))
		v, c := ask(t, load(t, m.Build(), wasm.Options{}), "SELECT 1")
		if !strings.Contains(says(v), "deny ") || !strings.Contains(says(v), name) || c.Pool != "main" {
			t.Errorf("without %s: %s, pool %s", name, says(v), c.Pool)
		}
	}
}

func TestAFilterSwitchesPoolsOnlyIfItMayAndIsAsked(t *testing.T) {
	for _, c := range []struct {
		hook  abi.Hook
		grant []string
		want  bool
	}{
		{abi.HookQuery, []string{abi.CapRoute}, true}, {abi.HookQuery, nil, false},
		{abi.HookSession, []string{abi.CapRoute}, false}, {abi.HookExecute, []string{abi.CapRoute}, true},
	} {
		m := w.Guest()
		m.Hook(c.hook, nil, w.I64(0))
		if got := load(t, m.Build(), wasm.Options{Grant: c.grant}).SwitchesPools(); got != c.want {
			t.Errorf("%v with %q: %v", c.hook, c.grant, got)
		}
	}
}

func TestOnSessionLeadsALoginToAPool(t *testing.T) {
	m := w.Guest()
	m.Hook(abi.HookSession, nil, route(m, w.GuestFree, abi.RoutePool, "readers"))
	s := session()
	ch := chain(t, load(t, m.Build(), wasm.Options{Grant: []string{abi.CapRoute}}))
	if v := ch.Connect(context.Background(), s); says(v) != "go on" || s.Pool != "readers" {
		t.Errorf("%s, pool %s", says(v), s.Pool)
	}
}

func TestAGuestThatUsesUpItsFuelIsDeniedByName(t *testing.T) {
	m := w.Guest()
	m.Hook(abi.HookQuery, nil, w.Loop(w.Br(0)), w.Unreachable)
	f := load(t, m.Build(), wasm.Options{Fuel: 300_000})
	if f.Slow() {
		t.Error("it is slow before it was asked")
	}
	v, _ := ask(t, f, "SELECT 1")
	if got := says(v); !strings.Contains(got, "out of fuel") || !strings.Contains(got, "300000") {
		t.Error(got)
	}
	if !f.Slow() {
		t.Error("it is not slow afterwards")
	}
}

func TestAMonitorTellsAndDoesNotAct(t *testing.T) {
	f := load(t, denies("delete", "no"), wasm.Options{Monitor: true})
	if v, _ := ask(t, f, "DELETE FROM t"); says(v) != "go on" {
		t.Error(says(v))
	}
	m := w.Guest()
	m.Hook(abi.HookQuery, nil, w.Unreachable)
	f = load(t, m.Build(), wasm.Options{Monitor: true, Grant: []string{abi.CapRoute}})
	if v, _ := ask(t, f, "SELECT 1"); says(v) != "go on" || f.SwitchesPools() {
		t.Errorf("a monitor that breaks: %s", says(v))
	}
}

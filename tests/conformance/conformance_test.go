// Package conformance has one filter, written in each language that there is an SDK for, go
// through the same cases on dbmesh's own host: verdicts, answers of host functions, log lines
// and metrics have to be the same. filter-sdk/conformance/README.md says what the filter understands.
package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/guest"
	"github.com/dbmesh/dbmesh/filters/wasm/service"
)

var update = flag.Bool("update", false, "write what the filter in Go does into the cases")

func TestFiltersInAllLanguagesDoTheSame(t *testing.T) {
	for _, l := range languages() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			programs := readCases(t)
			source, err := os.ReadFile(filepath.Join(sdk, "conformance", l.name, l.source))
			if err != nil {
				t.Fatal(err)
			}
			module := build(t, l, source)
			compiler := newCompiler(t)
			for _, p := range programs {
				t.Run(p.Name, func(t *testing.T) { p.run(t, compiler, module, *update && l.name == "go") })
			}
			if *update && l.name == "go" {
				writeCases(t, programs)
			}
		})
	}
}

func newCompiler(t *testing.T) *guest.Compiler {
	t.Helper()
	compiler, err := guest.NewCompiler(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return compiler
}

// run loads the module and asks it all that the cases ask. With write, what it does becomes
// what is wanted.
func (p *program) run(t *testing.T, compiler *guest.Compiler, module []byte, write bool) {
	seen := &record{time: time.UnixMilli(1_750_000_000_000)}
	grants := p.Grants
	if grants == nil {
		grants = abi.Capabilities()
	}
	var config bytes.Buffer // without the blanks of the file
	if p.Config != nil {
		if err := json.Compact(&config, p.Config); err != nil {
			t.Fatal(err)
		}
	}
	loaded, err := guest.Load(t.Context(), guest.Options{
		Name: "conformance", Module: module, Grants: grants, Config: config.Bytes(),
		// Fuel is not compared here; a call may take what the language needs.
		Limits:   guest.Limits{Fuel: 50_000_000, Instances: 1, LogLines: 1 << 30},
		Compiler: compiler, Budget: guest.NewBudget(0), Log: slog.New(seen),
		Store: service.NewStore(service.Bounds{}, seen.now), Metrics: seen, Clock: seen.now,
	})
	got := outcome{Events: seen.take()}
	if err != nil {
		got.Error = err.Error()
	}
	p.Load.compare(t, "load", got, write)
	if err != nil {
		return
	}
	sessions, states := make([]*core.Session, 4), make([]guest.State, 4)
	for i := range sessions {
		sessions[i] = newSession(i)
	}
	var call guest.Call
	for _, c := range p.Cases {
		s := sessions[c.Session]
		s.Commands++
		seen.advance(c.Advance)
		c.fill(&call, s, &states[c.Session])
		err := loaded.Call(t.Context(), c.hook(), c.arg(), &call)
		c.Want.compare(t, c.Name, answered(t, &call, err, hooked(seen.take())), write)
	}
	closed(t, loaded)
}

// answered is the outcome of a call. Of a panic only what the filter wrote before counts: how
// it breaks is the language's own matter, but it has to say why.
func answered(t *testing.T, c *guest.Call, err error, events []string) outcome {
	t.Helper()
	if err == nil {
		return outcome{Verdict: tell(&c.Verdict), Events: events}
	}
	var fault *guest.Fault
	if !errors.As(err, &fault) {
		t.Fatal(err)
	}
	panicked := slices.IndexFunc(events, func(e string) bool { return strings.Contains(e, "panic") })
	if panicked >= 0 {
		if !strings.Contains(strings.Join(events, "\n"), "conf: panic") {
			t.Errorf("a panic left no line with its text, but %q", events)
		}
		events = events[:panicked]
	} else if fault.Kind == guest.Trap {
		t.Error("a trap left no line")
	}
	return outcome{Fault: fault.Kind.String(), Events: events}
}

// hooked are the events of a hook, without those of an instance that was made in the place of a
// broken one.
func hooked(events []string) []string {
	return slices.DeleteFunc(events, func(e string) bool { return strings.HasPrefix(e, "DEBUG config ") })
}

func (o *outcome) compare(t *testing.T, name string, got outcome, write bool) {
	t.Helper()
	if len(got.Events) == 0 {
		got.Events = nil
	}
	if write {
		*o = got
		return
	}
	if !o.equal(got) {
		t.Errorf("%s:\n got %+v\nwant %+v", name, got, *o)
	}
}

func closed(t *testing.T, p *guest.Program) {
	t.Helper()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	select {
	case <-p.Done():
	case <-time.After(time.Minute):
		t.Error("the program does not end")
	}
}

func TestCasesAskForEachHookAndGiveEachVerdict(t *testing.T) {
	hooks, verdicts := map[string]bool{}, map[string]bool{}
	for _, p := range readCases(t) {
		for _, c := range p.Cases {
			hooks[c.Hook] = true
			word, _, _ := strings.Cut(c.Want.Verdict, " ")
			verdicts[strings.TrimSuffix(word, ",")] = true
		}
	}
	for _, hook := range abi.HookNames() {
		if !hooks[hook] {
			t.Errorf("no case for %s", hook)
		}
	}
	for _, verdict := range []string{"pass", "deny", "rewrite", "route", "reply", "ok", "disconnect", "both", "mask"} {
		if !verdicts[verdict] {
			t.Errorf("no case gives %s", verdict)
		}
	}
}

func TestTheExamplesOfTheREADMEsDenyAndRewrite(t *testing.T) {
	for _, l := range languages()[1:] {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			code := example(t, l)
			if n := strings.Count(string(code), "\n"); n > 22 {
				t.Errorf("the example has %d lines", n)
			}
			loaded, err := guest.Load(context.Background(), guest.Options{Name: "example", Module: build(t, l, code),
				Grants: guest.BareGrants(), Compiler: newCompiler(t), Budget: guest.NewBudget(0)})
			if err != nil {
				t.Fatal(err)
			}
			defer closed(t, loaded)
			for sql, want := range map[string]string{
				"DELETE FROM t":             "deny 1105 HY000 write without WHERE is blocked",
				"DELETE FROM t WHERE a = 1": "pass",
				"SELECT a FROM orders_old":  "rewrite to SELECT a FROM orders",
				"SELECT a FROM t":           "pass",
			} {
				call, err := query(t, loaded, sql)
				if err != nil || tell(&call.Verdict) != want {
					t.Errorf("%s: %s (%v), want %s", sql, tell(&call.Verdict), err, want)
				}
				t.Logf("%s: %d fuel", sql, call.Fuel)
			}
		})
	}
}

// query asks about a statement in a session of its own.
func query(t *testing.T, p *guest.Program, sql string) (*guest.Call, error) {
	t.Helper()
	call := new(guest.Call)
	(&testCase{Hook: "on_query", SQL: sql}).fill(call, newSession(0), new(guest.State))
	return call, p.Call(t.Context(), abi.HookQuery, 0, call)
}

// withStandardLibrary counts words in a map, and panics when it is told to.
const withStandardLibrary = `
use dbmesh::{deny, utf8, Call, Verdict};
use std::collections::BTreeMap;

dbmesh::filter! { std; on_query: check }

fn check(call: &Call) -> Verdict {
    let sql = utf8(call.sql().unwrap_or(b"")).to_lowercase();
    let mut words: BTreeMap<String, usize> = BTreeMap::new();
    for word in sql.split(' ') {
        *words.entry(word.to_string()).or_insert(0) += 1;
    }
    assert!(!words.contains_key("panic"), "told to: {}", sql);
    deny(1105, "HY000", &format!("{:?}", words))
}
`

func TestARustFilterMayUseTheStandardLibrary(t *testing.T) {
	t.Parallel()
	i := slices.IndexFunc(languages(), func(l language) bool { return l.name == "rust" })
	seen := new(record)
	loaded, err := guest.Load(t.Context(), guest.Options{Name: "std", Module: build(t, languages()[i], []byte(withStandardLibrary)),
		Grants: guest.BareGrants(), Compiler: newCompiler(t), Budget: guest.NewBudget(0), Log: slog.New(seen)})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, loaded)
	const want = `deny 1105 HY000 {"1": 1, "select": 2}`
	if call, err := query(t, loaded, "SELECT 1 select"); err != nil || tell(&call.Verdict) != want {
		t.Errorf("%s (%v), want %s", tell(&call.Verdict), err, want)
	}
	var fault *guest.Fault
	_, err = query(t, loaded, "SELECT panic")
	if lines := strings.Join(seen.take(), "\n"); !errors.As(err, &fault) || !strings.Contains(lines, "ERROR") || !strings.Contains(lines, "told to: select panic") {
		t.Errorf("a panic ends in %v and leaves %q", err, lines)
	}
}

package manifest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/filters/wasm/manifest"
)

func TestAManifestIsReadWhole(t *testing.T) {
	m, err := manifest.Parse("x", []byte(`
name: rule
version: 1.0.0
abi: dbmesh_v1
description: d
author: a
hooks: [on_query, on_tick]
capabilities: [kv, rate]
limits: {fuel: 50000, memory: 8MiB, instances: 2, tick: 30s}
config:
  limit: {type: integer, default: 3, min: 1, max: 9, doc: how many}
  mode: {type: string, one_of: [a, b], required: true}
  names: {type: list, of: string}
cases:
- {name: n, sql: DELETE FROM t, user: u, schema: s, want: deny, code: 1105, max_fuel: 1000}
`))
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "rule" || len(m.Hooks) != 2 || strings.Join(m.Asks(), " ") != "kv rate" || m.Limits.Fuel != 50000 || m.Limits.Memory != 8<<20 ||
		time.Duration(m.Limits.Tick) != 30*time.Second || len(m.Config) != 3 || len(m.Cases) != 1 || m.Cases[0].Want != "deny" || m.Cases[0].MaxFuel != 1000 {
		t.Errorf("%+v", m)
	}
	if m, err = manifest.Parse("x", nil); err != nil || m.Config != nil || m.Hooks != nil {
		t.Errorf("of nothing: %+v, %v", m, err)
	}
}

func TestMistakesInAManifestAreToldWithTheirLine(t *testing.T) {
	for text, want := range map[string]string{
		"name: a\nnaem: b":                           `x: line 2: unknown key "naem"`,
		"name: a\nhooks: [on_fire]":                  `x: line 2: there is no hook "on_fire", only on_session`,
		"capabilities:\n- sql\n- root":               `x: line 3: there is no capability "root"`,
		"limits:\n  fuel: -1":                        "x: line 2: \"-1\" is no number",
		"limits:\n  memory: 8":                       "x: line 2: \"8\" is not a size",
		"limits:\n  tick: 5":                         "x: line 2: \"5\" is no duration",
		"limits:\n  instances: many":                 "x: line 2: a str `many` does not fit here",
		"config:\n  a: {type: date}":                 `x: config.a: there is no type "date"`,
		"config:\n  a: {type: string, of: any}":      "x: config.a: of is for lists and maps",
		"config:\n  a: {type: integer, default: x}":  "x: config.a: its default is x, want a value of the type integer",
		"config:\n  a: {required: true, default: 1}": "x: config.a: it is required and has a default",
		"config:\n  a: {typ: string}":                `x: line 2: unknown key "typ"`,
		"cases:\n- sql: x\n  want: maybe":            `x: line 3: there is no verdict "maybe"`,
		"abi: dbmesh_v2":                             `x: abi is "dbmesh_v2"`,
		"limits: {tick: 1ns}":                        "x: limits.tick is 1ns, want at least 10ms",
		"cases: [" + strings.Repeat("{sql: x},", manifest.MaxCases+1) + "]": "x: it has 101 cases, more than 100",
		"name: a\n---\nname: b":                 "x: line 2: a second document",
		"name: [":                               "x: line 1",
		strings.Repeat("#", manifest.MaxSize+1): "x: it has 262145 bytes",
	} {
		if _, err := manifest.Parse("x", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.60q: %v, want %s", text, err, want)
		}
	}
}

func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func TestManifestsThatAreHardToReadAreReadOrRefusedSoon(t *testing.T) {
	lists := "config:\n  a:\n    default:\n    - &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 9 {
		lists += fmt.Sprintf("    - &a%d [%s]\n", i+1, strings.Repeat(fmt.Sprintf("*a%d,", i), 10))
	}
	for name, text := range map[string]string{
		"a billion elements": lists,
		"brackets":           "config: " + strings.Repeat("[", 200_000),
		"braces":             "config: " + strings.Repeat("{a: ", 60_000),
		"dashes":             strings.Repeat("- ", 100_000),
		"question marks":     strings.Repeat("? ", 100_000),
		"quotes":             "name: \"" + strings.Repeat("\\n", 100_000),
		"tags":               strings.Repeat("!!str ", 40_000),
		"many keys":          "config:\n" + strings.Repeat("  a: {}\n", 30_000),
		"many other keys":    "config:\n" + numbered("  a%d: {type: x}\n", 5000),
		"more other keys":    "config: {" + numbered("a%d: 1,", 20_000) + "}",
		"unknown keys":       numbered("a%d: 1\n", 5000),
	} {
		begin := time.Now()
		_, err := manifest.Parse("x", []byte(text))
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%s took %v (%.80v)", name, took, err)
		}
		if err == nil {
			t.Errorf("%s was read", name)
		} else if len(err.Error()) > 10_000 {
			t.Errorf("%s: the error has %d bytes", name, len(err.Error()))
		}
	}
}

func TestSettingsAreWhatJSONCanHold(t *testing.T) {
	s, err := manifest.ParseSettings("x", []byte("a: 1\nb: [x, {c: 1.5}]\nday: 2026-11-22\n7: true\n"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(s.Values)
	if want := `{"7":true,"a":1,"b":["x",{"c":1.5}],"day":"2026-11-22"}`; err != nil || string(out) != want {
		t.Errorf("%s, %v; want %s", out, err, want)
	}
	if s.Line("day") != 3 || s.Line("none") != 0 {
		t.Errorf("lines %d and %d", s.Line("day"), s.Line("none"))
	}
	for text, want := range map[string]string{
		"a: &x 1\nb: *x":   "x: line 1: anchors",
		"a: 1\nb: !!str 2": "x: line 2: tags",
		"a: .nan":          "x: line 1: .nan is no number",
		"a: 1\n? [b]\n: c": "x: line 2: a key is a plain word",
		"- a":              "x: line 1: want keys and values",
		"a: 1\na: 2":       "x: line 2",
		"a: [":             "x: line",
	} {
		if s, err := manifest.ParseSettings("x", []byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, %v; want %s", text, s, err, want)
		}
	}
	for _, text := range []string{"", "# nothing\n", "null"} {
		if s, err := manifest.ParseSettings("x", []byte(text)); err != nil || len(s.Values) != 0 {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
}

func TestLayersWinFromBelow(t *testing.T) {
	s := manifest.Schema{"a": {Default: 1}, "b": {Default: 2}, "c": {Required: true}}
	got, err := s.Complete(map[string]any{"b": 3, "c": 4}, map[string]any{"c": 5})
	if err != nil || got["a"] != 1 || got["b"] != 3 || got["c"] != 5 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := s.Complete(nil, nil); err == nil {
		t.Error("a required setting is missing and nobody minds")
	}
}

// The manifests that come with dbmesh are right.
func TestTheExamplesManifestsAreRead(t *testing.T) {
	paths, err := filepath.Glob("../../../examples/filters/*/filter.yaml")
	if err != nil || len(paths) < 6 {
		t.Fatalf("%d manifests, %v", len(paths), err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if m, err := manifest.Parse(path, text); err != nil || m.Name != filepath.Base(filepath.Dir(path)) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/config"
)

const (
	listed  = "{kind: auth, mode: list, users: [{name: app, password: x}]}, {kind: balancer}"
	relayed = "{kind: auth}, {kind: balancer}"
	routed  = "{kind: auth, mode: list, users: [{name: app, password: x}]}, {kind: router, rules: [{when: {read_safe: true}, pool: two}]}, {kind: balancer}"
	begun   = "{kind: auth}, {kind: router, rules: [{when: {user: 'batch*'}, pool: two}]}, {kind: balancer}"
)

// What is put in stands in lines 5 and 8.
func twoPools(one, two, links string) string {
	return strings.NewReplacer("ONE", one, "TWO", two, "LINKS", links).Replace(`listeners: [{name: in, address: "127.0.0.1:0", pool: one, chain: c}]
pools:
  - name: one
    backends: [{address: "127.0.0.1:1"}]
    ONE
  - name: two
    backends: [{address: "127.0.0.1:2"}]
    TWO
chains:
  - name: c
    links: [LINKS]
`)
}

func TestCheckWarnsOfPoolingThatCanNotBe(t *testing.T) {
	const (
		shares   = "pooling: {mode: transaction, max: 5}"
		both     = "pooling: {mode: session, max: 5, linger: 2s}"
		silent   = "pooling: {mode: session}"
		noEffect = "has no effect with pooling.mode session"
	)
	for name, c := range map[string]struct {
		one, two, links string
		want            []string // the beginning of each warning, and a part of it
	}{
		"nothing is said":                        {"", silent, listed, nil},
		"passthrough is all that is wrong":       {shares, "", relayed, []string{"dbmesh.yaml:5: pools[0].pooling.mode: |auth mode passthrough"}},
		"logins are listed":                      {shares, "", listed, nil},
		"keys of sharing without it":             {both, "", listed, []string{"dbmesh.yaml:5: pools[0].pooling.linger: |" + noEffect + ", nor has pooling.max"}},
		"variables without sharing":              {"variables: [{name: a, value: 1}]", "", listed, []string{"dbmesh.yaml:5: pools[0].variables: |" + noEffect}},
		"sessions that share never go there":     {shares, both, listed, []string{"dbmesh.yaml:8: pools[1].pooling.linger: |" + noEffect + ", nor has pooling.max"}},
		"sessions that share are sent there":     {shares, both, routed, nil},
		"sessions that don't share are":          {silent, both, routed, []string{"dbmesh.yaml:8: pools[1].pooling.linger: |" + noEffect + ", nor has pooling.max"}},
		"a rule has sessions begin elsewhere":    {"", shares, begun, []string{"dbmesh.yaml:8: pools[1].pooling.mode: |auth mode passthrough"}},
		"a variable twice, in letters of a sort": {"pooling: {mode: transaction}\n    variables: [{name: sql_mode, value: 1}, {name: x, value: 2}, {name: SQL_Mode, value: 3}]", "", listed, []string{"dbmesh.yaml:6: pools[0].variables[2].name: |variables[0] sets sql_mode already"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Chdir(dir)
			if err := os.WriteFile("dbmesh.yaml", []byte(twoPools(c.one, c.two, c.links)), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, errs bytes.Buffer
			if status := check([]string{"--config", "dbmesh.yaml"}, &out, &errs); status != exitOK {
				t.Fatalf("status %d: %s", status, errs.String())
			}
			got := slices.DeleteFunc(strings.Split(errs.String(), "\n"), func(line string) bool { return line == "" })
			if len(got) != len(c.want) {
				t.Fatalf("%d warnings, want %d: %q", len(got), len(c.want), got)
			}
			for i, want := range c.want {
				begins, has, _ := strings.Cut(want, "|")
				if !strings.HasPrefix(got[i], "warning: "+begins) || !strings.Contains(got[i], has) {
					t.Errorf("%q, want one that begins %q and says %q", got[i], begins, has)
				}
			}
		})
	}
}

func TestTheLogHasTheWarningsOfEachConfigThatComesIntoForce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dbmesh.yaml")
	write := func(keys string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(twoPools(keys, "", listed)+"loops: 1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("pooling: {mode: transaction}")
	src := config.Source{Path: path}
	cfg, err := config.Load(src)
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	a, err := newApp(slog.New(slog.NewTextHandler(&said, nil)), src, cfg)
	if err != nil {
		t.Fatal(err)
	}
	write("pooling: {mode: session, max: 5}")
	a.reload()
	a.close()
	if text := said.String(); strings.Count(text, "warning=") != 1 || !strings.Contains(text, "pools[0].pooling.max: has no effect") {
		t.Errorf("the log:\n%s", text)
	}
}

// What is shown to copy is meant as it is.
func TestTheConfigsThatAreShippedHaveNoWarnings(t *testing.T) {
	paths, err := filepath.Glob("../../configs/*.yaml")
	if err != nil || len(paths) < 3 {
		t.Fatalf("%d configs, %v", len(paths), err)
	}
	loaded := 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Load(config.Source{Path: path, Text: text})
		if err != nil {
			continue // it names secrets that are not there; configs has a test that reads it with them
		}
		loaded++
		if w := append(unshared(cfg), idle(cfg)...); len(w) > 0 {
			t.Errorf("%s: %q", path, w)
		}
	}
	if loaded < 2 {
		t.Errorf("%d configs were read", loaded)
	}
}

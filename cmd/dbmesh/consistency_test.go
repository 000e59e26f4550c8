package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckWarnsOfConsistencyThatNobodyCanAskFor(t *testing.T) {
	const text = `
listeners: [{address: "127.0.0.1:0", pool: writers}]
pools:
  - {name: writers, backends: [{address: "127.0.0.1:1"}], control: {user: dbmesh}}
  - {name: readers, backends: [{address: "127.0.0.1:2"}]CONTROL}
chains:
  - name: default
    links:
      - {kind: auth, mode: list, users: [{name: app, password: x}]}
      - {kind: router, rules: [{when: {read_safe: true}, pool: readersLEVEL}]}
`
	for _, c := range []struct {
		control, level string
		warns          bool
	}{
		{"", "", false},
		{"", ", consistency: off", false},
		{"", ", consistency: session", true},
		{", control: {user: dbmesh}", ", consistency: session", false},
	} {
		path := filepath.Join(t.TempDir(), "dbmesh.yaml")
		text := strings.NewReplacer("CONTROL", c.control, "LEVEL", c.level).Replace(text)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		if status := check([]string{"--config", path}, &out, &errs); status != exitOK {
			t.Fatalf("status %d: %s", status, errs.String())
		}
		if warned := strings.Contains(errs.String(), `pool "readers" has no control.user`); warned != c.warns || strings.Count(errs.String(), "warning") > 1 {
			t.Errorf("%+v: %s", c, errs.String())
		}
	}
}

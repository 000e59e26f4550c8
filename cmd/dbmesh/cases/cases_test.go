package cases_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/cases"
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
)

const whole = `
cases:
- name: a write without WHERE is denied
  sql: DELETE FROM orders
  want: {verdict: deny, code: 1105, state: HY000, message: WHERE, cacheable: true}
  max_fuel: 900
- name: a session
  session: {user: bob, address: 10.0.0.7, attributes: {program_name: cron}}
  steps:
  - hook: on_session
    want: pass
  - hook: on_execute
    sql: SELECT * FROM t WHERE a = ?
    params: [7, -1.5, "7", null, true, 2026-11-22, !!binary aGk=]
    columns: [id, {name: email, table: users, schema: app, type: varchar}]
    want: {masks: {email: {keep: [1, 4]}, id: null}}
    wait: 90s
  - hook: on_error
    session: {transaction: true}
    error: {code: 1062, state: "23000", message: Duplicate entry}
    want: {code: 1062, message: taken}
    log: [duplicate]
  - sql: SELECT a, b
    want: {columns: [a, b], rows: [[1, null], [x, ""]]}
- sql: SELECT 1
  want: {sql: SELECT 2, pool: readers}
config: {limit: 3}
grants: [kv, rate]
session: {schema: crm}
limits: {fuel: 100000, memory: 8MiB}
max_memory: 6MiB
server: {flavour: mysql, version: 8.0.36}
`

func TestAFileIsReadWhole(t *testing.T) {
	f, err := cases.Parse("cases.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Cases) != 3 || f.Config["limit"] != 3 || len(f.Grants) != 2 || f.Limits.Fuel != 100000 || f.Limits.Memory != 8<<20 || f.Server.Version != "8.0.36" {
		t.Fatalf("%+v", f)
	}
	first := f.Cases[0].Steps[0]
	if first.Hook != abi.HookQuery || first.MaxFuel != 900 || first.MaxMemory != 6<<20 || first.Session.User != "app" || first.Session.Schema != "crm" || !first.Session.Autocommit {
		t.Errorf("the first step is %+v", first)
	}
	if w := first.Want; w.Verdict != "deny" || w.Code != 1105 || w.State != "HY000" || w.Message != "WHERE" || w.Cacheable == nil || !*w.Cacheable || w.Line != 5 {
		t.Errorf("wants %+v", w)
	}
	steps := f.Cases[1].Steps
	if len(steps) != 4 || steps[0].Hook != abi.HookSession || steps[0].Session.User != "bob" || steps[0].Line != 10 {
		t.Fatalf("%+v", steps)
	}
	types := []core.ParamType{core.ParamInt, core.ParamFloat, core.ParamText, core.ParamNull, core.ParamInt, core.ParamTime, core.ParamBytes}
	for i, p := range steps[1].Params {
		if p.Type != types[i] {
			t.Errorf("parameter %d has type %d, want %d", i, p.Type, types[i])
		}
	}
	if p := steps[1].Params; string(p[0].Text) != "7" || string(p[4].Text) != "1" || string(p[6].Text) != "hi" {
		t.Errorf("parameters %q", p)
	}
	if c := steps[1].Answer.Columns; len(c) != 2 || c[0].Name != "id" || c[1].OrgTable != "users" || c[1].Type != 253 {
		t.Errorf("columns %+v", c)
	}
	expression, err := cases.Parse("f.yaml", []byte("cases: [{sql: x, columns: [{name: a+b, org_name: ''}]}]"))
	if err != nil || expression.Cases[0].Steps[0].Answer.Columns[0].OrgName != "" {
		t.Errorf("an expression has the origin of a column: %+v, %v", expression, err)
	}
	if w := steps[1].Want; w.Verdict != "mask" || w.Masks["email"] != (cases.Mask{By: core.MaskKeep, Exact: true, First: 1, Last: 4}) || w.Masks["id"].By != core.MaskNull || steps[1].Wait != 90*time.Second {
		t.Errorf("wants %+v", w)
	}
	if s := steps[2]; !s.Session.Transaction || s.Session.User != "bob" || s.Answer.Err.State != "23000" || s.Want.Verdict != "deny" || s.Want.Log[0] != "duplicate" {
		t.Errorf("the third step is %+v", s)
	}
	if s := steps[3]; !s.Session.Transaction || s.Want.Verdict != "reply" || s.Want.Reply.Rows[0][1] != nil || s.Want.Reply.Rows[1][1] == nil {
		t.Errorf("the fourth step is %+v", s)
	}
	if c := f.Cases[2]; c.Name != "SELECT 1" || c.Steps[0].Want.Verdict != "rewrite" || *c.Steps[0].Want.SQL != "SELECT 2" || c.Steps[0].Want.Pool != "readers" {
		t.Errorf("the third case is %+v", c)
	}
}

func TestEachMistakeIsToldWithLineAndKey(t *testing.T) {
	for _, tc := range []struct{ text, says string }{
		{"cases:\n- sqll: SELECT 1\n  sql: x\n", `f.yaml:2: cases[0].sqll: unknown key, want one of hook, sql,`},
		{"cases:\n- sql: x\n  want: denied\n", `f.yaml:3: cases[0].want: is "denied", want one of pass, deny,`},
		{"cases:\n- sql: x\n  want: {verdict: pass, code: 3}\n", "f.yaml:3: cases[0].want.code: does not go with the verdict pass, only with deny, disconnect"},
		{"cases:\n- sql: x\n  want: {code: 70000}\n", "f.yaml:3: cases[0].want.code: is \"70000\", want a whole number from 1 to 65535"},
		{"cases:\n- sql: x\n  max_fuel: lots\n", `f.yaml:3: cases[0].max_fuel: is "lots", want a whole number from 0 on`},
		{"cases:\n- sql: x\n  max_memory: 8\n", `f.yaml:3: cases[0].max_memory: is "8", want a size with its unit`},
		{"cases:\n- sql: x\n  wait: 8\n", `f.yaml:3: cases[0].wait: is "8", want a duration with its unit`},
		{"cases:\n- sql: x\n  session: {tls: perhaps}\n", `f.yaml:3: cases[0].session.tls: is "perhaps", want true or false`},
		{"cases:\n- sql: x\n  session: {address: home}\n", `f.yaml:3: cases[0].session.address: is "home", want an address`},
		{"cases:\n- sql: x\n  params: [1]\n", "f.yaml:2: cases[0].params: go with hook: on_execute"},
		{"cases:\n- hook: on_querry\n", `f.yaml:2: cases[0].hook: is "on_querry", want one of on_session,`},
		{"cases:\n- hook: on_columns\n", "f.yaml:2: cases[0].columns: is missing"},
		{"cases:\n- hook: on_error\n", "f.yaml:2: cases[0].error: is missing"},
		{"cases:\n- hook: on_tick\n  error: 7\n", "f.yaml:2: cases[0].error: does not go with on_tick"},
		{"cases:\n- {}\n", "f.yaml:2: cases[0].sql: is missing"},
		{"cases:\n- sql: x\n  steps: [{sql: y}]\n", "f.yaml:2: cases[0]: has sql or want beside steps"},
		{"cases:\n- steps:\n  - sql: y\n    columns: [{name: a, type: strng}]\n", `f.yaml:4: cases[0].steps[0].columns[0].type: is "strng", want a column's type`},
		{"cases:\n- sql: x\n  error: {message: m}\n", "f.yaml:3: cases[0].error.code: is missing"},
		{"cases:\n- sql: x\n  error: {code: 7, state: HY}\n", "f.yaml:3: cases[0].error.state: is \"HY\", want five"},
		{"cases:\n- sql: x\n  error: 7\n  columns: [a]\n", "f.yaml:2: cases[0].error: stands beside columns"},
		{"cases:\n- sql: x\n  want: {masks: {a: blank}}\n", `f.yaml:3: cases[0].want.masks.a: is "blank", want null, hash`},
		{"cases:\n- sql: x\n  columns: [7, [a]]\n", `f.yaml:3: cases[0].columns[1]: is a list, want keys`},
		{"cases:\n- sql: x\n- sql: x\n", `f.yaml:3: cases[1].name: "x" is the name of the case in line 2 too`},
		{"cases:\n- sql: x\n  sql: y\n", `f.yaml:3: cases[0].sql: stands here twice`},
		{"grants: [kv, files]\ncases: [{sql: x}]\n", `f.yaml:1: grants[1]: is "files", want one of`},
		{"cases: x\n", `f.yaml:1: cases: is "x", want a list`},
		{"cases: []\n", "f.yaml: cases: there is none"},
		{"- sql: x\n", "f.yaml:1: is a list, want keys and values"},
		{"cases:\n- sql: 'x\n", "f.yaml:"},
		{"", "f.yaml: is empty"},
	} {
		_, err := cases.Parse("f.yaml", []byte(tc.text))
		if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.HasPrefix(err.Error(), "f.yaml:") {
			t.Errorf("%s says %v, want %s", tc.text, err, tc.says)
		}
		var all cases.Problems
		if !errors.As(err, &all) {
			t.Errorf("%s: the error is a %T", tc.text, err)
		}
	}
}

func TestAllMistakesAreToldAtOnceInTheirOrder(t *testing.T) {
	_, err := cases.Parse("f.yaml", []byte("cases:\n- sql: x\n  want: no\n- sqll: y\ngrants: [a]\n"))
	var all cases.Problems
	if !errors.As(err, &all) || len(all) != 4 {
		t.Fatalf("%v", err)
	}
	for i := 1; i < len(all); i++ {
		if all[i].Line < all[i-1].Line {
			t.Errorf("not by line: %v", err)
		}
	}
}

func TestAFileIsReadFromItsPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), cases.FileName)
	if _, err := cases.Load(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an absent file: %v", err)
	}
	if err := os.WriteFile(path, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	if f, err := cases.Load(path); err != nil || f.Path != path {
		t.Errorf("%v, %v", f, err)
	}
}

func FuzzNoFileIsTooOdd(f *testing.F) {
	f.Add(whole)
	f.Add("cases: [&a {sql: x}, *a]")
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = cases.Parse("f.yaml", []byte(text))
	})
}

func TestTheCasesThatAreDocumentedAreRight(t *testing.T) {
	block := regexp.MustCompile("(?s)```yml\n(.*?)```")
	shown := 0
	for _, page := range []string{"filter-cli.md", "first-filter.md"} {
		text, err := os.ReadFile(filepath.Join("../../../docs", page))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range block.FindAllStringSubmatch(string(text), -1) {
			shown++
			if _, err := cases.Parse(page, []byte(m[1])); err != nil {
				t.Error(err)
			}
		}
	}
	if shown < 2 {
		t.Errorf("only %d files of cases are shown", shown)
	}
}

// The page has each key that a file may have, and the reader takes each that it tells of.
func TestThePageHasTheKeysOfTheReader(t *testing.T) {
	text, err := os.ReadFile("../../../docs/filter-cli.md")
	if err != nil {
		t.Fatal(err)
	}
	for where, wrong := range map[string]string{
		"file": "x: 1", "step": "cases: [{x: 1}]", "want": "cases: [{sql: y, want: {x: 1}}]", "session": "session: {x: 1}",
	} {
		_, err := cases.Parse("f", []byte(wrong))
		if err == nil {
			t.Fatalf("%s: an unknown key is taken", where)
		}
		_, list, _ := strings.Cut(err.Error(), "want one of ")
		list, _, _ = strings.Cut(list, "\n")
		for key := range strings.SplitSeq(list, ", ") {
			if !strings.Contains(string(text), "`"+key+"`") {
				t.Errorf("%s: docs/filter-cli.md does not tell of %s", where, key)
			}
		}
	}
}

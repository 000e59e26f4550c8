package lab

import (
	"context"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/cases"
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm"
	"github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestVariantsAreTheSameStatementWithOtherLiterals(t *testing.T) {
	l, err := New("", cases.Server{})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, v := range l.variants([]byte("SELECT * FROM t WHERE a = 7 AND b = 'it''s' AND c = x'4142'")) {
		all = append(all, string(v))
	}
	if len(all) != 3 || !slices.ContainsFunc(all, func(v string) bool { return strings.Contains(v, "a = 424242 AND b = 'zq''  7' AND c = x'4142'") }) {
		t.Errorf("%q", all)
	}
	for _, sql := range []string{"SELECT a FROM t", "SELECT 'x", "COMMIT"} {
		if v := l.variants([]byte(sql)); v != nil {
			t.Errorf("%s: %q", sql, v)
		}
	}
	if _, err := New("", cases.Server{Flavour: "oracle"}); err == nil || !strings.Contains(err.Error(), "oracle") {
		t.Errorf("an unknown server: %v", err)
	}
}

// A module longer than usual has other caps, by which compiled code is found.
func TestWhatIsCompiledAheadIsFoundByALoad(t *testing.T) {
	for _, size := range []int{0, 5 << 20} {
		m := wasmtest.Guest()
		m.Hook(abi.HookQuery, nil, wasmtest.I64(0))
		m.Custom("padding", strings.Repeat("x", size))
		l, err := New(t.TempDir(), cases.Server{})
		if err != nil {
			t.Fatal(err)
		}
		if hit, err := l.Compile(context.Background(), m.Build()); hit || err != nil {
			t.Fatalf("%d bytes: hit %v, error %v", size, hit, err)
		}
		f, r, err := wasm.Load(context.Background(), wasm.Source{Name: "rule", Module: m.Build()},
			wasm.Options{ModuleSize: 8 << 20}, wasm.Deps{Compiler: l.compiler, Budget: l.budget})
		if err != nil {
			t.Fatal(err)
		}
		if !r.Cached {
			t.Errorf("%d bytes more: the module is compiled again", size)
		}
		_ = f.Close()
	}
}

func TestOutcomesAreComparedWithWhatIsWanted(t *testing.T) {
	text := func(s string) *string { return &s }
	columns := []core.Column{{Name: "a"}, {Name: "b"}}
	for _, tc := range []struct {
		want cases.Want
		got  Outcome
		says string // "" if all is as it is wanted
	}{
		{cases.Want{}, Outcome{Verdict: "deny", Err: &core.Error{Code: 7}}, ""},
		{cases.Want{Verdict: "fault", Message: "fuel"}, Outcome{Verdict: "fault", Fault: "out of fuel"}, ""},
		{cases.Want{Verdict: "fault", Message: "memory"}, Outcome{Verdict: "fault", Fault: "out of fuel"}, `which has no "memory"`},
		{cases.Want{}, Outcome{Verdict: "fault", Fault: "out of fuel"}, "the filter broke: out of fuel"},
		{cases.Want{Verdict: "rewrite", SQL: text("SELECT 2")}, Outcome{Verdict: "rewrite", Rewrite: []byte("SELECT 3")}, `becomes "SELECT 3", want "SELECT 2"`},
		{cases.Want{Verdict: "route", Pool: "readers"}, Outcome{Verdict: "rewrite", Rewrite: []byte("x"), Pool: "readers"}, ""},
		{cases.Want{Verdict: "route", Pool: "readers"}, Outcome{Verdict: "route", Pool: "writers"}, `the pool "writers", want "readers"`},
		{cases.Want{Verdict: "route", Backend: "b1"}, Outcome{Verdict: "route", Backend: "b2"}, `the backend "b2", want "b1"`},
		{cases.Want{State: "42000"}, Outcome{Verdict: "deny", Err: &core.Error{State: "HY000"}}, "state is HY000, want 42000"},
		{cases.Want{Reply: &core.Reply{Rows: [][][]byte{{nil}}}}, Outcome{Verdict: "reply", Reply: &core.Reply{Columns: []string{"a"}, Rows: [][][]byte{{{}}}}}, "the reply has the rows"},
		{cases.Want{Verdict: "ok", Reply: &core.Reply{Affected: 2}}, Outcome{Verdict: "ok", Reply: &core.Reply{Affected: 1}}, "1 affected"},
		{cases.Want{Masks: map[string]cases.Mask{"a": {By: core.MaskHash}}}, Outcome{Verdict: "mask", Masks: []core.Mask{{Column: 1}}}, "the column a is not masked"},
		{cases.Want{Masks: map[string]cases.Mask{"a": {By: core.MaskHash}}}, Outcome{Verdict: "mask", Masks: []core.Mask{{Column: 0, By: core.MaskKeep}}}, "masked by keep, want hash"},
		{cases.Want{Masks: map[string]cases.Mask{}}, Outcome{Verdict: "mask", Masks: []core.Mask{{Column: 1}}}, "the column b is masked by null, want it as it is"},
		{cases.Want{Masks: map[string]cases.Mask{"a": {By: core.MaskKeep, Exact: true, First: 1}}}, Outcome{Masks: []core.Mask{{By: core.MaskKeep, First: 2}}}, "keeps 2 and 0 characters, want 1 and 0"},
		{cases.Want{Log: []string{"too many"}}, Outcome{Log: []string{"WARN too few"}}, `no line of the log has "too many"`},
	} {
		st := &cases.Step{Want: tc.want, Answer: cases.Answer{Columns: columns}}
		wrong := strings.Join(compare(st, &tc.got), "; ")
		if (wrong == "") != (tc.says == "") || !strings.Contains(wrong, tc.says) {
			t.Errorf("want %+v, got %+v: says %q, want %q", tc.want, tc.got, wrong, tc.says)
		}
	}
}

func TestTextsOfOthersDoNotSteerTheTerminal(t *testing.T) {
	if got := shown("a\x1b[2Jb\nc\u202e", 40); got != "a?[2Jb c?" {
		t.Errorf("%q", got)
	}
	if got := shown(strings.Repeat("ü", 50), 10); got != strings.Repeat("ü", 7)+"..." {
		t.Errorf("%q", got)
	}
}

package filters_test

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/config"
	"github.com/dbmesh/dbmesh/filters"
	"github.com/dbmesh/dbmesh/filters/slowlog"
	"github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rest completes a snippet that has only chains.
const rest = `
listeners:
- {name: main, address: "127.0.0.1:6033", chain: main, pool: main}
pools:
- {name: main, backends: [{address: "127.0.0.1:3306"}]}
- {name: writers, backends: [{address: "127.0.0.1:3306"}]}
- {name: readers, backends: [{address: "127.0.0.1:3307"}]}
`

var fence = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")

func readmes(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*/README.md")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d READMEs, error %v", len(files), err)
	}
	return files
}

func TestEverySnippetOfAREADMECanBeRun(t *testing.T) {
	files := readmes(t)
	texts := map[string][]byte{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[file] = text
	}
	t.Chdir(t.TempDir())
	if err := wasmtest.Shown("."); err != nil {
		t.Fatal(err)
	}
	for file, text := range texts {
		snippets := fence.FindAllSubmatch(text, -1)
		if len(snippets) == 0 {
			t.Errorf("%s has no example", file)
		}
		for _, s := range snippets {
			if err := run(string(s[1]) + rest); err != nil {
				t.Errorf("%s: %v in\n%s", file, err, s[1])
			}
		}
	}
}

// run loads a config and builds its chains, to check them and for real.
func run(text string) error {
	c, err := config.Load(config.Source{Path: "README.md", Text: []byte(text)})
	if err != nil {
		return err
	}
	exists := func(name string) bool {
		return slices.ContainsFunc(c.Pools, func(p core.PoolSettings) bool { return p.Name == name })
	}
	logs := slowlog.NewLogs(io.Discard, slog.New(slog.DiscardHandler), nil)
	for _, deps := range []filters.Deps{{PoolExists: exists}, {PoolExists: exists, SlowLogs: logs, Metrics: prometheus.NewRegistry()}} {
		b := &core.Builder{Registry: filters.Builtin(deps)}
		for _, chain := range c.Chains {
			ch, err := b.Build(chain.Name, chain.Links)
			if err != nil {
				return err
			}
			ch.Discard()
		}
	}
	return nil
}

func TestEveryREADMEHasTheSameSections(t *testing.T) {
	want := []string{"## Name", "## Description", "## Config", "## Metrics", "## Examples"}
	heading := regexp.MustCompile(`(?m)^## .*`)
	for _, file := range readmes(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got := heading.FindAllString(string(text), -1); !slices.Equal(got, want) {
			t.Errorf("%s has the sections %q, want %q", file, got, want)
		}
	}
}

func TestEveryMetricIsInItsREADMEAndTheOtherWayRound(t *testing.T) {
	declared := regexp.MustCompile(`Name: +"(dbmesh_[a-z_]+)"`)
	told := regexp.MustCompile("(?m)^- `(dbmesh_[a-z_]+)")
	for _, file := range readmes(t) {
		var code []byte
		sources, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*.go"))
		for _, s := range sources {
			text, err := os.ReadFile(s)
			if err != nil {
				t.Fatal(err)
			}
			code = append(code, text...)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		inCode, inText := names(declared, code), names(told, text)
		if len(inCode) == 0 || !slices.Equal(inCode, inText) {
			t.Errorf("%s tells of %q, the code has %q", file, inText, inCode)
		}
	}
}

func names(re *regexp.Regexp, text []byte) []string {
	var out []string
	for _, m := range re.FindAllSubmatch(text, -1) {
		out = append(out, string(m[1]))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestTheShortestChainOfAllKindsWorks(t *testing.T) {
	if err := run("chains:\n- {name: main, links: [slow-log, auth, {kind: router, rules: [{pool: readers}]}, balancer]}\n" + rest); err != nil {
		t.Fatal(err)
	}
}

func TestPassthroughDoesNotGoWithWhatSwitchesPools(t *testing.T) {
	for _, keys := range []string{"hints: true", "rules: [{when: {read_safe: true}, pool: readers}]", "rules: [{when: {user: a, kind: [select]}, pool: readers}]"} {
		err := run("chains:\n- {name: main, links: [auth, {kind: router, " + keys + "}, balancer]}\n" + rest)
		if err == nil || !strings.Contains(err.Error(), `link "router"`) || !strings.Contains(err.Error(), "mode list") {
			t.Errorf("%s: error %v", keys, err)
		}
	}
}

func TestARuleWithAnEmptyListIsRefused(t *testing.T) {
	err := run("chains:\n- {name: main, links: [auth, {kind: router, rules: [{when: {kind: []}, pool: readers}]}, balancer]}\n" + rest)
	if err == nil || !strings.Contains(err.Error(), "when.kind: is empty") {
		t.Error(err)
	}
}

func TestSecretsDoNotShowInErrors(t *testing.T) {
	var out bytes.Buffer
	err := run(`
chains:
- name: main
  links:
  - kind: auth
    mode: list
    users: [{name: a, password: "sha2:hunter2"}]
` + rest)
	if err == nil {
		t.Fatal("a bad hash was taken")
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Error("x", "error", err)
	if strings.Contains(out.String(), "hunter2") {
		t.Fatal(out.String())
	}
}

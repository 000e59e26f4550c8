// Package examples_test holds that each filter in examples/filters builds with the command and
// passes its cases, and that its page shows a config that dbmesh takes.
package examples_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/toolchain"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

const folder = "../../examples/filters"

// examples gives the directories that have a manifest.
func examples(t *testing.T) []string {
	t.Helper()
	manifests, err := filepath.Glob(filepath.Join(folder, "*", "filter.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(manifests) < 6 {
		t.Fatalf("there are %d examples, want six and more", len(manifests))
	}
	var all []string
	for _, m := range manifests {
		all = append(all, filepath.Dir(m))
	}
	return all
}

func TestEachExampleBuildsAndPassesItsCases(t *testing.T) {
	binary, err := sidecar.Binary()
	if err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir() // of machine code: what one command compiled the next one takes
	for _, dir := range examples(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			module := filepath.Join(t.TempDir(), filepath.Base(dir)+".wasm")
			needs(t, dir)
			command(t, cache, binary, "filter", "build", dir, "-o", module)
			manifest, err := os.ReadFile(filepath.Join(dir, "filter.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			beside := strings.TrimSuffix(module, ".wasm") + ".filter.yaml"
			if err := os.WriteFile(beside, manifest, 0o600); err != nil {
				t.Fatal(err)
			}
			out := command(t, cache, binary, "filter", "test", module, "--cases", filepath.Join(dir, "cases.yaml"))
			if !strings.Contains(out, " 0 failed") || strings.Contains(out, "\n0 passed") {
				t.Errorf("it says %s", out)
			}
			checks(t, cache, binary, dir, filepath.Dir(module))
		})
	}
}

// needs leaves out an example whose compiler is not here.
func needs(t *testing.T, dir string) {
	t.Helper()
	lang, err := toolchain.Detect(dir)
	if err != nil {
		t.Fatal(err)
	}
	var missing *toolchain.Missing
	if _, err := toolchain.Find(lang, dir); errors.As(err, &missing) {
		if os.Getenv("DBMESH_REQUIRE_SERVERS") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

func command(t *testing.T, cache, binary string, args ...string) string {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+cache, "GOCACHE="+goCache(t))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("dbmesh %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func goCache(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

var snippet = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// checks has dbmesh check a config with what the example's page shows.
func checks(t *testing.T, cache, binary, dir, modules string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := snippet.FindStringSubmatch(string(page))
	if shown == nil {
		t.Fatal("its page shows no config")
	}
	link := "        " + strings.ReplaceAll(strings.TrimSpace(shown[1]), "\n", "\n        ")
	text := "listeners: [{address: \"127.0.0.1:0\"}]\npools: [{name: p, backends: [{address: \"127.0.0.1:1\"}]}]\n" +
		"chains:\n  - name: main\n    links:\n      - kind: auth\n      - kind: wasm\n        dir: " + modules + "\n" + link + "\n"
	path := filepath.Join(t.TempDir(), "dbmesh.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, cache, binary, "check", "--config", path)
}

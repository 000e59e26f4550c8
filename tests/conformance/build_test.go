package conformance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// language is one that there is an SDK for.
type language struct {
	name   string
	source string // of a filter
	fence  string // of the example in its README
}

func languages() []language {
	return []language{{"go", "filter.go", "go"}, {"c", "filter.c", "c"}, {"rust", "filter.rs", "rust"}, {"assemblyscript", "filter.ts", "ts"}}
}

const (
	sdk               = "../../filter-sdk"
	installToolchains = "scripts/install-toolchains.sh"
	buildWithin       = 5 * time.Minute // the first build of Go's standard library, on a busy machine
)

// errMissing is the error for a compiler that is not installed.
var errMissing = errors.New("is not installed")

// build compiles a filter's source with the commands of the SDK's README; of Go it is always the
// conformance filter. It skips the test if
// the compiler is missing, or fails it where DBMESH_REQUIRE_SERVERS is 1.
func build(t *testing.T, l language, source []byte) []byte {
	t.Helper()
	module, err := compile(t.TempDir(), l, source)
	switch {
	case errors.Is(err, errMissing) && os.Getenv("DBMESH_REQUIRE_SERVERS") != "1":
		t.Skipf("filters in %s are not tested: %v; %s installs what is missing", l.name, err, installToolchains)
	case err != nil:
		t.Fatal(err)
	}
	return module
}

func compile(dir string, l language, source []byte) ([]byte, error) {
	if err := os.WriteFile(filepath.Join(dir, l.source), source, 0o600); err != nil {
		return nil, err
	}
	commands, err := buildCommands(dir, l)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), buildWithin)
	defer cancel()
	for _, words := range commands {
		path, err := compiler(words[0])
		if err != nil {
			return nil, err
		}
		cmd := exec.CommandContext(ctx, path, words[1:]...)
		cmd.Dir = dir
		if l.name == "go" {
			cmd.Dir = sdk // the filter is part of the SDK's module
			cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOWORK=off")
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s: %w\n%.4000s", strings.Join(words, " "), err, out)
		}
	}
	return os.ReadFile(filepath.Join(dir, "filter.wasm"))
}

// compiler finds a program: Debian's rustc before others, which lack the library for
// WebAssembly, and asc where the script puts it.
func compiler(name string) (string, error) {
	switch name {
	case "rustc":
		const debian = "/usr/bin/rustc"
		out, err := exec.Command(debian, "--print", "target-libdir", "--target", "wasm32-unknown-unknown").Output()
		if err == nil {
			_, err = os.Stat(strings.TrimSpace(string(out)))
		}
		if err == nil {
			_, err = exec.LookPath("rust-lld") // Debian's leads nowhere without its lld
		}
		if err != nil {
			return "", fmt.Errorf("%s with its library and linker for WebAssembly %w", debian, errMissing)
		}
		return debian, nil
	case "asc":
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		found, err := filepath.Glob(filepath.Join(cache, "dbmesh", "assemblyscript-"+ascVersion(), "node_modules", ".bin", "asc"))
		if err != nil || len(found) == 0 {
			return "", fmt.Errorf("asc of AssemblyScript %s %w", ascVersion(), errMissing)
		}
		return found[0], nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s %w", name, errMissing)
	}
	return path, nil
}

var pinned = regexp.MustCompile(`"assemblyscript": "([^"]+)"`)

func ascVersion() string {
	text, err := os.ReadFile(filepath.Join(sdk, "assemblyscript", "package.json"))
	if m := pinned.FindSubmatch(text); err == nil && m != nil {
		return string(m[1])
	}
	return "of an unknown version"
}

var fenced = regexp.MustCompile("(?s)```.*?```")

// buildCommands reads the commands of a README: its indented lines, but for those of the
// example.
func buildCommands(dir string, l language) ([][]string, error) {
	root, err := filepath.Abs(sdk)
	if err != nil {
		return nil, err
	}
	if l.name == "go" {
		return [][]string{{"go", "build", "-buildmode=c-shared", "-o", filepath.Join(dir, "filter.wasm"), "./conformance/go"}}, nil
	}
	text, err := os.ReadFile(filepath.Join(sdk, l.name, "README.md"))
	if err != nil {
		return nil, err
	}
	var commands [][]string
	outside := fenced.ReplaceAll(text, nil)
	for line := range strings.Lines(strings.ReplaceAll(string(outside), "\\\n", " ")) {
		if command, ok := strings.CutPrefix(line, "    "); ok {
			commands = append(commands, strings.Fields(strings.ReplaceAll(command, "SDK/", root+"/")))
		}
	}
	if len(commands) == 0 {
		return nil, fmt.Errorf("the README of %s has no command", l.name)
	}
	return commands, nil
}

// example reads the filter in a README.
func example(t *testing.T, l language) []byte {
	t.Helper()
	name := filepath.Join(sdk, l.name, "README.md")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "```"+l.fence+"\n")
	code, _, closed := strings.Cut(rest, "```\n")
	if !found || !closed {
		t.Fatalf("%s has no example", name)
	}
	return []byte(code)
}

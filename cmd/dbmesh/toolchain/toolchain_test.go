package toolchain_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/toolchain"
)

func write(t *testing.T, dir, name, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func TestTheLanguageIsThatOfTheSource(t *testing.T) {
	for source, want := range map[string]toolchain.Language{
		"go.mod": toolchain.Go, "filter.go": toolchain.Go, "filter.rs": toolchain.Rust, "filter.c": toolchain.C, "filter.ts": toolchain.AssemblyScript,
	} {
		dir := t.TempDir()
		write(t, dir, source, "", 0o600)
		if got, err := toolchain.Detect(dir); err != nil || got != want {
			t.Errorf("%s: %s, %v", source, got, err)
		}
		if got, err := toolchain.Parse(string(want)); err != nil || got != want {
			t.Errorf("%s: %v", want, err)
		}
	}
	dir := t.TempDir()
	if _, err := toolchain.Detect(dir); err == nil || !strings.Contains(err.Error(), "has no source") {
		t.Errorf("an empty directory: %v", err)
	}
	write(t, dir, "filter.c", "", 0o600)
	write(t, dir, "filter.rs", "", 0o600)
	if _, err := toolchain.Detect(dir); err == nil || !strings.Contains(err.Error(), "both Rust and C") {
		t.Errorf("two sources: %v", err)
	}
	if _, err := toolchain.Detect(filepath.Join(dir, "filter.c")); err == nil || !strings.Contains(err.Error(), "is no directory") {
		t.Errorf("a file: %v", err)
	}
	if _, err := toolchain.Parse("zig"); err == nil || !strings.Contains(err.Error(), `"zig"`) {
		t.Errorf("zig: %v", err)
	}
}

func TestWhatIsMissingIsNamedWithItsPackage(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	t.Setenv("RUSTC", "")
	for l, install := range map[toolchain.Language]string{
		toolchain.Go: "https://go.dev/dl", toolchain.C: "apt-get install clang-19 lld-19", toolchain.AssemblyScript: "npm install",
	} {
		_, err := toolchain.Find(l, t.TempDir())
		var missing *toolchain.Missing
		if !errors.As(err, &missing) || !strings.Contains(err.Error(), install) {
			t.Errorf("%s: %v", l, err)
		}
	}
	// A rustc that lacks the target's library does not do.
	write(t, bin, "rustc", "#!/bin/sh\necho /nowhere/lib\n", 0o700)
	if _, err := os.Stat("/usr/bin/rustc"); err != nil {
		if _, err := toolchain.Find(toolchain.Rust, "."); err == nil || !strings.Contains(err.Error(), "Rust's library") {
			t.Errorf("Rust without its library: %v", err)
		}
	}
	write(t, bin, "rustc", "#!/bin/sh\necho "+bin+"\n", 0o700)
	if _, err := toolchain.Find(toolchain.Rust, "."); err != nil {
		t.Errorf("Rust with its library: %v", err)
	}
	// A clang whose own linker is missing gets the newest one.
	write(t, bin, "clang-15", "#!/bin/sh\ncase $1 in -print-prog-name=*) echo wasm-ld;; *) echo \"$@\" >&2; exit 3;; esac\n", 0o700)
	if _, err := toolchain.Find(toolchain.C, "."); err == nil || !strings.Contains(err.Error(), "wasm-ld") {
		t.Errorf("clang without a linker: %v", err)
	}
	write(t, bin, "wasm-ld-16", "#!/bin/sh\n", 0o700)
	c, err := toolchain.Find(toolchain.C, ".")
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	_, err = c.Build(context.Background(), t.TempDir(), &said)
	var failed *toolchain.Failed
	if !errors.As(err, &failed) || !strings.HasPrefix(err.Error(), "clang-15: exit status 3; the SDK is not there (sdk/c)") {
		t.Errorf("a compiler that fails: %v", err)
	}
	if first, _, _ := strings.Cut(said.String(), "\n"); !strings.HasPrefix(first, "$ clang-15 --target=wasm32 ") || !strings.Contains(first, "wasm-ld-16") || !strings.HasSuffix(first, "-o filter.wasm filter.c") {
		t.Errorf("says %q", first)
	}
}

func TestTheAssemblyScriptCompilerIsFoundAboveTheFilter(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	dir := t.TempDir()
	bin := filepath.Join(dir, "node_modules", ".bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, bin, "asc", "#!/bin/sh\nexit 0\n", 0o700)
	inside := filepath.Join(dir, "a", "b")
	if err := os.MkdirAll(inside, 0o700); err != nil {
		t.Fatal(err)
	}
	c, err := toolchain.Find(toolchain.AssemblyScript, inside)
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	if _, err := c.Build(context.Background(), inside, &said); err == nil || !strings.Contains(err.Error(), "without a module") {
		t.Errorf("a compiler that makes nothing: %v\n%s", err, said.String())
	}
}

func TestACompilersFailureWithoutAnSDKSaysHowToGetOne(t *testing.T) {
	dir := t.TempDir()
	bin := filepath.Join(dir, "node_modules", ".bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, bin, "asc", "#!/bin/sh\nexit 1\n", 0o700)
	c, err := toolchain.Find(toolchain.AssemblyScript, dir)
	if err != nil {
		t.Fatal(err)
	}
	const says = "dbmesh filter new NAME --lang as"
	if _, err := c.Build(context.Background(), dir, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("without an SDK: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "sdk", "assemblyscript"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Build(context.Background(), dir, &bytes.Buffer{}); err == nil || strings.Contains(err.Error(), says) {
		t.Errorf("with one: %v", err)
	}
}

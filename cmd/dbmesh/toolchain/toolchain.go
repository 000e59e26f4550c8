// Package toolchain finds the compilers that make filters of source code, and runs them.
package toolchain

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Language is what a filter is written in.
type Language string

// The languages, named as dbmesh filter new takes them.
const (
	Go             Language = "go"
	Rust           Language = "rust"
	C              Language = "c"
	AssemblyScript Language = "as"
)

// Languages gives all of them.
func Languages() []Language { return []Language{Go, Rust, C, AssemblyScript} }

// Name is the language's name for people.
func (l Language) Name() string {
	switch l {
	case Go:
		return "Go"
	case Rust:
		return "Rust"
	case C:
		return "C"
	}
	return "AssemblyScript"
}

// Parse reads a language's name.
func Parse(name string) (Language, error) {
	l := Language(strings.ToLower(name))
	if !slices.Contains(Languages(), l) {
		return "", fmt.Errorf("there is no SDK for the language %q, only for go, rust, c and as (AssemblyScript)", name)
	}
	return l, nil
}

// Source is the file that a filter in Rust, C or AssemblyScript begins with.
func (l Language) Source() string {
	switch l {
	case Rust:
		return "filter.rs"
	case C:
		return "filter.c"
	case AssemblyScript:
		return "filter.ts"
	}
	return "filter.go"
}

// Detect says what the filter in a directory is written in: Go if it has a go.mod, else what its
// filter.rs, filter.c or filter.ts says.
func Detect(dir string) (Language, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return "", fmt.Errorf("%s is no directory", dir)
	}
	there := func(name string) bool {
		info, err := os.Stat(filepath.Join(dir, name))
		return err == nil && info.Mode().IsRegular()
	}
	var found []Language
	for _, l := range Languages() {
		if there(l.Source()) || l == Go && there("go.mod") {
			found = append(found, l)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("%s has no source of a filter: no go.mod, filter.rs, filter.c or filter.ts; dbmesh filter new makes one", dir)
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%s has sources in both %s and %s; which one is the filter?", dir, found[0].Name(), found[1].Name())
}

// Missing is the error for a compiler that is not there. It says what to install.
type Missing struct {
	What    string // such as "rustc"
	Install string // a clause, such as "apt-get install golang"
}

func (m *Missing) Error() string {
	return fmt.Sprintf("%s is not here; to install it: %s", m.What, m.Install)
}

// Compiler is a compiler that was found, with all that it takes.
type Compiler struct {
	Language Language
	path     string   // of the program
	flags    []string // of this installation
}

// Find finds a compiler for the language. dir is the filter's directory, which may have tools of
// its own. The error is a *Missing if there is none.
func Find(l Language, dir string) (*Compiler, error) {
	switch l {
	case Go:
		return findGo()
	case Rust:
		return findRust()
	case C:
		return findC()
	case AssemblyScript:
		return findAssemblyScript(dir)
	}
	return nil, fmt.Errorf("there is no language %q", l)
}

func findGo() (*Compiler, error) {
	path, err := exec.LookPath("go")
	if err != nil {
		return nil, &Missing{"the Go compiler (go)", "https://go.dev/dl, version 1.24 or later"}
	}
	return &Compiler{Language: Go, path: path}, nil
}

// rustTarget is what filters are compiled for: no system interface at all.
const rustTarget = "wasm32-unknown-unknown"

// findRust takes the first rustc that has the target's library. On Debian that is the one in
// /usr/bin, even if another one, of rustup, comes first on PATH.
func findRust() (*Compiler, error) {
	install := "apt-get install rustc libstd-rust-dev-wasm32 lld-14, or with rustup: rustup target add " + rustTarget
	seen := false
	for _, name := range []string{os.Getenv("RUSTC"), "rustc", "/usr/bin/rustc"} {
		path, err := exec.LookPath(name)
		if name == "" || err != nil {
			continue
		}
		seen = true
		out, err := exec.Command(path, "--print", "target-libdir", "--target", rustTarget).Output() //nolint:gosec // the compiler that was asked for
		if err != nil {
			continue
		}
		if _, err := os.Stat(strings.TrimSpace(string(out))); err != nil { //nolint:gosec // what the compiler says
			continue
		}
		return &Compiler{Language: Rust, path: path}, nil
	}
	if seen {
		return nil, &Missing{"Rust's library for " + rustTarget, install}
	}
	return nil, &Missing{"the Rust compiler (rustc)", install}
}

// findC takes the newest clang. It knows where its own linker is; one of another version is
// handed to it.
func findC() (*Compiler, error) {
	install := "apt-get install clang-19 lld-19, or any version from 14 on"
	clang, ok := newest("clang")
	if !ok {
		return nil, &Missing{"a C compiler for WebAssembly (clang)", install}
	}
	c := &Compiler{Language: C, path: clang}
	if out, err := exec.Command(clang, "-print-prog-name=wasm-ld").Output(); err == nil { //nolint:gosec // it was found on PATH
		if _, err := exec.LookPath(strings.TrimSpace(string(out))); err == nil {
			return c, nil
		}
	}
	linker, ok := newest("wasm-ld")
	if !ok {
		return nil, &Missing{"the linker for WebAssembly (wasm-ld)", install}
	}
	c.flags = []string{"-fuse-ld=" + linker}
	return c, nil
}

// newest finds a program by its name, or by its name and the highest version that Debian
// puts behind it.
func newest(name string) (string, bool) {
	if path, err := exec.LookPath(name); err == nil {
		return path, true
	}
	for version := 30; version >= 13; version-- {
		if path, err := exec.LookPath(fmt.Sprintf("%s-%d", name, version)); err == nil {
			return path, true
		}
	}
	return "", false
}

// findAssemblyScript looks for asc where npm puts it: in the directory's own node_modules, in
// those above it, on PATH.
func findAssemblyScript(dir string) (*Compiler, error) {
	at, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for {
		path := filepath.Join(at, "node_modules", ".bin", "asc")
		if _, err := os.Stat(path); err == nil {
			return &Compiler{Language: AssemblyScript, path: path}, nil
		} else if !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		if filepath.Dir(at) == at {
			break
		}
		at = filepath.Dir(at)
	}
	if path, err := exec.LookPath("asc"); err == nil {
		return &Compiler{Language: AssemblyScript, path: path}, nil
	}
	return nil, &Missing{"the AssemblyScript compiler (asc)", "npm install --save-dev assemblyscript@0.28.20, in the filter's directory; npm comes with apt-get install npm"}
}

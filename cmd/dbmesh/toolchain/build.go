package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Failed is the error of a build that the compiler refused. What it said went to the output.
type Failed struct {
	Command string
	Err     error
}

func (f *Failed) Error() string { return fmt.Sprintf("%s: %v", f.Command, f.Err) }

// Unwrap gives why the compiler ended.
func (f *Failed) Unwrap() error { return f.Err }

// Build compiles the filter in a directory and gives the module. What compilers say goes to said,
// the commands themselves too. Files between source and module are in a directory of its own that
// is gone afterwards.
func (c *Compiler) Build(ctx context.Context, dir string, said io.Writer) ([]byte, error) {
	temp, err := os.MkdirTemp("", "dbmesh-build-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	out := filepath.Join(temp, "filter.wasm")
	for _, cmd := range c.commands(dir, temp, out) {
		if err := run(ctx, cmd, dir, temp, said); err != nil {
			return nil, c.withoutSDK(dir, err)
		}
	}
	module, err := os.ReadFile(out)
	if errors.Is(err, os.ErrNotExist) {
		return nil, errors.New("the compiler ended without an error and without a module")
	}
	return module, err
}

// withoutSDK adds to a compiler's failure that it had no SDK, if that is so. Go has its own words
// for it, as its SDK is where go.mod says.
func (c *Compiler) withoutSDK(dir string, err error) error {
	name := map[Language]string{C: "c", Rust: "rust", AssemblyScript: "assemblyscript"}[c.Language]
	if name == "" {
		return err
	}
	if _, found := sdk(dir, name); found {
		return err
	}
	return fmt.Errorf("%w; the SDK is not there (sdk/%s): \"dbmesh filter new NAME --lang %s\" makes a directory that has it",
		err, name, c.Language)
}

// command is one program to run, with what is set in its environment.
type command struct {
	env  []string
	args []string
}

// String writes it as one would type it.
func (c command) String() string {
	words := slices.Clone(c.env)
	for i, w := range c.args {
		if i == 0 {
			w = filepath.Base(w)
		}
		if strings.ContainsAny(w, " '\"$\\") {
			w = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}

func run(ctx context.Context, c command, dir, temp string, said io.Writer) error {
	// Without the directory that is gone afterwards it can be typed.
	fmt.Fprintf(said, "$ %s\n", strings.ReplaceAll(c.String(), temp+string(filepath.Separator), ""))
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...) //nolint:gosec // the compiler that was asked for
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, said, said
	cmd.Env = append(os.Environ(), c.env...)
	if err := cmd.Run(); err != nil {
		return &Failed{filepath.Base(c.args[0]), err}
	}
	return nil
}

// commands are what makes the module out of the sources in dir, run there.
func (c *Compiler) commands(dir, temp, out string) []command {
	switch c.Language {
	case Rust:
		return c.rust(dir, temp, out)
	case C:
		return []command{{args: slices.Concat(
			[]string{c.path, "--target=wasm32", "-O2", "-nostdlib", "-mbulk-memory", "-Wall", "-I", near(dir, "c")}, c.flags,
			[]string{"-Wl,--no-entry,--stack-first,-z,stack-size=16384", "-o", out, C.Source()})}}
	case AssemblyScript:
		return []command{{args: []string{
			c.path, AssemblyScript.Source(), "--path", near(dir, "assemblyscript"), "-O3", "--exportStart", "_initialize", "-o", out,
		}}}
	}
	// The caller's GOFLAGS are for its own programs; what is built here depends on none.
	return []command{{
		env:  []string{"GOOS=wasip1", "GOARCH=wasm", "GOFLAGS="},
		args: []string{c.path, "build", "-trimpath", "-buildmode=c-shared", "-o", out, "."},
	}}
}

// rust compiles the SDK as a library and the filter with it.
func (c *Compiler) rust(dir, temp, out string) []command {
	library := filepath.Join(temp, "libdbmesh.rlib")
	rustc := []string{c.path, "--edition", "2021", "--target", rustTarget, "-C", "opt-level=3", "-C", "panic=abort"}
	return []command{
		{args: append(slices.Clone(rustc), "--crate-type", "rlib", "--crate-name", "dbmesh", "-o", library,
			filepath.Join(near(dir, "rust"), "dbmesh.rs"))},
		{args: append(slices.Clone(rustc), "-C", "lto=fat", "-C", "strip=debuginfo", "-C", "link-arg=-zstack-size=16384",
			"--crate-type", "cdylib", "--extern", "dbmesh="+library, "-o", out, Rust.Source())},
	}
}

// near is the SDK of a language, or where it would be.
func near(dir, name string) string {
	path, _ := sdk(dir, name)
	return path
}

// sdk finds the SDK of a language from the filter's directory: the copy in sdk/ that came with
// it, or filter-sdk in a directory above.
func sdk(dir, name string) (path string, found bool) {
	path = filepath.Join("sdk", name)
	from, err := filepath.Abs(dir)
	if err != nil {
		return path, false
	}
	for at := from; ; at = filepath.Dir(at) {
		for _, candidate := range []string{filepath.Join(at, "sdk", name), filepath.Join(at, "filter-sdk", name)} {
			if info, err := os.Stat(candidate); err == nil && info.IsDir() {
				if short, err := filepath.Rel(from, candidate); err == nil {
					return short, true
				}
				return candidate, true
			}
		}
		if filepath.Dir(at) == at {
			return path, false
		}
	}
}

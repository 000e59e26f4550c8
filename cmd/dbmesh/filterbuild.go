package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/lab"
	"github.com/dbmesh/dbmesh/cmd/dbmesh/toolchain"
	"github.com/dbmesh/dbmesh/filters/wasm/manifest"
)

const buildUsage = `dbmesh filter build compiles the filter in a directory, the current one if none is given.

  dbmesh filter build                  makes NAME.wasm beside the source; the name is that of
                                       filter.yaml, or the directory's
  dbmesh filter build rule -o out.wasm
  dbmesh filter build --pack           with filter.yaml inside the module: one file to copy

Go:              go build with GOOS=wasip1, of a directory with go.mod or filter.go
Rust:            rustc for wasm32-unknown-unknown, of filter.rs
C:               clang and wasm-ld, of filter.c
AssemblyScript:  asc, of filter.ts

It prints the commands that it runs, and what the compiler says. The file is put in its place
whole: a proxy that watches it never sees half of it.
`

// filterBuild is the verb filter build.
func filterBuild(args []string, out, errs io.Writer) int {
	to, pack := "", false
	flags := newFlags("build", buildUsage)
	flags.StringVar(&to, "o", "", "write the module to this `file`")
	flags.BoolVar(&pack, "pack", false, "put filter.yaml into the module")
	dirs, status, done := parse(flags, 1, args, out, errs)
	if done {
		return status
	}
	dir := "."
	if len(dirs) == 1 {
		dir = dirs[0]
	}
	b := building{dir: dir, to: to, pack: pack, out: out, errs: errs}
	if err := b.run(context.Background()); err != nil {
		return ended(errs, "build", err)
	}
	return exitOK
}

// building is one build.
type building struct {
	dir, to   string
	pack      bool
	out, errs io.Writer
}

func (b *building) run(ctx context.Context) error {
	language, err := toolchain.Detect(b.dir)
	if err != nil {
		return err
	}
	name, text, err := ownManifest(b.dir)
	if err != nil {
		return err
	}
	if b.pack && text == nil {
		return fmt.Errorf("there is no %s in %s to pack", lab.ManifestName, b.dir)
	}
	if b.to == "" {
		b.to = filepath.Join(b.dir, name+".wasm")
	}
	compiler, err := toolchain.Find(language, b.dir)
	if err != nil {
		return err
	}
	start := time.Now()
	built, err := compiler.Build(ctx, b.dir, b.errs)
	if err != nil {
		return err
	}
	if b.pack {
		if built, err = packed(built, text); err != nil {
			return err
		}
	}
	if err := replaceFile(b.to, built); err != nil {
		return err
	}
	fmt.Fprintf(b.out, "made %s: %s in %s\n", b.to, lab.Bytes(len(built)), lab.Duration(time.Since(start)))
	return nil
}

// ownManifest reads filter.yaml in a filter's directory. name is the filter's: the manifest's,
// or the directory's; text is nil if there is no manifest.
func ownManifest(dir string) (name string, text []byte, err error) {
	whole, err := filepath.Abs(dir)
	if err != nil {
		return "", nil, err
	}
	name = filepath.Base(whole)
	path := filepath.Join(dir, lab.ManifestName)
	text, err = os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return name, nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	m, err := manifest.Parse(path, text)
	if err != nil {
		return "", nil, err
	}
	if m.Name != "" {
		name = m.Name
	}
	if filepath.Base(name) != name {
		return "", nil, fmt.Errorf("%s: name is %q, which is no file's name", path, name)
	}
	return name, text, nil
}

// replaceFile puts a file in its place at once: whoever watches sees the old one or the new.
func replaceFile(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

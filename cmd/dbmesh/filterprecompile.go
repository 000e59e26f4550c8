package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/cases"
	"github.com/dbmesh/dbmesh/cmd/dbmesh/lab"
)

const precompileUsage = `dbmesh filter precompile compiles modules into the directory where a proxy keeps machine code, so
that it begins to filter in milliseconds and not in seconds. No filter is run.

  dbmesh filter precompile /etc/dbmesh/filters            all modules in the directory
  dbmesh filter precompile rule.wasm --cache /var/cache/dbmesh

The directory is the config's wasm_cache. It is for one user alone, who must be the one that runs
the proxy. What it holds is for this version of dbmesh and this kind of machine; anything else
is compiled anew.
`

// filterPrecompile is the verb filter precompile.
func filterPrecompile(args []string, out, errs io.Writer) int {
	cache := ""
	flags := newFlags("precompile", precompileUsage)
	flags.StringVar(&cache, "cache", "", "the `directory` (default dbmesh/wasm in the user's cache directory)")
	paths, status, done := parse(flags, 1, args, out, errs)
	if done {
		return status
	}
	if cache == "" {
		cache = machineCode()
	}
	var err error
	switch {
	case len(paths) == 0:
		err = &usageError{errors.New("say what, a module or a directory of modules")}
	case cache == "":
		err = errors.New("the user has no cache directory; name one with --cache")
	default:
		err = precompile(context.Background(), paths[0], cache, out)
	}
	if err != nil {
		return ended(errs, "precompile", err)
	}
	return exitOK
}

// precompile compiles every module that it can, and then says what it could not.
func precompile(ctx context.Context, path, cache string, out io.Writer) error {
	modules := []string{path}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		if modules, err = filepath.Glob(filepath.Join(path, "*.wasm")); err != nil {
			return err
		}
		if len(modules) == 0 {
			return fmt.Errorf("there is no .wasm file in %s", path)
		}
	}
	l, err := lab.New(cache, cases.Server{})
	if err != nil {
		return err
	}
	var failed []error
	for _, m := range modules {
		start := time.Now()
		hit, err := compileOne(ctx, l, m)
		switch {
		case err != nil:
			failed = append(failed, fmt.Errorf("%s: %w", m, err))
		case hit:
			fmt.Fprintf(out, "%s: was there\n", m)
		default:
			fmt.Fprintf(out, "%s: compiled in %s\n", m, lab.Duration(time.Since(start)))
		}
	}
	return errors.Join(failed...)
}

func compileOne(ctx context.Context, l *lab.Lab, path string) (hit bool, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	return l.Compile(ctx, b)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/cases"
	"github.com/dbmesh/dbmesh/cmd/dbmesh/lab"
	"github.com/dbmesh/dbmesh/filters/wasm"
)

const inspectUsage = `dbmesh filter inspect shows what is in a module and loads it as a proxy does.

  dbmesh filter inspect rule.wasm
  dbmesh filter inspect rule.wasm --keys team.key.pub

It tells the hooks that the filter has, the host functions that it uses and which capability each
needs, its settings, its size, its memory. Manifest, settings and signature beside the module
(rule.filter.yaml or filter.yaml, rule.yaml, rule.wasm.sig) are read as well. The last line
says whether a proxy takes it, with all capabilities granted; if not, why, and the status is 1.
`

// filterInspect is the verb filter inspect.
func filterInspect(args []string, out, errs io.Writer) int {
	keys, settings := "", ""
	flags := newFlags("inspect", inspectUsage)
	flags.StringVar(&keys, "keys", "", "the `file` of public keys, PEM, one of which must have signed it")
	flags.StringVar(&settings, "settings", "", "the `file` with the filter's settings (default rule.yaml beside rule.wasm)")
	paths, status, done := parse(flags, 1, args, out, errs)
	if done {
		return status
	}
	if len(paths) == 0 {
		return ended(errs, "inspect", &usageError{errors.New("say which module, such as dbmesh filter inspect rule.wasm")})
	}
	refused, err := inspect(context.Background(), paths[0], settings, keys, out)
	if err != nil {
		return ended(errs, "inspect", err)
	}
	if refused {
		return exitFailed
	}
	return exitOK
}

func inspect(ctx context.Context, path, settings, keysPath string, out io.Writer) (refused bool, err error) {
	s, err := openWith(path, settings)
	if err != nil {
		return false, err
	}
	l, err := lab.New(machineCode(), cases.Server{})
	if err != nil {
		return false, err
	}
	if keysPath == "" {
		return l.Inspect(ctx, s, nil, out) != nil, nil
	}
	text, err := os.ReadFile(keysPath)
	if err != nil {
		return false, err
	}
	keys, err := wasm.ParseKeys(text)
	if err != nil {
		return false, fmt.Errorf("%s: %w", keysPath, err)
	}
	return l.Inspect(ctx, s, keys, out) != nil, nil
}

// openWith opens a filter with the settings of another file, if one is named.
func openWith(path, settings string) (*lab.Subject, error) {
	s, err := lab.Open(path)
	if err == nil && settings != "" {
		err = s.Settings(settings)
	}
	return s, err
}

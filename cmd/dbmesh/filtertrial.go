package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/cases"
	"github.com/dbmesh/dbmesh/cmd/dbmesh/lab"
)

const testUsage = `dbmesh filter test asks a filter the questions of its cases.yaml, through all that a proxy does
with a filter, and compares the answers.

  dbmesh filter test                   of the filter in this directory, as it was last built
  dbmesh filter test rule              of the one in rule/
  dbmesh filter test rule.wasm --cases other.yaml

A case is a session. This is one, and one with several steps:

  cases:
  - sql: DELETE FROM orders
    want: {verdict: deny, code: 1105, message: WHERE}
    max_fuel: 5000
  - name: the third within ten seconds
    session: {user: app, schema: shop}
    steps:
    - {sql: SELECT 1, want: pass}
    - {hook: on_execute, sql: SELECT ?, params: [7], want: pass}
    - {sql: SELECT 3, want: deny, log: [too many]}

Each case begins with a filter that was just loaded. A verdict that the filter calls cacheable is
asked for again with other literals: if it differs, the case fails. All keys are in
docs/filter-cli.md. The status is 1 if a case fails.
`

// filterTest is the verb filter test.
func filterTest(args []string, out, errs io.Writer) int {
	from := ""
	flags := newFlags("test", testUsage)
	flags.StringVar(&from, "cases", "", "the `file` with the cases (default cases.yaml beside the filter)")
	paths, status, done := parse(flags, 1, args, out, errs)
	if done {
		return status
	}
	s, f, err := subjectAndCases(paths, from)
	if err != nil {
		return endedCases(errs, "test", err)
	}
	failed, err := runCases(context.Background(), s, f, out)
	if err != nil {
		return ended(errs, "test", err)
	}
	if failed > 0 {
		return exitFailed
	}
	return exitOK
}

// subjectAndCases opens the filter that a verb is about, and its cases.
func subjectAndCases(paths []string, from string) (*lab.Subject, *cases.File, error) {
	path := "."
	if len(paths) == 1 {
		path = paths[0]
	}
	s, err := lab.Open(path)
	if err != nil {
		return nil, nil, err
	}
	if from == "" {
		from = filepath.Join(s.Dir, cases.FileName)
	}
	f, err := cases.Load(from)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("there is no %s; dbmesh filter test --help shows what stands in it", from)
	}
	return s, f, err
}

// endedCases ends a verb with an error, those of cases.yaml with a line each.
func endedCases(errs io.Writer, verb string, err error) int {
	var wrong cases.Problems
	if errors.As(err, &wrong) {
		fmt.Fprintln(errs, wrong)
		return exitConfig
	}
	return ended(errs, verb, err)
}

// runCases runs all cases and prints what came out. failed is how many.
func runCases(ctx context.Context, s *lab.Subject, f *cases.File, out io.Writer) (failed int, err error) {
	l, err := lab.New(machineCode(), f.Server)
	if err != nil {
		return 0, err
	}
	if s.Stale != "" {
		fmt.Fprintf(out, "note: %s was changed after %s was built\n\n", s.Stale, s.Path)
	}
	p := lab.Printer{Out: out, Path: f.Path}
	p.Head(s)
	for i := range f.Cases {
		t := l.Try(ctx, s, f, &f.Cases[i])
		p.Trial(t)
		if !t.Passed() {
			failed++
		}
	}
	p.Foot()
	return failed, nil
}

// machineCode is where compiled modules of the verbs for authors are kept: beside what other
// programs of the user keep, where a proxy without wasm_cache keeps its own; "" if there is no
// such place.
func machineCode() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	dir = filepath.Join(dir, "dbmesh")
	if os.MkdirAll(dir, 0o700) != nil {
		return ""
	}
	return filepath.Join(dir, "wasm")
}

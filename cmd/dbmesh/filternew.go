package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/scaffold"
	"github.com/dbmesh/dbmesh/cmd/dbmesh/toolchain"
)

const newUsage = `dbmesh filter new makes a directory with a filter that builds, passes its tests and blocks
writes without a WHERE. Change it into yours.

  dbmesh filter new rule               in Go, in the new directory rule
  dbmesh filter new rule --lang rust   or c, or as (AssemblyScript)

The SDK is copied into the directory, so nothing is downloaded. The compiler has to be there.
`

// filterNew is the verb filter new.
func filterNew(args []string, out, errs io.Writer) int {
	lang := string(toolchain.Go)
	flags := newFlags("new", newUsage)
	flags.StringVar(&lang, "lang", lang, "what to write it in: go, rust, c or as")
	names, status, done := parse(flags, 1, args, out, errs)
	if done {
		return status
	}
	if len(names) == 0 {
		return ended(errs, "new", &usageError{errors.New("give it a name: dbmesh filter new NAME")})
	}
	language, err := toolchain.Parse(lang)
	if err != nil {
		return ended(errs, "new", &usageError{err})
	}
	v, _, _ := buildInfo()
	f := scaffold.Filter{Dir: filepath.Clean(names[0]), Language: language, Version: v}
	files, err := f.Make()
	var name scaffold.NameError
	if errors.As(err, &name) {
		err = &usageError{err}
	}
	if err != nil {
		return ended(errs, "new", err)
	}
	fmt.Fprintf(out, "made %s, a filter in %s:\n\n", f.Dir, language.Name())
	about := map[string]string{
		language.Source(): "the filter: begin here",
		"cases.yaml":      "what it shall do, for dbmesh filter test",
		"filter.yaml":     "what it says of itself: name, hooks, capabilities, settings",
		"filter_test.go":  "the same in Go, for go test and a debugger",
		"go.mod":          "names the SDK in sdk/",
		"package.json":    "names the compiler, for npm install",
		"README.md":       "the three commands",
	}
	for _, name := range files {
		fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("  %-14s %s", name, about[name]), " "))
	}
	fmt.Fprintf(out, "  %-14s the SDK, as of dbmesh %s\n\nnext:\n\n  cd %s\n  dbmesh filter build\n  dbmesh filter test\n", "sdk/", v, f.Dir)
	var missing *toolchain.Missing
	if _, err := toolchain.Find(language, f.Dir); errors.As(err, &missing) {
		fmt.Fprintf(out, "\nBefore that: %v\n", missing)
	}
	return exitOK
}

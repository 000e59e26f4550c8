package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

const filterUsage = `dbmesh filter makes filters of your own: small programs, compiled to WebAssembly, that say what
becomes of a statement. Copied into the directory that dbmesh watches, the next statement obeys.

  dbmesh filter new NAME               a directory with a filter that builds and passes its tests
  dbmesh filter build [DIR]            compile it: DIR/NAME.wasm
  dbmesh filter test [DIR|FILE.wasm]   run its cases.yaml through what a proxy does with a filter
  dbmesh filter bench [DIR|FILE.wasm]  what its cases cost: time, allocations, fuel, memory
  dbmesh filter inspect FILE.wasm      what is in a module, and whether a proxy would take it
  dbmesh filter replay FILE.wasm LOG   what it would have done to recorded statements
  dbmesh filter pack FILE.wasm         put its manifest into the module
  dbmesh filter sign FILE.wasm         sign it, or make a key to sign with
  dbmesh filter precompile DIR|FILE    compile ahead what a proxy would compile when it starts

Begin:    dbmesh filter new rule && cd rule && dbmesh filter build && dbmesh filter test

'dbmesh filter VERB --help' tells more. docs/first-filter.md is the way from nothing to a denied
statement, docs/filter-cli.md has all of the above at length.
`

// filterVerbs are what can be done with user filters, by the word behind "filter".
func filterVerbs() map[string]func(args []string, out, errs io.Writer) int {
	return map[string]func(args []string, out, errs io.Writer) int{
		"new":        filterNew,
		"build":      filterBuild,
		"test":       filterTest,
		"bench":      filterBench,
		"inspect":    filterInspect,
		"replay":     filterReplay,
		"precompile": filterPrecompile,
		"pack":       filterPack,
		"sign":       filterSign,
	}
}

// filterVerb is the verb filter.
func filterVerb(args []string, out, errs io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(errs, filterUsage)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		fmt.Fprint(out, filterUsage)
		return exitOK
	}
	verb, ok := filterVerbs()[args[0]]
	if !ok {
		fmt.Fprintf(errs, "dbmesh filter: there is no verb %q\n\n%s", args[0], filterUsage)
		return exitUsage
	}
	return verb(args[1:], out, errs)
}

// newFlags begins the flags of a verb of filter; usage teaches it.
func newFlags(verb, usage string) *flag.FlagSet {
	fs := flag.NewFlagSet("filter "+verb, flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), usage)
		any := false
		fs.VisitAll(func(*flag.Flag) { any = true })
		if any {
			fmt.Fprint(fs.Output(), "\nFlags:\n")
			fs.PrintDefaults()
		}
	}
	return fs
}

// ended ends a verb with an error.
func ended(errs io.Writer, verb string, err error) int {
	fmt.Fprintf(errs, "dbmesh filter %s: %v\n", verb, err)
	var usage *usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

// usageError is an error in the command line.
type usageError struct{ error }

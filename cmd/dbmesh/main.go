// Command dbmesh is a transparent MySQL sidecar: it stands beside an application, speaks
// the MySQL protocol on both sides and runs each command through a chain of filters.
package main

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

// Exit statuses, after sysexits.h where it has one.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 64
	exitConfig = 78
)

const usage = `dbmesh is a transparent sidecar for MySQL, MariaDB and TiDB.

  dbmesh run --backend HOST:PORT       a whole sidecar before one server: clients log in
                                       with that server's own accounts, on 127.0.0.1:6033
  dbmesh run --config dbmesh.yaml      the same with pools, users and filters of your own;
                                       the file is watched, a change applies at once
  dbmesh check --config dbmesh.yaml    say what is wrong with a config, by line and key
  dbmesh explain 'SELECT ...'          say what dbmesh knows of a statement, and why
  dbmesh filter new NAME               begin a filter of your own, in Go, Rust, C or
                                       AssemblyScript; build, test, measure, sign it
  dbmesh version                       version, commit and Go release

Try it:   mariadb -h 127.0.0.1 -P 6033 -u YOU -p
See it:   curl http://127.0.0.1:6080/metrics        (also /livez /readyz /api/v1/...)

Signals:  SIGHUP reload   SIGUSR1 reopen logs   SIGTERM drain, a second one ends at once

'dbmesh VERB --help' tells a verb's flags. Documentation: README.md and docs/.
`

// verbs are what dbmesh can be asked to do. Each gets the arguments behind its name.
var verbs = map[string]func(args []string, out, errs io.Writer) int{
	"run":     run,
	"check":   check,
	"explain": explainText,
	"filter":  filterVerb,
	"version": version,
}

func main() {
	os.Exit(dispatch(os.Args[1:], os.Stdout, os.Stderr))
}

func dispatch(args []string, out, errs io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(errs, usage)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		fmt.Fprint(out, usage)
		return exitOK
	case "-version", "--version":
		return version(nil, out, errs)
	}
	verb, ok := verbs[args[0]]
	if !ok {
		fmt.Fprintf(errs, "dbmesh: there is no verb %q\n\n%s", args[0], usage)
		return exitUsage
	}
	return verb(args[1:], out, errs)
}

// release is set by the linker for releases: -X main.release=v1.2.3.
var release string

func version(_ []string, out, _ io.Writer) int {
	v, commit, goVersion := buildInfo()
	fmt.Fprintf(out, "dbmesh %s (commit %s, %s)\n", v, commit, goVersion)
	return exitOK
}

func buildInfo() (v, commit, goVersion string) {
	v, commit, goVersion = release, "unknown", "unknown Go"
	info, ok := debug.ReadBuildInfo()
	if ok {
		goVersion = info.GoVersion
		if v == "" {
			v = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	if v == "" || v == "(devel)" {
		v = "development"
	}
	return v, commit, goVersion
}

// Command summary reads what "go test -json" prints and shows it for people: a line
// for each package, the output of what failed, one line for each reason why something
// was left out, and last how many tests there were. It ends with status 1 if a test
// or a build failed, or if no test ran. With -failed it writes the tests that failed into a
// file, a package and a test on each line, for who wants to run them once more; the file is
// empty if something failed that is no test, such as a build.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

// event is what go doc test2json and go help buildjson describe.
type event struct {
	Action, Package, Test, ImportPath, Output, FailedBuild string
	Elapsed                                                float64 // seconds
}

func main() {
	var notes list
	flag.Var(&notes, "left-out", "one more `line` on what was left out; may be repeated")
	failed := flag.String("failed", "", "write the names of failed tests into this `file`")
	flag.Parse()
	r, ok := summarize(os.Stdin, os.Stdout, notes)
	if *failed != "" {
		if err := os.WriteFile(*failed, []byte(r.again()), 0o600); err != nil {
			fmt.Println("FAIL writing the names of failed tests:", err)
			ok = false
		}
	}
	if !ok {
		os.Exit(1)
	}
}

type list []string

func (l *list) String() string { return "" }

func (l *list) Set(s string) error {
	*l = append(*l, s)
	return nil
}

// summarize reads events to the end and says whether all is well.
func summarize(in io.Reader, out io.Writer, notes []string) (*run, bool) {
	r := &run{out: out, tests: map[name]*state{}, packages: map[string]*counts{}, began: time.Now()}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<20) // a test may print a statement of 16 MB
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Fprintln(out, lines.Text()) // go test says it outside of any test
			continue
		}
		r.take(e)
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(out, "FAIL reading the results:", err)
		r.broken++
	}
	return r, r.close(notes)
}

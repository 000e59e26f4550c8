package main

import (
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// name is one test, or with an empty test what a package prints outside of tests.
type name struct{ pkg, test string }

// state is what a test has printed, until it is known that nobody wants to see it.
type state struct{ output []string }

type counts struct{ passed, failed, skipped int }

// run collects the events of one or several "go test" in a row.
type run struct {
	out      io.Writer
	tests    map[name]*state
	packages map[string]*counts
	leftOut  map[string]int // reason to tests
	all      counts
	failed   []name // tests of packages, not those inside of them
	broken   int    // packages that failed without a failed test
	cut      bool   // a package ended, by a panic or a time-out, before all of its tests had run
	began    time.Time
}

func (r *run) take(e event) {
	if e.Package == "" {
		e.Package = e.ImportPath
	}
	n := name{e.Package, e.Test}
	switch e.Action {
	case "output", "build-output":
		s := r.tests[n]
		if s == nil {
			s = &state{}
			r.tests[n] = s
		}
		s.output = append(s.output, e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(e)
		} else {
			r.endTest(n, e.Action)
		}
	}
}

func (r *run) endTest(n name, action string) {
	c := r.count(n.pkg)
	switch action {
	case "pass":
		c.passed++
		r.all.passed++
	case "skip":
		c.skipped++
		r.all.skipped++
		r.skipped(n)
	case "fail":
		c.failed++
		r.all.failed++
		if !strings.Contains(n.test, "/") {
			r.failed = append(r.failed, n)
		}
		fmt.Fprintf(r.out, "FAIL %s %s\n", short(n.pkg), n.test)
		r.show(n)
	}
	delete(r.tests, n)
}

func (r *run) endPackage(e event) {
	c := r.count(e.Package)
	n := name{e.Package, ""}
	if s := r.tests[n]; e.Action == "fail" && (s == nil || !slices.Contains(s.output, "FAIL\n")) { // what testing.M.Run says at its end
		r.cut = true
	}
	if e.Action == "fail" && c.failed == 0 {
		r.broken++
		r.show(name{e.FailedBuild, ""})
		for m := range r.tests { // a panic or a time-out belongs to a test without an end
			if m.pkg == e.Package && m.test != "" {
				r.show(m)
			}
		}
		r.show(n)
	}
	total := c.passed + c.failed + c.skipped
	if e.Action == "fail" || total > 0 {
		word := "ok  "
		if e.Action == "fail" {
			word = "FAIL"
		}
		fmt.Fprintf(r.out, "%s %-30s %4d tests %6.1fs%s\n", word, short(e.Package), total, e.Elapsed, skips(c.skipped))
	}
	maps.DeleteFunc(r.tests, func(m name, _ *state) bool { return m.pkg == e.Package })
	delete(r.packages, e.Package)
}

func tests(n int) string {
	if n == 1 {
		return "1 test"
	}
	return fmt.Sprintf("%d tests", n)
}

func skips(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("  (%d left out)", n)
}

func (r *run) count(pkg string) *counts {
	if r.packages[pkg] == nil {
		r.packages[pkg] = &counts{}
	}
	return r.packages[pkg]
}

func (r *run) show(n name) {
	if s := r.tests[n]; s != nil {
		for _, line := range s.output {
			fmt.Fprint(r.out, "    ", line)
		}
	}
	delete(r.tests, n)
}

var place = regexp.MustCompile(`^\s+\S+\.go:\d+: `)

// skipped counts a test under the sentence that it gave to t.Skip.
func (r *run) skipped(n name) {
	reason := "no reason given"
	if s := r.tests[n]; s != nil {
		for _, line := range s.output {
			if at := place.FindString(line); at != "" {
				reason = strings.TrimSpace(line[len(at):])
			}
		}
	}
	if r.leftOut == nil {
		r.leftOut = map[string]int{}
	}
	r.leftOut[reason]++
}

// close prints the end: what was left out, and the counts.
func (r *run) close(notes []string) bool {
	for _, note := range notes {
		fmt.Fprintln(r.out, "left out:", note)
	}
	for _, reason := range slices.Sorted(maps.Keys(r.leftOut)) {
		fmt.Fprintf(r.out, "left out: %s: %s\n", tests(r.leftOut[reason]), reason)
	}
	for _, n := range r.failed { // once more: what they printed may be far above
		fmt.Fprintln(r.out, "failed:", short(n.pkg), n.test)
	}
	failed := r.all.failed + r.broken
	fmt.Fprintf(r.out, "in %s:\n", time.Since(r.began).Round(time.Second))
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.all.passed, failed, r.all.skipped)
	return failed == 0 && r.all.passed > 0
}

// again names the tests to run once more, if all that failed is tests, and all have run.
func (r *run) again() string {
	if r.broken > 0 || r.cut {
		return ""
	}
	var lines strings.Builder
	for _, n := range r.failed {
		fmt.Fprintln(&lines, n.pkg, n.test)
	}
	return lines.String()
}

func short(pkg string) string {
	return strings.TrimPrefix(pkg, "github.com/dbmesh/dbmesh/")
}

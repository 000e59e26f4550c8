package suites

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// fewest is how many tests a suite must have executed: a suite that skips nearly all of
// its tests would be equal and say nothing.
const fewest = 100

// rounds is how often tests that differ are run in all. One whose results vary by
// themselves has shown them all by then, with odds of a hundred to one at least.
const rounds = 8

// findings are a suite's results by test name.
type findings map[string]finding

type finding struct {
	result string // pass, fail or skip
	output string
}

func (v findings) count(result string) int {
	n := 0
	for _, one := range v {
		if one.result == result {
			n++
		}
	}
	return n
}

// way is the results of one way to the server, over all rounds.
type way struct {
	title string
	run   func(only []string) (findings, error) // all tests, if only is nil
	first findings
	seen  map[string]map[string]string // a test's results, each with what it printed the first time
}

func (w *way) round(only []string) error {
	found, err := w.run(only)
	if err != nil {
		return fmt.Errorf("%s: %w", w.title, err)
	}
	if w.first == nil {
		w.first, w.seen = found, map[string]map[string]string{}
	}
	for name, one := range found {
		if w.seen[name] == nil {
			w.seen[name] = map[string]string{}
		}
		if _, known := w.seen[name][one.result]; !known {
			w.seen[name][one.result] = one.output
		}
	}
	return nil
}

// both has both ways run the tests: at once if each has a server of its own.
func both(t *testing.T, apart bool, only []string, ways ...*way) {
	t.Helper()
	errs := make([]error, len(ways))
	var running sync.WaitGroup
	for i, w := range ways {
		running.Go(func() { errs[i] = w.round(only) })
		if !apart {
			running.Wait()
		}
	}
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// compare runs a suite directly and through dbmesh. Tests that differ are run again, both
// ways, until all that they gave through dbmesh was seen directly too: such a test varies
// by itself, and is named. One that goes on to differ is a difference.
func compare(t *testing.T, title string, apart bool, directly, through func(only []string) (findings, error)) {
	t.Helper()
	direct, proxied := &way{title: "directly", run: directly}, &way{title: "through dbmesh", run: through}
	both(t, apart, nil, direct, proxied)
	unequal := differing(direct.seen, proxied.seen)
	if len(unequal) > 0 {
		t.Logf("%s: %d tests differ and are run again: %s", title, len(unequal), strings.Join(unequal, ", "))
	}
	for n := 1; n < rounds && len(unequal) > 0; n++ {
		both(t, apart, unequal, direct, proxied)
		unequal = differing(direct.seen, proxied.seen)
	}
	for _, name := range unequal {
		t.Errorf("%s: %s differs", title, name)
		for _, w := range []*way{direct, proxied} {
			for _, result := range slices.Sorted(maps.Keys(w.seen[name])) {
				t.Errorf("%s: %s\n%.3000s", w.title, result, w.seen[name][result])
			}
		}
	}
	executed := proxied.first.count("pass") + proxied.first.count("fail")
	for _, w := range []*way{direct, proxied} {
		t.Logf("%s %s: %d tests, %d passed, %d failed, %d skipped", title, w.title, len(w.first),
			w.first.count("pass"), w.first.count("fail"), w.first.count("skip"))
	}
	if executed < fewest {
		t.Errorf("%s: only %d tests were executed, want at least %d", title, executed, fewest)
	}
}

// differing names the tests that gave through dbmesh what they never gave directly, or
// that only one way has.
func differing(direct, proxied map[string]map[string]string) []string {
	var names []string
	for name, results := range proxied {
		for result := range results {
			if _, known := direct[name][result]; !known {
				names = append(names, name)
				break
			}
		}
	}
	for name := range direct {
		if proxied[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

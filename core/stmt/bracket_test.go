package stmt

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// worked is how long processors have worked for this process: the clock runs on while others
// have them.
func worked(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// An event loop waits for it. Before these texts' time grew with the square of their length:
// to 0.2 to 3 s.
func TestTheTimeForAHostileTextGrowsWithItsLength(t *testing.T) {
	var variables strings.Builder
	for i := 0; variables.Len() < maxShape-20; i++ {
		fmt.Fprintf(&variables, "@%x,", i)
	}
	m := Mode{Flavour: MariaDB, Version: 101119, Charset: CharsetUTF8}
	for name, sql := range map[string]string{
		"statements in statements": strings.Repeat("SHOW PARSE_TREE ", maxShape/16), "FROM": "SELECT " + strings.Repeat("f from ", maxShape/7-1),
		"calls": "SELECT " + strings.Repeat("x(,", maxShape/3-3), "common table expressions": "WITH " + strings.Repeat("recursive a(", maxShape/12-1),
		"variables": "SELECT " + variables.String(),
	} {
		const limit = 150 * time.Millisecond
		best := time.Hour
		for n := 0; n < 3 || best > limit && n < 20; n++ { // the collector works too
			began := worked(t)
			if f := Analyze(m, []byte(sql)); !f.Opaque {
				t.Errorf("%s: understood", name)
			}
			best = min(best, worked(t)-began)
		}
		t.Logf("%s: %s", name, best)
		if best > limit {
			t.Errorf("%s: %s, want at most %s", name, best, limit)
		}
	}
}

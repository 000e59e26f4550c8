//go:build linux

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/dbmesh/dbmesh/tests/bench/report"
)

// least is what passing one query on takes: a read and a write on either side.
// A smaller count means that calls were made that the kernel does not count.
const least = 3.9

// slack is for calls that no query makes: health checks, the wake-ups of the Go
// runtime. One call more a query would be 1.
const slack = 0.05

// checkCalls counts dbmesh's reads and writes for a point select, which hardly
// depends on what else the machine does, and fails where the bar is missed.
func (b *bench) checkCalls() error {
	t := &target{name: "dbmesh"}
	if err := b.restart(t); err != nil {
		return err
	}
	defer func() { t.proc.Stop() }()
	var errs []error
	for _, bar := range report.Bars() {
		if bar.Name != report.ReadsAndWrites {
			continue
		}
		w := workloads(bar.Workload, b.idle)[0]
		r, err := b.measure(w, t)
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		n := report.Calls(r)
		fmt.Printf("%-16s %.3f reads and writes a query (at most %g)\n", strings.TrimSpace(w.name), n, bar.Must)
		switch {
		case n < least:
			errs = append(errs, fmt.Errorf("%s: %.2f reads and writes a query cannot be: the calls it makes are not counted", w.name, n))
		case n > bar.Must+slack:
			errs = append(errs, fmt.Errorf("%s: %.2f reads and writes a query, more than %g", w.name, n, bar.Must))
		}
	}
	return errors.Join(errs...)
}

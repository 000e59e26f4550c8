package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/cases"
	"github.com/dbmesh/dbmesh/cmd/dbmesh/lab"
)

const benchUsage = `dbmesh filter bench measures what the cases of a filter cost, and what the filter itself costs.

  dbmesh filter bench                  of the filter in this directory
  dbmesh filter bench rule.wasm --cases cases.yaml --time 2s

It asks each step of cases.yaml again and again, with its facts at hand and without remembering
verdicts, and tells the time of one call (of the quickest batch: other programs disturb), dbmesh's
allocations, and the fuel, which is exact: the same on every machine. The first line is a filter
that does nothing. What follows is what it takes to compile and to start the filter, and the
memory of one instance; a proxy has up to twice as many instances as processors.
`

// filterBench is the verb filter bench.
func filterBench(args []string, out, errs io.Writer) int {
	from, each := "", 300*time.Millisecond
	flags := newFlags("bench", benchUsage)
	flags.StringVar(&from, "cases", "", "the `file` with the cases (default cases.yaml beside the filter)")
	flags.DurationVar(&each, "time", each, "how long to measure each step")
	paths, status, done := parse(flags, 1, args, out, errs)
	if done {
		return status
	}
	s, f, err := subjectAndCases(paths, from)
	if err != nil {
		return endedCases(errs, "bench", err)
	}
	if err := bench(context.Background(), s, f, each, out); err != nil {
		return ended(errs, "bench", err)
	}
	return exitOK
}

func bench(ctx context.Context, s *lab.Subject, f *cases.File, each time.Duration, out io.Writer) error {
	fresh, err := lab.New("", f.Server) // without a cache: what compiling takes is measured too
	if err != nil {
		return err
	}
	start := time.Now()
	if _, err := fresh.Compile(ctx, s.Source.Module); err != nil {
		return err
	}
	compile := time.Since(start)
	l, err := lab.New(machineCode(), f.Server)
	if err != nil {
		return err
	}
	b := l.NewBench(each)
	floor, err := b.Floor(ctx)
	if err != nil {
		return fmt.Errorf("the empty filter: %w", err)
	}
	all := []lab.Cost{*floor}
	var run *lab.Run
	for i := range f.Cases {
		costs, r, err := b.Case(ctx, s, f, &f.Cases[i])
		if err != nil {
			return fmt.Errorf("the filter is refused: %w", err)
		}
		all, run = append(all, costs...), r
	}
	if len(all) == 1 {
		return errors.New("none of the cases asks the filter anything")
	}
	fmt.Fprintf(out, "%s on %s/%s, %d processors\n\n", s.Path, runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0))
	lab.WriteCosts(out, all)
	fmt.Fprintf(out, "\n  compile      %s without the cache\n", lab.Duration(compile))
	fmt.Fprintf(out, "  load         %s with it, to the first question\n", lab.Duration(run.Report.Load))
	fmt.Fprintf(out, "  memory       %s an instance at its start\n", lab.Bytes(int(run.Report.Start)))
	return nil
}

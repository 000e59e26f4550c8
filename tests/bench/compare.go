//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/dbmesh/dbmesh/tests/bench/report"
)

// compare runs all workloads through all peers, writes the records and prints
// the tables. A run that fails is recorded and does not end the others.
func (b *bench) compare() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	out, err := os.Create(b.out)
	if err != nil {
		return fmt.Errorf("file for the results: %w", err)
	}
	defer out.Close()
	lines := json.NewEncoder(out)
	if err := lines.Encode(b.about()); err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	targets, err := b.targets()
	defer func() {
		for _, t := range targets {
			if t.proc != nil {
				t.proc.Stop()
			}
		}
	}()
	if err != nil {
		return err
	}
	failed := 0
	for _, w := range workloads(b.only, b.idle) {
		for rep := range b.reps {
			if w.once && rep > 0 {
				break
			}
			for i := range targets {
				t := targets[(i+rep)%len(targets)]
				if t.proc == nil && w.proxy {
					continue
				}
				r := b.once(w, t)
				if ctx.Err() != nil {
					return errors.New("interrupted")
				}
				if r.Rep = rep; r.Error != "" {
					failed++
				}
				if err := lines.Encode(r); err != nil {
					return fmt.Errorf("write the results: %w", err)
				}
			}
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	if failed > 0 {
		err = fmt.Errorf("%d runs failed", failed)
	}
	return errors.Join(b.print([]string{b.out}), err)
}

// once makes one run and shows it; a failure is part of the record.
func (b *bench) once(w workload, t *target) report.Record {
	r := report.Record{Workload: w.name, Peer: t.name}
	var err error
	if w.fresh {
		err = b.restart(t)
	}
	if err == nil {
		r, err = b.measure(w, t)
	}
	if err != nil {
		r.Error = strings.ReplaceAll(err.Error(), "\n", "; ")
		fmt.Fprintf(os.Stderr, "%-18s %-8s %s\n", w.name, t.name, r.Error)
		if err := b.restart(t); err != nil { // the next run must not suffer from what this one broke
			fmt.Fprintf(os.Stderr, "%-18s %-8s %v\n", w.name, t.name, err)
		}
		return r
	}
	if w.fresh {
		fmt.Fprintf(os.Stderr, "%-18s %-8s %.1f KiB a pair  %.3f %% of a core\n", w.name, t.name, report.Memory(r), report.Busy(r))
		return r
	}
	fmt.Fprintf(os.Stderr, "%-18s %-8s %9.0f/s  proxy %6.1f µs  read+write %.2f  p99 %.0f µs  foreign %.0f %%\n",
		w.name, t.name, report.Rate(r), report.Cost(r), report.Calls(r), r.P99, 100*r.Foreign)
	return r
}

// print writes the tables of files with records to standard output.
func (b *bench) print(files []string) error {
	var all report.Records
	w := bufio.NewWriter(os.Stdout)
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("results: %w", err)
		}
		defer f.Close()
		var about []string
		if all, about, err = all.Read(f); err != nil {
			return err
		}
		for _, line := range about {
			fmt.Fprintf(w, "    %s\n\n", line)
		}
	}
	quiet, left := all.Quiet(b.foreign)
	if left > 0 {
		fmt.Fprintf(w, "%d of %d runs left out: the machine was busy with other things.\n\n", left, len(all))
	}
	if base, peer, ok := strings.Cut(b.difference, ","); ok {
		quiet.WriteDifferences(w, base, peer)
	}
	quiet.WriteBars(w)
	quiet.WriteTables(w)
	return w.Flush()
}

//go:build linux

package main

import (
	"strings"
	"time"
)

// workload is one kind of work; its arguments go to the load process.
type workload struct {
	name   string
	args   []string
	settle time.Duration // rest before the measurement
}

func (w workload) seconds(b *bench) float64 { return b.secs }

// workloads returns those whose name starts with one of the prefixes, all if there is none.
func workloads(only string) []workload {
	all := []workload{
		{name: "point-text-1", args: []string{"-conns", "1", "point"}},
		{name: "point-text-8", args: []string{"-conns", "8", "point"}},
		{name: "point-text-64", args: []string{"-conns", "64", "point"}},
		{name: "point-prepared-8", args: []string{"-conns", "8", "prepared"}},
		{name: "point-prepared-64", args: []string{"-conns", "64", "prepared"}},
		{name: "pipelined-32", args: []string{"-depth", "32", "point"}},
	}
	if only == "" {
		return all
	}
	var some []workload
	for _, w := range all {
		for p := range strings.SplitSeq(only, ",") {
			if strings.HasPrefix(w.name, p) {
				some = append(some, w)
				break
			}
		}
	}
	return some
}

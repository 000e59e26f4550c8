//go:build linux

package main

import (
	"strconv"
	"strings"
	"time"
)

// workload is one kind of work.
type workload struct {
	name   string
	args   []string // for the load process
	once   bool     // one repetition is enough
	fresh  bool     // the proxy is started anew before, so that its memory says something
	proxy  bool     // the direct connection has nothing to show here
	traced bool     // count the proxy's system calls, which makes its times useless
	settle time.Duration
	time   time.Duration // 0: as long as the flag says
}

// workloads returns those whose name starts with one of the prefixes. The
// traced ones run only if they are asked for by name or everything is.
func workloads(only string, idle time.Duration) []workload {
	all := []workload{
		closedLoop("point-text-1", "point", 1), closedLoop("point-text-8", "point", 8), closedLoop("point-text-64", "point", 64), closedLoop("point-text-500", "point", 500),
		closedLoop("point-prepared-8", "prepared", 8), closedLoop("point-prepared-64", "prepared", 64), closedLoop("point-prepared-500", "prepared", 500),
		closedLoop("readwrite-text-8", "readwrite", 8),
		{name: "pipelined-32", args: []string{"-depth", "32", "point"}},
		closedLoop("connect-8", "connect", 8),
		{name: "result-200MB", args: []string{"result"}},
		{name: "statement-20MB", args: []string{"-size", "20000000", "statement"}},
		{name: "idle-2000", args: []string{"-conns", "2000", "idle"}, once: true, fresh: true, proxy: true, settle: 3 * time.Second, time: idle},
	}
	for _, n := range []string{"1", "8", "64"} {
		all = append(all, workload{name: "traced-" + n, args: []string{"-conns", n, "point"}, once: true, proxy: true, traced: true, time: time.Second})
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

func closedLoop(name, kind string, conns int) workload {
	return workload{name: name, args: []string{"-conns", strconv.Itoa(conns), kind}}
}

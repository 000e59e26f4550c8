//go:build linux

package main

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/tests/bench/peer"
	"github.com/dbmesh/dbmesh/tests/bench/report"
)

func TestTraceLineReadsNameAndCalls(t *testing.T) {
	for line, want := range map[string]int{
		" 52.10    0.001234           3       412        11 read":             412,
		" 47.90    0.001134           2       398           write":            398,
		"100.00    0.002368           2       810        11 total":            0,
		"% time     seconds  usecs/call     calls    errors syscall":          0,
		"------ ----------- ----------- --------- --------- ----------------": 0,
		"": 0,
	} {
		if name, got := traceLine(line); got != want || got > 0 && name != "read" && name != "write" {
			t.Errorf("%q: %s %d", line, name, got)
		}
	}
}

func TestWorkloadsAreChosenByPrefix(t *testing.T) {
	var names []string
	for _, w := range workloads("point-text-8,idle", time.Second) {
		names = append(names, w.name)
	}
	if len(names) != 2 || names[0] != "point-text-8" || names[1] != "idle-2000" {
		t.Errorf("got %q", names)
	}
	for _, b := range report.Bars() {
		if len(workloads(b.Workload, 0)) != 1 {
			t.Errorf("the bar on %q belongs to no single workload", b.Workload)
		}
	}
}

// All that a run consists of, but short, with the real server and the forwarder.
func TestEveryWorkloadFinishesThroughTheForwarder(t *testing.T) {
	if testing.Short() {
		t.Skip("needs some seconds of the whole machine")
	}
	for _, program := range []string{"mariadbd", "mariadb-install-db"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("not run: %v", err)
		}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	dir := t.TempDir()
	b := &bench{dir: dir, bin: filepath.Join(dir, "bin"), user: "bench", password: "bench", secs: 0.05, plan: peer.NewPlan()}
	b.plan.Dir, b.plan.Bin = b.dir, b.bin
	if err := b.build(); err != nil {
		t.Fatal(err)
	}
	stop, err := b.startBackend()
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	forwarder := &target{name: "iocopy"}
	if err := b.restart(forwarder); err != nil {
		t.Fatal(err)
	}
	defer func() { forwarder.proc.Stop() }()
	for _, w := range workloads("", 10*time.Millisecond) {
		if w.traced {
			continue // tracing may not be allowed
		}
		w.settle = 0
		r, err := b.measure(w, forwarder)
		if err != nil {
			t.Fatalf("%s: %v", w.name, err)
		}
		if r.Units() <= 0 || r.Seconds <= 0 || r.Backend <= 0 && !w.once {
			t.Errorf("%s: empty record %+v", w.name, r)
		}
	}
}

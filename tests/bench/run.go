//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/dbmesh/dbmesh/tests/bench/meter"
	"github.com/dbmesh/dbmesh/tests/bench/report"
)

// target is one way to the backend. The direct one has no process.
type target struct {
	name string
	addr string
	pid  int
}

// measure runs a workload once through a target.
func (b *bench) measure(w workload, t target) (report.Record, error) {
	r := report.Record{Workload: w.name, Peer: t.name}
	args := append([]string{"-addr", t.addr, "-user", b.user, "-password", b.password,
		"-time", fmt.Sprintf("%gs", w.seconds(b))}, w.args...)
	cmd := exec.Command(filepath.Join(b.bin, "load"), args...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return r, fmt.Errorf("start the load: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return r, fmt.Errorf("start the load: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return r, fmt.Errorf("start the load: %w", err)
	}
	defer cmd.Wait() // what went wrong, it has said on standard error
	defer in.Close()
	lines := bufio.NewReader(out)
	if _, err := lines.ReadBytes('\n'); err != nil {
		return r, fmt.Errorf("%s through %s: the load could not start", w.name, t.name)
	}
	who := meter.Processes{Proxy: t.pid, Backend: b.backendPID, Client: cmd.Process.Pid}
	time.Sleep(w.settle)
	before, err := meter.Take(who)
	if err != nil {
		return r, fmt.Errorf("counters: %w", err)
	}
	if _, err := io.WriteString(in, "go\n"); err != nil {
		return r, fmt.Errorf("start the measurement: %w", err)
	}
	line, err := lines.ReadBytes('\n')
	if err != nil {
		return r, fmt.Errorf("%s through %s: the load failed", w.name, t.name)
	}
	after, err := meter.Take(who)
	if err != nil {
		return r, fmt.Errorf("counters: %w", err)
	}
	if err := json.Unmarshal(line, &r); err != nil {
		return r, fmt.Errorf("result of the load: %w", err)
	}
	r.Use = after.Since(before)
	return r, nil
}

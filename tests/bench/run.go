//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"errors"
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

// load is the client process of one run, under way.
type load struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Reader
}

// startLoad returns when the client is logged in and warm.
func (b *bench) startLoad(w workload, addr string) (*load, error) {
	d := w.time
	if d == 0 {
		d = time.Duration(b.secs * float64(time.Second))
	}
	args := append([]string{"-addr", addr, "-user", b.user, "-password", b.password,
		fmt.Sprintf("-loop=%t", b.loop), "-time", d.String()}, w.args...)
	l := &load{cmd: exec.Command(filepath.Join(b.bin, "load"), args...)}
	l.cmd.Stderr = os.Stderr
	// the Go runtime's signals to its own threads would end system calls early
	l.cmd.Env = append(os.Environ(), "GODEBUG=asyncpreemptoff=1")
	l.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the load: %w", err)
	}
	if l.in, err = l.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start the load: %w", err)
	}
	if err := l.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the load: %w", err)
	}
	l.lines = bufio.NewReader(out)
	if _, err := l.lines.ReadBytes('\n'); err != nil {
		return nil, errors.Join(errors.New("the load could not log in or warm up"), l.end())
	}
	return l, nil
}

// measured lets the client do its work and returns the result.
func (l *load) measured(r *report.Record) error {
	if _, err := io.WriteString(l.in, "go\n"); err != nil {
		return fmt.Errorf("start the measurement: %w", err)
	}
	line, err := l.lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("wait for the result: %w", err)
	}
	if err := json.Unmarshal(line, r); err != nil {
		return fmt.Errorf("result of the load: %w", err)
	}
	return nil
}

// end lets the client make its last checks and says whether it was content.
func (l *load) end() error {
	_ = l.in.Close() // it may be gone
	if err := l.cmd.Wait(); err != nil {
		return fmt.Errorf("the load failed: %w", err)
	}
	return nil
}

// measure runs a workload once through a target.
func (b *bench) measure(w workload, t *target) (r report.Record, err error) {
	r = report.Record{Workload: w.name, Peer: t.name}
	empty, err := t.memory()
	if err != nil {
		return r, err
	}
	l, err := b.startLoad(w, t.addr)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, l.end()) }()
	time.Sleep(w.settle)
	full, err := t.memory()
	if err != nil {
		return r, err
	}
	if w.fresh {
		r.Memory = full - empty
	}
	if w.traced {
		tr, err := startTrace(t.pid(), b.dir)
		if err != nil {
			return r, err
		}
		runErr := l.measured(&r)
		r.Traced, err = tr.stop()
		return r, errors.Join(runErr, err)
	}
	who := meter.Processes{Proxy: t.pid(), Backend: b.backendPID, Client: l.cmd.Process.Pid}
	before, err := meter.Take(who)
	if err != nil {
		return r, err
	}
	count, err := b.startCounter()
	if err != nil {
		return r, err
	}
	ran := l.measured(&r)
	after, err := meter.Take(who)
	r.Use = after.Since(before)
	var counted error
	r.Connections, counted = count.peak()
	return r, errors.Join(ran, err, counted)
}

//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// moving are the system calls that a proxy can move bytes with.
const moving = "read,write,readv,writev,recvfrom,sendto,recvmsg,sendmsg,splice"

// trace is a running count of a process's system calls.
type trace struct {
	cmd *exec.Cmd
	out string
}

// startTrace returns when the process is being traced.
func startTrace(pid int, dir string) (*trace, error) {
	t := &trace{out: filepath.Join(dir, "strace.out")}
	t.cmd = exec.Command("strace", "-f", "-c", "-qq", "-e", "trace="+moving, "-o", t.out, "-p", strconv.Itoa(pid))
	if err := t.cmd.Start(); err != nil {
		return nil, fmt.Errorf("trace: %w", err)
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if traced(pid) {
			return t, nil
		}
	}
	return nil, errors.Join(errors.New("trace: not attached after 10 s"), t.cmd.Process.Kill(), t.cmd.Wait())
}

// traced says whether all threads of a process have a tracer.
func traced(pid int) bool {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	for _, f := range files {
		b, readErr := os.ReadFile(f)
		if readErr == nil && strings.Contains(string(b), "TracerPid:\t0\n") {
			return false
		}
	}
	return err == nil && len(files) > 0
}

// stop returns the number of calls by name.
func (t *trace) stop() (map[string]int, error) {
	if err := t.cmd.Process.Signal(syscall.SIGINT); err != nil {
		return nil, fmt.Errorf("end the trace: %w", err)
	}
	_ = t.cmd.Wait() // it ends by our signal, which it reports as a failure
	f, err := os.Open(t.out)
	if err != nil {
		return nil, fmt.Errorf("counts of the trace: %w", err)
	}
	defer f.Close()
	calls := map[string]int{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, n := traceLine(lines.Text())
		if n > 0 {
			calls[name] = n
		}
	}
	return calls, lines.Err()
}

// traceLine reads "% time, seconds, usecs/call, calls, [errors,] name".
func traceLine(line string) (name string, n int) {
	words := strings.Fields(line)
	if len(words) < 5 {
		return "", 0
	}
	name = words[len(words)-1]
	n, err := strconv.Atoi(words[3])
	if err != nil || name == "total" {
		return "", 0
	}
	return name, n
}

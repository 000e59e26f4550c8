//go:build linux

// Package meter reads what processes and the machine have used so far.
package meter

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

// CPU returns the processor time of all threads of a process, ended ones
// included, to the nanosecond: its clock as clock_getcpuclockid(3) names it.
// The times in /proc/PID/stat have a grain of 10 ms.
func CPU(pid int) (time.Duration, error) {
	const scheduler = 2
	var t syscall.Timespec
	clock := uintptr(^pid)<<3 | scheduler
	if _, _, e := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&t)), 0); e != 0 {
		return 0, fmt.Errorf("processor clock of process %d: %w", pid, e)
	}
	return time.Duration(t.Nano()), nil
}

// Switches returns the context switches, asked for or not, of all living
// threads of a process.
func Switches(pid int) (int64, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(files) == 0 {
		return 0, errors.Join(fmt.Errorf("no threads of process %d", pid), err)
	}
	var n int64
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // the thread has ended
		}
		n += Field(b, "voluntary_ctxt_switches") + Field(b, "nonvoluntary_ctxt_switches")
	}
	return n, nil
}

// RSS returns a process's resident memory in bytes.
func RSS(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, fmt.Errorf("memory of process %d: %w", pid, err)
	}
	return Field(b, "VmRSS") << 10, nil
}

// Calls returns how often a process has called read or write and their vector
// forms, empty-handed calls included. The kernel does not count recv, send and
// splice here: a process that uses those has to be traced.
func Calls(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		return 0, fmt.Errorf("system calls of process %d: %w", pid, err)
	}
	return Field(b, "syscr") + Field(b, "syscw"), nil
}

// Field returns the number of a "name: number" line, 0 if there is none.
func Field(b []byte, name string) int64 {
	for line := range bytes.Lines(b) {
		key, value, _ := bytes.Cut(line, []byte(":"))
		words := bytes.Fields(value)
		if string(key) != name || len(words) == 0 {
			continue
		}
		n, err := strconv.ParseInt(string(words[0]), 10, 64)
		if err == nil {
			return n
		}
	}
	return 0
}

//go:build linux

package main

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// about describes the machine and the programs, for whoever reads the results later.
type about struct {
	Date       string  `json:"date"`
	Commit     string  `json:"commit"`
	Kernel     string  `json:"kernel"`
	Processor  string  `json:"processor"`
	Processors int     `json:"processors"`
	Congestion string  `json:"congestion_control"`
	Go         string  `json:"go"`
	HAProxy    string  `json:"haproxy"`
	Backend    string  `json:"backend"`
	Dbmesh     string  `json:"dbmesh"`
	Load       string  `json:"load"`
	Secs       float64 `json:"secs"`
}

func (b *bench) about() about {
	a := about{
		Date:       time.Now().UTC().Format(time.RFC3339),
		Commit:     firstLine("git", "rev-parse", "--short", "HEAD"),
		Kernel:     content("/proc/sys/kernel/osrelease"),
		Processor:  processor(content("/proc/cpuinfo")),
		Processors: runtime.NumCPU(),
		Congestion: content("/proc/sys/net/ipv4/tcp_congestion_control"),
		Go:         runtime.Version(),
		HAProxy:    firstLine("haproxy", "-v"),
		Backend:    firstLine("mariadbd", "--version"),
		Dbmesh:     b.plan.Commands["dbmesh"],
		Load:       "a thread a connection",
		Secs:       b.secs,
	}
	if b.loop {
		a.Load = "one thread"
	}
	return a
}

// firstLine is what a program prints first, empty where it cannot be run.
func firstLine(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return ""
	}
	line, _, _ := bytes.Cut(out, []byte("\n"))
	return string(line)
}

func content(file string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func processor(info string) string {
	for line := range strings.Lines(info) {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

//go:build linux

// Command bench measures dbmesh beside a direct connection, HAProxy and a plain
// forwarder on one machine; README.md says how to run and read it.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/dbmesh/dbmesh/tests/bench/peer"
)

// bench is one invocation.
type bench struct {
	dir, bin       string
	out, report    string
	only, peers    string
	difference     string
	user, password string
	backend        string
	backendPID     int
	reps, nice     int
	secs           float64
	idle           time.Duration
	loop, gate     bool
	foreign        float64
	plan           *peer.Plan
}

func main() {
	log.SetFlags(0)
	runtime.LockOSThread() // servers die with the thread that started them
	b := &bench{plan: peer.NewPlan()}
	b.flags()
	flag.Parse()
	if err := b.run(); err != nil {
		log.Fatalf("bench: %v", err)
	}
}

func (b *bench) flags() {
	flag.StringVar(&b.only, "only", "", "prefixes of workloads to run, separated by commas; all without it")
	flag.StringVar(&b.peers, "peers", "direct,haproxy,iocopy,dbmesh,shared", "peers to run, separated by commas")
	flag.StringVar(&b.difference, "difference", "", "A,B: also show how much more processor time peer B takes than peer A")
	flag.IntVar(&b.reps, "reps", 9, "repetitions")
	flag.Float64Var(&b.secs, "secs", 3, "length of a run in seconds")
	flag.DurationVar(&b.idle, "idle", time.Minute, "how long the idle connections are watched")
	flag.StringVar(&b.out, "out", filepath.Join(os.TempDir(), "dbmesh-bench.jsonl"), "file for the raw results")
	flag.StringVar(&b.report, "report", "", "only print the tables of these files with raw results, separated by commas")
	flag.Float64Var(&b.foreign, "foreign", 1, "leave out of the tables the repetitions that lost more than this share of the machine to strangers")
	flag.BoolVar(&b.gate, "gate", false, "only count dbmesh's reads and writes a query, and fail above the bar")
	flag.BoolVar(&b.loop, "loop", false, "let the load drive all connections from one thread in place of one each")
	flag.IntVar(&b.nice, "nice", 0, "scheduling priority of everything started here, for a machine that others use: -10 is high")
	flag.StringVar(&b.dir, "dir", "", "folder to keep the backend and the programs in for the next time; without it a temporary one")
	flag.StringVar(&b.backend, "backend", "", "address of a running backend with the tables, in place of an own MariaDB")
	flag.IntVar(&b.backendPID, "backend-pid", 0, "its process, to see its processor time")
	flag.StringVar(&b.user, "user", "bench", "account at the backend, made by us in our own one")
	flag.StringVar(&b.password, "password", "bench", "its password")
	flag.StringVar(&b.plan.Config, "config", "", "YAML for dbmesh, in which "+peer.ConfigListen+" and "+peer.ConfigBackend+" stand for the real addresses")
	flag.Func("dbmesh", "dbmesh program to run; built from the tree without it", func(s string) error {
		for name, command := range b.plan.Commands {
			b.plan.Commands[name] = strings.Replace(command, "{bin}/dbmesh", s, 1)
		}
		return nil
	})
	flag.Func("peer", "NAME=COMMAND: how to start a peer, known or new; {listen} {backend} {config} {dir} {bin} are filled in", func(s string) error {
		name, command, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("no command in %q", s)
		}
		b.plan.Commands[name] = command
		return nil
	})
}

func (b *bench) run() error {
	if b.report != "" {
		return b.print(strings.Split(b.report, ","))
	}
	if b.nice != 0 {
		// of this thread only, which is the one that starts everything
		if err := syscall.Setpriority(syscall.PRIO_PROCESS, 0, b.nice); err != nil {
			return fmt.Errorf("set the priority: %w", err)
		}
	}
	if b.dir == "" {
		dir, err := os.MkdirTemp("", "dbmesh-bench")
		if err != nil {
			return fmt.Errorf("make a folder: %w", err)
		}
		defer os.RemoveAll(dir)
		b.dir = dir
	}
	b.bin = filepath.Join(b.dir, "bin")
	b.plan.Dir, b.plan.Bin = b.dir, b.bin
	if b.plan.Config != "" {
		b.plan.Commands["dbmesh"] = strings.Replace(b.plan.Commands["dbmesh"], "--backend {backend} --listen {listen}", "--config {config}", 1)
	}
	if err := b.build(); err != nil {
		return err
	}
	stop, err := b.startBackend()
	if err != nil {
		return err
	}
	defer stop()
	if b.gate {
		return b.checkCalls()
	}
	return b.compare()
}

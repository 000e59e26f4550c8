//go:build linux

// Command bench measures dbmesh beside a direct connection, HAProxy and a plain
// forwarder on one machine; README.md says how to run and read it.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/dbmesh/dbmesh/tests/bench/peer"
	"github.com/dbmesh/dbmesh/tests/bench/report"
)

// bench is one invocation.
type bench struct {
	dir, bin       string
	user, password string
	secs           float64
	reps           int
	only, peers    string
	backend        string
	backendPID     int
	commands       map[string]string
}

func main() {
	log.SetFlags(0)
	runtime.LockOSThread() // servers die with the thread that started them
	b := &bench{commands: peer.Commands(), user: "bench", password: "bench"}
	flag.StringVar(&b.dir, "dir", "", "folder to keep the backend and the programs in (default: a temporary one)")
	flag.Float64Var(&b.secs, "secs", 3, "seconds a run")
	flag.IntVar(&b.reps, "reps", 9, "repetitions")
	flag.StringVar(&b.only, "only", "", "prefixes of workloads, separated by commas")
	flag.StringVar(&b.peers, "peers", "direct,haproxy,iocopy,dbmesh", "peers, separated by commas")
	flag.Func("peer", "NAME=COMMAND: how to start a peer; {listen} {backend} {dir} {bin} are filled in", func(s string) error {
		name, command, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("no command in %q", s)
		}
		b.commands[name] = command
		return nil
	})
	flag.Parse()
	if err := b.run(); err != nil {
		log.Fatalf("bench: %v", err)
	}
}

func (b *bench) run() error {
	if b.dir == "" {
		dir, err := os.MkdirTemp("", "bench")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		b.dir = dir
	}
	b.bin = filepath.Join(b.dir, "bin")
	if err := os.MkdirAll(b.bin, 0o755); err != nil {
		return err
	}
	for _, p := range []string{"load", "forwarder"} {
		out, err := exec.Command("go", "build", "-o", b.bin+"/", "./tests/bench/"+p).CombinedOutput()
		if err != nil {
			return fmt.Errorf("build %s: %w: %s", p, err, out)
		}
	}
	db, fresh, err := peer.MariaDB(b.dir)
	if err != nil {
		return err
	}
	defer db.Stop()
	b.backend, b.backendPID = db.Addr, db.PID()
	if fresh {
		if out, err := exec.Command(filepath.Join(b.bin, "load"), "-addr", b.backend, "tables").CombinedOutput(); err != nil {
			return fmt.Errorf("make the tables: %w: %s", err, out)
		}
	}
	var targets []target
	for name := range strings.SplitSeq(b.peers, ",") {
		if name == "direct" {
			targets = append(targets, target{name, b.backend, 0})
			continue
		}
		p, err := peer.Proxy(name, b.commands[name], b.dir, b.bin, b.backend)
		if err != nil {
			return err
		}
		defer p.Stop()
		targets = append(targets, target{name, p.Addr, p.PID()})
	}
	for _, w := range workloads(b.only) {
		for rep := range b.reps {
			for i := range targets {
				t := targets[(i+rep)%len(targets)]
				r, err := b.measure(w, t)
				if err != nil {
					return err
				}
				r.Rep = rep
				show(r)
			}
		}
	}
	return nil
}

func show(r report.Record) {
	_ = json.NewEncoder(os.Stdout).Encode(r)
	fmt.Fprintf(os.Stderr, "%-18s %-8s %8.0f/s %6.1f us/op p50 %.0f p99 %.0f  switches %.2f calls %.2f foreign %.0f%%\n", r.Workload, r.Peer, r.Rate(), r.Cost(),
		r.P50, r.P99, float64(r.Switches)/r.Units(), float64(r.Calls)/r.Units(), 100*r.Foreign)
}

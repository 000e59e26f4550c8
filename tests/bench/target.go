//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/tests/bench/meter"
	"github.com/dbmesh/dbmesh/tests/bench/peer"
)

// module is where the programs of the benchmark are built from.
const module = "github.com/dbmesh/dbmesh"

// target is one way to the backend. The direct one has no process.
type target struct {
	name string
	addr string
	proc *peer.Process
}

func (t *target) pid() int {
	if t.proc == nil {
		return 0
	}
	return t.proc.PID()
}

func (t *target) memory() (int64, error) {
	if t.proc == nil {
		return 0, nil
	}
	return meter.RSS(t.proc.PID())
}

// restart gives the target a new process.
func (b *bench) restart(t *target) error {
	if t.name == "direct" {
		return nil
	}
	if t.proc != nil {
		t.proc.Stop()
	}
	var err error
	if t.proc, err = b.plan.Start(t.name, b.backend); err != nil {
		return err
	}
	t.addr = t.proc.Addr
	return nil
}

// targets starts all peers; the caller stops those that are returned, also with an error.
func (b *bench) targets() ([]*target, error) {
	var all []*target
	for name := range strings.SplitSeq(b.peers, ",") {
		t := &target{name: name, addr: b.backend}
		if err := b.restart(t); err != nil {
			return all, err
		}
		all = append(all, t)
	}
	return all, nil
}

// build makes the programs, dbmesh only where it is measured and was not given.
func (b *bench) build() error {
	if err := os.MkdirAll(b.bin, 0o755); err != nil {
		return fmt.Errorf("folder of the programs: %w", err)
	}
	parts := []string{"tests/bench/load", "tests/bench/forwarder"}
	if slices.ContainsFunc(strings.Split(b.peers, ","), func(p string) bool { return b.plan.Uses(p, "{bin}/dbmesh") }) {
		parts = append(parts, "cmd/dbmesh")
	}
	for _, p := range parts {
		out, err := exec.Command("go", "build", "-o", b.bin+"/", module+"/"+p).CombinedOutput()
		if err != nil {
			return fmt.Errorf("build %s: %w: %s", p, err, out)
		}
	}
	return nil
}

// startBackend starts our own server with its tables, unless one was given.
func (b *bench) startBackend() (stop func(), err error) {
	if b.backend != "" {
		return func() {}, nil
	}
	db, fresh, err := peer.MariaDB(b.dir)
	if err != nil {
		return nil, err
	}
	b.backend, b.backendPID = db.Addr, db.PID()
	if fresh {
		if err := b.tables(); err != nil {
			// half-made tables must not be taken for whole ones the next time
			return nil, errors.Join(err, os.RemoveAll(filepath.Join(b.dir, "mariadb")))
		}
	}
	return db.Stop, nil
}

func (b *bench) tables() error {
	out, err := exec.Command(filepath.Join(b.bin, "load"), "-addr", b.backend,
		"-user", b.user, "-password", b.password, "tables").CombinedOutput()
	if err != nil {
		return fmt.Errorf("make the tables: %w: %s", err, out)
	}
	return nil
}

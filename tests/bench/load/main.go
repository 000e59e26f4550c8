//go:build linux

// Command load is the benchmark's client process: it logs in, warms up, says
// {"ready":true}, starts the measured work when it gets a line on standard
// input, prints the result as one JSON line and stays until its input ends, so
// that the harness can read all counters while nothing is under way.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"runtime/debug"
	"time"

	"github.com/dbmesh/dbmesh/tests/bench/client"
)

// options is what every workload gets.
type options struct {
	addr  string
	who   client.Account
	conns int
	depth int
	size  int
	time  time.Duration
	loop  bool
}

// result is what a measured run did.
type result struct {
	Ops     int     `json:"ops"`
	Bytes   int     `json:"bytes,omitempty"`
	Seconds float64 `json:"seconds"`
	P50     float64 `json:"p50_us,omitempty"`
	P99     float64 `json:"p99_us,omitempty"`

	after func() error // what is left to check when the counters have been read
}

// workload prepares everything and returns the part to be measured.
type workload func(o options) (measured func() (result, error), err error)

func main() {
	log.SetFlags(0)
	debug.SetGCPercent(-1) // no collection inside a run, if 1 GiB lasts for it
	debug.SetMemoryLimit(1 << 30)
	var o options
	flag.StringVar(&o.addr, "addr", "127.0.0.1:3306", "server or proxy, IPv4")
	flag.StringVar(&o.who.User, "user", "bench", "account")
	flag.StringVar(&o.who.Password, "password", "bench", "its password")
	flag.StringVar(&o.who.Database, "database", "bench", "its database")
	flag.IntVar(&o.conns, "conns", 1, "connections")
	flag.IntVar(&o.depth, "depth", 1, "commands sent in one write")
	flag.IntVar(&o.size, "size", 0, "bytes of the large statement or result")
	flag.BoolVar(&o.loop, "loop", false, "one thread for all connections in place of one each")
	flag.DurationVar(&o.time, "time", 3*time.Second, "how long to measure")
	flag.Parse()
	if flag.Arg(0) == "tables" {
		if err := makeTables(o.addr, o.who); err != nil {
			log.Fatalf("load: make the tables: %v", err)
		}
		return
	}
	kinds := map[string]workload{
		"point": runPoint, "prepared": runPrepared, "readwrite": runReadWrite, "connect": runConnect,
		"result": runResult, "statement": runStatement, "idle": runIdle,
	}
	run, ok := kinds[flag.Arg(0)]
	if !ok {
		log.Fatalf("load: unknown workload %q", flag.Arg(0))
	}
	if err := serve(run, o); err != nil {
		log.Fatalf("load: %v", err)
	}
}

// serve keeps to the dialogue with the harness.
func serve(run workload, o options) error {
	measured, err := run(o)
	if err != nil {
		return fmt.Errorf("set up: %w", err)
	}
	fmt.Println(`{"ready":true}`)
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		return errors.New("nobody wants the measurement")
	}
	start := time.Now()
	r, err := measured()
	if err != nil {
		return err
	}
	r.Seconds = time.Since(start).Seconds()
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	_, _ = in.ReadString('\n') // the harness closes our input when it has read its counters
	if r.after != nil {
		return r.after()
	}
	return nil
}

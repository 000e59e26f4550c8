//go:build linux

// Command load is the benchmark's client process: it logs in, warms up, says
// {"ready":true}, starts the measured work when it gets a line on standard
// input, prints the result as one JSON line and stays until its input ends, so
// that the harness can read all counters while nothing is under way.
package main

import (
	"bufio"
	"encoding/json"
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
}

// result is what a measured run did.
type result struct {
	Ops     int     `json:"ops"`
	Bytes   int     `json:"bytes,omitempty"`
	Seconds float64 `json:"seconds"`
	P50     float64 `json:"p50_us,omitempty"`
	P99     float64 `json:"p99_us,omitempty"`
}

// workload prepares everything and returns the part to be measured.
type workload func(o options) (measured func() (result, error), err error)

func main() {
	log.SetFlags(0)
	debug.SetGCPercent(-1)
	var o options
	flag.StringVar(&o.addr, "addr", "127.0.0.1:3306", "server or proxy, IPv4")
	flag.StringVar(&o.who.User, "user", "bench", "account")
	flag.StringVar(&o.who.Password, "password", "bench", "its password")
	flag.StringVar(&o.who.Database, "database", "bench", "its database")
	flag.IntVar(&o.conns, "conns", 1, "connections")
	flag.IntVar(&o.depth, "depth", 1, "commands sent in one write")
	flag.IntVar(&o.size, "size", 0, "bytes of the large statement; repetitions of the large result")
	flag.DurationVar(&o.time, "time", 3*time.Second, "how long to measure")
	flag.Parse()
	if flag.Arg(0) == "tables" {
		if err := makeTables(o.addr, o.who); err != nil {
			log.Fatalf("load: make the tables: %v", err)
		}
		return
	}
	kinds := map[string]workload{
		"point": runPoint, "prepared": runPrepared,
	}
	run, ok := kinds[flag.Arg(0)]
	if !ok {
		log.Fatalf("load: unknown workload %q", flag.Arg(0))
	}
	measured, err := run(o)
	if err != nil {
		log.Fatalf("load: set up: %v", err)
	}
	fmt.Println(`{"ready":true}`)
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil {
		log.Fatal("load: nobody wants the measurement")
	}
	start := time.Now()
	r, err := measured()
	if err != nil {
		log.Fatalf("load: %v", err)
	}
	r.Seconds = time.Since(start).Seconds()
	if err := json.NewEncoder(os.Stdout).Encode(r); err != nil {
		log.Fatal(err)
	}
	_, _ = in.ReadString('\n') // the harness closes our input when it has read its counters
}

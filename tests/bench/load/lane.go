//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/dbmesh/dbmesh/tests/bench/client"
)

// script is what one connection says: batches of commands, each sent in one
// write once the replies to the batch before have all come.
type script interface {
	// batch appends the next commands to dst and says how many replies they get.
	batch(dst []byte) ([]byte, int)
	// check judges reply i of the batch; the reply is valid during the call.
	check(i int, r client.Reply) error
}

// driver keeps connections busy in a closed loop: each sends again as soon as
// it is answered.
type driver interface {
	// run works for d, waits for the replies still out, so that nothing is under
	// way when it returns, and returns the time that each reply took.
	run(d time.Duration) ([]time.Duration, error)
}

// lane is one connection of a driver.
type lane struct {
	conn    *client.Conn
	script  script
	out     []byte
	want    int // replies still to come
	got     int
	sent    time.Time
	latency []time.Duration
}

// send writes the lane's next batch.
func (ln *lane) send(now time.Time) error {
	ln.out, ln.want = ln.script.batch(ln.out[:0])
	ln.got, ln.sent = 0, now
	return ln.conn.Send(ln.out)
}

// read makes one read. It returns when that ended and whether the batch is now answered.
func (ln *lane) read() (now time.Time, done bool, err error) {
	if err := ln.conn.Fill(); err != nil {
		return now, false, err
	}
	now = time.Now()
	for ln.want > 0 {
		r, n, err := client.Parse(ln.conn.Bytes(), 1)
		if err != nil {
			return now, false, err
		}
		if n == 0 {
			return now, false, nil
		}
		if err := ln.script.check(ln.got, r); err != nil {
			return now, false, err
		}
		ln.conn.Take(n)
		ln.got, ln.want = ln.got+1, ln.want-1
		ln.latency = append(ln.latency, now.Sub(ln.sent))
	}
	if extra := len(ln.conn.Bytes()); extra > 0 {
		return now, false, fmt.Errorf("%d bytes that nobody asked for", extra)
	}
	return now, true, nil
}

// collect takes the latencies out of the lanes.
func collect(lanes []*lane) []time.Duration {
	var all []time.Duration
	for _, ln := range lanes {
		all = append(all, ln.latency...)
		ln.latency = ln.latency[:0]
	}
	return all
}

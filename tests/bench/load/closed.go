//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/dbmesh/dbmesh/tests/bench/client"
)

// warmUp is how long a closed loop runs before it is measured.
const warmUp = 300 * time.Millisecond

func runPoint(o options) (func() (result, error), error) {
	return closed(o, func(i int, _ *client.Conn) (script, error) {
		return newPoint(uint64(i), o.depth), nil
	})
}

func runPrepared(o options) (func() (result, error), error) {
	return closed(o, func(i int, c *client.Conn) (script, error) {
		id, err := c.Prepare(pointSelect + "?")
		return &prepared{rand: rand.New(rand.NewPCG(uint64(i), 1)), statement: id}, err
	})
}

func runReadWrite(o options) (func() (result, error), error) {
	return closed(o, func(i int, _ *client.Conn) (script, error) {
		return newReadWrite(i, o.conns), nil
	})
}

// closed opens the connections, gives each its script and warms them up.
func closed(o options, each func(i int, c *client.Conn) (script, error)) (func() (result, error), error) {
	lanes := make([]*lane, o.conns)
	for i := range lanes {
		c, err := client.Dial(o.addr, o.who)
		if err != nil {
			return nil, err
		}
		s, err := each(i, c)
		if err != nil {
			return nil, fmt.Errorf("connection %d: %w", i, err)
		}
		lanes[i] = &lane{conn: c, script: s}
	}
	var drive driver = newThreads(lanes)
	if o.loop {
		var err error
		if drive, err = newLoop(lanes); err != nil {
			return nil, err
		}
	}
	if _, err := drive.run(warmUp); err != nil {
		return nil, fmt.Errorf("warm up: %w", err)
	}
	return func() (result, error) {
		took, err := drive.run(o.time)
		return result{Ops: len(took), P50: quantile(took, 0.50), P99: quantile(took, 0.99)}, err
	}, nil
}

// quantile sorts d and returns its q-th quantile in microseconds.
func quantile(d []time.Duration, q float64) float64 {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return float64(d[min(len(d)-1, int(q*float64(len(d))))].Nanoseconds()) / 1e3
}

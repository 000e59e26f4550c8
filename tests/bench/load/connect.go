//go:build linux

package main

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/dbmesh/dbmesh/tests/bench/client"
)

// runConnect counts whole lives of connections: log in, ask once, say goodbye.
func runConnect(o options) (func() (result, error), error) {
	runtime.GOMAXPROCS(o.conns + 2) // see newThreads
	if _, err := storm(o, warmUp); err != nil {
		return nil, fmt.Errorf("warm up: %w", err)
	}
	return func() (result, error) {
		took, err := storm(o, o.time)
		return result{Ops: len(took), P50: quantile(took, 0.50), P99: quantile(took, 0.99)}, err
	}, nil
}

func storm(o options, d time.Duration) ([]time.Duration, error) {
	took := make([][]time.Duration, o.conns)
	errs := make([]error, o.conns)
	end := time.Now().Add(d)
	var busy sync.WaitGroup
	for i := range o.conns {
		busy.Go(func() {
			s := newPoint(uint64(i), 1)
			for now := time.Now(); now.Before(end) && errs[i] == nil; {
				errs[i] = live(o, s)
				next := time.Now()
				took[i] = append(took[i], next.Sub(now))
				now = next
			}
		})
	}
	busy.Wait()
	var all []time.Duration
	for _, t := range took {
		all = append(all, t...)
	}
	return all, errors.Join(errs...)
}

// live is the life of one connection.
func live(o options, s script) error {
	c, err := client.Dial(o.addr, o.who)
	if err != nil {
		return err
	}
	if err := ask(c, s); err != nil {
		return errors.Join(err, c.Close())
	}
	return c.Quit()
}

// ask sends one batch of a script and checks the replies.
func ask(c *client.Conn, s script) error {
	out, want := s.batch(nil)
	if err := c.Send(out); err != nil {
		return err
	}
	for i := range want {
		r, err := c.Reply(1)
		if err != nil {
			return err
		}
		if err := s.check(i, r); err != nil {
			return err
		}
	}
	return nil
}

// runIdle opens connections, uses each once and then leaves them alone.
func runIdle(o options) (func() (result, error), error) {
	held := make([]*client.Conn, o.conns)
	for i := range held {
		c, err := client.Dial(o.addr, o.who)
		if err != nil {
			return nil, fmt.Errorf("connection %d: %w", i, err)
		}
		if err := ask(c, newPoint(uint64(i), 1)); err != nil {
			return nil, fmt.Errorf("connection %d: %w", i, err)
		}
		held[i] = c
	}
	return func() (result, error) {
		time.Sleep(o.time)
		return result{Ops: len(held), after: func() error { return askAll(held) }}, nil
	}, nil
}

// askAll finds the connections that did not survive their rest.
func askAll(held []*client.Conn) error {
	for i, c := range held {
		if err := ask(c, newPoint(uint64(i), 1)); err != nil {
			return fmt.Errorf("connection %d after its rest: %w", i, err)
		}
	}
	return nil
}

//go:build linux

package main

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// threads drives each lane from a thread of its own that sleeps in read, the
// way most applications wait for their database.
type threads struct{ lanes []*lane }

// newThreads gives every thread a processor of the Go scheduler to itself: with
// some to spare, coming back from a system call takes no other thread's help.
func newThreads(lanes []*lane) *threads {
	runtime.GOMAXPROCS(len(lanes) + 2)
	return &threads{lanes: lanes}
}

func (t *threads) run(d time.Duration) ([]time.Duration, error) {
	errs := make([]error, len(t.lanes))
	end := time.Now().Add(d)
	var busy sync.WaitGroup
	for i, ln := range t.lanes {
		busy.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			if err := ln.repeat(end); err != nil {
				errs[i] = fmt.Errorf("connection %d: %w", i, err)
				// the others must not go on for nothing, nor wait for ever
				for _, other := range t.lanes {
					_ = syscall.Shutdown(other.conn.FD(), syscall.SHUT_RDWR)
				}
			}
		})
	}
	busy.Wait()
	return collect(t.lanes), errors.Join(errs...)
}

// repeat asks and is answered until the time is over.
func (ln *lane) repeat(end time.Time) error {
	for now := time.Now(); now.Before(end); {
		if err := ln.send(now); err != nil {
			return err
		}
		for done := false; !done; {
			var err error
			if now, done, err = ln.read(); err != nil {
				return err
			}
		}
	}
	return nil
}

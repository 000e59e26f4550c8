package servers

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// stopWait is how long a server gets to end by itself before it is killed.
const stopWait = 20 * time.Second

// daemon is a server's process over its whole life, several runs included. Its
// methods may be called from any goroutine; they wait for one another.
type daemon struct {
	command func() *exec.Cmd
	ready   func(context.Context) error // tried again until it gives nil
	log     string                      // its end explains a failed start
	wait    time.Duration

	mu  sync.Mutex
	run *process
}

// PID is the id of the running process, 0 when it does not run.
func (d *daemon) PID() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.run == nil || d.run.gone() {
		return 0
	}
	return d.run.cmd.Process.Pid
}

// Start runs the server and returns once it takes SQL. A running one is an error.
func (d *daemon) Start() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.start()
}

// Kill9 ends the server as a crash would: no goodbye, data as far as it was written.
// It returns when the process is gone.
func (d *daemon) Kill9() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.kill()
}

// Stop freezes the server with SIGSTOP and returns when all its threads stand still: it
// still accepts TCP connections, by its kernel, but says nothing.
func (d *daemon) Stop() error {
	if err := d.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	for end := time.Now().Add(stopWait); ; time.Sleep(time.Millisecond) {
		still, err := standsStill(d.PID())
		if still || err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("the server runs on %s after SIGSTOP", stopWait)
		}
	}
}

// Cont lets a frozen server go on.
func (d *daemon) Cont() error { return d.signal(syscall.SIGCONT) }

// Shutdown ends the server with SIGTERM and returns when it is gone. A server
// that does not end within 20 seconds is killed, which is an error.
func (d *daemon) Shutdown() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shutdown()
}

// Restart runs the server again with the same port and data; one that still runs
// is shut down first.
func (d *daemon) Restart() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.run != nil && !d.run.gone() {
		if err := d.shutdown(); err != nil {
			return err
		}
	}
	return d.start()
}

func (d *daemon) start() error {
	if d.run != nil && !d.run.gone() {
		return errors.New("the server runs already")
	}
	run, err := spawn(d.command())
	if err != nil {
		return err
	}
	d.run = run
	ctx, cancel := context.WithTimeout(context.Background(), d.wait)
	defer cancel()
	if err := d.await(ctx, run); err != nil {
		return errors.Join(fmt.Errorf("%s: %w: %s", run.cmd.Path, err, tail(d.log)), d.kill())
	}
	return nil
}

func (d *daemon) await(ctx context.Context, run *process) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // ready may be waiting for a process that is gone
		select {
		case <-run.exited:
			cancel()
		case <-ctx.Done():
		}
	}()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for {
		err := d.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			if run.gone() {
				return fmt.Errorf("ended before it was ready: %w", errors.Join(run.err, err))
			}
			return fmt.Errorf("not ready within %s: %w", d.wait, err)
		case <-poll.C:
		}
	}
}

func (d *daemon) kill() error {
	if d.run == nil || d.run.gone() {
		return nil
	}
	if err := d.run.signal(syscall.SIGKILL); err != nil && !d.run.gone() {
		return err
	}
	<-d.run.exited
	return nil
}

func (d *daemon) shutdown() error {
	if d.run == nil || d.run.gone() {
		return nil
	}
	// A frozen process would see SIGTERM only after it goes on.
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGCONT} {
		if err := d.run.signal(s); err != nil && !d.run.gone() {
			return err
		}
	}
	select {
	case <-d.run.exited:
		return nil
	case <-time.After(stopWait):
		return errors.Join(fmt.Errorf("%s did not end within %s", d.run.cmd.Path, stopWait), d.kill())
	}
}

func (d *daemon) signal(s syscall.Signal) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.run == nil || d.run.gone() {
		return errors.New("the server does not run")
	}
	return d.run.signal(s)
}

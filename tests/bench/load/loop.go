//go:build linux

package main

import (
	"errors"
	"fmt"
	"syscall"
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

// lane is one connection inside the loop.
type lane struct {
	conn   *client.Conn
	script script
	out    []byte
	want   int // replies still to come
	got    int
	sent   time.Time
}

// loop drives all lanes from one thread. A client with a thread a connection
// would take more of the two cores than the proxy that is measured.
type loop struct {
	epoll   int
	lanes   []*lane
	latency []time.Duration
	now     time.Time // when the last wait ended
}

func newLoop(lanes []*lane) (*loop, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make an epoll set: %w", err)
	}
	for i, ln := range lanes {
		ev := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(i)}
		err := errors.Join(ln.conn.NonBlocking(), syscall.EpollCtl(fd, syscall.EPOLL_CTL_ADD, ln.conn.FD(), &ev))
		if err != nil {
			return nil, fmt.Errorf("add connection %d to the epoll set: %w", i, err)
		}
	}
	return &loop{epoll: fd, lanes: lanes, latency: make([]time.Duration, 0, 1<<20)}, nil
}

// run keeps every lane busy for d, then waits for the replies still out, so
// that nothing is under way when it returns.
func (l *loop) run(d time.Duration) error {
	l.latency = l.latency[:0]
	l.now = time.Now()
	end := l.now.Add(d)
	for i, ln := range l.lanes {
		if err := ln.send(l.now); err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
	}
	events := make([]syscall.EpollEvent, 256)
	for busy := len(l.lanes); busy > 0; {
		n, err := syscall.EpollWait(l.epoll, events, 30_000)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("wait for replies: %w", err)
		case n == 0:
			return errors.New("no reply for 30 s")
		}
		for _, ev := range events[:n] {
			ln := l.lanes[ev.Fd]
			done, err := l.read(ln)
			if err == nil && done {
				if l.now.Before(end) {
					err = ln.send(l.now)
				} else {
					busy--
				}
			}
			if err != nil {
				return fmt.Errorf("connection %d: %w", ev.Fd, err)
			}
		}
	}
	return nil
}

// send writes the lane's next batch.
func (ln *lane) send(now time.Time) error {
	ln.out, ln.want = ln.script.batch(ln.out[:0])
	ln.got, ln.sent = 0, now
	return ln.conn.Send(ln.out)
}

// read takes what has come for a lane and says whether its batch is answered.
func (l *loop) read(ln *lane) (bool, error) {
	if err := ln.conn.Fill(); err != nil {
		if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
			return false, nil
		}
		return false, err
	}
	l.now = time.Now()
	for ln.want > 0 {
		r, n, err := client.Parse(ln.conn.Bytes())
		if err != nil {
			return false, err
		}
		if n == 0 {
			return false, nil
		}
		if err := ln.script.check(ln.got, r); err != nil {
			return false, err
		}
		ln.conn.Take(n)
		ln.got, ln.want = ln.got+1, ln.want-1
		l.latency = append(l.latency, l.now.Sub(ln.sent))
	}
	if extra := len(ln.conn.Bytes()); extra > 0 {
		return false, fmt.Errorf("%d bytes that nobody asked for", extra)
	}
	return true, nil
}

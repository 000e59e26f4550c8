//go:build linux

package main

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// loop drives all lanes from one thread: the cheapest client, but one that
// asks in bursts, which every proxy finds easier to serve.
type loop struct {
	epoll int
	lanes []*lane
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
	return &loop{epoll: fd, lanes: lanes}, nil
}

func (l *loop) run(d time.Duration) ([]time.Duration, error) {
	start := time.Now()
	end := start.Add(d)
	for i, ln := range l.lanes {
		if err := ln.send(start); err != nil {
			return nil, fmt.Errorf("connection %d: %w", i, err)
		}
	}
	events := make([]syscall.EpollEvent, 256)
	for busy := len(l.lanes); busy > 0; {
		n, err := syscall.EpollWait(l.epoll, events, 30_000)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return nil, fmt.Errorf("wait for replies: %w", err)
		case n == 0:
			return nil, errors.New("no reply for 30 s")
		}
		for _, ev := range events[:n] {
			ln := l.lanes[ev.Fd]
			now, done, err := ln.read()
			switch {
			case errors.Is(err, syscall.EAGAIN):
				continue
			case err == nil && done:
				if now.Before(end) {
					err = ln.send(now)
				} else {
					busy--
				}
			}
			if err != nil {
				return nil, fmt.Errorf("connection %d: %w", ev.Fd, err)
			}
		}
	}
	return collect(l.lanes), nil
}

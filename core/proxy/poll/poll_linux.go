package poll

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Poller is a set of descriptors. Add, Remove and Wake are safe for concurrent use; Wait
// is for one goroutine, whose events are valid until its next Wait.
type Poller struct {
	epfd   int
	wakefd int
	raw    [batch]unix.EpollEvent
	events [batch]Event
}

// wakeToken marks the wake-up descriptor; no caller's token may be equal.
const wakeToken = ^uint64(0)

// New makes an empty set. Close frees it.
func New() (*Poller, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create: %w", err)
	}
	wakefd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		_ = unix.Close(epfd)
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	p := &Poller{epfd: epfd, wakefd: wakefd}
	// Not for writing: each read of the eventfd would be told as room to write.
	if err := p.add(wakefd, wakeToken, unix.EPOLLIN|unix.EPOLLET); err != nil {
		_ = p.Close()
		return nil, err
	}
	return p, nil
}

// Add watches fd for everything, edge-triggered, until Remove or until fd is closed.
func (p *Poller) Add(fd int, token uint64) error {
	return p.add(fd, token, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLRDHUP|unix.EPOLLET)
}

func (p *Poller) add(fd int, token uint64, events uint32) error {
	e := unix.EpollEvent{Events: events}
	setToken(&e, token)
	if err := unix.EpollCtl(p.epfd, unix.EPOLL_CTL_ADD, fd, &e); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// Remove stops watching fd, which stays open.
func (p *Poller) Remove(fd int) error {
	return unix.EpollCtl(p.epfd, unix.EPOLL_CTL_DEL, fd, nil)
}

// Wake ends the Wait under way, or the next one.
func (p *Poller) Wake() {
	one := [8]byte{1}
	_, _ = unix.Write(p.wakefd, one[:]) // EAGAIN: a wake-up is pending already
}

// Wait waits for events, at most for the given time; Forever for no limit.
func (p *Poller) Wait(limit time.Duration) ([]Event, error) {
	ms := -1
	if limit >= 0 {
		ms = int((limit + time.Millisecond - 1) / time.Millisecond)
	}
	n, err := unix.EpollWait(p.epfd, p.raw[:], ms)
	if err != nil {
		if err == unix.EINTR {
			return nil, nil
		}
		return nil, fmt.Errorf("epoll_wait: %w", err)
	}
	out := p.events[:0]
	for i := range p.raw[:n] {
		e := &p.raw[i]
		t := token(e)
		if t == wakeToken {
			var drain [8]byte
			_, _ = unix.Read(p.wakefd, drain[:])
			continue
		}
		gone := e.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0
		out = append(out, Event{
			Token:    t,
			Readable: gone || e.Events&unix.EPOLLIN != 0,
			Writable: gone || e.Events&unix.EPOLLOUT != 0,
			Hangup:   gone,
		})
	}
	return out, nil
}

// Close frees the set; the descriptors in it stay open.
func (p *Poller) Close() error {
	_ = unix.Close(p.wakefd)
	return unix.Close(p.epfd)
}

// The kernel keeps 64 bits for the caller, which the struct splits in two.

func setToken(e *unix.EpollEvent, t uint64) { e.Fd, e.Pad = int32(uint32(t)), int32(uint32(t>>32)) }

func token(e *unix.EpollEvent) uint64 { return uint64(uint32(e.Fd)) | uint64(uint32(e.Pad))<<32 }

package poll

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Poller is a set of descriptors. Add, Remove and Wake are safe for concurrent use; Wait
// is for one goroutine, whose events are valid until its next Wait.
type Poller struct {
	kq     int
	raw    [batch]unix.Kevent_t
	events [batch]Event

	mu     sync.Mutex
	tokens map[uint64]uint64 // by descriptor: kqueue gives back the descriptor, not a token
}

// wakeIdent names the user event that Wake triggers.
const wakeIdent = 1 << 40

// New makes an empty set. Close frees it.
func New() (*Poller, error) {
	kq, err := unix.Kqueue()
	if err != nil {
		return nil, fmt.Errorf("kqueue: %w", err)
	}
	unix.CloseOnExec(kq)
	p := &Poller{kq: kq, tokens: map[uint64]uint64{}}
	wake := unix.Kevent_t{Ident: wakeIdent, Filter: unix.EVFILT_USER, Flags: unix.EV_ADD | unix.EV_CLEAR}
	if _, err := unix.Kevent(kq, []unix.Kevent_t{wake}, nil, nil); err != nil {
		_ = unix.Close(kq)
		return nil, fmt.Errorf("kevent: %w", err)
	}
	return p, nil
}

// Add watches fd for everything, edge-triggered, until Remove or until fd is closed.
func (p *Poller) Add(fd int, token uint64) error {
	p.mu.Lock()
	p.tokens[uint64(fd)] = token
	p.mu.Unlock()
	changes := []unix.Kevent_t{
		{Ident: uint64(fd), Filter: unix.EVFILT_READ, Flags: unix.EV_ADD | unix.EV_CLEAR},
		{Ident: uint64(fd), Filter: unix.EVFILT_WRITE, Flags: unix.EV_ADD | unix.EV_CLEAR},
	}
	if _, err := unix.Kevent(p.kq, changes, nil, nil); err != nil {
		return fmt.Errorf("kevent: %w", err)
	}
	return nil
}

// Remove stops watching fd, which stays open.
func (p *Poller) Remove(fd int) error {
	p.mu.Lock()
	delete(p.tokens, uint64(fd))
	p.mu.Unlock()
	changes := []unix.Kevent_t{
		{Ident: uint64(fd), Filter: unix.EVFILT_READ, Flags: unix.EV_DELETE},
		{Ident: uint64(fd), Filter: unix.EVFILT_WRITE, Flags: unix.EV_DELETE},
	}
	_, err := unix.Kevent(p.kq, changes, nil, nil)
	return err
}

// Wake ends the Wait under way, or the next one.
func (p *Poller) Wake() {
	wake := unix.Kevent_t{Ident: wakeIdent, Filter: unix.EVFILT_USER, Fflags: unix.NOTE_TRIGGER}
	_, _ = unix.Kevent(p.kq, []unix.Kevent_t{wake}, nil, nil)
}

// Wait waits for events, at most for the given time; Forever for no limit.
func (p *Poller) Wait(limit time.Duration) ([]Event, error) {
	var ts *unix.Timespec
	if limit >= 0 {
		t := unix.NsecToTimespec(int64(limit))
		ts = &t
	}
	n, err := unix.Kevent(p.kq, nil, p.raw[:], ts)
	if err != nil {
		if err == unix.EINTR {
			return nil, nil
		}
		return nil, fmt.Errorf("kevent: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.events[:0]
	for i := range p.raw[:n] {
		e := &p.raw[i]
		t, ok := p.tokens[e.Ident]
		if !ok || e.Filter == unix.EVFILT_USER {
			continue
		}
		gone := e.Flags&unix.EV_EOF != 0
		out = append(out, Event{
			Token:    t,
			Readable: e.Filter == unix.EVFILT_READ || gone,
			Writable: e.Filter == unix.EVFILT_WRITE || gone,
			Hangup:   gone,
		})
	}
	return out, nil
}

// Close frees the set; the descriptors in it stay open.
func (p *Poller) Close() error { return unix.Close(p.kq) }

package core

import (
	"sync"
	"sync/atomic"
)

// Live is the chain in force. A command acquires it when it begins and releases it when
// it has ended, so an old generation lives as long as its longest running command. All
// methods are safe for concurrent use.
type Live struct {
	current atomic.Pointer[Chain]
	closing sync.WaitGroup
}

// NewLive puts the first chain in force.
func NewLive(first *Chain) *Live {
	l := &Live{}
	l.Swap(first)
	return l
}

// Acquire pins the chain in force until the matching Release. It never returns nil before
// Close, and nil after it.
func (l *Live) Acquire() *Chain {
	for {
		ch := l.current.Load()
		if ch == nil || ch.acquire() {
			return ch
		}
	}
}

// acquire fails on a chain whose last user has gone: it may be closed by now.
func (ch *Chain) acquire() bool {
	for {
		n := ch.users.Load()
		if n == 0 {
			return false
		}
		if ch.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Release ends one use. After the last one, of a chain that is no longer in force, the
// filters close.
func (ch *Chain) Release() {
	if ch.users.Add(-1) == 0 && ch.idle != nil {
		ch.idle(ch)
	}
}

// Discard closes a chain that was built and never put in force.
func (ch *Chain) Discard() {
	if ch.users.Add(-1) == 0 {
		ch.close()
	}
}

// Swap puts next in force and lets the old chain go. It can't fail. Commands that are
// running end on the chain they began with.
func (l *Live) Swap(next *Chain) {
	if next != nil {
		next.idle = l.retire
		l.closing.Add(1)
	}
	if old := l.current.Swap(next); old != nil {
		old.Release()
	}
}

// retire closes a chain on a goroutine of its own, for the last user may be an event loop
// and a filter's Close may wait.
func (l *Live) retire(ch *Chain) {
	go func() {
		defer l.closing.Done()
		ch.close()
	}()
}

// Close takes the chain out of force and waits until every generation has closed.
// Sessions must have ended, or it waits for their running commands.
func (l *Live) Close() {
	l.Swap(nil)
	l.closing.Wait()
}

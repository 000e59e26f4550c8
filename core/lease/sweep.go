package lease

import "time"

const (
	// lately is how long a kind is remembered that nobody asks for.
	lately = 5 * time.Minute
	// spread is the time over which connections for MinIdle are opened at random, one of each
	// kind at a time. It doubles with each failure in a row, maxDoublings times at most.
	spread       = time.Second
	maxDoublings = 6
)

func (l *ledger) setLimits(limits Limits) {
	l.mu.Lock()
	l.limits = limits
	l.done()
}

func (l *ledger) retire() {
	l.mu.Lock()
	l.condemn()
	l.done()
}

func (l *ledger) close() {
	l.mu.Lock()
	l.closed = true
	l.condemn()
	l.done()
}

// condemn ends the generation of all connections that there are.
func (l *ledger) condemn() {
	l.generation++
	for _, s := range l.shelves {
		s.doubt = s.opening
		for loop, ls := range s.loops {
			for m := ls.first; m != nil; m = ls.first {
				m.unlink()
				m.state = doomed
				at(&l.doomed, loop).insert(m, nil)
				s.idle--
				l.condemned++
			}
		}
	}
}

func (l *ledger) sweep(loop int, now time.Duration, give func(m *Member, ping bool), open func(Kind)) {
	l.mu.Lock()
	l.tick(now)
	for ls := at(&l.doomed, loop); ls.first != nil; {
		l.discard(ls.first, Retired, give)
	}
	for i := 0; i < len(l.shelves); {
		s := l.shelves[i]
		l.dust(s, loop, now, give)
		if l.short(s, now) {
			l.reserve(s)
			open(s.kind)
		}
		if s.slots == 0 && s.waiting == 0 && now-s.seen > lately {
			l.remove(i)
		} else {
			i++
		}
	}
	l.done()
}

func (l *ledger) discard(m *Member, why Reason, give func(*Member, bool)) {
	l.unshelve(m)
	l.part(m, why)
	give(m, false)
}

// dust looks after a loop's idle ones on a shelf, those first that nobody used for longest.
func (l *ledger) dust(s *shelf, loop int, now time.Duration, give func(*Member, bool)) {
	least := 0
	if now-s.seen <= lately {
		least = l.limits.MinIdle
	}
	for m := at(&s.loops, loop).last; m != nil; {
		prev := m.prev
		if why, over := l.over(m, now); over {
			l.discard(m, why, give)
		} else if l.limits.MaxIdle > 0 && now-m.since >= l.limits.MaxIdle && s.idle > least {
			l.discard(m, Unused, give)
		} else if l.limits.Keepalive > 0 && now-m.checked >= l.limits.Keepalive {
			l.unshelve(m)
			m.state, m.pinged = lent, true
			s.pings++
			give(m, true)
		}
		m = prev
	}
}

// short says whether it is time to open one for MinIdle. All sidecars of a server that was
// restarted find themselves short at once, so that each takes its time.
func (l *ledger) short(s *shelf, now time.Duration) bool {
	if s.idle+s.pings+s.opening >= l.limits.MinIdle || now-s.seen > lately || l.closed ||
		l.full() || l.capped(s.user) || !l.mayLogIn() {
		s.opens = false
		return false
	}
	if !s.opens {
		over := spread << min(s.failures, maxDoublings)
		s.opens, s.opensAt = true, now+time.Duration(l.random()*float64(over))
	}
	if now < s.opensAt {
		return false
	}
	s.opens = false
	return true
}

// remove forgets a kind without connections.
func (l *ledger) remove(i int) {
	s := l.shelves[i]
	last := len(l.shelves) - 1
	l.shelves[i], l.shelves[last] = l.shelves[last], nil
	l.shelves = l.shelves[:last]
	delete(l.kinds, s.kind)
	if s.user.shelves--; s.user.shelves == 0 {
		delete(l.users, s.kind.User)
	}
}

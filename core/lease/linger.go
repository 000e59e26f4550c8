package lease

import "time"

func (l *ledger) linger(m *Member, now time.Duration) {
	l.mu.Lock()
	l.tick(now)
	if m.state == lent {
		m.state = lingering
		l.lingering++
		l.keen.insert(m, nil)
	}
	l.done()
}

func (l *ledger) unlinger(m *Member) bool {
	l.mu.Lock()
	free := m.state == lingering && m.askedFor == nil
	if m.state == lingering {
		l.settle(m)
	}
	l.done() // another one is to be asked in its place
	return free
}

// recall asks for as many lingering ones as there are waiters whom they can help, those that
// linger longest first.
func (l *ledger) recall(c *calls) {
	for _, s := range l.queues {
		capped := l.capped(s.user)
		full := l.full()
		for m := l.keen.first; m != nil && s.asked < s.waiting; {
			next := m.next
			// With room for a new one, the waiter waits for a login to end, and another
			// kind's connection would not be taken from it.
			if m.shelf == s || (capped || full) && (!capped || m.shelf.user == s.user) {
				m.unlink()
				m.askedFor = s
				s.asked++
				c.reclaim = append(c.reclaim, m.self)
			}
			m = next
		}
	}
}

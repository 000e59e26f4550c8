package lease

import "time"

// reserve takes a slot for a connection that may be opened.
func (l *ledger) reserve(s *shelf) {
	l.slots++
	s.slots++
	s.user.slots++
	l.opening++
	s.opening++
}

// permit ends the permission to open one.
func (l *ledger) permit(k Kind) *shelf {
	s := l.kinds[k]
	if s == nil || s.opening == 0 {
		panic("lease: Opened or Failed without Dial or Replace for that kind")
	}
	l.opening--
	s.opening--
	return s
}

func (l *ledger) opened(m *Member, k Kind, loop int, now time.Duration) {
	l.mu.Lock()
	l.tick(now)
	s := l.permit(k)
	m.Kind, m.Loop = k, loop
	m.shelf, m.state = s, lent
	m.pending, m.pinged = false, false
	m.born, m.since, m.checked = now, now, now
	m.share = l.random() / 10
	m.generation = l.generation
	if s.doubt > 0 { // its login may have begun before the globals changed
		s.doubt--
		m.generation--
	}
	m.uses.Add(1)
	s.failures = 0
	l.totals.Opened++
	l.done()
}

func (l *ledger) failed(k Kind) {
	l.mu.Lock()
	s := l.permit(k)
	s.doubt = max(0, s.doubt-1)
	s.failures++
	s.opens = false
	l.free(s)
	l.totals.Failed++
	l.done()
}

// free gives up a slot.
func (l *ledger) free(s *shelf) {
	l.slots--
	s.slots--
	s.user.slots--
}

// release forgets a connection that is on no shelf.
func (l *ledger) release(m *Member, why Reason) {
	l.free(m.shelf)
	m.shelf, m.state = nil, gone
	l.totals.Closed[why]++
}

// move counts a lent connection as one of another kind.
func move(m *Member, s *shelf) {
	if m.pinged {
		m.shelf.pings--
		s.pings++
	}
	m.shelf.slots--
	m.shelf.user.slots--
	s.slots++
	s.user.slots++
	m.shelf = s
}

func (l *ledger) changed(m *Member, k Kind) {
	l.mu.Lock()
	if m.state != lent && m.state != lingering {
		l.mu.Unlock()
		return
	}
	m.Kind, m.pending = k, false
	if s := l.shelf(k); s != m.shelf {
		move(m, s)
	}
	l.done()
}

func (l *ledger) put(m *Member, now time.Duration) bool {
	l.mu.Lock()
	if m.state != lent && m.state != lingering {
		l.mu.Unlock()
		return false
	}
	l.tick(now)
	used := !m.pinged
	l.settle(m)
	if m.pending { // it was not changed after all
		m.pending = false
		move(m, l.shelf(m.Kind))
	}
	why, over := l.over(m, now)
	if over {
		l.part(m, why)
	} else {
		l.shelve(m, now, used)
	}
	l.done()
	return !over
}

func (l *ledger) drop(m *Member) {
	l.mu.Lock()
	switch m.state {
	case lent, lingering:
		l.settle(m)
		l.release(m, Dropped)
	case leaving:
		l.leaving--
		m.shelf.user.leaving--
		l.release(m, m.why)
	}
	l.done()
}

// part keeps the slot of a connection that is to be closed until it is.
func (l *ledger) part(m *Member, why Reason) {
	m.state, m.why = leaving, why
	l.leaving++
	m.shelf.user.leaving++
}

func (l *ledger) forget(m *Member) bool {
	l.mu.Lock()
	was := m.state == idle || m.state == doomed
	if was {
		l.unshelve(m)
		l.release(m, Dead)
	}
	l.done()
	return was
}

// settle makes a lent connection just that: one that neither lingers nor is with the sweeper
// any more.
func (l *ledger) settle(m *Member) {
	if m.state == lingering {
		m.unlink()
		m.state = lent
		l.lingering--
		if m.askedFor != nil {
			m.askedFor.asked--
			m.askedFor = nil
		}
	}
	if m.pinged {
		m.pinged = false
		m.shelf.pings--
	}
}

// over says why a connection is not to be kept.
func (l *ledger) over(m *Member, now time.Duration) (why Reason, over bool) {
	life := l.limits.MaxLife
	switch {
	case l.closed || m.generation != l.generation:
		return Retired, true
	case life > 0 && now-m.born >= life-time.Duration(m.share*float64(life)):
		return Aged, true
	case l.limits.Max > 0 && l.slots-l.leaving > l.limits.Max,
		l.limits.MaxPerUser > 0 && m.shelf.user.slots-m.shelf.user.leaving > l.limits.MaxPerUser:
		return Surplus, true
	}
	return 0, false
}

// shelve makes a lent connection an idle one. A ping is no use: after it the connection goes
// back to its place among those that nobody used either.
func (l *ledger) shelve(m *Member, now time.Duration, used bool) {
	s, ls := m.shelf, at(&m.shelf.loops, m.Loop)
	place := ls.first
	if used {
		m.since = now
	} else {
		place = nil
		for o := ls.last; o != nil && o.since < m.since; o = o.prev {
			place = o
		}
	}
	m.state, m.checked = idle, now
	ls.insert(m, place)
	s.idle++
	s.user.spare++
	l.spare++
}

// unshelve takes an idle or doomed connection from its list.
func (l *ledger) unshelve(m *Member) {
	m.unlink()
	if m.state == doomed {
		l.condemned--
	} else {
		m.shelf.idle--
	}
	m.shelf.user.spare--
	l.spare--
}

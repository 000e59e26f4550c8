package lease

import "time"

// shelf is where the idle connections of one kind are, and the count of its slots.
type shelf struct {
	kind  Kind
	user  *user
	loops []*list // idle ones by loop, those used last first
	idle  int     // in loops
	slots int     // idle, doomed, lent and being opened

	opening int
	doubt   int           // of opening, those permitted before the last Retire
	seen    time.Duration // when somebody last asked
	pings   int           // lent to a sweeper
	asked   int           // lingering ones asked back for its waiters and not yet here

	first, last *Ticket // who waits
	waiting     int

	opens    bool          // opensAt is set
	opensAt  time.Duration // when the next one may be opened for MinIdle
	failures int           // in a row
}

// user is the count of the slots of one account.
type user struct {
	slots   int
	spare   int // of slots: idle or doomed
	shelves int
	leaving int // of slots
}

// recent is the idle one used last, of the loop if it has any. The shelf isn't empty.
func (s *shelf) recent(loop int) (found *Member) {
	if loop < len(s.loops) && s.loops[loop].first != nil {
		return s.loops[loop].first
	}
	for i := range s.loops {
		if m := s.loops[i].first; m != nil && (found == nil || m.since > found.since) {
			found = m
		}
	}
	return found
}

// oldest is the idle one that wasn't used for longest. The shelf isn't empty.
func (s *shelf) oldest() (found *Member) {
	for i := range s.loops {
		found = older(found, s.loops[i].last)
	}
	return found
}

func older(a, b *Member) *Member {
	if a == nil || b != nil && b.since < a.since {
		return b
	}
	return a
}

// at is the list of a loop, which it adds to the lists if need be.
func at(lists *[]*list, loop int) *list {
	for loop >= len(*lists) {
		*lists = append(*lists, &list{})
	}
	return (*lists)[loop]
}

// list links members; each is in one list at most.
type list struct{ first, last *Member }

// insert puts m before another one, or last if that is nil.
func (l *list) insert(m, before *Member) {
	m.list, m.next = l, before
	if before == nil {
		m.prev, l.last = l.last, m
	} else {
		m.prev, before.prev = before.prev, m
	}
	if m.prev == nil {
		l.first = m
	} else {
		m.prev.next = m
	}
}

// unlink takes m out of the list it is in, if any.
func (m *Member) unlink() {
	l := m.list
	if l == nil {
		return
	}
	if m.prev == nil {
		l.first = m.next
	} else {
		m.prev.next = m.next
	}
	if m.next == nil {
		l.last = m.prev
	} else {
		m.next.prev = m.prev
	}
	m.list, m.prev, m.next = nil, nil, nil
}

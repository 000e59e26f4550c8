package lease

import "time"

// Ticket is a place in the queue.
type Ticket struct {
	ledger     *ledger
	shelf      *shelf
	number     uint64 // grows from ticket to ticket
	loop       int
	since      time.Duration
	serve      func(*Member, Answer)
	out        bool // served or cancelled
	prev, next *Ticket

	member *Member // what it is served
	answer Answer
}

// Cancel gives the place up. It is false if the ticket was served before: serve was called or is
// about to be, and what it gets has to be used or given back.
func (t *Ticket) Cancel() bool {
	l := t.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.out {
		return false
	}
	l.leave(t)
	return true
}

func (l *ledger) queue(k Kind, loop int, now time.Duration, serve func(*Member, Answer)) *Ticket {
	l.mu.Lock()
	l.tick(now)
	most := l.limits.MaxWaiting
	if most <= 0 {
		most = defaultWaiting
	}
	if l.waiting >= most {
		l.totals.Refused++
		l.mu.Unlock()
		return nil
	}
	s := l.shelf(k)
	s.seen = now
	l.lastTicket++
	t := &Ticket{ledger: l, shelf: s, number: l.lastTicket, loop: loop, since: now, serve: serve, prev: s.last}
	if s.last == nil {
		s.first = t
		l.queues = append(l.queues, s)
	} else {
		s.last.next = t
	}
	s.last = t
	s.waiting++
	l.waiting++
	l.crowded.Store(true)
	l.done()
	return t
}

// leave takes a ticket out of the queue.
func (l *ledger) leave(t *Ticket) {
	s := t.shelf
	wasFirst := t.prev == nil
	if wasFirst {
		s.first = t.next
	} else {
		t.prev.next = t.next
	}
	if t.next == nil {
		s.last = t.prev
	} else {
		t.next.prev = t.prev
	}
	t.out, t.prev, t.next = true, nil, nil
	s.waiting--
	l.waiting--
	l.crowded.Store(l.waiting > 0)
	if wasFirst {
		l.sort(s)
	}
}

// sort puts a shelf with another first ticket, or none, to its place in queues.
func (l *ledger) sort(s *shelf) {
	kept := l.queues[:0]
	for _, o := range l.queues {
		if o != s {
			kept = append(kept, o)
		}
	}
	clear(l.queues[len(kept):])
	l.queues = kept
	if s.first == nil {
		return
	}
	l.queues = append(l.queues, s)
	for i := len(kept); i > 0 && l.queues[i-1].first.number > s.first.number; i-- {
		l.queues[i-1], l.queues[i] = s, l.queues[i-1]
	}
}

// dispatch serves those that wait with what there is, and asks back what lingers for the rest.
// Those of one kind can all use the same, so that it is enough to look at the first of each.
func (l *ledger) dispatch() (c calls) {
	for t := l.serve(); t != nil; t = l.serve() {
		if c.last == nil {
			c.first = t
		} else {
			c.last.next = t
		}
		c.last = t
	}
	l.recall(&c)
	return c
}

// serve gives what there is to who has waited longest of those that can use it.
func (l *ledger) serve() *Ticket {
	if !l.closed && l.spare == 0 && (l.full() || !l.mayLogIn()) {
		return nil
	}
	for _, s := range l.queues {
		t := s.first
		m, answer := l.find(s, t.loop, nil)
		if answer == Wait {
			continue
		}
		l.grant(s, m, answer)
		l.leave(t)
		t.member, t.answer = m, answer
		l.totals.Waited++
		l.totals.LongestWait = max(l.totals.LongestWait, l.clock-t.since)
		return t
	}
	return nil
}

// calls are those to be made without the lock.
type calls struct {
	first, last *Ticket
	reclaim     []reclaimer
}

func (c *calls) run() {
	for t := c.first; t != nil; t = t.next {
		t.serve(t.member, t.answer)
	}
	for _, r := range c.reclaim {
		r.Reclaim()
	}
}

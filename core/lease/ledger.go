package lease

import (
	"sync"
	"sync/atomic"
	"time"
)

// ledger is a Lender that doesn't know its borrowers' type.
type ledger struct {
	mu         sync.Mutex
	limits     Limits
	random     func() float64
	clock      time.Duration // the last time that it was told
	closed     bool
	generation uint64 // grows with Retire

	kinds   map[Kind]*shelf
	shelves []*shelf // those of kinds
	users   map[string]*user

	slots   int
	leaving int // of slots
	spare   int // of slots: idle or doomed
	opening int // of slots

	doomed     []*list // by loop
	condemned  int     // in doomed
	keen       list    // lingering and not asked back, oldest first
	lingering  int
	queues     []*shelf // those with waiters, who waits longest first
	waiting    int
	crowded    atomic.Bool // waiting > 0, for those that don't have the lock
	lastTicket uint64

	totals Stats
}

// tick notes the time, which loops may tell a little out of order.
func (l *ledger) tick(now time.Duration) { l.clock = max(l.clock, now) }

// shelf is that of a kind, which it begins if need be.
func (l *ledger) shelf(k Kind) *shelf {
	if s := l.kinds[k]; s != nil {
		return s
	}
	u := l.users[k.User]
	if u == nil {
		u = &user{}
		l.users[k.User] = u
	}
	u.shelves++
	s := &shelf{kind: k, user: u, seen: l.clock}
	l.kinds[k] = s
	l.shelves = append(l.shelves, s)
	return s
}

func (l *ledger) full() bool { return l.limits.Max > 0 && l.slots >= l.limits.Max }

func (l *ledger) capped(u *user) bool {
	return l.limits.MaxPerUser > 0 && u.slots >= l.limits.MaxPerUser
}

// mayLogIn says whether one more login may run.
func (l *ledger) mayLogIn() bool { return l.limits.MaxLogins <= 0 || l.opening < l.limits.MaxLogins }

func (l *ledger) take(k Kind, loop int, now time.Duration, prefer *Member) (*Member, Answer) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil, Closed
	}
	l.tick(now)
	var s *shelf
	if prefer != nil && prefer.shelf != nil && prefer.shelf.kind == k {
		s = prefer.shelf // spares the look into the map
	} else {
		s = l.shelf(k)
	}
	s.seen = now
	m, answer := l.find(s, loop, prefer)
	l.grant(s, m, answer)
	if answer == Change || answer == Replace { // the other account may be below its limit now
		l.done()
	} else {
		l.mu.Unlock()
	}
	return m, answer
}

// find says what there is for a kind, and changes nothing.
func (l *ledger) find(s *shelf, loop int, prefer *Member) (*Member, Answer) {
	if l.closed {
		return nil, Closed
	}
	if s.idle > 0 {
		if prefer != nil && prefer.state == idle && prefer.shelf == s {
			return prefer, Use
		}
		return s.recent(loop), Use
	}
	capped := l.capped(s.user)
	if capped || l.full() {
		return l.foreign(s, capped)
	}
	if l.mayLogIn() {
		return nil, Dial
	}
	return nil, Wait
}

// foreign finds an idle one of another kind, of the same account only if that is capped. It is
// one that would be closed anyway, or else that which wasn't used for longest, rather one that
// can be changed.
func (l *ledger) foreign(s *shelf, capped bool) (*Member, Answer) {
	if l.spare == 0 || capped && s.user.spare == 0 {
		return nil, Wait
	}
	if l.condemned > 0 && l.mayLogIn() {
		for _, ls := range l.doomed {
			for m := ls.first; m != nil; m = m.next {
				if !capped || m.shelf.user == s.user {
					return m, Replace
				}
			}
		}
	}
	var change, replace *Member
	for _, o := range l.shelves {
		switch {
		case o.idle == 0 || capped && o.user != s.user:
		case o.user == s.user && o.kind.Class == s.kind.Class:
			change = older(change, o.oldest())
		default:
			replace = older(replace, o.oldest())
		}
	}
	if change != nil {
		return change, Change
	}
	if replace != nil && l.mayLogIn() {
		return replace, Replace
	}
	return nil, Wait
}

// grant does what find proposed.
func (l *ledger) grant(s *shelf, m *Member, a Answer) {
	switch a {
	case Use:
		l.unshelve(m)
		m.state = lent
		m.uses.Add(1)
		l.totals.Taken++
	case Change:
		l.unshelve(m)
		m.state, m.pending = lent, true
		m.uses.Add(1)
		move(m, s)
		l.totals.Changed++
	case Replace:
		l.unshelve(m)
		l.release(m, Replaced)
		l.reserve(s)
	case Dial:
		l.reserve(s)
	}
}

// done ends a call that freed something: it lets go of the lock, after serving who waits.
func (l *ledger) done() {
	if l.waiting == 0 {
		l.mu.Unlock()
		return
	}
	calls := l.dispatch()
	l.mu.Unlock()
	calls.run()
}

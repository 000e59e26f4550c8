package lease

import (
	"slices"
	"time"
)

// oracle is what a lender should know, kept naively.
type oracle struct {
	limits   Limits
	closed   bool
	conns    []*record
	opening  map[Kind]int
	doubtful map[Kind]int // of opening, begun before the last Retire
	waiters  []*waiter
}

// record is a connection that has a slot.
type record struct {
	c       *conn
	kind    Kind // that its slot counts for
	state   state
	pending bool
	pinged  bool
	stale   bool
	born    time.Duration
	since   time.Duration
	checked time.Duration
	share   float64
	asked   bool // back, since it lingers
	before  int  // c.asked when it began to linger
}

type waiter struct {
	*Ticket
	kind   Kind
	loop   int
	served bool
}

func (o *oracle) of(c *conn) *record {
	for _, r := range o.conns {
		if r.c == c {
			return r
		}
	}
	return nil
}

func (o *oracle) forget(r *record) {
	o.conns = slices.DeleteFunc(o.conns, func(other *record) bool { return other == r })
}

func (o *oracle) count(keep func(r *record) bool) (n int) {
	for _, r := range o.conns {
		if keep(r) {
			n++
		}
	}
	return n
}

func (o *oracle) logins() (n int) {
	for _, opening := range o.opening {
		n += opening
	}
	return n
}

func (o *oracle) slots() int { return len(o.conns) + o.logins() }

func (o *oracle) userSlots(name string) int {
	n := o.count(func(r *record) bool { return r.kind.User == name })
	for k, opening := range o.opening {
		if k.User == name {
			n += opening
		}
	}
	return n
}

func (o *oracle) full() bool { return o.limits.Max > 0 && o.slots() >= o.limits.Max }

func (o *oracle) capped(name string) bool {
	return o.limits.MaxPerUser > 0 && o.userSlots(name) >= o.limits.MaxPerUser
}

func (o *oracle) mayLogIn() bool { return o.limits.MaxLogins <= 0 || o.logins() < o.limits.MaxLogins }

// answer is what somebody has to get now, and which connections it may be.
func (o *oracle) answer(k Kind, loop int, prefer *conn) (Answer, []*record) {
	if o.closed {
		return Closed, nil
	}
	own := o.among(func(r *record) bool { return r.state == idle && r.kind == k })
	if len(own) > 0 {
		for _, r := range own {
			if r.c == prefer {
				return Use, []*record{r}
			}
		}
		near := slices.DeleteFunc(slices.Clone(own), func(r *record) bool { return r.c.Loop != loop })
		if len(near) > 0 {
			own = near
		}
		return Use, extreme(own, func(a, b *record) bool { return a.since > b.since })
	}
	capped := o.capped(k.User)
	if !capped && !o.full() {
		if o.mayLogIn() {
			return Dial, nil
		}
		return Wait, nil
	}
	helps := func(r *record) bool { return !capped || r.kind.User == k.User }
	if old := o.among(func(r *record) bool { return r.state == doomed && helps(r) }); len(old) > 0 && o.mayLogIn() {
		return Replace, old
	}
	longest := func(a, b *record) bool { return a.since < b.since }
	other := o.among(func(r *record) bool {
		return r.state == idle && helps(r) && r.kind.User == k.User && r.kind.Class == k.Class
	})
	if len(other) > 0 {
		return Change, extreme(other, longest)
	}
	other = o.among(func(r *record) bool { return r.state == idle && helps(r) })
	if len(other) > 0 && o.mayLogIn() {
		return Replace, extreme(other, longest)
	}
	return Wait, nil
}

func (o *oracle) among(keep func(r *record) bool) (found []*record) {
	for _, r := range o.conns {
		if keep(r) {
			found = append(found, r)
		}
	}
	return found
}

// extreme keeps those that none comes before.
func extreme(all []*record, before func(a, b *record) bool) (best []*record) {
	for _, r := range all {
		if !slices.ContainsFunc(all, func(o *record) bool { return before(o, r) }) {
			best = append(best, r)
		}
	}
	return best
}

// grant does what an answer means. c is what came with it.
func (o *oracle) grant(k Kind, c *conn, a Answer) {
	switch a {
	case Use, Change:
		r := o.of(c)
		r.state, r.pending, r.kind = lent, a == Change, k
	case Replace:
		o.forget(o.of(c))
		o.opening[k]++
	case Dial:
		o.opening[k]++
	}
}

func isLeaving(r *record) bool { return r.state == leaving }

// over says whether a connection is not to be kept.
func (o *oracle) over(r *record, now time.Duration) bool {
	life := o.limits.MaxLife
	return o.closed || r.stale || life > 0 && now-r.born >= life-time.Duration(r.share*float64(life)) ||
		o.limits.Max > 0 && o.slots()-o.count(isLeaving) > o.limits.Max ||
		o.limits.MaxPerUser > 0 && o.userSlots(r.kind.User)-o.count(func(x *record) bool {
			return isLeaving(x) && x.kind.User == r.kind.User
		}) > o.limits.MaxPerUser
}

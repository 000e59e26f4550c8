package lease

import (
	"testing"
	"time"
)

// conn is a connection of a borrower.
type conn struct {
	Member
	asked int
}

func (c *conn) Reclaim() { c.asked++ }

// Two accounts; big's class differs.
var (
	ann      = Kind{User: "ann", Class: 1, Collation: 45}
	annOther = Kind{User: "ann", Class: 1, Collation: 8}
	annBig   = Kind{User: "ann", Class: 2, Collation: 45}
	bob      = Kind{User: "bob", Class: 1, Collation: 45}
	bobBig   = Kind{User: "bob", Class: 2, Collation: 45}
)

// office is a lender under test and the time of its clock.
type office struct {
	*Lender[*conn]
	t   *testing.T
	now time.Duration
}

func newOffice(t *testing.T, limits Limits) *office {
	return &office{New[*conn](limits, func() float64 { return 0.5 }), t, time.Hour}
}

// take borrows and wants an answer.
func (o *office) take(k Kind, loop int, prefer *conn, want Answer) *conn {
	o.t.Helper()
	c, got := o.Take(k, loop, o.now, prefer)
	if got != want {
		o.t.Fatalf("Take answers %s, not %s", got, want)
	}
	return c
}

// open dials one, which is lent then.
func (o *office) open(k Kind, loop int) *conn {
	o.t.Helper()
	o.take(k, loop, nil, Dial)
	return o.opened(k, loop)
}

func (o *office) opened(k Kind, loop int) *conn {
	c := &conn{}
	o.Opened(c, k, loop, o.now)
	return c
}

// idle opens one of each kind, on loop 0, and gives them back in turn, a second apart.
func (o *office) idle(kinds ...Kind) (all []*conn) {
	o.t.Helper()
	for _, k := range kinds {
		all = append(all, o.open(k, 0))
	}
	for _, c := range all {
		o.put(c, true)
	}
	return all
}

func (o *office) put(c *conn, keep bool) {
	o.t.Helper()
	o.now += time.Second
	if got := o.Put(c, o.now); got != keep {
		o.t.Fatalf("Put says %v", got)
	}
	if !keep {
		o.Drop(c)
	}
}

// sweep closes what is to be closed.
func (o *office) sweep(loop int) Work[*conn] {
	work := o.Sweep(loop, o.now, Work[*conn]{})
	for _, c := range work.Close {
		o.Drop(c)
	}
	return work
}

// wait is a place in the queue and what was served there.
type wait struct {
	*Ticket
	c      *conn
	answer Answer
	calls  int
}

func (o *office) queue(k Kind) *wait {
	w := &wait{}
	w.Ticket = o.Queue(k, 0, o.now, func(c *conn, a Answer) { w.c, w.answer, w.calls = c, a, w.calls+1 })
	return w
}

func (w *wait) want(t *testing.T, answer Answer, c *conn) {
	t.Helper()
	if w.answer != answer || w.c != c {
		t.Fatalf("the waiter was served %s %p, not %s %p", w.answer, w.c, answer, c)
	}
	if calls := map[bool]int{false: 1}[answer == Wait]; w.calls != calls {
		t.Fatalf("the waiter was served %d times, not %d", w.calls, calls)
	}
}

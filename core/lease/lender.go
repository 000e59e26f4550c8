package lease

import "time"

// Lender lends the connections to one backend. Its methods may be called from any goroutine,
// from serve and Reclaim too. Times are those of one monotonic clock.
type Lender[C Lent] struct{ ledger ledger }

// New gives a lender without connections. random gives numbers in [0, 1), and is called by one
// goroutine at a time.
func New[C Lent](limits Limits, random func() float64) *Lender[C] {
	return &Lender[C]{ledger{limits: limits, random: random, kinds: map[Kind]*shelf{}, users: map[string]*user{}}}
}

// of is the borrower's view of a member.
func of[C Lent](m *Member) (c C) {
	if m != nil {
		c = m.self.(C)
	}
	return c
}

// SetLimits puts other limits in force. Lent connections stay; what is too much closes as it
// comes back, or by the next Sweep.
func (l *Lender[C]) SetLimits(limits Limits) { l.ledger.setLimits(limits) }

// Take borrows a connection of the kind for a loop. prefer, unless it is the zero C, is taken
// if it is idle and of the kind; it must have come from this lender and may be closed by now.
// Otherwise it is the loop's own one that was used last, or else another loop's: its Loop tells.
func (l *Lender[C]) Take(k Kind, loop int, now time.Duration, prefer C) (C, Answer) {
	var zero C
	var wish *Member
	if prefer != zero {
		wish = prefer.Lease()
	}
	m, answer := l.ledger.take(k, loop, now, wish)
	return of[C](m), answer
}

// Queue waits for what Take had not. serve is called once, unless the ticket is cancelled
// before, with any answer but Wait: without a lock held, by the goroutine that gave something
// back, which may be that of another loop, or inside Queue, if something came back since Take.
// The ticket is nil, and serve never called, if too many wait.
func (l *Lender[C]) Queue(k Kind, loop int, now time.Duration, serve func(c C, a Answer)) *Ticket {
	return l.ledger.queue(k, loop, now, func(m *Member, a Answer) { serve(of[C](m), a) })
}

// Opened ends a Dial or Replace for the kind k: c is lent to who dialled.
func (l *Lender[C]) Opened(c C, k Kind, loop int, now time.Duration) {
	m := c.Lease()
	m.self = c
	l.ledger.opened(m, k, loop, now)
}

// Failed ends a Dial or Replace for the kind k without a connection.
func (l *Lender[C]) Failed(k Kind) { l.ledger.failed(k) }

// Changed says that a lent connection is logged in as k now, after the answer Change or by its
// client's own wish. The latter may put an account above its limit until the connection is back.
func (l *Lender[C]) Changed(c C, k Kind) { l.ledger.changed(c.Lease(), k) }

// Put gives a lent connection back. From the call on it isn't the caller's: it may be somebody
// else's before Put returns. If it isn't kept, the caller has to close it, and to Drop it when the
// server has: until then it has its slot.
func (l *Lender[C]) Put(c C, now time.Duration) (keep bool) { return l.ledger.put(c.Lease(), now) }

// Drop says that a lent connection is closed, or one that was not kept.
func (l *Lender[C]) Drop(c C) { l.ledger.drop(c.Lease()) }

// Forget says that an idle connection was found dead by its loop. It is false if the connection
// isn't idle any more: its borrower will find out, or it was forgotten before.
func (l *Lender[C]) Forget(c C) bool { return l.ledger.forget(c.Lease()) }

// Linger says that the borrower keeps a connection only in case of questions about its last
// statement. Those that linger longest are asked back, by Reclaim, when somebody waits for what
// they would free.
func (l *Lender[C]) Linger(c C, now time.Duration) { l.ledger.linger(c.Lease(), now) }

// Unlinger says that the borrower goes on with a connection. It is false if it did not linger
// or was asked back: then somebody waits, and Reclaim was called or is about to be.
func (l *Lender[C]) Unlinger(c C) bool { return l.ledger.unlinger(c.Lease()) }

// Retire has all connections that there are closed instead of kept: the lent ones when they come
// back, the idle ones, which are lent no more, by their loops' next Sweep. Of logins that run
// now, as many of each kind as there are end in one that isn't kept either.
func (l *Lender[C]) Retire() { l.ledger.retire() }

// Close ends the lending: who waits is answered Closed, and so is who asks later. Loops go on
// calling Sweep until nothing is left.
func (l *Lender[C]) Close() { l.ledger.close() }

// Work is what a loop has to do for the lender.
type Work[C Lent] struct {
	Close []C    // to be closed, and then to be dropped
	Ping  []C    // lent to the sweeper: Put those that answer, Drop the others
	Open  []Kind // permitted as by Dial: Opened, then Put; or Failed
}

// Sweep looks after a loop's idle connections and says what is to be done. The slices of buf are
// used again. It takes time in proportion to them: call it about once a second on each loop.
func (l *Lender[C]) Sweep(loop int, now time.Duration, buf Work[C]) Work[C] {
	work := Work[C]{buf.Close[:0], buf.Ping[:0], buf.Open[:0]}
	l.ledger.sweep(loop, now, func(m *Member, ping bool) {
		if ping {
			work.Ping = append(work.Ping, of[C](m))
		} else {
			work.Close = append(work.Close, of[C](m))
		}
	}, func(k Kind) { work.Open = append(work.Open, k) })
	return work
}

// Crowded says whether somebody waits. It takes no lock, and may be over when it returns.
func (l *Lender[C]) Crowded() bool { return l.ledger.crowded.Load() }

// Stats gives the numbers of now.
func (l *Lender[C]) Stats() Stats { return l.ledger.stats() }

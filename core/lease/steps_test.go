package lease

import (
	"slices"
	"time"
)

func (m *model) take() {
	k, loop := m.kind(), m.dice.IntN(loops)
	var prefer *conn
	if len(m.known) > 0 && m.dice.IntN(2) == 0 {
		prefer = m.known[m.dice.IntN(len(m.known))]
	}
	want, which := m.answer(k, loop, prefer)
	var uses uint64
	if len(which) == 1 {
		uses = which[0].c.Uses()
	}
	c, got := m.lender.Take(k, loop, m.now, prefer)
	if !m.fits(c, got, want, which) {
		m.t.Errorf("Take answers %s, not %s, or with another connection", got, want)
		return
	}
	if len(which) == 1 && got != Replace && c.Uses() != uses+1 {
		m.t.Error("Uses did not grow by one")
	}
	m.grant(k, c, got)
	if got == Wait && m.dice.IntN(3) > 0 {
		m.wait(k, loop)
	}
}

func (m *model) wait(k Kind, loop int) {
	most := m.limits.MaxWaiting
	w := &waiter{kind: k, loop: loop}
	refused := len(m.waiters) >= most
	if !refused {
		m.waiters = append(m.waiters, w)
	}
	w.Ticket = m.lender.Queue(k, loop, m.now, func(c *conn, a Answer) { m.served = append(m.served, service{w, c, a}) })
	if refused != (w.Ticket == nil) {
		m.t.Errorf("refused is %v with %d waiting", !refused, len(m.waiters))
	}
}

func (m *model) cancel() {
	if len(m.waiters) == 0 {
		return
	}
	i := m.dice.IntN(len(m.waiters))
	if !m.waiters[i].Cancel() {
		m.t.Error("one who waits could not leave")
	}
	m.waiters = slices.Delete(m.waiters, i, i+1)
}

// permit ends one of the logins, if there is one.
func (m *model) permit() (k Kind, doubtful, ok bool) {
	k = m.kind()
	if m.opening[k] == 0 {
		return k, false, false
	}
	m.opening[k]--
	if m.doubtful[k] > 0 {
		m.doubtful[k]--
		doubtful = true
	}
	return k, doubtful, true
}

func (m *model) opened() {
	k, doubtful, ok := m.permit()
	if !ok {
		return
	}
	c := &conn{}
	loop := m.dice.IntN(loops)
	m.known = append(m.known, c)
	m.lender.Opened(c, k, loop, m.now)
	m.conns = append(m.conns, &record{c: c, kind: k, state: lent, stale: doubtful,
		born: m.now, since: m.now, checked: m.now, share: m.drawn / 10})
}

func (m *model) failed() {
	if k, _, ok := m.permit(); ok {
		m.lender.Failed(k)
	}
}

func (m *model) put() {
	if r := m.one(lent, lingering); r != nil {
		m.giveBack(r)
	}
}

func (m *model) giveBack(r *record) {
	if r.pending {
		r.pending, r.kind = false, r.c.Kind
	}
	if !r.pinged && m.dice.IntN(4) == 0 {
		r.c.Loop = m.dice.IntN(loops)
	}
	keep := !m.over(r, m.now)
	if m.lender.Put(r.c, m.now) != keep {
		m.t.Errorf("Put does not say %v", keep)
	}
	if !keep {
		r.state, r.pinged = leaving, false
		return
	}
	if !r.pinged {
		r.since = m.now
	}
	r.state, r.pinged, r.checked = idle, false, m.now
}

func (m *model) drop() {
	if r := m.one(lent, lingering); r != nil {
		m.lender.Drop(r.c)
		m.forget(r)
	}
}

// left is the end of one that was to be closed.
func (m *model) left() {
	if r := m.one(leaving); r != nil {
		m.lender.Drop(r.c)
		m.forget(r)
	}
}

func (m *model) dead() {
	if len(m.known) == 0 {
		return
	}
	c := m.known[m.dice.IntN(len(m.known))]
	r := m.of(c)
	want := r != nil && (r.state == idle || r.state == doomed)
	if m.lender.Forget(c) != want {
		m.t.Errorf("Forget does not say %v", want)
	}
	if want {
		m.forget(r)
	}
}

func (m *model) linger() {
	if r := m.one(lent); r != nil && !r.pinged {
		r.state, r.before, r.asked = lingering, r.c.asked, false
		m.lender.Linger(r.c, m.now)
	}
}

func (m *model) unlinger() {
	r := m.one(lingering, lent)
	if r == nil {
		return
	}
	want := r.state == lingering && !r.asked
	if m.lender.Unlinger(r.c) != want {
		m.t.Errorf("Unlinger does not say %v", want)
	}
	r.state = lent
}

func (m *model) changed() {
	r := m.one(lent, lingering)
	if r == nil {
		return
	}
	k := r.kind // what Change was answered for
	if !r.pending {
		if m.dice.IntN(3) > 0 {
			return
		}
		k = m.kind() // the client's own wish
	}
	m.lender.Changed(r.c, k)
	r.pending, r.kind = false, k
	if r.c.Kind != k {
		m.t.Error("Changed does not set the kind")
	}
}

func (m *model) retire() {
	m.lender.Retire()
	m.condemn()
}

func (m *model) condemn() {
	for k, n := range m.opening {
		m.doubtful[k] = n
	}
	for _, r := range m.conns {
		r.stale = true
		if r.state == idle {
			r.state = doomed
		}
	}
}

func (m *model) setLimits() {
	m.limits = m.someLimits()
	m.lender.SetLimits(m.limits)
}

// sweep looks whether what is to be done is due, and whether all is done that is.
func (m *model) sweep() {
	loop := m.dice.IntN(loops)
	work := m.lender.Sweep(loop, m.now, Work[*conn]{})
	for _, c := range work.Close {
		r := m.of(c)
		if r == nil || r.state != idle && r.state != doomed || c.Loop != loop || !m.over(r, m.now) && !m.unused(r) {
			m.t.Fatal("one is closed that is to be kept")
		}
		r.state = leaving
	}
	for _, c := range work.Ping {
		r := m.of(c)
		if r == nil || r.state != idle || c.Loop != loop || !m.silent(r) {
			m.t.Fatal("one is pinged that needs no ping")
		}
		r.state, r.pinged = lent, true
	}
	for _, r := range m.conns {
		if r.c.Loop == loop && (r.state == doomed || r.state == idle && (m.over(r, m.now) || m.silent(r))) {
			m.t.Error("one is left that is to be closed or pinged")
		}
	}
	for _, k := range work.Open {
		if m.closed || m.full() || m.capped(k.User) || !m.mayLogIn() || m.resting(k)+m.opening[k] >= m.limits.MinIdle {
			m.t.Error("one is opened that should not be")
		}
		m.opening[k]++
	}
}

// resting counts the idle ones of a kind, pinged ones included.
func (m *model) resting(k Kind) int {
	return m.count(func(r *record) bool { return r.kind == k && (r.state == idle || r.pinged) })
}

func (m *model) unused(r *record) bool {
	return m.limits.MaxIdle > 0 && m.now-r.since >= m.limits.MaxIdle && m.resting(r.kind) > m.limits.MinIdle
}

func (m *model) silent(r *record) bool {
	return m.limits.Keepalive > 0 && m.now-r.checked >= m.limits.Keepalive
}

// end closes the lender and brings everything back: no slot may be left.
func (m *model) end() {
	m.step = "close"
	m.closed = true
	m.lender.Close()
	m.condemn()
	m.check()
	for _, k := range []Kind{ann, annOther, annBig, bob, bobBig} {
		for ; m.opening[k] > 0; m.opening[k]-- {
			m.lender.Failed(k)
		}
	}
	for r := m.one(lent, lingering); r != nil; r = m.one(lent, lingering) {
		m.giveBack(r)
	}
	for loop := range loops {
		for _, c := range m.lender.Sweep(loop, m.now, Work[*conn]{}).Close {
			m.of(c).state = leaving
		}
	}
	for m.one(leaving) != nil {
		m.left()
	}
	if s := m.lender.Stats(); s.Idle+s.Lent+s.Opening+s.Waiting+len(m.conns) != 0 || m.lender.ledger.slots != 0 {
		m.t.Errorf("left: %+v", s)
	}
	m.now += 2 * lately
	m.lender.Sweep(0, m.now+time.Hour, Work[*conn]{})
	if len(m.lender.ledger.kinds)+len(m.lender.ledger.users) != 0 {
		m.t.Error("kinds are left that nobody asks for")
	}
}

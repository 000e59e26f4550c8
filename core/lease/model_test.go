package lease

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// model drives a lender at random, and compares it to the oracle after each step.
type model struct {
	oracle
	t      *testing.T
	dice   *rand.Rand
	lender *Lender[*conn]
	drawn  float64 // the last random number that the lender got
	now    time.Duration
	known  []*conn // also closed ones
	served []service
	step   string
}

// service is one call of serve.
type service struct {
	w *waiter
	c *conn
	a Answer
}

const loops = 3

func TestALenderDoesWhatItsModelDoes(t *testing.T) {
	steps, seeds := 4000, 40
	if testing.Short() {
		seeds = 4
	}
	for seed := range seeds {
		m := newModel(t, uint64(seed))
		for i := 0; i < steps && !t.Failed(); i++ {
			m.any()
			m.check()
		}
		m.end()
		if t.Failed() {
			t.Fatalf("the seed was %d", seed)
		}
	}
}

func newModel(t *testing.T, seed uint64) *model {
	m := &model{t: t, dice: rand.New(rand.NewPCG(seed, 5)), now: time.Hour}
	m.opening, m.doubtful = map[Kind]int{}, map[Kind]int{}
	m.limits = m.someLimits()
	m.lender = New[*conn](m.limits, func() float64 {
		m.drawn = m.dice.Float64()
		return m.drawn
	})
	return m
}

func (m *model) someLimits() Limits {
	return Limits{
		Max: m.dice.IntN(8), MaxPerUser: m.dice.IntN(4), MinIdle: m.dice.IntN(3),
		MaxLogins: m.dice.IntN(4), MaxWaiting: 1 + m.dice.IntN(12),
		MaxLife:   time.Duration(m.dice.IntN(2)) * 40 * time.Second,
		MaxIdle:   time.Duration(m.dice.IntN(2)) * 15 * time.Second,
		Keepalive: time.Duration(m.dice.IntN(2)) * 5 * time.Second,
	}
}

func (m *model) kind() Kind {
	all := []Kind{ann, annOther, annBig, bob, bobBig}
	return all[m.dice.IntN(len(all))]
}

// one is any connection in one of the states, or nil.
func (m *model) one(states ...state) *record {
	some := m.among(func(r *record) bool { return slices.Contains(states, r.state) })
	if len(some) == 0 {
		return nil
	}
	return some[m.dice.IntN(len(some))]
}

func (m *model) any() {
	m.now += time.Duration(m.dice.IntN(300)) * time.Millisecond
	steps := []struct {
		name   string
		weight int
		do     func()
	}{
		{"take", 30, m.take}, {"cancel", 2, m.cancel}, {"opened", 12, m.opened}, {"failed", 3, m.failed},
		{"put", 25, m.put}, {"drop", 2, m.drop}, {"left", 6, m.left}, {"forget", 1, m.dead}, {"linger", 8, m.linger},
		{"unlinger", 4, m.unlinger}, {"changed", 5, m.changed}, {"sweep", 6, m.sweep},
		{"retire", 1, m.retire}, {"limits", 1, m.setLimits},
	}
	total := 0
	for _, s := range steps {
		total += s.weight
	}
	n := m.dice.IntN(total)
	for _, s := range steps {
		if n -= s.weight; n < 0 {
			m.step = s.name
			s.do()
			return
		}
	}
}

// check compares what the lender says with the oracle, after what was served is replayed there:
// in the queue's order, and each time to the first who could be served.
func (m *model) check() {
	m.replay()
	s := m.lender.Stats()
	resting := m.count(func(r *record) bool { return r.state == idle || r.state == doomed })
	lingers := m.count(func(r *record) bool { return r.state == lingering })
	if s.Idle != resting || s.Lent != len(m.conns)-resting || s.Lingering != lingers ||
		s.Opening != m.logins() || s.Waiting != len(m.waiters) {
		m.t.Errorf("after %s the lender has %+v; %d of %d are idle, %d linger, %d opening, %d wait",
			m.step, s, resting, len(m.conns), lingers, m.logins(), len(m.waiters))
	}
	for _, w := range m.waiters {
		if a, _ := m.answer(w.kind, w.loop, nil); a != Wait {
			m.t.Errorf("after %s somebody waits who could have %s", m.step, a)
		}
	}
	m.checkAsked()
}

func (m *model) replay() {
	for _, s := range m.served {
		if s.w.served {
			m.t.Errorf("after %s a waiter was served again", m.step)
		}
		for i, w := range m.waiters {
			a, which := m.answer(w.kind, w.loop, nil)
			if a == Wait {
				continue
			}
			if w != s.w || !m.fits(s.c, s.a, a, which) {
				m.t.Errorf("after %s the waiter %d was to be served %s, not another one %s", m.step, i, a, s.a)
			}
			break
		}
		s.w.served = true
		m.waiters = slices.DeleteFunc(m.waiters, func(w *waiter) bool { return w == s.w })
		m.grant(s.w.kind, s.c, s.a)
	}
	m.served = m.served[:0]
}

func (m *model) fits(c *conn, got, want Answer, which []*record) bool {
	return got == want && (c == nil) == (len(which) == 0) &&
		(c == nil || slices.ContainsFunc(which, func(r *record) bool { return r.c == c }))
}

// checkAsked wants lingering ones to be asked back once, and for all who wait whom they help.
func (m *model) checkAsked() {
	asked := 0
	for _, r := range m.conns {
		if r.state == lingering {
			if n := r.c.asked - r.before; n > 1 {
				m.t.Errorf("after %s one was asked back %d times", m.step, n)
			}
			r.asked = r.c.asked > r.before
		}
		if r.state == lingering && r.asked {
			asked++
		}
	}
	for _, w := range m.waiters {
		same := 0
		for _, o := range m.waiters {
			if o.kind == w.kind {
				same++
			}
		}
		capped := m.capped(w.kind.User)
		for _, r := range m.conns {
			helps := r.kind == w.kind || capped && r.kind.User == w.kind.User || !capped && m.full()
			if r.state == lingering && !r.asked && helps && asked < same {
				m.t.Errorf("after %s one lingers that somebody waits for", m.step)
			}
		}
	}
}

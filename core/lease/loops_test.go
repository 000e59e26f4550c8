package lease

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// wire is a connection that several loops use in turn, but one at a time.
type wire struct {
	Member
	inUse  atomic.Bool
	wanted atomic.Int64
}

func (w *wire) Reclaim() { w.wanted.Add(1) }

// eventLoop is one of several that use a lender at once.
type eventLoop struct {
	t      *testing.T
	lender *Lender[*wire]
	index  int
	dice   *rand.Rand
	open   *atomic.Int64 // connections of all loops
	start  time.Time
	served chan handed
	work   Work[*wire]
}

type handed struct {
	c *wire
	a Answer
}

// most is how many connections there may be.
const most = 6

func TestLoopsShareALender(t *testing.T) {
	const count, turns = 5, 3000
	lender := New[*wire](Limits{Max: most, MaxPerUser: 4, MinIdle: 1, MaxLogins: 2,
		MaxLife: 3 * time.Millisecond, MaxIdle: time.Millisecond, Keepalive: time.Millisecond}, rand.Float64)
	var open atomic.Int64
	var group sync.WaitGroup
	all := make([]*eventLoop, count)
	for i := range count {
		all[i] = &eventLoop{t: t, lender: lender, index: i, dice: rand.New(rand.NewPCG(uint64(i), 7)),
			open: &open, start: time.Now(), served: make(chan handed, 1)}
		group.Go(func() {
			for range turns {
				all[i].turn()
			}
		})
	}
	group.Wait()
	lender.Close()
	for _, l := range all {
		l.sweep()
	}
	if s := lender.Stats(); s.Idle+s.Lent+s.Opening+s.Waiting+s.Lingering != 0 || open.Load() != 0 {
		t.Errorf("left: %+v, %d open", s, open.Load())
	}
}

// turn is a session that borrows, uses and gives back, or leaves the queue.
func (l *eventLoop) turn() {
	switch n := l.dice.IntN(500); {
	case n == 0:
		l.lender.Retire()
	case n < 30:
		l.sweep()
	}
	k := []Kind{ann, annBig, bob, bobBig}[l.dice.IntN(4)]
	c, answer := l.lender.Take(k, l.index, time.Since(l.start), nil)
	if answer == Wait {
		serve := func(c *wire, a Answer) { l.served <- handed{c, a} }
		ticket := l.lender.Queue(k, l.index, time.Since(l.start), serve)
		if l.dice.IntN(8) == 0 && ticket.Cancel() {
			return
		}
		got := <-l.served
		c, answer = got.c, got.a
	}
	switch answer {
	case Replace:
		l.open.Add(-1)
		c = l.dial(k)
	case Dial:
		c = l.dial(k)
	case Change:
		l.lender.Changed(c, k)
	}
	if c != nil {
		l.use(c, k)
	}
}

func (l *eventLoop) dial(k Kind) *wire {
	if l.dice.IntN(10) == 0 {
		l.lender.Failed(k)
		return nil
	}
	c := &wire{}
	if n := l.open.Add(1); n > most {
		l.t.Errorf("%d are open", n)
	}
	l.lender.Opened(c, k, l.index, time.Since(l.start))
	return c
}

func (l *eventLoop) use(c *wire, k Kind) {
	if c.inUse.Swap(true) {
		l.t.Error("one connection has two borrowers")
	}
	if c.Loop = l.index; c.Kind != k {
		l.t.Errorf("the connection is of %v, not of %v", c.Kind, k)
	}
	if l.dice.IntN(3) == 0 {
		l.lender.Linger(c, time.Since(l.start))
		if l.dice.IntN(2) == 0 {
			l.lender.Unlinger(c)
		}
	}
	c.inUse.Store(false)
	l.giveBack(c)
}

func (l *eventLoop) giveBack(c *wire) {
	if l.dice.IntN(20) != 0 && l.lender.Put(c, time.Since(l.start)) {
		return
	}
	l.close(c)
}

func (l *eventLoop) close(c *wire) {
	l.open.Add(-1)
	l.lender.Drop(c)
}

func (l *eventLoop) sweep() {
	l.work = l.lender.Sweep(l.index, time.Since(l.start), l.work)
	for _, c := range l.work.Close {
		l.close(c)
	}
	for _, c := range l.work.Ping {
		l.giveBack(c)
	}
	for _, k := range l.work.Open {
		if c := l.dial(k); c != nil {
			l.giveBack(c)
		}
	}
}

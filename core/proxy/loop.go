package proxy

import (
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dbmesh/dbmesh/core/proxy/poll"
	"github.com/dbmesh/dbmesh/core/wire"
)

// sweepEvery is how often a loop looks at its sessions' deadlines, while any has one.
const sweepEvery = 250 * time.Millisecond

// handler is what stands behind a descriptor: a session, or a listener.
type handler interface {
	// ready is called by the loop with news of the socket.
	ready(s *socket, e poll.Event)
}

// loop is one event loop. Its goroutine owns everything that it serves; others reach it
// by post only.
type loop struct {
	index  int
	poller *poll.Poller
	log    *slog.Logger
	clock  func() time.Duration

	slots    []slot
	free     []int
	sessions map[*session]struct{}
	openers  map[*session]struct{} // that open connections for nobody yet
	chores   chores
	exec     wire.Execute  // of the execute that is being looked at
	timed    int           // sessions with a deadline
	late     []*session    // with replies that go out before the loop waits again
	withheld []*session    // with replies that must be delivered soon
	since    time.Duration // when the first of them was withheld

	mu      sync.Mutex
	tasks   []func()
	nexts   []func() // tasks that run behind the event at hand
	spare   []func() // of the loop's goroutine: room for nexts
	hasNext atomic.Bool
	closed  bool
	asleep  atomic.Bool
}

// slot is an entry of the table from poller tokens to sockets. gen tells a reused entry
// from the one that a late event was meant for.
type slot struct {
	socket  *socket
	handler handler
	gen     uint32
}

func newLoop(log *slog.Logger, clock func() time.Duration) (*loop, error) {
	p, err := poll.New()
	if err != nil {
		return nil, err
	}
	return &loop{poller: p, log: log, clock: clock, sessions: map[*session]struct{}{}, openers: map[*session]struct{}{}}, nil
}

// yieldEvery is how often the loop lets Go's scheduler have a look. A goroutine that runs
// on for 10 ms gets a signal from the runtime's monitor, which then watches closely for a
// while; that cost a busy loop 8 % of its time.
const yieldEvery = 4 * time.Millisecond

// run serves until a task sets closed; it returns when the last task has run.
func (l *loop) run() {
	defer l.poller.Close()
	nextSweep := l.clock() + sweepEvery
	yielded := l.clock()
	for {
		l.deliverLate()
		events, err := l.poller.Wait(l.patience(nextSweep))
		if err != nil {
			l.log.Error("event loop", "error", err)
			time.Sleep(sweepEvery) // nothing else is left to do; do not spin
		}
		l.asleep.Store(false)
		for _, e := range events {
			l.dispatch(e)
			l.runNexts()
		}
		if !l.runTasks() {
			return
		}
		now := l.clock()
		if len(l.withheld) > 0 && now-l.since >= withholdTime {
			l.deliverWithheld()
		}
		if l.timed > 0 && now >= nextSweep {
			l.sweep()
			nextSweep = now + sweepEvery
		}
		if now-yielded >= yieldEvery {
			runtime.Gosched()
			yielded = now
		}
	}
}

// patience is how long the loop may sleep. A post that comes before asleep is set is seen
// in tasks; one that comes after it wakes the poller.
func (l *loop) patience(nextSweep time.Duration) time.Duration {
	l.asleep.Store(true)
	l.mu.Lock()
	pending := len(l.tasks)+len(l.nexts) > 0
	l.mu.Unlock()
	switch {
	case pending:
		return 0
	case len(l.withheld) > 0:
		return withholdTime
	case l.timed > 0:
		return max(nextSweep-l.clock(), 0)
	}
	return poll.Forever
}

// withholdTime is how long a reply may be withheld in favour of the next one.
const withholdTime = time.Millisecond

func (l *loop) withhold(s *session) {
	if len(l.withheld) == 0 {
		l.since = l.clock()
	}
	if n := len(l.withheld); n == 0 || l.withheld[n-1] != s {
		l.withheld = append(l.withheld, s)
	}
}

func (l *loop) deliverWithheld() {
	for _, s := range l.withheld {
		s.guard(s.deliverWithheld)
	}
	clear(l.withheld)
	l.withheld = l.withheld[:0]
}

// deliverLate sends the replies that stood back behind other events.
func (l *loop) deliverLate() {
	for i := 0; i < len(l.late); i++ {
		s := l.late[i]
		s.guard(s.deliverLate)
	}
	clear(l.late)
	l.late = l.late[:0]
}

func (l *loop) dispatch(e poll.Event) {
	i, gen := int(uint32(e.Token)), uint32(e.Token>>32)
	if i >= len(l.slots) || l.slots[i].gen != gen || l.slots[i].socket == nil {
		return
	}
	l.slots[i].handler.ready(l.slots[i].socket, e)
}

// watch has the handler hear of the socket's events. The socket counts as writable until a
// write says otherwise.
func (l *loop) watch(s *socket, h handler) error {
	i := len(l.slots)
	if n := len(l.free); n > 0 {
		i, l.free = l.free[n-1], l.free[:n-1]
	} else {
		l.slots = append(l.slots, slot{})
	}
	e := &l.slots[i]
	e.gen++
	e.socket, e.handler = s, h
	s.slot, s.writable = i, true
	if err := l.poller.Add(s.fd, uint64(uint32(i))|uint64(e.gen)<<32); err != nil {
		l.forget(s)
		return err
	}
	return nil
}

// forget undoes watch; the caller closes the descriptor, which ends its events. It may be told
// twice: the slot may be another socket's by then.
func (l *loop) forget(s *socket) {
	if s.slot >= len(l.slots) || l.slots[s.slot].socket != s {
		return
	}
	l.slots[s.slot].socket, l.slots[s.slot].handler = nil, nil
	l.free = append(l.free, s.slot)
}

// hand has another handler hear of the socket's events, if the loop watches it.
func (l *loop) hand(s *socket, h handler) {
	if s.slot < len(l.slots) && l.slots[s.slot].socket == s {
		l.slots[s.slot].handler = h
	}
}

// give ends the loop's part in a socket, which goes to another loop.
func (l *loop) give(s *socket) {
	_ = l.poller.Remove(s.fd)
	l.forget(s)
}

// post has the loop call f soon, on its own goroutine, in order. It returns false if the
// loop has ended. Safe for concurrent use.
func (l *loop) post(f func()) bool { return l.add(f, false) }

// next is post, but f is called before the loop looks at another event: there may be hundreds
// of them, and f has something that others wait for.
func (l *loop) next(f func()) bool { return l.add(f, true) }

func (l *loop) add(f func(), next bool) bool {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return false
	}
	if next {
		l.nexts = append(l.nexts, f)
		l.hasNext.Store(true)
	} else {
		l.tasks = append(l.tasks, f)
	}
	l.mu.Unlock()
	if l.asleep.CompareAndSwap(true, false) {
		l.poller.Wake()
	}
	return true
}

// runNexts runs what next was given.
func (l *loop) runNexts() {
	for l.hasNext.Load() {
		l.mu.Lock()
		tasks := l.nexts
		l.nexts = l.spare
		l.hasNext.Store(false)
		l.mu.Unlock()
		for _, f := range tasks {
			f()
		}
		clear(tasks)
		l.spare = tasks[:0]
	}
}

// runTasks runs what was posted. It returns false when the loop shall end.
func (l *loop) runTasks() bool {
	l.runNexts()
	l.mu.Lock()
	tasks := l.tasks
	l.tasks = nil
	l.mu.Unlock()
	for _, f := range tasks {
		f()
		l.runNexts()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.closed || len(l.tasks)+len(l.nexts) > 0
}

// close ends the loop behind the tasks that were posted before.
func (l *loop) close() {
	l.post(func() {
		l.mu.Lock()
		l.closed = true
		l.mu.Unlock()
	})
}

// sweep ends what has outlived its deadline.
func (l *loop) sweep() {
	now := l.clock()
	for s := range l.sessions {
		if s.deadline != 0 && (now >= s.deadline || s.hopeless()) {
			s.guard(s.expire)
		}
	}
	for s := range l.openers {
		if s.deadline != 0 && (now >= s.deadline || s.hopeless()) {
			s.guard(s.expire)
		}
	}
	l.lookAfter(now)
}

// guard runs a part of a session's work. A panic in it ends this session and no other.
func (s *session) guard(work func()) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("session broke", "panic", p, "stack", string(debug.Stack()))
			s.close("panic")
		}
	}()
	work()
}

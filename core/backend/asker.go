package backend

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

const (
	// askTimeout bounds one question, the login that it may need included.
	askTimeout = time.Second
	// standingLife is how long an answer is believed of a replica. A replica only goes
	// forward, but for one that is set up anew while it runs.
	standingLife = time.Second
	// hangUpAfter is when a line is given up that nobody needed.
	hangUpAfter = time.Minute
	// failedAgain is how long a server that gave no answer isn't asked, and refusedAgain one
	// that refused the control account or the question.
	failedAgain, refusedAgain = time.Second, 10 * time.Second
	// blindAgain is how long a server is believed to have no positions.
	blindAgain = 10 * time.Second
)

// asker asks a server where it stands in replication, over a line of its own, from one
// goroutine. Its fields belong to that goroutine but for what the lock and the channel guard.
type asker struct {
	src  *Source
	log  *slog.Logger
	ctx  context.Context
	told atomic.Bool   // that there is nothing to compare
	none atomic.Int64  // when the server said so last, nanoseconds of the clock; 0 if it can compare
	wake chan struct{} // filled when next is there

	line      line
	complaint string

	mu     sync.Mutex
	next   *question // nil if nobody wants to know
	closed bool
	again  time.Time // no question before
	why    error     // the failure that again comes from
}

// question is one that any number of callers share.
type question struct {
	answered chan struct{} // closed when the rest is set
	standing *Standing
	err      error
}

// Ask finds out where the server stands in replication. All who ask while a question is
// under way share the next one, so what it says is not older than the call. It waits for
// about a second at most, and not at all for a server that just gave no answer.
// ErrNoPositions is a lasting answer, wrapped.
func (s *Source) Ask(ctx context.Context) (*Standing, error) {
	a := s.known.asker.Load()
	if a == nil {
		return nil, errClosed
	}
	if !s.HasControl() {
		return nil, a.tell(fmt.Errorf("%w: the pool has no control account", ErrNoPositions))
	}
	q, err := a.join()
	if err != nil {
		return nil, err
	}
	select {
	case <-q.answered:
		return q.standing, q.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Lately is Ask that takes an answer for a question asked since then, too.
func (s *Source) Lately(ctx context.Context, since time.Time) (*Standing, error) {
	if at := s.Standing(); at != nil && at.asked.After(since) {
		return at, nil
	}
	return s.Ask(ctx)
}

// Blind says without waiting whether Ask would give ErrNoPositions, as far as is known.
func (s *Source) Blind() bool {
	if !s.HasControl() {
		return true
	}
	a := s.known.asker.Load()
	if a == nil {
		return false
	}
	at := a.none.Load()
	return at != 0 && time.Since(time.Unix(0, at)) < blindAgain
}

// Standing is what Ask said last, nil if that is too long ago or the server was restarted
// since. It never waits.
func (s *Source) Standing() *Standing {
	at := s.known.standing.Load()
	if at == nil || time.Since(at.asked) > standingLife || s.Backend.State() == core.Down {
		return nil
	}
	return at
}

var errClosed = errors.New("the backend is no longer asked")

func newAsker(p *prober) *asker {
	return &asker{src: p.src, log: p.log, ctx: p.ctx, wake: make(chan struct{}, 1)}
}

// ask puts a in charge of the questions.
func (k *knowledge) ask(a *asker, running *sync.WaitGroup) {
	k.standing.Store(nil) // another asker's line would not tell of a restart
	k.asker.Store(a)
	if a.src.HasControl() {
		running.Go(a.run)
	}
}

// tell says once that there is nothing to compare.
func (a *asker) tell(err error) error {
	if a.told.CompareAndSwap(false, true) {
		a.log.Warn("reads that must see what was written before go by time alone, or stay at home", "reason", err)
	}
	return err
}

// join gives the question that begins next.
func (a *asker) join() (*question, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
		return nil, errClosed
	case a.next != nil:
		return a.next, nil
	case time.Now().Before(a.again):
		return nil, a.why
	}
	a.next = &question{answered: make(chan struct{})}
	select {
	case a.wake <- struct{}{}:
	default:
	}
	return a.next, nil
}

// take gives the question that callers wait for, nil for none. Who comes later waits for
// another one.
func (a *asker) take() *question {
	a.mu.Lock()
	defer a.mu.Unlock()
	q := a.next
	a.next = nil
	return q
}

func (a *asker) run() {
	defer a.close()
	for a.ctx.Err() == nil {
		if !a.rest() {
			// Whether the server lives or not, it may be another one next time.
			a.src.known.standing.Store(nil)
			a.line.drop()
		}
		if q := a.take(); q != nil && a.ctx.Err() == nil {
			q.standing, q.err = a.answer()
			a.settle(q.err)
			close(q.answered)
		} else if q != nil {
			q.err = errClosed
			close(q.answered)
		}
	}
}

// rest waits for a question. It says false if the line ended meanwhile.
func (a *asker) rest() bool {
	over, calm := a.line.watch()
	quiet := time.NewTimer(hangUpAfter)
	defer quiet.Stop()
	select {
	case <-a.ctx.Done():
	case <-a.wake:
	case <-over:
	case <-quiet.C:
		good := calm()
		a.line.hangUp()
		return good
	}
	return calm()
}

func (a *asker) close() {
	a.mu.Lock()
	q := a.next
	a.next, a.closed = nil, true
	a.mu.Unlock()
	if q != nil {
		q.err = errClosed
		close(q.answered)
	}
	a.line.hangUp()
}

// answer asks the server.
func (a *asker) answer() (*Standing, error) {
	ctx, cancel := context.WithTimeout(a.ctx, askTimeout)
	defer cancel()
	used := a.line.open()
	s, err := a.try(ctx)
	if err != nil && used && !a.line.open() && ctx.Err() == nil {
		s, err = a.try(ctx) // the line was cut, which says nothing about the server
	}
	return s, err
}

func (a *asker) try(ctx context.Context) (*Standing, error) {
	known := &a.src.known.standing
	if !a.line.open() {
		known.Store(nil)
		l, err := a.src.lineTo(ctx)
		if err != nil {
			return nil, err
		}
		a.line = l
	}
	asked := time.Now()
	s, err := stand(ctx, &a.line, known.Load())
	if err != nil {
		known.Store(nil)
		if !isAnswer(err) && !errors.Is(err, ErrNoPositions) {
			a.line.drop()
		}
		return nil, err
	}
	s.asked = asked
	known.Store(s)
	return s, nil
}

// settle keeps callers from a server that gives no answer, and tells of it once.
func (a *asker) settle(err error) {
	switch {
	case errors.Is(err, ErrNoPositions):
		a.none.Store(time.Now().UnixNano())
		_ = a.tell(err)
		return
	case err == nil, a.ctx.Err() != nil:
		a.none.Store(0)
		a.complaint = ""
		return
	}
	wait := failedAgain
	if isAnswer(err) {
		wait = refusedAgain
	}
	a.mu.Lock()
	a.again, a.why = time.Now().Add(wait), err
	a.mu.Unlock()
	if text := err.Error(); text != a.complaint {
		a.complaint = text
		a.log.Warn("can't ask for the position in replication; consistent reads stay at home", "error", err)
	}
}

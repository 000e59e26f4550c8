package core

import (
	"sync"
	"time"
)

// A link with the policy Quarantine is left out when its filter breaks QuarantineAfter
// times within QuarantineWindow: one statement that breaks a filter shall not take it from
// everybody. The first time lasts QuarantineTime; each further one that follows soon is
// twice as long, up to QuarantineMax.
const (
	QuarantineAfter  = 3
	QuarantineWindow = 10 * time.Second
	QuarantineTime   = 30 * time.Second
	QuarantineMax    = 10 * time.Minute
)

// quarantine counts a link's failures. Its times are the chain's clock.
type quarantine struct {
	mu     sync.Mutex
	breaks int
	times  [QuarantineAfter]time.Duration // of the last breaks, in turn
	last   time.Duration                  // how long the last quarantine takes
	ended  time.Duration                  // when it ends
}

// broke counts a failure at now. It gives the time until which the link is left out from
// now on, 0 if nothing changes.
func (q *quarantine) broke(now time.Duration) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now < q.ended { // of a command that was under way
		return 0
	}
	q.times[q.breaks%QuarantineAfter] = now
	q.breaks++
	if q.breaks < QuarantineAfter || now-q.times[q.breaks%QuarantineAfter] > QuarantineWindow {
		return 0
	}
	q.breaks = 0
	next := QuarantineTime
	if q.last > 0 && now-q.ended < q.last {
		next = min(2*q.last, QuarantineMax)
	}
	q.last, q.ended = next, now+next
	return q.ended
}

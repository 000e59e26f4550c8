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
	first  time.Duration // when the window of breaks began
	last   time.Duration // how long the last quarantine took
	ended  time.Duration // when it ended
}

// broke counts a failure at now. It gives the time until which the link is left out, 0
// for not at all.
func (q *quarantine) broke(now time.Duration) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now < q.ended { // of a command that was under way
		return q.ended
	}
	if q.breaks == 0 || now-q.first > QuarantineWindow {
		q.breaks, q.first = 0, now
	}
	q.breaks++
	if q.breaks < QuarantineAfter {
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

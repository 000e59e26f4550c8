package lease

import "time"

// Reason is why a connection was closed.
type Reason uint8

// The reasons, which index Stats.Closed.
const (
	Aged     Reason = iota // at the end of its life
	Unused                 // idle for too long
	Surplus                // above a limit that was lowered
	Retired                // by Retire or Close
	Dropped                // by its borrower, or it did not answer the ping
	Dead                   // found dead while idle
	Replaced               // to make room for another kind
	reasons
)

func (r Reason) String() string {
	switch r {
	case Aged:
		return "aged"
	case Unused:
		return "unused"
	case Surplus:
		return "surplus"
	case Retired:
		return "retired"
	case Dropped:
		return "dropped"
	case Dead:
		return "dead"
	case Replaced:
		return "replaced"
	}
	return "invalid"
}

// Stats is what a lender has and what it has done so far.
type Stats struct {
	Idle, Lent, Opening int // of its slots; those being closed count as lent
	Lingering           int // of the lent, those whose borrower would part with them
	Waiting             int

	Taken   uint64 // borrowed of its kind, at once or after a wait
	Changed uint64 // borrowed of another kind
	Waited  uint64 // answers after a wait
	Refused uint64 // not let wait, because too many did
	Opened  uint64
	Failed  uint64
	Closed  [reasons]uint64 // by Reason

	// LongestWait is that of all who were answered after a wait, and of who waits now.
	LongestWait time.Duration
}

func (l *ledger) stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.totals
	s.Idle = l.spare
	s.Opening = l.opening
	s.Lent = l.slots - l.spare - l.opening
	s.Lingering = l.lingering
	s.Waiting = l.waiting
	if len(l.queues) > 0 {
		s.LongestWait = max(s.LongestWait, l.clock-l.queues[0].first.since)
	}
	return s
}

package lease

import (
	"sync/atomic"
	"time"
)

// Kind is what a connection was logged in as. Connections of one kind can stand in for each
// other; the Collation can be changed on an open connection. Class can't, and User must not:
// MariaDB keeps the role over a change of user, a role that came with the login too.
type Kind struct {
	User      string // the backend account
	Class     uint64 // the capabilities that decide how bytes look on the wire
	Collation byte
}

// Member is what the lender knows of a connection, embedded in the borrower's own type. A
// Member belongs to one Lender, from Opened on.
type Member struct {
	// Kind is what it is logged in as. Only Opened and Changed write it.
	Kind Kind
	// Loop is the event loop that owns its socket, from 0. Opened sets it; who borrows it for
	// another loop sets it before Put. Nobody writes it while the connection is idle.
	Loop int

	uses atomic.Uint64

	// The rest belongs to the ledger's lock.
	self       reclaimer
	shelf      *shelf // whose slot it holds: that of Kind, but see pending
	state      state
	pending    bool // Change was answered and Changed not yet called
	pinged     bool // lent to the sweeper
	generation uint64
	why        Reason // of a leaving one
	born       time.Duration
	since      time.Duration // idle or lingering since
	checked    time.Duration // when it last was known to be alive
	share      float64       // of the greatest life, what is taken off
	askedFor   *shelf        // whose waiter it was asked back for
	list       *list
	prev, next *Member
}

// Lease gives the member itself: embedding Member makes a type that can be Lent, but for Reclaim.
func (m *Member) Lease() *Member { return m }

// Uses grows by one with each borrowing, Changed and pings apart. Who remembers it when giving
// the connection back sees it one higher on getting it again, if nobody had it meanwhile. Any
// goroutine may ask.
func (m *Member) Uses() uint64 { return m.uses.Load() }

type state uint8

const (
	gone      state = iota // unknown to the ledger
	idle                   // on its shelf
	doomed                 // idle, and waits only for the sweep that closes it
	lent                   // with a borrower or the sweeper
	lingering              // lent, and its borrower would part with it
	leaving                // to be closed, and the server may still count it
)

type reclaimer interface{ Reclaim() }

// Lent is a connection, as a pointer to a type that embeds Member.
type Lent interface {
	comparable
	Lease() *Member
	// Reclaim asks the borrower of a lingering connection to give it back soon, because
	// somebody waits. It is called at most once per Linger, from any goroutine, without a lock
	// held, and may come late: when the connection lingers no more, or is somebody else's.
	Reclaim()
}

// Limits bounds what is lent. A zero is no limit, but for MinIdle and MaxWaiting.
type Limits struct {
	Max        int // connections to the backend: lent, idle and being opened
	MaxPerUser int // those of one account
	MinIdle    int // idle ones kept for each kind that was asked for lately
	MaxLogins  int // permissions to open one that are out at once
	MaxWaiting int // how many may wait; 0 for 10,000

	MaxLife   time.Duration // for each connection shortened at random by up to a tenth
	MaxIdle   time.Duration
	Keepalive time.Duration // an idle one is pinged when it was silent for so long
}

const defaultWaiting = 10_000

// Answer says what a borrower has got.
type Answer uint8

// The answers.
const (
	// Wait: nothing now; see Queue.
	Wait Answer = iota
	// Use: the connection is lent to you and is of your kind.
	Use
	// Change: the connection is lent to you, its User and Class are yours, but its
	// Collation isn't. Change it, then call Changed; or Put it as it is, or Drop it.
	Change
	// Dial: you may open one. End that by Opened or Failed.
	Dial
	// Replace: close this connection, which the lender has forgotten, then it is as Dial.
	Replace
	// Closed: the lender is.
	Closed
)

func (a Answer) String() string {
	switch a {
	case Wait:
		return "wait"
	case Use:
		return "use"
	case Change:
		return "change"
	case Dial:
		return "dial"
	case Replace:
		return "replace"
	case Closed:
		return "closed"
	}
	return "invalid"
}

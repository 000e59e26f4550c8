// Package poll waits for readiness of many descriptors at once: epoll on Linux, kqueue on
// darwin. Events are edge-triggered: one is told when a descriptor becomes readable or
// writable, and not again until it was used up (a read or write returned EAGAIN).
package poll

import "time"

// Event is one descriptor's news.
type Event struct {
	Token    uint64 // as given to Add
	Readable bool   // bytes, the peer's end, or an error may be read
	Writable bool
	Hangup   bool // the peer has closed its side, or the connection broke
}

// Forever makes Wait wait without a time limit.
const Forever = time.Duration(-1)

// batch is how many events one Wait takes at most.
const batch = 128

package service

import (
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// Store keeps values, counters and token buckets under short keys, for any number of
// goroutines. It is bounded: when it is full, what has expired goes first, then what was
// not touched for longest. So a filter must not take a key that is gone for one that was
// never there where that would open a door.
type Store struct{}

// Bounds of a store; zero fields take the defaults.
type Bounds struct {
	Entries int       // 65536
	Bytes   core.Size // 16 MiB, keys and bookkeeping with it
}

// NewStore makes one. clock nil is time.Now.
func NewStore(b Bounds, clock func() time.Time) *Store { return &Store{} }

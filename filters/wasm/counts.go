package wasm

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/guest"
)

// counts are what a filter did, across its generations.
type counts struct {
	calls     [abi.Hooks]atomic.Uint64
	verdicts  [abi.OpMask + 1]atomic.Uint64 // by op; pass is what is left of the calls
	monitored atomic.Uint64                 // verdicts that were told only
	cached    atomic.Uint64                 // verdicts that were given without asking
	fuel      atomic.Uint64
	faults    [guest.Kinds]atomic.Uint64
}

// linesPerSecond bounds what is told of one filter's verdicts, and of its faults.
const linesPerSecond = 10

// bucket lets a number of things through per second. The zero value is ready.
type bucket struct {
	mu    sync.Mutex
	since time.Time
	taken int
}

func (b *bucket) take(now time.Time, perSecond int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Sub(b.since) >= time.Second || now.Before(b.since) {
		b.since, b.taken = now, 0
	}
	b.taken++
	return b.taken <= perSecond
}

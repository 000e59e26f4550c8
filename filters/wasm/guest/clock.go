package guest

import (
	"sync/atomic"
	"time"
)

// clock gives the time in milliseconds for next to nothing: asking the system costs more than
// a whole hook of a small filter. While somebody asks, a goroutine keeps a copy that is at
// most a few milliseconds old; after a while without questions it ends.
type clock struct {
	set   func() time.Time // a caller's own clock, asked each time; nil for the system's
	done  <-chan struct{}  // the goroutine ends with it
	milli atomic.Int64     // the copy; 0 if nobody keeps one
	asked atomic.Bool
	kept  atomic.Bool // the goroutine runs
}

const (
	tick  = 5 * time.Millisecond
	quiet = 50 // ticks without a question
)

func (c *clock) now() time.Time {
	if c.set != nil {
		return c.set()
	}
	return time.Now()
}

func (c *clock) coarse() int64 {
	if ms := c.milli.Load(); ms != 0 {
		if !c.asked.Load() {
			c.asked.Store(true)
		}
		return ms
	}
	ms := c.now().UnixMilli()
	if c.set == nil && c.kept.CompareAndSwap(false, true) {
		c.milli.Store(ms)
		go c.keep()
	}
	return ms
}

func (c *clock) keep() {
	t := time.NewTicker(tick)
	defer t.Stop()
	defer c.kept.Store(false)
	defer c.milli.Store(0)
	for idle := 0; idle < quiet; {
		select {
		case now := <-t.C:
			c.milli.Store(now.UnixMilli())
		case <-c.done:
			return
		}
		idle++
		if c.asked.Swap(false) {
			idle = 0
		}
	}
}

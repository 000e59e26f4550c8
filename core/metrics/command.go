package metrics

import (
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// Commands counts what one backend answered. Look it up once per connection.
type Commands struct {
	codes [256]atomic.Uint64
	rows  atomic.Uint64
	in    atomic.Uint64
	out   atomic.Uint64
	took  *histogram // of the pool
}

// Add counts a command: how long its answer took, the rows sent, and the bytes from (in)
// and to (out) the client. It makes no garbage and takes no lock.
func (c *Commands) Add(code core.Code, took time.Duration, rows, in, out uint64) {
	c.codes[code].Add(1)
	c.in.Add(in)
	c.out.Add(out)
	if rows != 0 {
		c.rows.Add(rows)
	}
	c.took.observe(took)
}

// The buckets' bounds are powers of two microseconds, from 16 us to 17 s, so that a bucket
// is found by counting bits.
const (
	firstBound = 4
	lastBound  = 24
	bounds     = lastBound - firstBound + 1
)

// histogram is fixed and needs no lock; the last bucket is for what is beyond all bounds.
type histogram struct {
	buckets [bounds + 1]atomic.Uint64
	nanos   atomic.Int64
}

func (h *histogram) observe(d time.Duration) {
	h.buckets[bucket(d)].Add(1)
	h.nanos.Add(int64(d))
}

// bucket is the index of the first bound that is not below d.
func bucket(d time.Duration) int {
	if d <= 1<<firstBound*time.Microsecond {
		return 0
	}
	micros := uint64(d-1) / uint64(time.Microsecond) // of the bound below, at least
	return min(bits.Len64(micros)-firstBound, bounds)
}

// read gives the counts in the form that Prometheus has: cumulative, by upper bound in
// seconds.
func (h *histogram) read() (count uint64, sum float64, buckets map[float64]uint64) {
	buckets = make(map[float64]uint64, bounds)
	for i := range bounds {
		count += h.buckets[i].Load()
		buckets[(1 << (firstBound + i) * time.Microsecond).Seconds()] = count
	}
	count += h.buckets[bounds].Load()
	return count, time.Duration(h.nanos.Load()).Seconds(), buckets
}

// Package slowlog is the filter kind "slow-log": it writes commands that took long, with
// who sent them, where they went and how the time was spent.
package slowlog

import (
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/prometheus/client_golang/prometheus"
)

// Kind makes slow-log links that write to logs. With nil logs the links check their
// config, touch no file and write nothing, which is what checking a config wants.
func Kind(logs *Logs) core.Kind {
	return core.Kind{New: func(name string, decode core.Decode) (core.Filter, error) {
		c := defaults()
		if err := decode(&c); err != nil {
			return nil, err
		}
		if err := c.check(); err != nil {
			return nil, err
		}
		if logs == nil {
			return &filter{threshold: forever}, nil
		}
		w, err := logs.acquire(c.File)
		if err != nil {
			return nil, err
		}
		return &filter{
			threshold: c.Threshold,
			format:    c.formatter(name),
			out:       w,
			now:       logs.now,
			release:   func() { logs.release(w) },
			rate:      limiter{perSecond: int64(c.MaxLinesPerSecond)},
			lines:     logs.lines.WithLabelValues(name),
			tooMany:   logs.dropped.WithLabelValues(name, "rate"),
			full:      logs.dropped.WithLabelValues(name, "queue"),
		}, nil
	}}
}

const forever = time.Duration(1<<63 - 1)

type filter struct {
	threshold            time.Duration
	format               formatter
	out                  *writer
	now                  func() time.Time
	release              func()
	rate                 limiter
	lines, tooMany, full prometheus.Counter
}

// formatter appends the entry of a command that ended at the time end to b.
type formatter func(b []byte, c *core.Command, o *core.Outcome, end time.Time) []byte

// OnDone writes the command if it took at least the threshold. It runs on the event loop:
// the line is made here, for the command's bytes are gone afterwards, and a full queue
// drops it rather than wait for a disk.
func (f *filter) OnDone(c *core.Command, o *core.Outcome) {
	if o.Total() < f.threshold {
		return
	}
	end := f.now()
	if !f.rate.allow(end.Unix()) {
		f.tooMany.Inc()
		return
	}
	if f.out.full() {
		f.full.Inc()
		return
	}
	line := f.out.buffers.get()
	*line = f.format(*line, c, o, end)
	if !f.out.put(line) {
		f.out.buffers.put(line)
		f.full.Inc()
		return
	}
	f.lines.Inc()
}

// Close gives up the file. The last one to do so waits until all lines are written.
func (f *filter) Close() error {
	if f.release != nil {
		f.release()
	}
	return nil
}

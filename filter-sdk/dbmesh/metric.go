package dbmesh

import (
	"errors"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/host"
)

// Counter is a metric that only grows. Make metrics in package variables or in OnConfigure, at
// most 32 of them; all instances add to the same one.
type Counter struct{ metric }

// Gauge is a metric that goes up and down.
type Gauge struct{ metric }

// Histogram is a metric of how values are spread.
type Histogram struct{ metric }

type metric struct{ number int32 }

// NewCounter names a counter, in snake_case and of at most 64 bytes.
func NewCounter(name string) *Counter {
	c := new(Counter)
	c.define(abi.MetricCounter, name)
	return c
}

// NewGauge names a gauge.
func NewGauge(name string) *Gauge {
	g := new(Gauge)
	g.define(abi.MetricGauge, name)
	return g
}

// NewHistogram names a histogram.
func NewHistogram(name string) *Histogram {
	h := new(Histogram)
	h.define(abi.MetricHistogram, name)
	return h
}

func (m *metric) define(kind int32, name string) {
	m.number = -1
	define("a metric", func() {
		if m.number = host.MetricDef(kind, name); m.number < 0 {
			refuse(errors.New("the metric " + name + ": " + failure(m.number).Error()))
		}
	})
}

// Add adds n, which is not negative.
func (c *Counter) Add(n float64) { host.MetricAdd(c.number, n) }

// Inc adds one.
func (c *Counter) Inc() { host.MetricAdd(c.number, 1) }

// Set puts the gauge at n.
func (g *Gauge) Set(n float64) { host.MetricAdd(g.number, n) }

// Observe adds a value to those that the histogram has.
func (h *Histogram) Observe(n float64) { host.MetricAdd(h.number, n) }

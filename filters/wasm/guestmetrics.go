package wasm

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/service"
	"github.com/prometheus/client_golang/prometheus"
)

// guestMetrics are those that one filter's guests define, across its generations. There are
// at most abi.MaxMetrics of them, names of earlier generations with it.
type guestMetrics struct {
	mu  sync.Mutex
	all map[string]*guestMetric
}

// guestMetric is one of them. It is recorded to by any number of goroutines.
type guestMetric struct {
	kind    int
	value   atomic.Uint64 // bits of a float: of a histogram the sum
	count   atomic.Uint64
	buckets []atomic.Uint64
}

func newGuestMetrics() *guestMetrics { return &guestMetrics{all: map[string]*guestMetric{}} }

// bounds of all histograms: the guest says no unit, so they span what one may have.
func bounds() []float64 {
	return []float64{0.001, 0.01, 0.1, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000}
}

// Define implements service.Metrics.
func (g *guestMetrics) Define(kind int, name string) (service.Metric, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.all[name]
	switch {
	case m != nil && m.kind != kind:
		return nil, fmt.Errorf("there is a metric %q of another kind already", name)
	case m != nil:
		return m, nil
	case len(g.all) >= abi.MaxMetrics:
		return nil, fmt.Errorf("it has %d metrics already, those of earlier generations with it", len(g.all))
	}
	m = &guestMetric{kind: kind}
	if kind == abi.MetricHistogram {
		m.buckets = make([]atomic.Uint64, len(bounds()))
	}
	g.all[name] = m
	return m, nil
}

// Record implements service.Metric.
func (m *guestMetric) Record(v float64) {
	switch m.kind {
	case abi.MetricGauge:
		m.value.Store(math.Float64bits(v))
		return
	case abi.MetricHistogram:
		m.count.Add(1)
		for i, b := range bounds() {
			if v <= b {
				m.buckets[i].Add(1)
				break
			}
		}
	}
	for {
		old := m.value.Load()
		if m.value.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+v)) {
			return
		}
	}
}

// collect shows them under one name per kind, for two filters may use a name for two kinds.
func (g *guestMetrics) collect(k sink) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for name, m := range g.all {
		v := math.Float64frombits(m.value.Load())
		switch m.kind {
		case abi.MetricCounter:
			k.put(series{Name: "dbmesh_wasm_guest_total", Help: "Counters that filters define.", Label: "metric"}, prometheus.CounterValue, v, name)
		case abi.MetricGauge:
			k.put(series{Name: "dbmesh_wasm_guest_value", Help: "Gauges that filters define.", Label: "metric"}, prometheus.GaugeValue, v, name)
		case abi.MetricHistogram:
			m.histogram(k, name, v)
		}
	}
}

func (m *guestMetric) histogram(k sink, name string, sum float64) {
	d := series{Name: "dbmesh_wasm_guest_histogram", Help: "Histograms that filters define.", Label: "metric"}
	buckets := map[float64]uint64{}
	below := uint64(0)
	for i, b := range bounds() {
		below += m.buckets[i].Load()
		buckets[b] = below
	}
	names, values := append(append([]string(nil), k.labels...), d.Label), append(append([]string(nil), k.values...), name)
	k.out <- prometheus.MustNewConstHistogram(prometheus.NewDesc(d.Name, d.Help, names, nil), max(m.count.Load(), below), sum, buckets, values...)
}

package metrics

import (
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/dbmesh/dbmesh/core"
	"github.com/prometheus/client_golang/prometheus"
)

type linkName struct{ chain, link, kind string }

// linkCounters has a cache line of its own: two links are counted by any number of loops.
type linkCounters struct {
	verdicts [core.Decisions]atomic.Uint64
	nanos    atomic.Int64
	_        [64 - 8*(core.Decisions+1)]byte
}

// Observe counts a decision.
func (c *linkCounters) Observe(d core.Decision, took time.Duration) {
	if d < core.Decisions {
		c.verdicts[d].Add(1)
	}
	c.nanos.Add(int64(took))
}

// links holds its counters weakly. What keeps them is the chains that count: when the
// last generation with a link is gone, so is the link's series, and nobody has to say so.
type links struct {
	mu      sync.Mutex
	current map[linkName]weak.Pointer[linkCounters]
}

func (l *links) get(n linkName) *linkCounters {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.current[n].Value(); c != nil {
		return c
	}
	c := new(linkCounters)
	if l.current == nil {
		l.current = make(map[linkName]weak.Pointer[linkCounters])
	}
	l.current[n] = weak.Make(c)
	return c
}

// The descriptions are made for each scrape, which is cheap and needs no state.
func linkVerdicts() *prometheus.Desc {
	return describe("dbmesh_core_link_verdicts_total",
		"What the links of the chains decided. broke means that the filter failed; what then happened is the link's on_failure.",
		"chain", "link", "kind", "verdict")
}

func linkSeconds() *prometheus.Desc {
	return describe("dbmesh_core_link_seconds_total",
		"Time spent in the links of the chains, before commands are forwarded.", "chain", "link", "kind")
}

// Describe implements prometheus.Collector.
func (l *links) Describe(out chan<- *prometheus.Desc) {
	out <- linkVerdicts()
	out <- linkSeconds()
}

// Collect implements prometheus.Collector.
func (l *links) Collect(out chan<- prometheus.Metric) {
	verdicts, seconds := linkVerdicts(), linkSeconds()
	for n, c := range l.alive() {
		for d := range core.Decisions {
			out <- sample(verdicts, prometheus.CounterValue, float64(c.verdicts[d].Load()), n.chain, n.link, n.kind, d.String())
		}
		out <- sample(seconds, prometheus.CounterValue, time.Duration(c.nanos.Load()).Seconds(), n.chain, n.link, n.kind)
	}
}

func (l *links) alive() map[linkName]*linkCounters {
	l.mu.Lock()
	defer l.mu.Unlock()
	alive := make(map[linkName]*linkCounters, len(l.current))
	for n, p := range l.current {
		if c := p.Value(); c != nil {
			alive[n] = c
		} else {
			delete(l.current, n)
		}
	}
	return alive
}

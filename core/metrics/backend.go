package metrics

import (
	"sync/atomic"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/prometheus/client_golang/prometheus"
)

// Backends shows the backends of a data source and counts what is told of them: it fits
// the reporter that core/backend asks for. All methods are safe for concurrent use.
type Backends struct {
	list   atomic.Pointer[func() []*core.Backend]
	counts table[backendName, backendCounts]
}

type backendCounts struct {
	changes     [core.Draining + 1]atomic.Uint64
	good, bad   atomic.Uint64
	probing     atomic.Int64 // nanoseconds
	unencrypted atomic.Uint64
}

// Watch says how to find the backends in force. The function is called at each scrape.
func (b *Backends) Watch(list func() []*core.Backend) { b.list.Store(&list) }

func (b *Backends) of(be *core.Backend) *backendCounts {
	return b.counts.get(backendName{be.Pool, be.Name}, zero)
}

// StateChanged counts a change of state.
func (b *Backends) StateChanged(be *core.Backend, _, to core.State, _ string) {
	if to >= 0 && to <= core.Draining {
		b.of(be).changes[to].Add(1)
	}
}

// Probed counts a probe; err is nil for a live backend.
func (b *Backends) Probed(be *core.Backend, took time.Duration, err error) {
	c := b.of(be)
	c.probing.Add(int64(took))
	if err == nil {
		c.good.Add(1)
	} else {
		c.bad.Add(1)
	}
}

// Unencrypted counts a connection in the clear where TLS was preferred.
func (b *Backends) Unencrypted(be *core.Backend) { b.of(be).unencrypted.Add(1) }

func (b *Backends) retain(backends map[backendName]bool) {
	b.counts.retain(func(n backendName, _ *backendCounts) bool { return backends[n] })
}

type backendDescs struct {
	state, sessions, running, latency, weight, lag, behind, changes, probes, probing, unencrypted *prometheus.Desc
}

func describeBackends() backendDescs {
	return backendDescs{
		state:       describe("dbmesh_backend_state", "1 for the state that the backend is in, 0 for the others.", "pool", "backend", "state"),
		sessions:    describe("dbmesh_backend_sessions", "Connections to the backend that are open for sessions.", "pool", "backend"),
		running:     describe("dbmesh_backend_running_commands", "Commands that the backend is answering.", "pool", "backend"),
		latency:     describe("dbmesh_backend_latency_seconds", "Moving average of command times that takes a peak at once; 0 until the first command.", "pool", "backend"),
		weight:      describe("dbmesh_backend_weight", "Share of new sessions, beside the others of the pool.", "pool", "backend"),
		lag:         describe("dbmesh_backend_lag_seconds", "How far the replica is behind, where that is watched and known; it grows by the clock while replication stands still.", "pool", "backend"),
		behind:      describe("dbmesh_backend_behind", "1 for a replica that is out of use because it is too far behind; shown where that is watched.", "pool", "backend"),
		changes:     describe("dbmesh_backend_state_changes_total", "Changes of state, by the new state.", "pool", "backend", "state"),
		probes:      describe("dbmesh_backend_probes_total", "Health probes by result: up or failed.", "pool", "backend", "result"),
		probing:     describe("dbmesh_backend_probe_seconds_total", "Time spent in health probes.", "pool", "backend"),
		unencrypted: describe("dbmesh_backend_unencrypted_connections_total", "Connections in the clear, though TLS is preferred: the server offers none.", "pool", "backend"),
	}
}

// Describe implements prometheus.Collector.
func (b *Backends) Describe(out chan<- *prometheus.Desc) {
	d := describeBackends()
	for _, desc := range []*prometheus.Desc{d.state, d.sessions, d.running, d.latency, d.weight, d.lag, d.behind, d.changes, d.probes, d.probing, d.unencrypted} {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (b *Backends) Collect(out chan<- prometheus.Metric) {
	d := describeBackends()
	b.collectStates(d, out)
	for n, c := range b.counts.all() {
		count := func(desc *prometheus.Desc, v uint64, labels ...string) {
			out <- sample(desc, prometheus.CounterValue, float64(v), append([]string{n.pool, n.backend}, labels...)...)
		}
		for s := range c.changes {
			if v := c.changes[s].Load(); v > 0 {
				count(d.changes, v, core.State(s).String())
			}
		}
		count(d.probes, c.good.Load(), "up")
		count(d.probes, c.bad.Load(), "failed")
		count(d.unencrypted, c.unencrypted.Load())
		out <- sample(d.probing, prometheus.CounterValue, time.Duration(c.probing.Load()).Seconds(), n.pool, n.backend)
	}
}

func (b *Backends) collectStates(d backendDescs, out chan<- prometheus.Metric) {
	list := b.list.Load()
	if list == nil {
		return
	}
	seen := make(map[backendName]bool) // a series that came twice would fail the whole scrape
	for _, be := range (*list)() {
		n := backendName{be.Pool, be.Name}
		if seen[n] {
			continue
		}
		seen[n] = true
		state := be.State()
		for s := core.Unknown; s <= core.Draining; s++ {
			in := 0.0
			if s == state {
				in = 1
			}
			out <- sample(d.state, prometheus.GaugeValue, in, n.pool, n.backend, s.String())
		}
		out <- sample(d.sessions, prometheus.GaugeValue, float64(be.Sessions()), n.pool, n.backend)
		out <- sample(d.running, prometheus.GaugeValue, float64(be.Running()), n.pool, n.backend)
		out <- sample(d.latency, prometheus.GaugeValue, be.Latency().Seconds(), n.pool, n.backend)
		out <- sample(d.weight, prometheus.GaugeValue, float64(be.Weight), n.pool, n.backend)
		collectLag(d, out, be)
	}
}

func collectLag(d backendDescs, out chan<- prometheus.Metric, be *core.Backend) {
	lag, known := be.Lag()
	if known {
		out <- sample(d.lag, prometheus.GaugeValue, lag.Seconds(), be.Pool, be.Name)
	}
	if behind := be.Behind(); behind {
		out <- sample(d.behind, prometheus.GaugeValue, 1, be.Pool, be.Name)
	} else if known {
		out <- sample(d.behind, prometheus.GaugeValue, 0, be.Pool, be.Name)
	}
}

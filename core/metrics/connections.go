package metrics

import (
	"sync/atomic"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/lease"
	"github.com/dbmesh/dbmesh/core/proxy"
	"github.com/prometheus/client_golang/prometheus"
)

// Connections shows the backend connections that sessions share, and what has kept sessions
// from giving theirs back. It asks at each scrape and counts nothing itself.
type Connections struct{ ask atomic.Pointer[Shared] }

// Shared is how to ask. Its functions are called by any goroutine.
type Shared struct {
	Lendings func() []proxy.Lending
	Pins     func() map[core.Effect]uint64
}

// Watch says how to ask.
func (c *Connections) Watch(s Shared) { c.ask.Store(&s) }

type connectionDescs struct {
	open, waiting, borrowed, waited, refused, opened, failed, closed, longest, pins *prometheus.Desc
}

func describeConnections() connectionDescs {
	return connectionDescs{
		open:     describe("dbmesh_lease_connections", "Connections that sessions share, by what they do: idle, lent, lingering (lent, but only for questions about the last statement), opening.", "pool", "backend", "state"),
		waiting:  describe("dbmesh_lease_waiting_sessions", "Sessions that wait for a connection.", "pool", "backend"),
		borrowed: describe("dbmesh_lease_borrowed_total", "Connections lent, by whether they were logged in as the session's account already: same, or changed.", "pool", "backend", "login"),
		waited:   describe("dbmesh_lease_waits_total", "Waits for a connection that came to an end with one.", "pool", "backend"),
		refused:  describe("dbmesh_lease_refused_total", "Sessions that were not let wait, since too many did.", "pool", "backend"),
		opened:   describe("dbmesh_lease_opened_total", "Connections opened.", "pool", "backend"),
		failed:   describe("dbmesh_lease_failed_logins_total", "Connections that could not be opened.", "pool", "backend"),
		closed:   describe("dbmesh_lease_closed_total", "Connections closed, by the reason.", "pool", "backend", "reason"),
		longest:  describe("dbmesh_lease_longest_wait_seconds", "The longest wait for a connection since the start.", "pool", "backend"),
		pins:     describe("dbmesh_proxy_pins_total", "What has kept sessions from giving their connection back, by the kind of state.", "effect"),
	}
}

// Describe implements prometheus.Collector.
func (c *Connections) Describe(out chan<- *prometheus.Desc) {
	d := describeConnections()
	for _, desc := range []*prometheus.Desc{d.open, d.waiting, d.borrowed, d.waited, d.refused, d.opened, d.failed, d.closed, d.longest, d.pins} {
		out <- desc
	}
}

// Collect implements prometheus.Collector.
func (c *Connections) Collect(out chan<- prometheus.Metric) {
	ask := c.ask.Load()
	if ask == nil {
		return
	}
	d := describeConnections()
	for effect, n := range ask.Pins() {
		out <- sample(d.pins, prometheus.CounterValue, float64(n), effect.String())
	}
	for _, l := range ask.Lendings() {
		gauge := func(desc *prometheus.Desc, v float64, more ...string) {
			out <- sample(desc, prometheus.GaugeValue, v, append([]string{l.Pool, l.Backend}, more...)...)
		}
		count := func(desc *prometheus.Desc, v uint64, more ...string) {
			out <- sample(desc, prometheus.CounterValue, float64(v), append([]string{l.Pool, l.Backend}, more...)...)
		}
		gauge(d.open, float64(l.Idle), "idle")
		gauge(d.open, float64(l.Lent-l.Lingering), "lent")
		gauge(d.open, float64(l.Lingering), "lingering")
		gauge(d.open, float64(l.Opening), "opening")
		gauge(d.waiting, float64(l.Waiting))
		gauge(d.longest, l.LongestWait.Seconds())
		count(d.borrowed, l.Taken, "same")
		count(d.borrowed, l.Changed, "changed")
		count(d.waited, l.Waited)
		count(d.refused, l.Refused)
		count(d.opened, l.Opened)
		count(d.failed, l.Failed)
		for reason, n := range l.Closed {
			if n > 0 {
				count(d.closed, n, lease.Reason(reason).String())
			}
		}
	}
}

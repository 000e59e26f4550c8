// Package metrics counts what dbmesh does and shows it to Prometheus.
//
// Hot paths touch atomics that were looked up before; names and labels are put to them
// only when somebody scrapes. No counter lives longer than what it counts: see Link and
// Retain.
package metrics

import (
	"net/http"
	"slices"

	"github.com/dbmesh/dbmesh/core"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// maxScrapes is how many scrapes may be under way at once.
const maxScrapes = 4

// Metrics is everything that one process shows. All methods are safe for concurrent use.
type Metrics struct {
	registry    *prometheus.Registry
	links       links
	proxy       Proxy
	backends    Backends
	connections Connections
	reloads     reloads
}

// New makes the metrics of a process. Version, commit and goVersion are labels of
// dbmesh_build_info.
func New(version, commit, goVersion string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "dbmesh_build_info",
		Help:        "Always 1; the labels say what is running.",
		ConstLabels: prometheus.Labels{"version": version, "commit": commit, "go_version": goVersion},
	})
	build.Set(1)
	m.registry.MustRegister(build, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&m.links, &m.proxy, &m.backends, &m.connections, &m.reloads)
	return m
}

// Registerer is where others, such as filter kinds, register metrics of their own.
func (m *Metrics) Registerer() prometheus.Registerer { return m.registry }

// Handler serves a scrape.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		Registry: m.registry, MaxRequestsInFlight: maxScrapes, ErrorHandling: promhttp.ContinueOnError,
	})
}

// Link gives the observer of one link; it fits core.Builder.Observe. The same chain, link
// and kind go on counting where an earlier generation stands. The counters vanish once no
// generation that has them is left.
func (m *Metrics) Link(chain, link, kind string) core.Observer {
	return m.links.get(linkName{chain, link, kind})
}

// Proxy counts what happens on the data path.
func (m *Metrics) Proxy() *Proxy { return &m.proxy }

// Backends shows the state of the data sources.
func (m *Metrics) Backends() *Backends { return &m.backends }

// Connections shows the connections that sessions share.
func (m *Metrics) Connections() *Connections { return &m.connections }

// Retain forgets listeners, pools and backends that the config in force no longer has.
// Call it after each change. A listener with sessions is kept until they have ended.
func (m *Metrics) Retain(set *core.Settings) {
	pools := make(map[string]bool)
	backends := make(map[backendName]bool)
	for _, p := range set.Pools {
		pools[p.Name] = true
		for _, b := range p.Backends {
			name := b.Name
			if name == "" {
				name = b.Address
			}
			backends[backendName{p.Name, name}] = true
		}
	}
	listener := func(name string) bool {
		return slices.ContainsFunc(set.Listeners, func(l core.ListenerSettings) bool { return l.Name == name })
	}
	m.proxy.retain(listener, pools, backends)
	m.backends.retain(backends)
}

// sample makes one series. Labels are in the order of the description.
func sample(d *prometheus.Desc, t prometheus.ValueType, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, t, v, labels...)
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

package metrics

import "github.com/prometheus/client_golang/prometheus"

// FactsCache are the figures of the cache of statements' facts.
type FactsCache struct {
	Entries, Bytes int
	Hits, Misses   uint64
}

// Facts shows the cache of statements' facts. read is called at each scrape.
func (m *Metrics) Facts(read func() FactsCache) {
	gauge := func(name, help string, of func(FactsCache) int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(of(read())) })
	}
	counter := func(result string, of func(FactsCache) uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "dbmesh_stmt_lookups_total", Help: "Lookups of statements' facts by result; a miss costs a parse.",
			ConstLabels: prometheus.Labels{"result": result},
		}, func() float64 { return float64(of(read())) })
	}
	m.registry.MustRegister(
		gauge("dbmesh_stmt_shapes", "Shapes of statements whose facts are cached.", func(c FactsCache) int { return c.Entries }),
		gauge("dbmesh_stmt_cache_bytes", "Bytes that the cached facts take, estimated.", func(c FactsCache) int { return c.Bytes }),
		counter("hit", func(c FactsCache) uint64 { return c.Hits }),
		counter("miss", func(c FactsCache) uint64 { return c.Misses }))
}

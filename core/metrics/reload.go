package metrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// reloads counts changes of the config.
type reloads struct {
	mu        sync.Mutex
	good, bad uint64
	last      time.Time
	hash      string
}

// Reloaded counts a config that was put in force (err is nil, hash is its own), the first
// one included, or that was refused and left the one in force as it was.
func (m *Metrics) Reloaded(hash string, err error) {
	r := &m.reloads
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.bad++
		return
	}
	r.good++
	r.last, r.hash = time.Now(), hash
}

type reloadDescs struct{ total, last, info *prometheus.Desc }

func describeReloads() reloadDescs {
	return reloadDescs{
		total: describe("dbmesh_config_reloads_total", "Configs that were put in force or refused.", "result"),
		last:  describe("dbmesh_config_last_success_timestamp_seconds", "When the config in force came into force."),
		info:  describe("dbmesh_config_info", "Always 1; the label is the SHA-256 of the file in force.", "hash"),
	}
}

// Describe implements prometheus.Collector.
func (r *reloads) Describe(out chan<- *prometheus.Desc) {
	d := describeReloads()
	out <- d.total
	out <- d.last
	out <- d.info
}

// Collect implements prometheus.Collector.
func (r *reloads) Collect(out chan<- prometheus.Metric) {
	r.mu.Lock()
	good, bad, last, hash := r.good, r.bad, r.last, r.hash
	r.mu.Unlock()
	d := describeReloads()
	out <- sample(d.total, prometheus.CounterValue, float64(good), "success")
	out <- sample(d.total, prometheus.CounterValue, float64(bad), "failure")
	if good > 0 {
		out <- sample(d.last, prometheus.GaugeValue, float64(last.UnixMilli())/1000)
		out <- sample(d.info, prometheus.GaugeValue, 1, hash)
	}
}

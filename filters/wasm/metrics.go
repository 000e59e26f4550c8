package wasm

import (
	"sync/atomic"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/guest"
	"github.com/prometheus/client_golang/prometheus"
)

// totals are those of the process.
type totals struct{ good, bad, refused atomic.Uint64 }

func (t *totals) loaded(err error) {
	if err != nil {
		t.bad.Add(1)
	} else {
		t.good.Add(1)
	}
}

// series describes a metric. Label is the one that tells its samples apart beside those of
// the filter.
type series struct{ Name, Help, Label string }

// sink puts samples out. Those of a filter get its labels.
type sink struct {
	out    chan<- prometheus.Metric
	labels []string // names of the filter's labels
	values []string
}

func (k sink) put(d series, t prometheus.ValueType, v float64, label ...string) {
	names, values := append([]string(nil), k.labels...), append([]string(nil), k.values...)
	if d.Label != "" {
		names, values = append(names, d.Label), append(values, label...)
	}
	k.out <- prometheus.MustNewConstMetric(prometheus.NewDesc(d.Name, d.Help, names, nil), t, v, values...)
}

func (k sink) gauge(d series, v float64)  { k.put(d, prometheus.GaugeValue, v) }
func (k sink) counter(d series, v uint64) { k.put(d, prometheus.CounterValue, float64(v)) }
func (k sink) by(d series, v uint64, label string) {
	k.put(d, prometheus.CounterValue, float64(v), label)
}

// of is a sink for one filter's samples.
func (k sink) of(id identity) sink {
	return sink{k.out, []string{"chain", "link", "filter"}, []string{id.chain, id.link, id.name}}
}

// collector shows the filters in force: a series goes when its filter does.
type collector struct{ s *Store }

// Describe says nothing: which filters there are is not known beforehand.
func (c collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) {
	k := sink{out: out}
	loads := series{Name: "dbmesh_wasm_loads_total", Help: "Attempts to load a filter by result: ok or failed.", Label: "result"}
	k.by(loads, c.s.total.good.Load(), "ok")
	k.by(loads, c.s.total.bad.Load(), "failed")
	k.counter(series{Name: "dbmesh_wasm_refusals_total",
		Help: "Times that a filter was left out, or kept in its last good form, because what its files hold can't be put in force."}, c.s.total.refused.Load())
	k.gauge(series{Name: "dbmesh_wasm_memory_bytes", Help: "Linear memory of all guests."}, float64(c.s.deps.Budget.Used()))
	k.gauge(series{Name: "dbmesh_wasm_memory_limit_bytes", Help: "How much linear memory all guests together may have."}, float64(c.s.deps.Budget.Max()))
	for _, f := range c.s.shown() {
		f.collect(k.of(f.id))
	}
}

func (f *shown) collect(k sink) {
	refused := 0.0
	if f.refused() != nil {
		refused = 1
	}
	k.gauge(series{Name: "dbmesh_wasm_refused", Help: "1 if what the filter's files hold is not in force, else 0."}, refused)
	if f.entry == nil {
		return
	}
	f.collectCounts(k)
	f.entry.state.metrics.collect(k)
	r, stats := f.entry.report, f.entry.filter.Stats()
	k.put(series{Name: "dbmesh_wasm_generation_info", Help: "Number of the filter's generation in force; the label is the module's SHA-256.", Label: "hash"},
		prometheus.GaugeValue, float64(f.generation), r.Hash)
	k.gauge(series{Name: "dbmesh_wasm_instances", Help: "Instances of the filter."}, float64(stats.Instances))
	k.gauge(series{Name: "dbmesh_wasm_instance_memory_bytes", Help: "Linear memory of the filter's instances."}, float64(stats.Memory))
	k.counter(series{Name: "dbmesh_wasm_instances_replaced_total", Help: "Instances of the generation in force that took a broken one's place."}, stats.Replaced)
	k.counter(series{Name: "dbmesh_wasm_log_lines_dropped_total", Help: "Lines of the generation in force beyond log_lines."}, stats.LogLines)
}

func (f *shown) collectCounts(k sink) {
	c := &f.entry.state.counts
	calls := series{Name: "dbmesh_wasm_calls_total", Help: "Questions to the guest by hook.", Label: "hook"}
	for h := range abi.Hooks {
		if f.entry.filter.program.Has(h) {
			k.by(calls, c.calls[h].Load(), h.String())
		}
	}
	verdicts := series{Name: "dbmesh_wasm_verdicts_total", Help: "Verdicts other than to go on, those of a monitor too.", Label: "verdict"}
	for op := abi.OpDeny; op <= abi.OpMask; op++ {
		k.by(verdicts, c.verdicts[op].Load(), opName(uint8(op)))
	}
	faults := series{Name: "dbmesh_wasm_faults_total", Help: "Hooks that broke, by reason.", Label: "reason"}
	for kind := range guest.Kinds {
		k.by(faults, c.faults[kind].Load(), kind.String())
	}
	k.counter(series{Name: "dbmesh_wasm_cached_verdicts_total", Help: "Verdicts that were given again without asking the guest."}, c.cached.Load())
	k.counter(series{Name: "dbmesh_wasm_monitored_verdicts_total", Help: "Verdicts that were told and not applied, for the filter's mode is monitor."}, c.monitored.Load())
	k.counter(series{Name: "dbmesh_wasm_fuel_total", Help: "Fuel that the guest has used."}, c.fuel.Load())
}

// Package service holds what guests share beyond one instance and one generation: a small
// store with expiry, token buckets, sets of patterns, and the metrics that they define.
package service

// Metrics defines the metrics of one filter's guests. It is used by any number of goroutines
// and outlives generations, so the same metric may be defined again and again.
type Metrics interface {
	// Define names a metric of abi.MetricCounter, MetricGauge or MetricHistogram. The name has
	// the characters a-z, 0-9 and _ and begins with a letter. It is an error if it exists in another kind.
	Define(kind int, name string) (Metric, error)
}

// Metric is one of them.
type Metric interface {
	// Record adds to a counter, sets a gauge, observes into a histogram. Of a counter the
	// value is not negative; it is never NaN or infinite.
	Record(value float64)
}

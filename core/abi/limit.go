package abi

// Limits that the interface itself has; operators set the others.
const (
	MaxVerdict    = 64 << 10  // bytes of any payload but a rewritten statement's
	MaxRewrite    = 1<<24 - 1 // the length field's own bound
	MaxState      = 4 << 10
	MaxKey        = 256
	MaxValue      = 64 << 10
	MaxMatchSets  = 64
	MaxPatterns   = 64 << 10 // bytes of one set's patterns
	MaxMetrics    = 32
	MaxMetricName = 64
	MaxLogLine    = 4 << 10
	MaxText       = 64 << 10 // of the text area
	MaxMessage    = 512      // of an error for the client; longer ones are cut
)

//go:build !race

package stmt_test

// raceDetector drops what sync.Pool holds, so that allocations say nothing.
const raceDetector = false

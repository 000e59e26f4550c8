//go:build race

package live

// raceDetector says whether the tests run under it.
const raceDetector = true

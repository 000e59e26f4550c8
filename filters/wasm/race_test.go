//go:build race

package wasm_test

// raceOn: the race detector makes pools forget.
const raceOn = true

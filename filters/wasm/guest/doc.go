// Package guest runs user filters in WebAssembly: it loads a module, keeps a few instances
// of it, asks them, and gives their host functions what the question is about. It knows
// nothing of chains, files or policies.
//
// A Program is one generation of one filter. A running guest can't be preempted by Go's
// scheduler and so holds up the garbage collector of the whole process; its fuel bounds
// that time too. Nothing here uses a context's end to stop a guest, for wazero's check of it
// makes every loop ten times slower.
package guest

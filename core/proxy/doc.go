// Package proxy holds the data path: listeners, event loops, sessions, and the way from a
// client's command through its chain to a backend and back.
//
// A session is a step function of the bytes in hand: step goes as far as it can, never
// blocks, and leaves behind what it waits for (want). The event loop that owns the session
// calls step again when that has come. Code that is naturally a sequence of waits, such as
// a login, is written straight down as a flow, which runs as a coroutine of the loop; what
// takes long, such as a TLS handshake or the hooks of a slow filter, goes to a goroutine
// and comes back to the loop by a posted task. So everything that hangs on a session is
// touched by one goroutine at a time and needs no lock.
package proxy

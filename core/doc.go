// Package core holds the types that filters, the proxy and the command share: Filter and
// its hooks, Verdict, Session, Command, Outcome, the immutable Chain and the Live value
// that swaps one chain for the next.
//
// It imports nothing but the standard library, so that a filter needs this package alone.
// A session runs one command at a time and is owned by one goroutine at a time; whatever
// hangs on a Session or a Command therefore needs no lock. Filters are shared by all
// sessions of their generation and must be safe for concurrent use.
package core

// Package backend holds the data sources: named pools of servers, what is known of each
// one's health, address and greeting, and the client side of both handshake phases.
//
// A Set is read by every session at every login and replaced by a change of config; it is
// an atomic snapshot, so readers take no lock. Each backend has one goroutine, its prober,
// which resolves its name, probes it and owns its control connection. docs/health.md says
// what a probe sends, and why.
package backend

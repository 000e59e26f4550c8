// Package dialogue plays conversations with a MySQL-protocol server packet by packet and
// keeps every byte of their command phase, so that two servers, or a server and a proxy
// before it, can be compared exactly. Its client knows nothing of core/wire's response
// follower: what ends a response is decided here a second time.
//
// A corpus file holds dialogues, one step a line; README.md beside it explains the format.
package dialogue

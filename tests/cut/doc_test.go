// Package cut ends recorded dialogues at their bytes, in both directions, by FIN, RST and a
// stall, and checks that dbmesh closes both sides soon, leaves nothing behind and disturbs
// nobody. The recordings are those of tests/equality.
package cut

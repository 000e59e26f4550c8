// Package wire speaks the MySQL client/server protocol: frames, both handshakes, the
// OK, ERR and EOF packets, and the state machine that finds the end of a response
// without decoding it. Nothing here does I/O but Conn, which reads and writes whole
// packets for the connection phase.
//
// Every decoder bounds-checks: neither side is trusted. Decoders return slices of their
// input; the caller owns the bytes.
//
// Sources: MySQL's "Client/Server Protocol" pages and MariaDB's "Clients & Connectors
// protocol" pages.
package wire

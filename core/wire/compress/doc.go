// Package compress is MySQL's compressed protocol: it carries the bytes of one hop in
// compressed packets, below the framing of commands and answers.
//
// A compressed packet is three bytes of length, one sequence number, three bytes of the
// length before compression, and that much payload; 0 as the length before compression
// says that the payload is as it was. Payloads are cut anywhere: one may hold many frames,
// and one frame may take many.
//
// The compressed packets have sequence numbers of their own. They begin with 0 at each
// command, go on from one side to the other, and servers check them. The numbers of the
// frames inside are looked at by nobody that speaks the protocol by the letter, so servers
// and clients send other ones there than without compression: MariaDB and TiDB set them to
// the compressed packet's number whenever they flush, the C library sends 0 in each frame
// of a long command. A Stream numbers the frames that it reads as they were without
// compression, so that they can be passed on to a hop that has none.
package compress

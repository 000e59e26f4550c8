package client

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// maxPayload is the largest payload of one frame; a longer one goes on in the next frame.
const maxPayload = 1<<24 - 1

// Command codes that the load uses.
const (
	Quit        byte = 0x01
	Query       byte = 0x03
	StmtPrepare byte = 0x16
	StmtExecute byte = 0x17
)

// Append frames one command onto dst: sequence numbers from 0, split as soon as
// the payload reaches 16 MB.
func Append(dst []byte, code byte, body []byte) []byte {
	left, seq, first := len(body)+1, byte(0), true
	for {
		n := min(left, maxPayload)
		dst = append(dst, byte(n), byte(n>>8), byte(n>>16), seq)
		take := n
		if first {
			dst, take, first = append(dst, code), n-1, false
		}
		dst, body = append(dst, body[:take]...), body[take:]
		if left, seq = left-n, seq+1; n < maxPayload {
			return dst
		}
	}
}

// Reply is what one command was answered with. Row points into the buffer that was parsed.
type Reply struct {
	Columns  int    // 0: an OK packet
	Rows     int    // rows of the result
	Row      []byte // payload of the last row
	Affected uint64 // of an OK packet
}

// ErrSequence says that a packet of a reply carried the wrong number.
var ErrSequence = errors.New("sequence number out of order")

// Parse reads one whole reply, whose first packet must have the number seq, from
// the start of b and returns its length, which is 0 while the reply is still
// incomplete. An ERR packet is returned as an error.
// It knows replies as sent to a client without CLIENT_DEPRECATE_EOF.
func Parse(b []byte, seq byte) (Reply, int, error) {
	var r Reply
	ends, defs := 0, 0
	for at, first := 0, true; ; seq, first = seq+1, false {
		if len(b)-at < 4 {
			return r, 0, nil
		}
		n := int(b[at]) | int(b[at+1])<<8 | int(b[at+2])<<16
		if len(b)-at < 4+n || n == 0 {
			return r, 0, nil
		}
		if b[at+3] != seq {
			return r, 0, fmt.Errorf("%w: %d in place of %d", ErrSequence, b[at+3], seq)
		}
		p := b[at+4 : at+4+n]
		at += 4 + n
		switch {
		case p[0] == 0xff:
			return r, at, packetError(p)
		case first && p[0] == 0:
			r.Affected, _ = lengthEncoded(p[1:])
			return r, at, nil
		case first:
			r.Columns = int(p[0])
		case p[0] == 0xfe && n < 9:
			if ends++; ends == 2 {
				return r, at, nil
			}
		case ends == 0:
			if defs++; defs > r.Columns {
				return r, 0, fmt.Errorf("more than %d column definitions", r.Columns)
			}
		default:
			r.Rows, r.Row = r.Rows+1, p
		}
	}
}

func packetError(p []byte) error {
	if len(p) < 3 {
		return errors.New("short error packet")
	}
	return fmt.Errorf("server error %d: %s", binary.LittleEndian.Uint16(p[1:]), p[3:])
}

// lengthEncoded returns a length-encoded integer and the bytes after it.
func lengthEncoded(p []byte) (uint64, []byte) {
	switch {
	case len(p) > 2 && p[0] == 0xfc:
		return uint64(binary.LittleEndian.Uint16(p[1:])), p[3:]
	case len(p) > 3 && p[0] == 0xfd:
		return uint64(p[1]) | uint64(p[2])<<8 | uint64(p[3])<<16, p[4:]
	case len(p) > 8 && p[0] == 0xfe:
		return binary.LittleEndian.Uint64(p[1:]), p[9:]
	case len(p) > 0:
		return uint64(p[0]), p[1:]
	}
	return 0, nil
}

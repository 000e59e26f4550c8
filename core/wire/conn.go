package wire

import (
	"errors"
	"fmt"
	"io"
)

// ErrTooLarge is returned for a packet over the limit of a Conn.
var ErrTooLarge = errors.New("packet is too large for the connection phase")

// ErrSequence is returned for a packet out of order.
var ErrSequence = errors.New("packet out of order")

// Conn reads and writes whole packets, for the connection phase and for control
// connections. It reads no byte beyond the packet that was asked for unless Buffered says
// so, keeps the sequence number, and holds at most Limit bytes of one packet.
type Conn struct {
	rw    io.ReadWriter
	Seq   byte // of the next packet in either direction
	Limit int  // longest payload in bytes

	buf  []byte
	r, w int
	out  []byte
}

// NewConn wraps rw with the limit for packets before login, 64 KiB.
func NewConn(rw io.ReadWriter) *Conn { return &Conn{rw: rw, Limit: 64 << 10} }

// Reset goes on with another stream, such as TLS over the first one. It returns the bytes
// that were read ahead: where a TLS handshake follows they are its beginning, never packets.
func (c *Conn) Reset(rw io.ReadWriter) (ahead []byte) {
	ahead = c.buf[c.r:c.w]
	c.rw, c.r, c.w, c.buf = rw, 0, 0, nil
	return ahead
}

// Buffered is what was read beyond the last packet. Valid until the next read.
func (c *Conn) Buffered() []byte { return c.buf[c.r:c.w] }

// Peek reads until n bytes are in hand and returns them without consuming them. The buffer
// grows with what arrives, not with what a header announces.
func (c *Conn) Peek(n int) ([]byte, error) {
	for idle := 0; c.w-c.r < n; idle++ {
		c.room(n)
		k, err := c.rw.Read(c.buf[c.w:])
		c.w += k
		switch {
		case c.w-c.r >= n: // an error that came along is met again by the next read
		case err == io.EOF && c.w > c.r:
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		case k > 0:
			idle = 0
		case idle == 100:
			return nil, io.ErrNoProgress
		}
	}
	return c.buf[c.r : c.r+n], nil
}

// room makes space behind the unread bytes, on the way to n of them in all.
func (c *Conn) room(n int) {
	switch {
	case c.w < len(c.buf):
	case c.r > 0:
		c.r, c.w = 0, copy(c.buf, c.buf[c.r:c.w])
	default:
		grown := make([]byte, max(512, min(n, 2*len(c.buf))))
		copy(grown, c.buf[:c.w])
		c.buf = grown
	}
}

// Discard drops n bytes that Peek returned.
func (c *Conn) Discard(n int) { c.r += n }

// ReadPacket reads the next packet. The payload is valid until the next read.
func (c *Conn) ReadPacket() ([]byte, error) {
	h, err := c.Peek(HeaderLen)
	if err != nil {
		return nil, err
	}
	n, seq := PayloadLen(h), h[3]
	if n > c.Limit || n == MaxPayload {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, n, c.Limit)
	}
	if seq != c.Seq {
		return nil, fmt.Errorf("%w: sequence number %d, want %d", ErrSequence, seq, c.Seq)
	}
	if _, err := c.Peek(HeaderLen + n); err != nil {
		return nil, err
	}
	p := c.buf[c.r+HeaderLen : c.r+HeaderLen+n]
	c.r += HeaderLen + n
	c.Seq++
	return p, nil
}

// WritePacket writes one packet.
func (c *Conn) WritePacket(payload []byte) error {
	if len(payload) >= MaxPayload {
		return ErrTooLarge
	}
	c.out, c.Seq = AppendFrame(c.out[:0], payload, c.Seq)
	_, err := c.rw.Write(c.out)
	return err
}

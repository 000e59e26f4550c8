package wire

import (
	"encoding/binary"
	"errors"
)

// ErrMalformed is returned for bytes that are not the packet they should be. It carries no
// detail, for the sender may be hostile; callers wrap it with the packet's name.
var ErrMalformed = errors.New("malformed packet")

// cursor reads a packet from the front. After a read past the end every read gives zero
// values and bad stays true, so that a decoder checks once, at its end.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.bad, c.b = true, nil
		return nil
	}
	t := c.b[:n:n]
	c.b = c.b[n:]
	return t
}

func (c *cursor) u8() byte {
	if t := c.take(1); t != nil {
		return t[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if t := c.take(2); t != nil {
		return binary.LittleEndian.Uint16(t)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if t := c.take(4); t != nil {
		return binary.LittleEndian.Uint32(t)
	}
	return 0
}

// lenenc reads a length-encoded integer. 0xfb (NULL) and 0xff (an error packet's header)
// are no integers.
func (c *cursor) lenenc() uint64 {
	switch first := c.u8(); first {
	case 0xfc:
		return uint64(c.u16())
	case 0xfd:
		if t := c.take(3); t != nil {
			return uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16
		}
		return 0
	case 0xfe:
		if t := c.take(8); t != nil {
			return binary.LittleEndian.Uint64(t)
		}
		return 0
	case 0xfb, 0xff:
		c.bad, c.b = true, nil
		return 0
	default:
		return uint64(first)
	}
}

// block reads a length-encoded string.
func (c *cursor) block() []byte {
	n := c.lenenc()
	if n > uint64(len(c.b)) {
		c.bad, c.b = true, nil
		return nil
	}
	return c.take(int(n))
}

// text reads a string up to a NUL, which must be there.
func (c *cursor) text() []byte {
	for i, x := range c.b {
		if x == 0 {
			t := c.b[:i:i]
			c.b = c.b[i+1:]
			return t
		}
	}
	c.bad, c.b = true, nil
	return nil
}

// rest reads what remains.
func (c *cursor) rest() []byte {
	t := c.b
	c.b = nil
	return t
}

func (c *cursor) err() error {
	if c.bad {
		return ErrMalformed
	}
	return nil
}

func appendLenenc(b []byte, n uint64) []byte {
	switch {
	case n < 0xfb:
		return append(b, byte(n))
	case n < 1<<16:
		return append(b, 0xfc, byte(n), byte(n>>8))
	case n < 1<<24:
		return append(b, 0xfd, byte(n), byte(n>>8), byte(n>>16))
	}
	return binary.LittleEndian.AppendUint64(append(b, 0xfe), n)
}

func appendBlock(b, s []byte) []byte {
	return append(appendLenenc(b, uint64(len(s))), s...)
}

func appendText(b, s []byte) []byte {
	return append(append(b, s...), 0)
}

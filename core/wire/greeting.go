package wire

import (
	"encoding/binary"
	"fmt"
)

// ScrambleLen is the length of the random challenge in a greeting, without its closing NUL.
const ScrambleLen = 20

// Greeting is the server's first packet (protocol version 10).
type Greeting struct {
	Version      string
	ConnectionID uint32
	Scramble     []byte // as sent, without the closing NUL; 20 bytes from all known servers
	Caps         Caps
	Collation    byte
	Status       uint16
	Plugin       string
}

// ParseGreeting decodes a greeting's payload. A server that refuses at once sends an ERR
// packet, which is returned as an *Err.
func ParseGreeting(b []byte) (*Greeting, error) {
	c := cursor{b: b}
	switch v := c.u8(); v {
	case 10:
	case HeaderErr:
		e, err := ParseErr(b)
		if err != nil {
			return nil, fmt.Errorf("greeting: %w", err)
		}
		return nil, e
	default:
		return nil, fmt.Errorf("greeting: protocol version %d, want 10", v)
	}
	g := &Greeting{Version: string(c.text()), ConnectionID: c.u32()}
	first := c.take(8)
	c.u8()
	caps := uint32(c.u16())
	g.Collation, g.Status = c.u8(), c.u16()
	caps |= uint32(c.u16()) << 16
	g.Caps = Caps(caps)
	length := int(c.u8())
	c.take(6)
	ext := c.u32()
	if !g.Caps.Has(LongPassword) {
		g.Caps |= Caps(ext) << 32
	}
	g.Scramble = append(g.Scramble, first...)
	if g.Caps.Has(SecureConn) {
		second := c.take(min(max(13, length-8), len(c.b)))
		if n := len(second); n > 0 && second[n-1] == 0 {
			second = second[:n-1]
		}
		g.Scramble = append(g.Scramble, second...)
	}
	if g.Caps.Has(PluginAuth) {
		// Some servers forget the NUL behind the name.
		name := c.rest()
		for i, x := range name {
			if x == 0 {
				name = name[:i]
				break
			}
		}
		g.Plugin = string(name)
	}
	if err := c.err(); err != nil || len(g.Scramble) < 8 {
		return nil, fmt.Errorf("greeting: %w", ErrMalformed)
	}
	return g, nil
}

// Append encodes the greeting's payload. Scramble must be ScrambleLen bytes without a NUL.
func (g *Greeting) Append(b []byte) []byte {
	b = appendText(append(b, 10), []byte(g.Version))
	b = binary.LittleEndian.AppendUint32(b, g.ConnectionID)
	b = append(append(b, g.Scramble[:8]...), 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(g.Caps))
	b = append(b, g.Collation)
	b = binary.LittleEndian.AppendUint16(b, g.Status)
	b = binary.LittleEndian.AppendUint16(b, uint16(g.Caps>>16))
	b = append(b, byte(len(g.Scramble)+1), 0, 0, 0, 0, 0, 0)
	ext := uint32(0)
	if !g.Caps.Has(LongPassword) {
		ext = uint32(g.Caps >> 32)
	}
	b = binary.LittleEndian.AppendUint32(b, ext)
	b = append(append(b, g.Scramble[8:]...), 0)
	if g.Caps.Has(PluginAuth) {
		b = appendText(b, []byte(g.Plugin))
	}
	return b
}

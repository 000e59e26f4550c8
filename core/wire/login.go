package wire

import (
	"encoding/binary"
	"fmt"
)

// Login is the client's answer to a greeting (HandshakeResponse41).
type Login struct {
	Caps      Caps
	MaxPacket uint32
	Collation byte
	User      string
	Auth      []byte // the answer to the challenge
	Schema    string
	Plugin    string
	Attrs     []byte // connection attributes as key/value blocks, see EachAttr; nil if none
	Zstd      byte
}

// loginPrefix is the length of the fixed part, which an SSLRequest consists of.
const loginPrefix = 32

// ParseLogin decodes a login packet's payload. tls says that the client asks to switch to
// TLS and sends its login again inside; only Caps, MaxPacket and Collation are set then.
func ParseLogin(b []byte) (l *Login, tls bool, err error) {
	c := cursor{b: b}
	l = &Login{Caps: Caps(c.u32()), MaxPacket: c.u32(), Collation: c.u8()}
	c.take(19)
	ext := c.u32()
	if c.bad {
		return nil, false, fmt.Errorf("login: %w", ErrMalformed)
	}
	if !l.Caps.Has(LongPassword) {
		l.Caps |= Caps(ext) << 32
	}
	if !l.Caps.Has(Protocol41) {
		return nil, false, fmt.Errorf("login: the client speaks a protocol before 4.1: %w", ErrMalformed)
	}
	if l.Caps.Has(SSL) && len(b) == loginPrefix {
		return l, true, nil
	}
	l.User = string(c.text())
	switch {
	case l.Caps.Has(AuthLenenc):
		l.Auth = c.block()
	case l.Caps.Has(SecureConn):
		l.Auth = c.take(int(c.u8()))
	default:
		l.Auth = c.text()
	}
	if l.Caps.Has(ConnectWithDB) {
		l.Schema = string(c.textOrRest())
	}
	if l.Caps.Has(PluginAuth) {
		l.Plugin = string(c.textOrRest())
	}
	if l.Caps.Has(ConnectAttrs) && len(c.b) > 0 {
		l.Attrs = c.block()
	}
	if l.Caps.Has(Zstd) && len(c.b) > 0 {
		l.Zstd = c.u8()
	}
	if err := c.err(); err != nil {
		return nil, false, fmt.Errorf("login: %w", err)
	}
	return l, false, nil
}

// textOrRest reads a string whose closing NUL may be missing at the packet's end, as some
// clients send it.
func (c *cursor) textOrRest() []byte {
	for _, x := range c.b {
		if x == 0 {
			return c.text()
		}
	}
	return c.rest()
}

// appendPrefix encodes the fixed part.
func (l *Login) appendPrefix(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(l.Caps))
	b = binary.LittleEndian.AppendUint32(b, l.MaxPacket)
	b = append(b, l.Collation)
	b = append(b, make([]byte, 19)...)
	ext := uint32(0)
	if !l.Caps.Has(LongPassword) {
		ext = uint32(l.Caps >> 32)
	}
	return binary.LittleEndian.AppendUint32(b, ext)
}

// AppendSSLRequest encodes the packet that asks to switch to TLS.
func (l *Login) AppendSSLRequest(b []byte) []byte { return l.appendPrefix(b) }

// Append encodes the login's payload. Which parts are there follows Caps.
func (l *Login) Append(b []byte) []byte {
	b = l.appendPrefix(b)
	b = appendText(b, []byte(l.User))
	if l.Caps.Has(AuthLenenc) {
		b = appendBlock(b, l.Auth)
	} else {
		b = appendAuth(b, l.Auth, l.Caps)
	}
	if l.Caps.Has(ConnectWithDB) {
		b = appendText(b, []byte(l.Schema))
	}
	if l.Caps.Has(PluginAuth) {
		b = appendText(b, []byte(l.Plugin))
	}
	if l.Caps.Has(ConnectAttrs) {
		b = appendBlock(b, l.Attrs)
	}
	if l.Caps.Has(Zstd) {
		b = append(b, l.Zstd)
	}
	return b
}

// appendAuth encodes an answer to a challenge the old ways: with one byte of length, or up
// to a NUL. An answer too long for the byte is cut: the server refuses it, which is better
// than taking its tail for the fields that follow.
func appendAuth(b, auth []byte, caps Caps) []byte {
	if !caps.Has(SecureConn) {
		return appendText(b, auth)
	}
	auth = auth[:min(len(auth), 255)]
	return append(append(b, byte(len(auth))), auth...)
}

// EachAttr calls each connection attribute in order. A malformed block ends the walk with
// an error; what came before was valid.
func EachAttr(attrs []byte, each func(name, value string)) error {
	c := cursor{b: attrs}
	for len(c.b) > 0 {
		name, value := c.block(), c.block()
		if c.bad {
			return fmt.Errorf("connection attributes: %w", ErrMalformed)
		}
		each(string(name), string(value))
	}
	return nil
}

// AppendAttr adds a connection attribute to a block.
func AppendAttr(attrs []byte, name, value string) []byte {
	return appendBlock(appendBlock(attrs, []byte(name)), []byte(value))
}

// UserChange is a COM_CHANGE_USER.
type UserChange struct {
	User, Schema string
	Auth         []byte
	Collation    uint16
	Plugin       string
	Attrs        []byte
}

// ParseUserChange decodes the payload of a COM_CHANGE_USER, its command byte included.
func ParseUserChange(b []byte, caps Caps) (*UserChange, error) {
	c := cursor{b: b}
	c.u8()
	u := &UserChange{User: string(c.text())}
	if caps.Has(SecureConn) {
		u.Auth = c.take(int(c.u8()))
	} else {
		u.Auth = c.text()
	}
	u.Schema = string(c.textOrRest())
	if len(c.b) > 0 {
		u.Collation = c.u16()
	}
	if caps.Has(PluginAuth) && len(c.b) > 0 {
		u.Plugin = string(c.textOrRest())
	}
	if caps.Has(ConnectAttrs) && len(c.b) > 0 {
		u.Attrs = c.block()
	}
	if err := c.err(); err != nil {
		return nil, fmt.Errorf("change user: %w", err)
	}
	return u, nil
}

// Append encodes the payload of a COM_CHANGE_USER for a server with which caps are agreed.
func (u *UserChange) Append(b []byte, caps Caps) []byte {
	b = appendText(append(b, 0x11), []byte(u.User))
	b = appendAuth(b, u.Auth, caps)
	b = appendText(b, []byte(u.Schema))
	b = binary.LittleEndian.AppendUint16(b, u.Collation)
	if caps.Has(PluginAuth) {
		b = appendText(b, []byte(u.Plugin))
	}
	if caps.Has(ConnectAttrs) {
		b = appendBlock(b, u.Attrs)
	}
	return b
}

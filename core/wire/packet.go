package wire

import (
	"encoding/binary"
	"fmt"
)

// First bytes of packets whose kind must be told apart.
const (
	HeaderOK       = 0x00
	HeaderMoreData = 0x01 // in the connection phase
	HeaderInfile   = 0xfb
	HeaderEOF      = 0xfe // also the auth switch of the connection phase
	HeaderErr      = 0xff
)

// OK is an OK packet, or the OK that stands in an EOF's place.
type OK struct {
	Header   byte // HeaderOK or HeaderEOF
	Affected uint64
	InsertID uint64
	Status   uint16
	Warnings uint16
	Info     []byte
	Track    []byte // session-track block, see ParseTrack; nil if there is none
}

// ParseOK decodes an OK packet's payload. The info and track parts are looked for only
// if the packet goes on behind the warnings.
func ParseOK(b []byte, caps Caps) (OK, error) {
	c := cursor{b: b}
	ok := OK{Header: c.u8()}
	ok.Affected, ok.InsertID = c.lenenc(), c.lenenc()
	ok.Status, ok.Warnings = c.u16(), c.u16()
	if len(c.b) > 0 {
		ok.info(&c, caps)
	}
	return ok, c.err()
}

// info reads what follows the warnings. Servers put a length before the text whatever the
// capabilities are; the documentation has none without session tracking, so text that does
// not fit its length is taken as it is.
func (ok *OK) info(c *cursor, caps Caps) {
	plain := c.b
	ok.Info = c.block()
	switch {
	case caps.Has(SessionTrack):
		if ok.Status&StatusTrack != 0 {
			ok.Track = c.block()
		}
	case c.bad || len(c.b) > 0:
		*c = cursor{}
		ok.Info = plain
	}
}

// AppendOK encodes an OK packet's payload. The session-track block is sent if caps have
// it and Track is not nil; the status flag follows from that.
func AppendOK(b []byte, ok OK, caps Caps) []byte {
	tracked := caps.Has(SessionTrack) && ok.Track != nil
	ok.Status &^= StatusTrack
	if tracked {
		ok.Status |= StatusTrack
	}
	b = append(b, ok.Header)
	b = appendLenenc(appendLenenc(b, ok.Affected), ok.InsertID)
	b = binary.LittleEndian.AppendUint16(b, ok.Status)
	b = binary.LittleEndian.AppendUint16(b, ok.Warnings)
	if len(ok.Info) > 0 || tracked {
		b = appendBlock(b, ok.Info)
	}
	if tracked {
		b = appendBlock(b, ok.Track)
	}
	return b
}

// Err is an ERR packet.
type Err struct {
	Code    uint16
	State   string
	Message string
}

func (e *Err) Error() string { return fmt.Sprintf("%d (%s): %s", e.Code, e.State, e.Message) }

// ParseErr decodes an ERR packet's payload. Before login, and from very old servers, there
// is no SQLSTATE; State is then HY000.
func ParseErr(b []byte) (*Err, error) {
	c := cursor{b: b}
	c.u8()
	e := &Err{Code: c.u16(), State: "HY000"}
	if len(c.b) >= 6 && c.b[0] == '#' {
		c.u8()
		e.State = string(c.take(5))
	}
	e.Message = string(c.rest())
	return e, c.err()
}

// progressCode is the number in MariaDB's reports of progress, which look like errors.
const progressCode = 0xffff

// AppendErr encodes an ERR packet's payload. Before the capabilities are agreed there is
// no SQLSTATE: caps 0. Codes that clients do not take for an error's become 1105.
func AppendErr(b []byte, e *Err, caps Caps) []byte {
	code := e.Code
	if code == 0 || code == progressCode {
		code = 1105
	}
	b = binary.LittleEndian.AppendUint16(append(b, HeaderErr), code)
	if caps.Has(Protocol41) {
		state := e.State
		if len(state) != 5 {
			state = "HY000"
		}
		b = append(append(b, '#'), state...)
	}
	return append(b, e.Message...)
}

// AppendEOF encodes a classic EOF packet's payload.
func AppendEOF(b []byte, status, warnings uint16) []byte {
	b = binary.LittleEndian.AppendUint16(append(b, HeaderEOF), warnings)
	return binary.LittleEndian.AppendUint16(b, status)
}

// Change is one entry of a session-track block.
type Change struct {
	Kind byte   // one of the Track constants, or one that is not known
	Name string // of a system variable
	Data string // the value, schema, GTIDs or transaction state
}

// Kinds of session-track entries.
const (
	TrackVariable = iota
	TrackSchema
	TrackState
	TrackGTIDs
	TrackCharacteristics
	TrackTransaction
)

// SchemaTrack is the session-track block that says only what the schema is now.
func SchemaTrack(schema string) []byte {
	return appendBlock([]byte{TrackSchema}, appendBlock(nil, []byte(schema)))
}

// ParseTrack decodes a session-track block and calls each entry in order. Entries of
// unknown kind come with their raw bytes as Data.
func ParseTrack(b []byte, each func(Change)) error {
	c := cursor{b: b}
	for len(c.b) > 0 {
		ch := Change{Kind: c.u8()}
		d := cursor{b: c.block()}
		switch ch.Kind {
		case TrackVariable:
			for len(d.b) > 0 && !d.bad { // MariaDB may put several pairs into one entry
				ch.Name, ch.Data = string(d.block()), string(d.block())
				if !d.bad {
					each(ch)
				}
			}
			if d.bad {
				return ErrMalformed
			}
			continue
		case TrackGTIDs:
			d.u8() // encoding
			ch.Data = string(d.block())
		case TrackSchema, TrackState, TrackCharacteristics, TrackTransaction:
			ch.Data = string(d.block())
		default:
			ch.Data = string(d.rest())
		}
		if c.bad || d.bad {
			return ErrMalformed
		}
		each(ch)
	}
	return c.err()
}

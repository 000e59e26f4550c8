package dbmesh

import (
	"unicode/utf8"
	"unsafe"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
)

// payload is what the last verdict points to: dbmesh reads it after the hook has returned.
var payload struct {
	bytes []byte
	text  string
}

// encoded gives the verdict's payload, good until the next hook.
func (v Verdict) encoded() string {
	if v.op() == abi.OpRewrite {
		payload.text = v.text
		return v.text
	}
	payload.bytes = v.append(payload.bytes[:0])
	return unsafe.String(unsafe.SliceData(payload.bytes), len(payload.bytes))
}

func (v Verdict) append(b []byte) []byte {
	switch v.op() {
	case abi.OpDeny, abi.OpDisconnect:
		b = appendU64(b, v.head>>codeShift)
		return append(b[:len(b)-1], cut(v.text)...)
	case abi.OpRewrite:
		return append(b, v.text...)
	case abi.OpRoute:
		return append(append(b, byte(v.head>>codeShift)), v.text...)
	case abi.OpReply:
		return v.more.appendReply(b)
	case abi.OpOK:
		b = appendU64(b, v.more.affected)
		b = appendU64(b, v.more.insert)
		return append(b, v.text...)
	case abi.OpList:
		for _, one := range v.more.both {
			at := len(b)
			b = one.append(append(b, 0, 0, 0, 0))
			appendU32(b[at:at], uint32(len(b)-at-4)<<8|uint32(uint8(one.head)))
		}
	case abi.OpMask:
		return v.more.appendMasks(b)
	}
	return b
}

// cut leaves of a message what dbmesh shows, without half a character at its end.
func cut(message string) string {
	if len(message) <= abi.MaxMessage {
		return message
	}
	n := abi.MaxMessage
	for n > abi.MaxMessage-utf8.UTFMax && !utf8.RuneStart(message[n]) {
		n--
	}
	return message[:n]
}

func (x *extra) appendReply(b []byte) []byte {
	b = appendU16(b, uint16(len(x.columns)))
	b = appendU16(b, uint16(len(x.rows)))
	for _, name := range x.columns {
		b = appendU16(b, uint16(len(name)))
		b = append(b, name...)
	}
	for _, row := range x.rows {
		for _, value := range row {
			if !value.there {
				b = appendU32(b, abi.NullLength)
				continue
			}
			b = appendU32(b, uint32(len(value.text)))
			b = append(b, value.text...)
		}
	}
	return b
}

func (x *extra) appendMasks(b []byte) []byte {
	b = appendU16(b, uint16(len(x.masks)))
	for _, m := range x.masks {
		b = appendU16(b, m.column)
		b = append(b, m.by, m.first, m.last, 0)
		b = appendU16(b, uint16(len(m.text)))
		b = append(b, m.text...)
	}
	return b
}

// encoding/binary would bring package reflect into each filter.

func appendU16(b []byte, n uint16) []byte { return append(b, byte(n), byte(n>>8)) }

func appendU32(b []byte, n uint32) []byte {
	return append(b, byte(n), byte(n>>8), byte(n>>16), byte(n>>24))
}

func appendU64(b []byte, n uint64) []byte { return appendU32(appendU32(b, uint32(n)), uint32(n>>32)) }

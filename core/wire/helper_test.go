package wire

import (
	"encoding/binary"
	"runtime/debug"
	"slices"
	"testing"
)

// UnderRace says whether the race detector is on: it makes small values larger and copies
// of megabytes slow.
func UnderRace() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// packets makes frames of payloads, numbered from seq.
func packets(seq byte, payloads ...string) []byte {
	var b []byte
	for _, p := range payloads {
		b, seq = AppendFrame(b, []byte(p), seq)
	}
	return b
}

// u16 is a number as it stands in a packet.
func u16(n uint16) string { return string(binary.LittleEndian.AppendUint16(nil, n)) }

// okPacket and eofPacket are closing packets with a status and one warning.
func okPacket(header byte, affected, insert byte, status uint16) string {
	return string([]byte{header, affected, insert}) + u16(status) + u16(1)
}
func eofPacket(status uint16) string { return "\xfe" + u16(1) + u16(status) }

func errPacket(code uint16, text string) string { return "\xff" + u16(code) + "#42000" + text }

// refusesPrefixes checks that b decodes and that no part of it shorter than shortest does.
func refusesPrefixes(t *testing.T, b []byte, shortest int, decode func([]byte) error) {
	t.Helper()
	if err := decode(b); err != nil {
		t.Errorf("%q: %v", b, err)
	}
	for n := range b {
		if err := decode(b[:n:n]); err == nil && n < shortest {
			t.Errorf("the first %d bytes of %q decode", n, b)
		} else if err != nil && n >= shortest {
			t.Errorf("the first %d bytes of %q: %v", n, b, err)
		}
	}
}

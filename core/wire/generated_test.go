package wire

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// maker makes random responses, each by the protocol's rules and not by the follower's.
type maker struct {
	*rand.Rand
	caps Caps
}

func (m maker) bytes(most int) string {
	b := make([]byte, m.IntN(most+1))
	for i := range b {
		b[i] = byte(m.Uint32())
	}
	return string(b)
}

// row is a text row, or a binary one.
func (m maker) row(columns int, binary bool) string {
	if binary {
		return "\x00" + m.bytes(40)
	}
	var b []byte
	for range columns {
		if m.IntN(4) == 0 {
			b = append(b, 0xfb)
			continue
		}
		most := []int{0, 10, 300, 70000}[min(3, m.IntN(40)/12)]
		b = appendBlock(b, []byte(m.bytes(most)))
	}
	return string(b)
}

func (m maker) ok(status uint16) string {
	ok := OK{Affected: m.Uint64() >> m.IntN(64), InsertID: m.Uint64() >> m.IntN(64), Status: status, Info: []byte(m.bytes(20))}
	if m.IntN(3) == 0 {
		ok.Track = appendBlock([]byte{TrackSchema}, appendBlock(nil, []byte(m.bytes(9))))
	}
	return string(AppendOK(nil, ok, m.caps))
}

// result is one result and says whether it was an error; status is that of its end.
func (m maker) result(status uint16, binary bool) (p []string, rows uint64, failed bool) {
	kind := m.IntN(10)
	if kind == 0 {
		return []string{errPacket(1064, m.bytes(100))}, 0, true
	}
	if kind < 4 {
		return []string{m.ok(status)}, 0, false
	}
	columns := 1 + m.IntN(5)
	count := string(byte(columns))
	if m.caps.Has(CacheMetadata) {
		count += string(byte(min(1, m.IntN(3))))
	}
	p = append(p, count)
	if count[len(count)-1] != 0 {
		for range columns {
			p = append(p, def+m.bytes(9))
		}
	}
	p = append(p, defsEnd(m.caps, status)...)
	for range m.IntN(8) {
		p = append(p, m.row(columns, binary))
		rows++
	}
	if m.IntN(10) == 0 {
		return append(p, errPacket(1317, "interrupted")), rows, true
	}
	return append(p, rowsEnd(m.caps, status)), rows, false
}

// response is the answer to a query or an execute.
func (m maker) response(binary bool) (p []string, rows uint64) {
	for results := 1 + m.IntN(4); results > 0; results-- {
		status := uint16(2)
		if results > 1 {
			status |= StatusMoreResults
		}
		if m.caps.Has(Progress) && m.IntN(4) == 0 {
			p = append(p, "\xff\xff\xff\x01\x01\x02\x00\x00\x00\x02ab")
		}
		more, n, failed := m.result(status, binary)
		p, rows = append(p, more...), rows+n
		if failed {
			break
		}
	}
	return p, rows
}

// pieces cuts b at random.
func (m maker) pieces(b []byte) (cut [][]byte) {
	for len(b) > 0 {
		n := min(len(b), 1+m.IntN(1+m.IntN(2000)))
		cut, b = append(cut, b[:n]), b[n:]
	}
	return cut
}

func TestResponseFindsTheEndOfGeneratedAnswers(t *testing.T) {
	for seed := range uint64(3000) {
		m := maker{rand.New(rand.NewPCG(seed, 7)), Protocol41}
		for _, c := range []Caps{DeprecateEOF, CacheMetadata, Progress, SessionTrack} {
			if m.IntN(2) == 0 {
				m.caps |= c
			}
		}
		code := []byte{comQuery, comExecute}[seed%2]
		p, rows := m.response(code == comExecute)
		b := packets(1, p...)
		behind := m.bytes(20)
		got := follow(code, m.caps, m.pieces(append(slices.Clip(b), behind...))...)
		if got.consumed != len(b) || got.event != Done || got.Rows != rows || got.Broken {
			t.Fatalf("seed %d, caps %#x: saw %+v, want %d bytes and %d rows of\n%q", seed, m.caps, got, len(b), rows, strings.Join(p, "\n"))
		}
	}
}

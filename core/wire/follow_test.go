package wire

import (
	"fmt"
	"slices"
	"testing"
)

// seen is all that following a response told.
type seen struct {
	consumed                  int
	event                     Event
	infiles                   []int // where the client's files were due
	changes                   []Change
	Rows, Affected, InsertID  uint64
	Status, Warnings          uint16
	Err                       Err
	Started, Prepared, Broken bool
	StatementID               uint32
}

func (s seen) equal(o seen) bool { return fmt.Sprint(s) == fmt.Sprint(o) }

// follow feeds the pieces of a response in turn, as a reader would: what is not consumed
// is handed in again with what comes next. It stops at the response's end.
func follow(code byte, caps Caps, pieces ...[]byte) seen {
	var s seen
	r := Response{Track: func(c Change) { s.changes = append(s.changes, c) }}
	r.Begin(code, caps)
	var hand []byte
	for _, p := range pieces {
		hand = append(hand, p...)
		for {
			n, ev := r.Feed(hand)
			if n < 0 || n > len(hand) {
				panic(fmt.Sprintf("consumed %d of %d bytes", n, len(hand)))
			}
			hand = hand[n:]
			s.consumed += n
			s.event = ev
			if ev != Infile {
				break
			}
			s.infiles = append(s.infiles, s.consumed)
			r.Resume()
		}
	}
	s.Rows, s.Affected, s.InsertID = r.Rows, r.Affected, r.InsertID
	s.Status, s.Warnings = r.Status, r.Warnings
	s.Started, s.Prepared, s.Broken, s.StatementID = r.Started, r.Prepared, r.Malformed, r.StatementID
	if r.Err != nil {
		s.Err = *r.Err
	}
	if r.Ended() != (s.event == Done) && !r.inside {
		panic("Ended and Feed do not agree")
	}
	return s
}

// bytewise cuts b into single bytes.
func bytewise(b []byte) [][]byte { return slices.Collect(slices.Chunk(b, 1)) }

// splitsAgree checks that b is followed alike however it is cut, whatever stands behind
// it, and returns what was seen.
func splitsAgree(t *testing.T, name string, code byte, caps Caps, b []byte) seen {
	t.Helper()
	want := follow(code, caps, b)
	if got := follow(code, caps, bytewise(b)...); !got.equal(want) {
		t.Errorf("%s, byte by byte: %+v, want %+v", name, got, want)
	}
	for i := range len(b) + 1 {
		if got := follow(code, caps, b[:i], b[i:]); !got.equal(want) {
			t.Errorf("%s, split at %d: %+v, want %+v", name, i, got, want)
		}
		// A response is never over before its last byte, and never owns a byte more.
		if part := follow(code, caps, b[:i]); i < len(b) && part.event == Done && want.consumed == len(b) {
			t.Errorf("%s: over after %d of %d bytes", name, i, len(b))
		}
	}
	if want.event == Done {
		for _, behind := range []string{"\x00", "\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00", "\xff\xff\xff\xff\xff"} {
			if got := follow(code, caps, append(b[:len(b):len(b)], behind...)); !got.equal(want) {
				t.Errorf("%s, with bytes behind it: %+v, want %+v", name, got, want)
			}
		}
	}
	return want
}

package wire

import (
	"strings"
	"testing"
)

// feedResponse follows small packets, then frames too large to hold, then small ones, and
// gives what is left out of the count.
func feedResponse(t *testing.T, code byte, caps Caps, before []string, frames []large, after []string, piece int) (r Response, left int) {
	t.Helper()
	r.Begin(code, caps)
	head := packets(1, before...)
	if n, ev := r.Feed(head); n != len(head) || ev != More {
		t.Fatalf("before the large packet: %d of %d bytes, event %d", n, len(head), ev)
	}
	left = size(frames) - feedLarge(frames, piece, func(b []byte) int {
		n, _ := r.Feed(b)
		return n
	})
	tail := packets(9, after...)
	n, _ := r.Feed(tail)
	return r, left + len(tail) - n
}

func TestResponseTellsALargeRowFromTheEnd(t *testing.T) {
	for mode, caps := range map[string]Caps{"classic": 0, "without EOF": DeprecateEOF} {
		before := append([]string{"\x01", def}, defsEnd(caps, 2)...)
		after := []string{"\x01x", rowsEnd(caps, 2)}
		for _, c := range []struct {
			name   string
			frames []large
		}{
			// 0xfe leads a length of eight bytes, which only a first column of 16 MiB has.
			{"a first column of 16 MiB", []large{{length: MaxPayload, first: "\xfe\x00\x00\x00\x01\x00\x00\x00\x00"}, {length: 10, seq: 1}}},
			{"a row of one frame", []large{{length: MaxPayload, first: "\xfe\xf6\xff\xff\x00\x00\x00\x00\x00"}, {seq: 1}}},
			{"a row of two frames", []large{{length: MaxPayload, first: "\xfe"}, {length: MaxPayload, seq: 1}, {seq: 2}}},
			{"a continuation that looks like an end", []large{{length: MaxPayload, first: "\x00"}, {length: 5, first: eofPacket(2), seq: 1}}},
			{"a continuation that looks like an OK", []large{{length: MaxPayload, first: "\xfe"}, {length: 7, first: okPacket(0xfe, 0, 0, 2), seq: 1}}},
			{"a continuation that looks like an ERR", []large{{length: MaxPayload, first: "\x01"}, {length: 9, first: "\xff\x28\x04#4200", seq: 1}}},
			{"one byte less than full", []large{{length: MaxPayload - 1, first: "\xfd"}}},
			{"one byte more than full", []large{{length: MaxPayload, first: "\xfd"}, {length: 1, first: "\xfe", seq: 1}}},
		} {
			for _, piece := range []int{17<<10 + 1, 64 << 10} {
				r, left := feedResponse(t, comQuery, caps, before, c.frames, after, piece)
				if left != 0 || !r.Ended() || r.Rows != 2 || r.Err != nil {
					t.Errorf("%s, %s: %d bytes left, ended %t, %d rows, %v", mode, c.name, left, r.Ended(), r.Rows, r.Err)
				}
			}
		}
	}
}

func TestResponsePassesLargePacketsEverywhere(t *testing.T) {
	full := []large{{length: MaxPayload, first: "\xfe"}, {length: 3, first: "\xff\xff\xff", seq: 1}}
	long := "\xff\x28\x04#42000" + strings.Repeat("x", 2*HeldMax)
	for name, c := range map[string]struct {
		code          byte
		before, after []string
		frames        []large
	}{
		"not quite full":  {comQuery, []string{"\x02", def}, []string{eofPacket(2), "\x01x", eofPacket(2)}, []large{{length: MaxPayload - 1, first: "\xfe"}}},
		"definition":      {comQuery, []string{"\x02", def}, []string{eofPacket(2), "\x01x", eofPacket(2)}, full},
		"parameter":       {comPrepare, []string{"\x00\x07\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00", def}, []string{eofPacket(2)}, full},
		"prepared column": {comPrepare, []string{"\x00\x07\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00", def}, []string{eofPacket(2)}, full},
		"field":           {comFieldList, []string{def}, []string{def, eofPacket(2)}, full},
		"statistics":      {comStatistics, nil, nil, []large{{length: MaxPayload, first: strings.Repeat("\xff", HeldMax)}, {seq: 1}}},
		"long ERR":        {comQuery, nil, []string{long}, nil},
	} {
		r, left := feedResponse(t, c.code, 0, c.before, c.frames, c.after, 64<<10)
		if left != 0 || !r.Ended() || r.Malformed || (r.Err != nil) != (name == "long ERR") {
			t.Errorf("%s: %d bytes left, ended %t, %v", name, left, r.Ended(), r.Err)
		}
	}
}

func TestResponseHoldsNoMoreThanItSays(t *testing.T) {
	for name, p := range map[string]string{
		"OK":  okPacket(0, 1, 2, 3) + strings.Repeat("x", 3*HeldMax),
		"ERR": errPacket(1, strings.Repeat("x", 3*HeldMax)),
	} {
		b := packets(1, p)
		var r Response
		r.Begin(comQuery, 0)
		if n, _ := r.Feed(b[:HeaderLen+HeldMax-1]); n != 0 {
			t.Errorf("%s: judged by %d bytes", name, n)
		}
		if n, _ := r.Feed(b[:HeaderLen+HeldMax]); n != HeaderLen+HeldMax || !r.Started {
			t.Errorf("%s: a buffer that is full must be consumed; %d bytes were", name, n)
		}
		if n, ev := r.Feed(b[HeaderLen+HeldMax:]); n != len(b)-HeaderLen-HeldMax || ev != Done {
			t.Errorf("%s: then %d bytes, event %d", name, n, ev)
		}
	}
}

func TestRowsArePassedWithoutBeingHeld(t *testing.T) {
	var r Response
	r.Begin(comQuery, DeprecateEOF)
	head := packets(1, "\x01", def)
	r.Feed(head)
	b := packets(3, strings.Repeat("\x01", 10000))
	if n, _ := r.Feed(b[:HeaderLen]); n != 0 {
		t.Errorf("a row was judged by its header alone: %d bytes", n)
	}
	if n, _ := r.Feed(b[:HeaderLen+1]); n != HeaderLen+1 {
		t.Errorf("one byte of a row is enough; %d were consumed", n)
	}
	if n, _ := r.Feed(b[HeaderLen+1 : 5000]); n != 5000-HeaderLen-1 || r.Rows != 1 {
		t.Errorf("inside a row %d bytes were consumed, %d rows counted", n, r.Rows)
	}
}

func TestFollowingALargeResultAllocatesNothing(t *testing.T) {
	for _, caps := range []Caps{0, Relayable} {
		rows := make([]string, 500)
		for i := range rows {
			rows[i] = "\x64" + strings.Repeat("x", 100) + "\xfb"
		}
		b := packets(1, resultset(caps, 2, rows...)...)
		var r Response
		if n := testing.AllocsPerRun(10, func() {
			r.Begin(comQuery, caps)
			for at := 0; at < len(b) && !r.Ended(); {
				n, _ := r.Feed(b[at:min(at+1500, len(b))])
				at += n
			}
		}); n != 0 || r.Rows != 500 {
			t.Errorf("%v allocations, %d rows", n, r.Rows)
		}
	}
}

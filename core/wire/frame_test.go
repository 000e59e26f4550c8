package wire

import (
	"bytes"
	"testing"
)

// zeros stands for any part of a large payload.
var zeros [64 << 10]byte

// large is a stream that is not held in memory: frames of zeros, each with a header and
// some first bytes.
type large struct {
	length int
	first  string
	seq    byte
}

// feedLarge gives the frames to feed, piece bytes at a time at most, and returns how many
// it took. It stops when feed takes less than it was given of zeros.
func feedLarge(frames []large, piece int, feed func([]byte) int) int {
	total := 0
	var tail []byte
	for _, f := range frames {
		var h [HeaderLen]byte
		PutHeader(h[:], f.length, f.seq)
		b := append(append(tail, h[:]...), f.first...)
		n := feed(b)
		total += n
		if tail = b[n:]; len(tail) > 0 {
			continue
		}
		for left := f.length - len(f.first); left > 0; {
			k := min(left, piece)
			n := feed(zeros[:k])
			total += n
			left -= k
			if n < k {
				return total
			}
		}
	}
	return total
}

func size(frames []large) int {
	n := 0
	for _, f := range frames {
		n += HeaderLen + f.length
	}
	return n
}

func TestFramesFindsTheEndOfPacketsOfEveryLength(t *testing.T) {
	for _, c := range []struct {
		name   string
		frames []large
	}{
		{"empty", []large{{length: 0}}},
		{"one byte", []large{{length: 1}}},
		{"one less than full", []large{{length: MaxPayload - 1}}},
		{"full", []large{{length: MaxPayload}, {seq: 1}}},
		{"one more than full", []large{{length: MaxPayload}, {length: 1, seq: 1}}},
		{"twice full", []large{{length: MaxPayload}, {length: MaxPayload, seq: 1}, {seq: 2}}},
	} {
		for _, piece := range []int{1 << 10, 63<<10 + 1, 64 << 10} {
			var f Frames
			if n := feedLarge(c.frames, piece, f.Feed); n != size(c.frames) || !f.Ended() {
				t.Errorf("%s in pieces of %d: took %d of %d bytes, ended %t", c.name, piece, n, size(c.frames), f.Ended())
			}
			if f.Feed([]byte("next")) != 0 || f.Next() != 0 {
				t.Errorf("%s: took bytes behind the end", c.name)
			}
		}
	}
}

func TestFramesTakesEverySplitAlike(t *testing.T) {
	b := append(packets(0, "hello world"), "behind"...)
	want := HeaderLen + len("hello world")
	for i := range len(b) + 1 {
		var f Frames
		n := f.Feed(b[:i])
		if n += f.Feed(b[n:]); n != want || !f.Ended() {
			t.Errorf("split at %d: took %d bytes, ended %t", i, n, f.Ended())
		}
	}
}

func TestFramesNeverAsksForMoreThanThePacket(t *testing.T) {
	b := append(packets(0, "hello"), "behind"...)
	var f Frames
	read := 0
	for k := f.Next(); k > 0; k = f.Next() {
		read += f.Feed(b[read : read+k])
	}
	if read != HeaderLen+5 {
		t.Errorf("asked for %d bytes, want %d", read, HeaderLen+5)
	}
	f = Frames{}
	f.Begin(3, MaxPayload)
	if f.Next() != 3+HeaderLen {
		t.Errorf("in a full frame Next is %d, want the rest and the next header", f.Next())
	}
}

func TestFramesBeginsInsideAPacket(t *testing.T) {
	for _, c := range []struct {
		left, length, want int
		ended              bool
	}{
		{0, 7, 0, true}, {5, 7, 5, true}, {9, 9, 8, false}, {2, MaxPayload, 2, false},
	} {
		var f Frames
		f.Begin(c.left, c.length)
		if n := f.Feed(zeros[:min(8, c.want)]); n != c.want || f.Ended() != c.ended {
			t.Errorf("begin at %d of %d: took %d, ended %t", c.left, c.length, n, f.Ended())
		}
	}
}

func TestFramesAndAppendFrameAgree(t *testing.T) {
	for _, length := range []int{0, 1, 300, MaxPayload - 1, MaxPayload, MaxPayload + 1} {
		b, seq := AppendFrame(nil, make([]byte, length), 255)
		if want := byte(length / MaxPayload); seq != want {
			t.Errorf("length %d: next sequence number %d, want %d", length, seq, want)
		}
		var f Frames
		if n := f.Feed(append(b, 1, 2, 3, 4)); n != len(b) || !f.Ended() {
			t.Errorf("length %d: took %d of %d bytes", length, n, len(b))
		}
	}
}

func TestHeadersSurviveARoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 255, 256, 65535, 65536, MaxPayload} {
		var h [HeaderLen]byte
		PutHeader(h[:], n, 9)
		if PayloadLen(h[:]) != n || h[3] != 9 {
			t.Errorf("%d came back as %d", n, PayloadLen(h[:]))
		}
	}
}

func TestFollowingFramesAllocatesNothing(t *testing.T) {
	b := bytes.Repeat(packets(0, "hello"), 1)
	if n := testing.AllocsPerRun(100, func() {
		var f Frames
		f.Feed(b[:7])
		f.Feed(b[7:])
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

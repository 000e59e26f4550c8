package wire

import (
	"bytes"
	"math"
	"testing"
)

func TestLengthEncodedIntegersSurviveARoundTrip(t *testing.T) {
	for _, c := range []struct {
		n    uint64
		size int
	}{
		{0, 1}, {1, 1}, {0xfa, 1}, {0xfb, 3}, {0xfc, 3}, {0xff, 3}, {0x100, 3}, {0xffff, 3},
		{0x10000, 4}, {0xffffff, 4}, {0x1000000, 9}, {math.MaxUint32, 9}, {math.MaxUint64, 9},
	} {
		b := appendLenenc(nil, c.n)
		if len(b) != c.size {
			t.Errorf("%#x takes %d bytes, want %d", c.n, len(b), c.size)
		}
		refusesPrefixes(t, b, len(b), func(b []byte) error {
			cur := cursor{b: b}
			if got := cur.lenenc(); !cur.bad && got != c.n {
				t.Errorf("%#x came back as %#x", c.n, got)
			}
			return cur.err()
		})
	}
}

func TestCursorRefusesWhatIsNoInteger(t *testing.T) {
	for _, b := range []string{"\xfb\x01\x01", "\xff\x01\x01"} {
		cur := cursor{b: []byte(b)}
		if cur.lenenc(); !cur.bad {
			t.Errorf("%q was taken for an integer", b)
		}
	}
}

func TestCursorRefusesABlockLongerThanItsPacket(t *testing.T) {
	for _, b := range []string{
		"\x01", "\x05abcd", "\xfc\xff\xffabc", "\xfd\xff\xff\xffabc",
		"\xfe\xff\xff\xff\xff\xff\xff\xff\xffabc", "\xfe\x00\x00\x00\x00\x00\x00\x00\x80abc", "\xfb",
	} {
		cur := cursor{b: []byte(b)}
		if got := cur.block(); !cur.bad || got != nil {
			t.Errorf("%q gave the block %q", b, got)
		}
		if cur.u8() != 0 || cur.u16() != 0 || cur.u32() != 0 || cur.rest() != nil || cur.block() != nil || cur.err() == nil {
			t.Errorf("%q: a bad cursor gave something", b)
		}
	}
}

func TestCursorTakesNothingNegative(t *testing.T) {
	cur := cursor{b: []byte("abc")}
	if cur.take(-1) != nil || !cur.bad {
		t.Error("a negative length was taken")
	}
}

func TestWhatACursorGaveCannotBeAppendedTo(t *testing.T) {
	b := []byte("\x02abcd\x00e")
	cur := cursor{b: b}
	block, text := cur.block(), cur.text()
	_ = append(block, 'X')
	_ = append(text, 'X')
	if !bytes.Equal(b, []byte("\x02abcd\x00e")) {
		t.Errorf("appending to a part changed the packet to %q", b)
	}
}

func TestCursorWantsTextClosed(t *testing.T) {
	cur := cursor{b: []byte("abc")}
	if cur.text() != nil || !cur.bad {
		t.Error("text without a NUL was taken")
	}
	cur = cursor{b: []byte("abc")}
	if string(cur.textOrRest()) != "abc" || cur.bad {
		t.Error("the last text was not taken without its NUL")
	}
}

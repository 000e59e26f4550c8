package client

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func frame(seq byte, payload string) string {
	return string([]byte{byte(len(payload)), byte(len(payload) >> 8), byte(len(payload) >> 16), seq}) + payload
}

// onRow is a result of one column and two rows.
func onRow() string {
	return frame(1, "\x01") + frame(2, "a column") + frame(3, "\xfe\x00\x00\x02\x00") +
		frame(4, "\x03one") + frame(5, "\x03two") + frame(6, "\xfe\x00\x00\x02\x00")
}

func TestParseTakesARowSetOnlyWhenItIsWhole(t *testing.T) {
	whole := onRow()
	for cut := range len(whole) {
		if _, n, err := Parse([]byte(whole[:cut]), 1); n != 0 || err != nil {
			t.Fatalf("cut at %d: %d bytes, %v", cut, n, err)
		}
	}
	r, n, err := Parse([]byte(whole+frame(1, "\x00")), 1)
	if err != nil || n != len(whole) {
		t.Fatalf("%d of %d bytes, %v", n, len(whole), err)
	}
	if r.Columns != 1 || r.Rows != 2 || string(r.Row) != "\x03two" {
		t.Errorf("got %+v", r)
	}
}

func TestParseReadsHowManyRowsChanged(t *testing.T) {
	r, n, err := Parse([]byte(frame(1, "\x00\xfc\x10\x27\x00\x02\x00\x00\x00")), 1)
	if err != nil || n == 0 || r.Affected != 10000 {
		t.Errorf("got %+v, %d, %v", r, n, err)
	}
}

func TestParseReturnsTheServersError(t *testing.T) {
	_, _, err := Parse([]byte(frame(1, "\xff\x7a\x04#42S02no such table")), 1)
	if err == nil || !strings.Contains(err.Error(), "1146") {
		t.Errorf("got %v", err)
	}
}

func TestParseRefusesASequenceWithAGap(t *testing.T) {
	gap := strings.Replace(onRow(), frame(4, "\x03one"), frame(5, "\x03one"), 1)
	if _, _, err := Parse([]byte(gap), 1); !errors.Is(err, ErrSequence) {
		t.Errorf("got %v", err)
	}
	if _, _, err := Parse([]byte(frame(1, "\x00")), 2); !errors.Is(err, ErrSequence) {
		t.Errorf("first number: got %v", err)
	}
}

func TestAppendSplitsACommandAt16MB(t *testing.T) {
	for _, body := range []int{0, 5, maxPayload - 2, maxPayload - 1, maxPayload, 2*maxPayload - 1} {
		b := Append(nil, Query, bytes.Repeat([]byte("x"), body))
		total, last := 0, maxPayload
		for seq := byte(0); len(b) > 0; seq++ {
			last = int(b[0]) | int(b[1])<<8 | int(b[2])<<16
			if b[3] != seq || len(b) < 4+last {
				t.Fatalf("%d bytes: frame %d has number %d and %d bytes", body, seq, b[3], last)
			}
			total, b = total+last, b[4+last:]
		}
		if total != body+1 || last == maxPayload {
			t.Errorf("%d bytes: %d framed, last frame %d", body, total, last)
		}
	}
}

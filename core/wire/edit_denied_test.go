package wire

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// The client of a fetch whose execute was denied gets one packet, the first of the answer,
// however many rows there were.
func TestADeniedFetchIsOnePacketWithTheFirstNumber(t *testing.T) {
	for _, caps := range []Caps{Protocol41, Protocol41 | DeprecateEOF} {
		denied := &Err{Code: 1142, State: "42000", Message: "no"}
		b := packets(1, "\x00\x00a", "\x00\x00b", rowsEnd(caps, 2))
		for _, pieces := range [][][]byte{{b}, slices.Collect(slices.Chunk(b, 1))} {
			var d relay
			out, n, done := d.run(t, 0x1c, caps, Edits{Denied: denied}, nil, pieces)
			if !done || n != len(b) || !bytes.Equal(out, packets(1, string(AppendErr(nil, denied, caps)))) {
				t.Errorf("caps %#x: %d bytes, done %t: %q", uint64(caps), n, done, out)
			}
		}
	}
}

func TestAnIdleEditorKeepsNothingOfAWideResult(t *testing.T) {
	var d relay
	p := []string{string(appendLenenc(nil, 4000))}
	for range 4000 {
		p = append(p, column(strings.Repeat("n", 200), mysql.MYSQL_TYPE_STRING, 45, 0, Protocol41))
	}
	p = slices.Concat(p, defsEnd(Protocol41, 2), []string{strings.Repeat("\x01x", 4000), rowsEnd(Protocol41, 2)})
	if _, _, done := d.run(t, comQuery, Protocol41, Edits{Columns: true}, nil, [][]byte{packets(1, p...)}); !done {
		t.Fatal("no end")
	}
	if kept := d.e.columns[:cap(d.e.columns)]; len(kept) > 0 || cap(d.e.held) > HeldMax {
		t.Errorf("it keeps %d columns and %d bytes", len(kept), cap(d.e.held))
	}
}

// An error as long as a row is not collected whole, whatever it stands behind.
func TestALongErrorBehindMaskedRowsIsNotHeld(t *testing.T) {
	var d relay
	said := "\xff\x15\x04#HY000" + strings.Repeat("e", 1<<20)
	p := append(append([]string{"\x01", def}, defsEnd(0, 2)...), "\x01x", said)
	out, _, done := d.run(t, comQuery, Protocol41, Edits{Columns: true, Errors: true}, []Mask{{By: MaskNull}}, slices.Collect(slices.Chunk(packets(1, p...), 1000)))
	if !done || !bytes.HasSuffix(out, []byte(said)) || d.e.Said == nil || len(d.e.Said.Message) > HeldMax {
		t.Errorf("done %t, %d bytes, said %d", done, len(out), len(d.e.Said.Message))
	}
}

// A server that has told a statement's columns with an execute leaves them out of the next
// one. A client that was denied the first never got them, and what was known is outdated.
func TestColumnsThatWereDeniedAreNotTakenForThoseOfThePrepare(t *testing.T) {
	caps := Protocol41 | CacheMetadata
	told := packets(1, slices.Concat([]string{"\x01\x01", def}, defsEnd(caps, 2), []string{"\x00\x00\x01x", rowsEnd(caps, 2)})...)
	leftOut := packets(1, slices.Concat([]string{"\x01\x00"}, defsEnd(caps, 2), []string{"\x00\x00\x01x", rowsEnd(caps, 2)})...)
	for _, c := range []struct {
		name   string
		answer []byte
		forget bool
	}{{"told", told, true}, {"left out", leftOut, false}} {
		e, r := Editor{}, Response{}
		r.Begin(0x17, caps)
		e.Begin(&r, 0x17, caps, Edits{Columns: true, Known: packets(9, def)})
		_, n, ev := e.Feed(make([]byte, 0, 1000), c.answer)
		if ev != AskColumns {
			t.Fatalf("%s: event %d", c.name, ev)
		}
		e.Deny(&Err{Code: 1142, State: "42000"})
		if _, _, ev = e.Feed(make([]byte, 0, 1000), c.answer[n:]); ev != Done {
			t.Fatalf("%s: event %d", c.name, ev)
		}
		if forget := e.Known != nil && len(e.Known) == 0; forget != c.forget {
			t.Errorf("%s: known is %q", c.name, e.Known)
		}
	}
}

// No part of a packet that nobody could make sense of reaches the client without its header.
func TestACountOfColumnsThatIsTooLongGivesNothing(t *testing.T) {
	var d relay
	out, _, done := d.run(t, comQuery, Protocol41, Edits{Columns: true}, nil, [][]byte{packets(1, "\x01"+strings.Repeat("x", HeldMax))})
	if !done || len(out) > 0 || !d.r.Malformed {
		t.Errorf("done %t, malformed %t, %d bytes", done, d.r.Malformed, len(out))
	}
}

// MariaDB's clients take an error of this number for a report of progress, and wait on;
// number 0 means success to some. Filters may say both.
func TestNoErrorIsTakenForSomethingElse(t *testing.T) {
	for code, want := range map[uint16]uint16{0: 1105, 0xffff: 1105, 1: 1, 1142: 1142} {
		for _, caps := range []Caps{0, Protocol41, Protocol41 | Progress} {
			e, err := ParseErr(AppendErr(nil, &Err{Code: code, State: "42000", Message: "no"}, caps))
			if err != nil || e.Code != want || !strings.HasSuffix(e.Message, "no") {
				t.Errorf("code %d, caps %#x: %+v, %v", code, uint64(caps), e, err)
			}
		}
	}
}

package wire

import (
	"bytes"
	"testing"
)

// renamed follows an answer in pieces as a reader does that forwards what is consumed.
func renamed(code byte, caps Caps, pieces [][]byte) (out []byte, r Response) {
	r.Begin(code, caps)
	r.Rename = 0x0a0b0c0d
	var hand []byte
	for _, p := range pieces {
		hand = append(hand, p...)
		n, ev := r.Feed(hand)
		out, hand = append(out, hand[:n]...), hand[n:]
		for ev == Infile {
			r.Resume()
			n, ev = r.Feed(hand)
			out, hand = append(out, hand[:n]...), hand[n:]
		}
	}
	return out, r
}

func TestAPreparedStatementGetsTheIdThatTheClientKnows(t *testing.T) {
	for _, caps := range []Caps{Protocol41, Protocol41 | DeprecateEOF, Relayable} {
		for _, a := range answers(caps) {
			b := packets(1, a.packets...)
			want := bytes.Clone(b)
			if a.want.Prepared {
				copy(want[HeaderLen+1:], "\x0d\x0c\x0b\x0a")
			}
			cuts := [][][]byte{{b}, bytewise(b)}
			for i := range b {
				cuts = append(cuts, [][]byte{b[:i], b[i:]})
			}
			for i, pieces := range cuts {
				got, r := renamed(a.code, caps, pieces)
				if !bytes.Equal(got, want) || r.StatementID != a.want.StatementID {
					t.Fatalf("%s, cut %d: statement %d, %q, want %q", a.name, i, r.StatementID, got, want)
				}
				var d relay
				d.rename = 0x0a0b0c0d
				if got, _, _ := d.run(t, a.code, caps, Edits{Columns: true, Errors: true}, nil, pieces); !bytes.Equal(got, want) || d.r.StatementID != a.want.StatementID {
					t.Fatalf("%s, edited, cut %d: statement %d, %q, want %q", a.name, i, d.r.StatementID, got, want)
				}
			}
		}
	}
}

func TestWhatIsNoPreparesOKKeepsItsBytes(t *testing.T) {
	for _, p := range []string{"\x01\x01\x02\x03\x04\x00\x00\x00\x00\x00\x00\x00", "\x00\x01\x02\x03\x04\x00", "\xff\x28\x04#42000no"} {
		b := packets(1, p)
		if got, _ := renamed(comPrepare, Protocol41, [][]byte{bytes.Clone(b)}); !bytes.Equal(got, b) {
			t.Errorf("%q became %q", b, got)
		}
	}
}

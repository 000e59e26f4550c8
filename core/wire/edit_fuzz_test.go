package wire

import (
	"bytes"
	"slices"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// relay does what a reader does with an Editor: it hands in what it has, makes room, and
// answers, by a denial if there is one.
type relay struct {
	e      Editor
	r      Response
	deny   *Err
	rename uint32
}

func (d *relay) run(t *testing.T, code byte, caps Caps, o Edits, masks []Mask, pieces [][]byte) (out []byte, consumed int, done bool) {
	t.Helper()
	d.r.Begin(code, caps)
	d.r.Rename = d.rename
	d.e.Begin(&d.r, code, caps, o)
	var hand []byte
	dst := make([]byte, 0, 512)
	for _, p := range pieces {
		for hand = append(hand, p...); ; {
			made, n, ev := d.e.Feed(dst, hand)
			if n > len(hand) || cap(made) != cap(dst) {
				t.Fatalf("%d of %d bytes, output of %d", n, len(hand), cap(made))
			}
			out, hand, dst, consumed = append(out, made...), hand[n:], dst[:0], consumed+n
			switch ev {
			case AskColumns:
				columns, err := d.e.Columns()
				switch {
				case d.deny != nil:
					d.e.Deny(d.deny)
				case err != nil || len(columns) > MaxColumns:
					d.e.Mask(nil)
				default:
					d.e.Mask(masks)
				}
				continue
			case AskError:
				d.e.Replace(d.e.Said)
				continue
			case Full:
				if d.e.Room <= 0 || len(made) == 0 && d.e.Room <= cap(dst) {
					t.Fatalf("full with %d bytes of room, %d are wanted", cap(dst), d.e.Room)
				}
				if d.e.Room > cap(dst) {
					dst = make([]byte, 0, d.e.Room)
				}
				continue
			case Infile:
				d.r.Resume()
				continue
			case Done:
				return out, consumed, true
			}
			break
		}
		if d.e.Need <= len(hand) {
			t.Fatalf("%d bytes are in hand, %d are wanted, and nothing happens", len(hand), d.e.Need)
		}
		if len(d.e.held) > MaxDefinitions+HeldMax || len(d.e.Known) > MaxDefinitions {
			t.Fatalf("%d and %d bytes are held", len(d.e.held), len(d.e.Known))
		}
	}
	return out, consumed, false
}

// prefix says whether one begins with the other.
func prefix(a, b []byte) bool { return bytes.HasPrefix(a, b) || bytes.HasPrefix(b, a) }

func FuzzEditor(f *testing.F) {
	for _, caps := range []Caps{0, DeprecateEOF, Relayable &^ DeprecateEOF, Relayable} {
		for _, a := range answers(caps) {
			f.Add(packets(1, a.packets...), []byte{0, 9, 200}, a.code, uint64(caps))
		}
	}
	f.Fuzz(func(t *testing.T, b, lengths []byte, code byte, caps uint64) {
		plain := follow(code, Caps(caps), b)
		for _, o := range []Edits{{}, {Columns: true, Errors: true}} {
			var whole, parts relay
			one, n, done := whole.run(t, code, Caps(caps), o, nil, [][]byte{b})
			two, m, again := parts.run(t, code, Caps(caps), o, nil, cut(b, lengths))
			if !bytes.Equal(one, two) || n != m || done != again {
				t.Fatalf("whole: %d bytes of %d, in parts: %d of %d", len(one), n, len(two), m)
			}
			if whole.e.Told == nil && !prefix(b, one) {
				t.Fatalf("%q became %q", b, one)
			}
			if whole.e.Told == nil && done != (plain.event == Done) {
				t.Fatalf("done %t, followed: %+v", done, plain)
			}
			if done && whole.e.Told == nil && !whole.r.Malformed && len(one) != plain.consumed {
				t.Fatalf("%d bytes of %d", len(one), plain.consumed)
			}
		}
		masks := []Mask{{By: MaskHash}, {Column: 1, By: MaskConstant, Value: bytes.Repeat([]byte("m"), 400)}, {Column: 2, By: MaskKeep, First: 1, Last: 1}}
		var whole, parts relay
		one, n, _ := whole.run(t, code, Caps(caps), Edits{Columns: true}, masks, [][]byte{b})
		two, m, _ := parts.run(t, code, Caps(caps), Edits{Columns: true}, masks, cut(b, lengths))
		if !bytes.Equal(one, two) || n != m {
			t.Fatalf("masked, whole: %d bytes of %d, in parts: %d of %d", len(one), n, len(two), m)
		}
	})
}

// What stands for a denied result, or for a denied fetch, is one packet, numbered like the
// first that it stands for; fetched rows are masked by the plan of before; columns may be
// known from before. However the answer is cut, and whatever it is.
func FuzzEditorDenies(f *testing.F) {
	for _, caps := range []Caps{0, DeprecateEOF, Relayable &^ DeprecateEOF, Relayable} {
		for _, a := range answers(caps) {
			f.Add(packets(1, a.packets...), []byte{0, 9, 200}, a.code, uint64(caps))
		}
	}
	no := &Err{Code: 1142, State: "42000", Message: "no"}
	f.Fuzz(func(t *testing.T, b, lengths []byte, code byte, caps uint64) {
		columns := []Column{{Type: mysql.MYSQL_TYPE_VAR_STRING}, {Type: mysql.MYSQL_TYPE_DATETIME}, {Type: mysql.MYSQL_TYPE_LONG}}
		masks := []Mask{{By: MaskKeep, First: 1}, {Column: 1, By: MaskHash}}
		for i, o := range []Edits{
			{Columns: true}, {Columns: true, Errors: true, Known: packets(1, def)}, {Denied: no}, {Plan: &Plan{}}, {Columns: true, Known: packets(1, def, def)},
		} {
			run := func(pieces [][]byte) (*relay, []byte, int, bool) {
				d := &relay{}
				if i < 2 {
					d.deny = no
				}
				if o.Plan != nil {
					o.Plan, _ = newPlan(slices.Clone(columns), masks, true, false)
				}
				out, n, done := d.run(t, code, Caps(caps), o, masks, pieces)
				return d, out, n, done
			}
			d, one, n, done := run([][]byte{b})
			_, two, m, again := run(cut(b, lengths))
			if !bytes.Equal(one, two) || n != m || done != again {
				t.Fatalf("case %d, whole: %q of %d, in parts: %q of %d", i, one, n, two, m)
			}
			if d.e.denied != no || !done {
				continue
			}
			said := AppendErr(nil, no, Caps(caps))
			at := len(one) - HeaderLen - len(said)
			if at < 0 || !bytes.Equal(one[at+HeaderLen:], said) || !prefix(b, one[:at]) || n > at && len(b) > at+3 && one[at+3] != b[at+3] {
				t.Fatalf("case %d: %q became %q", i, b, one)
			}
		}
	})
}

package wire

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// decoded is a text result set taken apart.
type decoded struct {
	columns []string
	rows    [][][]byte
	status  uint16
	next    byte
}

// decode reads a result set by the rules for caps; it does not use Response.
func decode(b []byte, caps Caps) (d decoded, err error) {
	seq := b[3]
	next := func() *cursor {
		var p []byte
		for {
			n := PayloadLen(b)
			if b[3] != seq {
				err = fmt.Errorf("sequence number %d, want %d", b[3], seq)
			}
			seq++
			p = append(p, b[HeaderLen:HeaderLen+n]...)
			b = b[HeaderLen+n:]
			if n < MaxPayload {
				return &cursor{b: p}
			}
		}
	}
	c := next()
	count := c.lenenc()
	if caps.Has(CacheMetadata) && c.u8() != 1 {
		err = fmt.Errorf("definitions are left out")
	}
	bad := c.bad || len(c.b) > 0
	for range count {
		c := next()
		catalogue := c.block()
		c.block()
		c.block()
		c.block()
		d.columns = append(d.columns, string(c.block()))
		c.block()
		if caps.Has(ExtendedMeta) {
			c.block()
		}
		fixed := c.block()
		bad = bad || c.bad || len(c.b) > 0 || len(fixed) != 12 || string(catalogue) != "def"
	}
	if !caps.Has(DeprecateEOF) {
		c := next()
		bad = bad || len(c.b) != 5 || c.u8() != HeaderEOF
	}
	for c := next(); ; c = next() {
		if c.b[0] == HeaderEOF && len(c.b) < 9 {
			if caps.Has(DeprecateEOF) {
				ok, e := ParseOK(c.b, caps)
				d.status, bad = ok.Status, bad || e != nil
			} else {
				c.take(3)
				d.status = c.u16()
			}
			break
		}
		var row [][]byte
		for range count {
			if c.b[0] == 0xfb {
				c.u8()
				row = append(row, nil)
				continue
			}
			row = append(row, c.block())
		}
		bad = bad || c.bad || len(c.b) > 0
		d.rows = append(d.rows, row)
	}
	d.next = seq
	if bad || len(b) > 0 {
		err = ErrMalformed
	}
	return d, err
}

func TestResultSetsCanBeReadBack(t *testing.T) {
	for name, c := range map[string]struct {
		columns []string
		rows    [][][]byte
	}{
		"nothing": {[]string{"a"}, nil},
		"text":    {[]string{"a", "b b", ""}, [][][]byte{{[]byte("x"), nil, {}}, {nil, []byte(strings.Repeat("y", 300)), []byte{0}}}},
		"NULLs":   {[]string{"a", "b"}, [][][]byte{{nil, nil}}},
		"large":   {[]string{"a"}, [][][]byte{{make([]byte, 1<<24)}, {[]byte("x")}}},
		"full":    {[]string{"a"}, [][][]byte{{make([]byte, MaxPayload-4)}, {make([]byte, MaxPayload-5)}}},
	} {
		if len(c.rows) > 0 && len(c.rows[0][0]) > 1<<20 && UnderRace() {
			continue
		}
		for _, caps := range []Caps{Protocol41, Protocol41 | DeprecateEOF, Relayable &^ DeprecateEOF, Relayable} {
			b, seq := AppendResult([]byte("x"), c.columns, c.rows, caps, 45, 2, 254)
			got, err := decode(b[1:], caps)
			if err != nil || !reflect.DeepEqual(got, decoded{c.columns, c.rows, 2, seq}) {
				t.Errorf("%s, caps %#x: %v, %d columns, %d rows, status %d, next %d not %d", name, caps, err, len(got.columns), len(got.rows), got.status, got.next, seq)
			}
			seen := follow(comQuery, caps, b[1:])
			if seen.consumed != len(b)-1 || seen.event != Done || seen.Rows != uint64(len(c.rows)) || seen.Broken {
				t.Errorf("%s, caps %#x: followed to %+v of %d bytes", name, caps, seen, len(b)-1)
			}
		}
	}
}

func TestAColumnIsAsWideAsItsLongestCell(t *testing.T) {
	rows := [][][]byte{{[]byte("abc"), nil}, {nil, nil}}
	if widest(rows, 0) != 3 || widest(rows, 1) != 1 || widest(nil, 0) != 1 {
		t.Errorf("widths %d, %d, %d", widest(rows, 0), widest(rows, 1), widest(nil, 0))
	}
}

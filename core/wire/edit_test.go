package wire

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// edited runs a whole answer through an editor that masks.
func edited(t *testing.T, caps Caps, masks []Mask, p ...string) ([]string, *relay) {
	t.Helper()
	var d relay
	out, n, done := d.run(t, comQuery, caps, Edits{Columns: true, Errors: true}, masks, [][]byte{packets(1, p...)})
	if !done || n != len(packets(1, p...)) {
		t.Fatalf("%d bytes of %d, done %t", n, len(packets(1, p...)), done)
	}
	var all []string
	for seq := byte(1); len(out) > 0; seq++ {
		end := HeaderLen + PayloadLen(out)
		if out[3] != seq {
			t.Errorf("frame %d has number %d", seq, out[3])
		}
		all, out = append(all, string(out[HeaderLen:end])), out[end:]
	}
	return all, &d
}

func TestTheDefinitionsOfMaskedColumnsSaySo(t *testing.T) {
	for _, caps := range []Caps{Protocol41, Protocol41 | DeprecateEOF, Relayable, Relayable &^ DeprecateEOF} {
		col := func(t byte) string { return column("c", t, 45, flagNotNull|flagEnum, caps) }
		str, num, date := col(mysql.MYSQL_TYPE_STRING), col(mysql.MYSQL_TYPE_LONG), col(mysql.MYSQL_TYPE_DATE)
		if caps.Has(ExtendedMeta) { // the type beyond the type is a UUID
			at := len(str) - fixedLen - 2
			str = str[:at] + valued("\x00\x04uuid") + str[at+1:]
		}
		count := "\x05"
		if caps.Has(CacheMetadata) {
			count += "\x01"
		}
		p := slices.Concat([]string{count, str, str, num, date, num}, defsEnd(caps, 2), []string{"\x01a\x01b\x011\x012\x013", rowsEnd(caps, 2)})
		got, d := edited(t, caps, []Mask{{Column: 0, By: MaskHash}, {Column: 1}, {Column: 2, By: MaskKeep}, {Column: 3, By: MaskHash}}, p...)
		if len(got) != len(p) {
			t.Fatalf("%d packets of %d", len(got), len(p))
		}
		var want []Column
		for i := range 5 {
			c, err := ParseColumn([]byte(p[1+i]), caps)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, c)
		}
		want[0].Flags, want[0].Length = flagNotNull, 4*hashLen
		want[1].Flags &^= flagNotNull
		want[2].Flags &^= flagNotNull
		want[3].Type, want[3].Flags, want[3].Length, want[3].Decimals = typeVarString, flagNotNull, 160, decimalsString
		for i := range want {
			c, err := ParseColumn([]byte(got[1+i]), caps)
			c.fixed, want[i].fixed = 0, 0
			if err != nil || c != want[i] {
				t.Errorf("caps %#x, column %d: %+v, want %+v, %v", uint64(caps), i, c, want[i], err)
			}
		}
		if uuid := strings.Contains(got[1], "uuid"); uuid || strings.Contains(got[2], "uuid") != caps.Has(ExtendedMeta) {
			t.Errorf("%q, %q", got[1], got[2])
		}
		if row := got[len(got)-2]; row != valued(hashed("a", ""))+"\xfb\xfb"+valued(hashed("2", ""))+"\x013" || d.e.Rows != 1 {
			t.Errorf("row %q", row)
		}
	}
}

func TestWhatIsTooMuchForFiltersIsAnError(t *testing.T) {
	for _, caps := range []Caps{Protocol41, Protocol41 | DeprecateEOF} {
		result := func(columns int, def string) []string {
			p := []string{string(appendLenenc(nil, uint64(columns)))}
			for range columns {
				p = append(p, def)
			}
			return slices.Concat(p, defsEnd(caps, 2), []string{strings.Repeat("\x01x", columns), rowsEnd(caps, 2)})
		}
		small, long := column("c", mysql.MYSQL_TYPE_STRING, 45, 0, caps), column(strings.Repeat("n", 60000), mysql.MYSQL_TYPE_STRING, 45, 0, caps)
		for _, c := range []struct {
			columns int
			def     string
			why     string
		}{
			{MaxColumns, small, ""}, {MaxColumns + 1, small, "4097 columns"},
			{17, long, ""}, {18, long, "1048576 bytes"},
			{1, column(strings.Repeat("n", MaxDefinitions), mysql.MYSQL_TYPE_STRING, 45, 0, caps), "1048576 bytes"},
			{1, column(strings.Repeat("n", MaxPayload), mysql.MYSQL_TYPE_STRING, 45, 0, caps), "1048576 bytes"},
		} {
			p := slices.Concat([]string{okPacket(0, 0, 0, StatusMoreResults|2)}, result(c.columns, c.def))
			var d relay
			out, _, done := d.run(t, comQuery, caps, Edits{Columns: true}, nil, [][]byte{packets(1, p...)})
			switch {
			case !done:
				t.Errorf("%d columns: no end", c.columns)
			case c.why == "" && !bytes.Equal(out, packets(1, p...)):
				t.Errorf("%d columns: changed", c.columns)
			case c.why != "" && (d.e.Told == nil || d.e.Told.Code != 1105 || !strings.Contains(d.e.Told.Message, c.why)):
				t.Errorf("%d columns: told %v", c.columns, d.e.Told)
			case c.why != "" && !bytes.Equal(out, packets(1, p[0], string(AppendErr(nil, d.e.Told, caps)))):
				t.Errorf("%d columns: %.100q", c.columns, out)
			}
		}
	}
}

func TestARowThatMakesNoSenseEndsTheResponse(t *testing.T) {
	var d relay
	p := append(append([]string{"\x01", def}, defsEnd(0, 2)...), "\x05ab", "\x01x", rowsEnd(0, 2))
	out, _, done := d.run(t, comQuery, Protocol41, Edits{Columns: true}, []Mask{{By: MaskHash}}, [][]byte{packets(1, p...)})
	if !done || bytes.Contains(out, []byte("\x05ab")) || !d.r.Malformed {
		t.Errorf("done %t, trusted %t: %q", done, !d.r.Malformed, out)
	}
}

func TestReportsOfProgressPassAnEditor(t *testing.T) {
	caps := Protocol41 | Progress
	report := "\xff\xff\xff\x01\x01\x02\x00\x00\x00\x02ab"
	p := slices.Concat([]string{report, "\x01", def}, defsEnd(caps, 2), []string{report, "\x01x", rowsEnd(caps, 2)})
	got, _ := edited(t, caps, []Mask{{By: MaskConstant, Value: []byte("yy")}}, p...)
	if len(got) != len(p) || got[0] != report || got[len(p)-3] != report || got[len(p)-2] != "\x02yy" {
		t.Errorf("%q", got)
	}
}

func TestMaskingARowAllocatesNothing(t *testing.T) {
	columns := []Column{{Type: mysql.MYSQL_TYPE_STRING, Charset: 45}, {Type: mysql.MYSQL_TYPE_STRING, Charset: 45}, {Type: mysql.MYSQL_TYPE_STRING}}
	masks := []Mask{{By: MaskHash, Value: []byte("k")}, {Column: 1, By: MaskKeep, First: 1}, {Column: 2, By: MaskConstant, Value: []byte("c")}}
	p, err := newPlan(columns, masks, false, false)
	if err != nil {
		t.Fatal(err)
	}
	row := []byte(valued("value") + valued("äöü") + valued("x"))
	dst := make([]byte, 0, 200)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := p.appendRow(dst, row, 0, false); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

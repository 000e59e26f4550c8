package wire

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// column is the payload of a definition, with MaxDefinitions' worth of nothing else.
func column(name string, t byte, charset, flags uint16, caps Caps) string {
	b := appendColumn(nil, name, 40, caps, charset)
	at := len(b) - 6
	b[at], b[at+1], b[at+2] = t, byte(flags), byte(flags>>8)
	return string(b)
}

func hashed(v, key string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(v))
	return hex.EncodeToString(mac.Sum(nil))[:32]
}

// valued is a value as it stands in a row.
func valued(v string) string { return string(appendBlock(nil, []byte(v))) }

func TestValuesAreMaskedAsTheFilterSays(t *testing.T) {
	keep := func(first, last int) Mask { return Mask{By: MaskKeep, First: first, Last: last} }
	for _, c := range []struct {
		charset  uint16
		mask     Mask
		in, want string
	}{
		{45, keep(1, 2), "abcdef", "a***ef"},
		{45, keep(1, 2), "abc", "***"},
		{45, keep(1, 2), "abcd", "a*cd"},
		{45, keep(0, 0), "abc", "***"},
		{45, keep(0, 4), "12345678", "****5678"},
		{45, keep(-1, -2), "abc", "***"},
		{45, keep(1<<62, 1<<62), "abc", "***"},
		{45, keep(1, 1), "", ""},
		{45, keep(1, 1), "äöü€", "ä**€"},
		{8, keep(1, 1), "\xe4\xf6\xfc\xdf", "\xe4**\xdf"},
		{63, keep(1, 1), "ä€", "\xc3***\xac"},
		{255, keep(2, 1), "日本語日本", "日本**本"},
		{2304, keep(1, 0), "éa", "é*"},
		{1069, keep(1, 0), "éa", "é*"},
		{2560, keep(1, 0), "éa", "\xc3**"},
		{45, keep(1, 1), "\xff\xfeabc\x80", "\xff****\x80"},
		{45, keep(3, 3), strings.Repeat("x", 300), "xxx" + strings.Repeat("*", 294) + "xxx"},
		{45, keep(1, 1), strings.Repeat("€", 100), "€" + strings.Repeat("*", 98) + "€"},
		{45, Mask{By: MaskHash, Value: []byte("key")}, "secret", hashed("secret", "key")},
		{45, Mask{By: MaskHash}, "", hashed("", "")},
		{45, Mask{By: MaskConstant, Value: []byte("[gone]")}, "secret", "[gone]"},
		{45, Mask{By: MaskConstant}, "secret", ""},
	} {
		columns := []Column{{Type: mysql.MYSQL_TYPE_VAR_STRING, Charset: c.charset}}
		for _, binary := range []bool{false, true} {
			p, err := newPlan(columns, []Mask{c.mask}, binary, false)
			if err != nil {
				t.Fatal(err)
			}
			head := ""
			if binary {
				head = "\x00\x00"
			}
			for range 2 { // the plan is as new for each row
				got, err := p.appendRow(nil, []byte(head+valued(c.in)), 3, binary)
				if want := packets(3, head+valued(c.want)); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%q, charset %d: %q, want %q, %v", c.in, c.charset, got, want, err)
				}
			}
		}
	}
}

// Each type in one row, so that each is stepped over by its own width.
func TestBinaryRowsKeepWhatIsNotMasked(t *testing.T) {
	var columns []Column
	var values []string
	add := func(t byte, v string) {
		columns, values = append(columns, Column{Type: t, Charset: 45, Flags: flagNotNull}), append(values, v)
	}
	add(mysql.MYSQL_TYPE_VAR_STRING, valued("first"))
	for t, v := range map[byte]string{
		mysql.MYSQL_TYPE_TINY: "\x01", mysql.MYSQL_TYPE_SHORT: "\x01\x02", mysql.MYSQL_TYPE_YEAR: "\x01\x02",
		mysql.MYSQL_TYPE_LONG: "\x01\x02\x03\x04", mysql.MYSQL_TYPE_INT24: "\x01\x02\x03\x04", mysql.MYSQL_TYPE_FLOAT: "\x01\x02\x03\x04",
		mysql.MYSQL_TYPE_LONGLONG: "12345678", mysql.MYSQL_TYPE_DOUBLE: "12345678", mysql.MYSQL_TYPE_DECIMAL: valued("1.5"),
		mysql.MYSQL_TYPE_NEWDECIMAL: valued("1.5"), mysql.MYSQL_TYPE_BIT: valued("\x01"), mysql.MYSQL_TYPE_GEOMETRY: valued("geo"),
		mysql.MYSQL_TYPE_VECTOR: valued("vec"), mysql.MYSQL_TYPE_JSON: valued("{}"), mysql.MYSQL_TYPE_ENUM: valued("e"),
		mysql.MYSQL_TYPE_SET: valued("s"), mysql.MYSQL_TYPE_BLOB: valued(strings.Repeat("b", 300)), mysql.MYSQL_TYPE_STRING: valued("st"),
		mysql.MYSQL_TYPE_DATE: "\x04\xe8\x07\x01\x02", mysql.MYSQL_TYPE_DATETIME: "\x07\xe8\x07\x01\x02\x03\x04\x05",
		mysql.MYSQL_TYPE_TIMESTAMP: "\x00", mysql.MYSQL_TYPE_TIME: "\x08\x01\x00\x00\x00\x00\x01\x02\x03", mysql.MYSQL_TYPE_NEWDATE: "\x00",
	} {
		add(t, v)
	}
	add(mysql.MYSQL_TYPE_VAR_STRING, valued("last"))
	last := len(columns) - 1
	for null := -1; null <= last; null++ {
		for i := range columns {
			bits := make([]byte, (len(columns)+9)/8)
			row := func(change int, to string) string {
				var b strings.Builder
				clear(bits)
				for j, v := range values {
					switch {
					case j == null || j == change && to == "NULL":
						bits[(j+2)/8] |= 1 << ((j + 2) % 8)
					case j == change:
						b.WriteString(to)
					default:
						b.WriteString(v)
					}
				}
				return "\x00" + string(bits) + b.String()
			}
			p, err := newPlan(append([]Column(nil), columns...), []Mask{{Column: i}, {Column: i, By: MaskKeep}}, true, false)
			if err != nil {
				t.Fatal(err)
			}
			got, err := p.appendRow(nil, []byte(row(-1, "")), 200, true)
			if want := packets(200, row(i, "NULL")); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("column %d, NULL in %d: %q, want %q, %v", i, null, got, want, err)
			}
		}
	}
	if _, err := newPlan([]Column{{Type: 0x42}, {}}, []Mask{{}}, true, false); err == nil {
		t.Error("a type whose width is unknown was taken")
	}
}

// A mask has the same result in both protocols.
func TestDatesAndTimesAreMaskedAsText(t *testing.T) {
	for _, c := range []struct {
		t, decimals  byte
		binary, text string
	}{
		{mysql.MYSQL_TYPE_DATE, 0, "\x04\xe8\x07\x02\x1d", "2024-02-29"},
		{mysql.MYSQL_TYPE_NEWDATE, 0, "\x00", "0000-00-00"},
		{mysql.MYSQL_TYPE_DATETIME, 0, "\x00", "0000-00-00 00:00:00"},
		{mysql.MYSQL_TYPE_DATETIME, 0, "\x04\xe8\x07\x02\x1d", "2024-02-29 00:00:00"},
		{mysql.MYSQL_TYPE_DATETIME, 6, "\x07\xe8\x07\x02\x1d\x17\x3b\x01", "2024-02-29 23:59:01.000000"},
		{mysql.MYSQL_TYPE_TIMESTAMP, 3, "\x0b\xe8\x07\x02\x1d\x17\x3b\x01\x40\xe2\x01\x00", "2024-02-29 23:59:01.123"},
		{mysql.MYSQL_TYPE_TIMESTAMP, 39, "\x0b\xe8\x07\x02\x1d\x17\x3b\x01\x40\xe2\x01\x00", "2024-02-29 23:59:01.123456"},
		{mysql.MYSQL_TYPE_TIME, 0, "\x00", "00:00:00"},
		{mysql.MYSQL_TYPE_TIME, 2, "\x00", "00:00:00.00"},
		{mysql.MYSQL_TYPE_TIME, 0, "\x08\x01\x22\x00\x00\x00\x16\x3b\x3b", "-838:59:59"},
		{mysql.MYSQL_TYPE_TIME, 1, "\x0c\x00\x00\x00\x00\x00\x01\x02\x03\x40\xe2\x01\x00", "01:02:03.1"},
	} {
		for _, m := range []Mask{{By: MaskHash, Value: []byte("k")}, {By: MaskKeep, First: 4}, {By: MaskConstant, Value: []byte("never")}} {
			columns := []Column{{Type: c.t, Decimals: c.decimals, Flags: flagBinary | flagNotNull, Charset: 63}}
			inText, err := newPlan(append([]Column(nil), columns...), []Mask{m}, false, false)
			if err != nil {
				t.Fatal(err)
			}
			inBinary, err := newPlan(columns, []Mask{m}, true, false)
			if err != nil {
				t.Fatal(err)
			}
			if k := columns[0]; k.Type != mysql.MYSQL_TYPE_VAR_STRING || k.Flags != flagNotNull || k.Charset != utf8General {
				t.Errorf("the column is %+v", k)
			}
			want, err := inText.appendRow(nil, []byte(valued(c.text)), 0, false)
			if err != nil {
				t.Fatal(err)
			}
			got, err := inBinary.appendRow(nil, []byte("\x00\x00"+c.binary), 0, true)
			if err != nil || string(got[HeaderLen+2:]) != string(want[HeaderLen:]) {
				t.Errorf("%s: %q, want %q, %v", c.text, got, want, err)
			}
		}
		m := Mask{By: MaskConstant, Value: []byte(c.text)}
		columns := []Column{{Type: c.t, Decimals: c.decimals}}
		p, err := newPlan(columns, []Mask{m}, true, true)
		if err != nil || columns[0].Type != c.t || p.masks[0].By != MaskConstant {
			t.Fatalf("a constant that fits: %+v, %v", columns[0], err)
		}
		var text [temporalMax]byte
		if got, ok := appendTemporal(text[:0], p.masks[0].plain[1:], c.t, c.decimals); !ok || string(got) != c.text {
			t.Errorf("the constant %s came back as %s", c.text, got)
		}
	}
	for _, bad := range []string{"", "2024", "2024-13-01", "2024-01-32", "2024-01-01x", "24-01-01", "2024-01-01 24:00:00", "2024-01-01 00:60:00", "2024-01-01 00:00:00.", "2024-01-01 00:00:00.1234567"} {
		if _, ok := parseTemporal([]byte(bad), mysql.MYSQL_TYPE_DATETIME); ok {
			t.Errorf("%q is a date", bad)
		}
	}
	for _, bad := range []string{"", "1:00:00", "839:00:00", "00:00", "--00:00:00"} {
		if _, ok := parseTemporal([]byte(bad), mysql.MYSQL_TYPE_TIME); ok {
			t.Errorf("%q is a time", bad)
		}
	}
}

func TestWhatCannotHoldAMaskBecomesNull(t *testing.T) {
	for _, typ := range []byte{mysql.MYSQL_TYPE_LONG, mysql.MYSQL_TYPE_NEWDECIMAL, mysql.MYSQL_TYPE_YEAR, mysql.MYSQL_TYPE_BIT, mysql.MYSQL_TYPE_GEOMETRY} {
		for by := MaskNull; by <= MaskKeep+1; by++ {
			columns := []Column{{Type: typ, Flags: flagNotNull}}
			p, err := newPlan(columns, []Mask{{By: by, Value: []byte("1")}}, false, false)
			if err != nil || columns[0].Flags != 0 || columns[0].Type != typ {
				t.Fatalf("%+v, %v", columns[0], err)
			}
			if got, err := p.appendRow(nil, []byte("\x0212"), 0, false); err != nil || string(got) != "\x01\x00\x00\x00\xfb" {
				t.Errorf("type %d: %q, %v", typ, got, err)
			}
		}
	}
	// A date can be no text where the client goes by definitions that it was told before.
	columns := []Column{{Type: mysql.MYSQL_TYPE_DATE}}
	p, err := newPlan(columns, []Mask{{By: MaskHash}}, true, true)
	if err != nil || p.masks[0].By != MaskNull || columns[0].Type != mysql.MYSQL_TYPE_DATE {
		t.Errorf("%+v, %v", columns[0], err)
	}
}

func TestRowsThatMakeNoSenseAreNotMasked(t *testing.T) {
	columns := []Column{{Type: mysql.MYSQL_TYPE_VAR_STRING}, {Type: mysql.MYSQL_TYPE_DATE}}
	masks := []Mask{{Column: 1, By: MaskHash}}
	text, err := newPlan(append([]Column(nil), columns...), masks, false, false)
	if err != nil {
		t.Fatal(err)
	}
	binary, err := newPlan(columns, masks, true, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{"", "\x01", "\x01a", "\x01a\x02b", "\xff", "\x01a\xff", "\xfe\xff\xff\xff\xff\xff\xff\xff\xff"} {
		if got, err := text.appendRow([]byte("x"), []byte(row), 0, false); err != ErrMalformed || string(got) != "x" {
			t.Errorf("text %q: %q, %v", row, got, err)
		}
	}
	for _, row := range []string{"", "\x00", "\x01\x00\x01a\x00", "\x00\x00", "\x00\x00\x01a", "\x00\x00\x01a\x04", "\x00\x00\x01a\x03123"} {
		if got, err := binary.appendRow([]byte("x"), []byte(row), 0, true); err != ErrMalformed || string(got) != "x" {
			t.Errorf("binary %q: %q, %v", row, got, err)
		}
	}
}

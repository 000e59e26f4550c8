package wire

import (
	"math"
	"strings"
	"testing"
)

// executeText decodes a whole execute: "KIND text" of each parameter, joined.
func executeText(e *Execute, b []byte, n int, caps Caps, known, pieces []byte) (string, bool) {
	if !e.Begin(b, n, caps, known, pieces) {
		return "", false
	}
	var all []string
	var text []byte
	for range n {
		v, ok := e.Next()
		if !ok {
			return "", false
		}
		if text, ok = v.AppendText(text[:0]); !ok {
			return "", false
		}
		kind := [...]string{"null", "int", "uint", "float", "text", "bytes", "time", "pieces"}[v.Kind()]
		all = append(all, strings.TrimSpace(kind+" "+string(text)))
	}
	return strings.Join(all, ", "), e.Rest()
}

const executeHead = "\x17\x01\x00\x00\x00\x00\x01\x00\x00\x00"

// countedHead says that a number of parameters follows.
const countedHead = "\x17\x01\x00\x00\x00\x08\x01\x00\x00\x00"

func executeSeeds() []string {
	return []string{
		executeHead,
		executeHead + "\x00\x01\x01\x00\xff",
		executeHead + "\x02\x01\x01\x80\x06\x00\xfe",
		executeHead + "\x00\x00\x01\x02",
		executeHead + "\x00\x01\xfd\x00\x0b\x00\x03abc\x08\x01\x02\x00\x00\x00\x0a\x05\x06",
		executeHead + "\x00\x01\x0c\x00\x07\x00\x07\xea\x07\x0b\x17\x01\x02\x03\x0b\xea\x07\x0b\x17\x01\x02\x03\x07\x00\x00\x00",
		countedHead + "\x00",
		countedHead + "\x02\x00\x01\x01\x00\x00\xfd\x00\x05trace\x2a\x02id",
	}
}

func TestExecuteWithQueryAttributesGivesTheStatementsParameters(t *testing.T) {
	var e Execute
	for _, tc := range []struct {
		b             string
		n             int
		caps          Caps
		known, pieces string
		want          string
		ok            bool
	}{
		{b: countedHead + "\x00", ok: true, caps: QueryAttrs},
		{b: countedHead + "\x01\x00\x01\xfd\x00\x05trace\x02id", ok: true, caps: QueryAttrs},
		{b: countedHead + "\x01\x00\x01\x01\x00\x00\x2a", n: 1, want: "int 42", ok: true, caps: QueryAttrs},
		{b: countedHead + "\x02\x00\x01\x01\x00\x00\xfd\x00\x05trace\x2a\x02id", n: 1, want: "int 42", ok: true, caps: QueryAttrs},
		{b: countedHead + "\x02\x02\x01\x01\x00\x00\xfd\x00\x05trace\x2a", n: 1, want: "int 42", ok: true, caps: QueryAttrs},
		{b: countedHead + "\x02\x00\x00\x2a\x02id", n: 1, caps: QueryAttrs, known: "\x01\x00"}, // of attributes no types are kept
		{b: countedHead + "\x01\x00\x00\x2a", n: 1, caps: QueryAttrs, known: "\x01\x00", want: "int 42", ok: true},
		{b: countedHead + "\x00", n: 1, caps: QueryAttrs},
		{b: countedHead + "\xff\x00\x01\x01\x00\x00\x2a", n: 1, caps: QueryAttrs},
		{b: countedHead + "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00\x2a", n: 1, caps: QueryAttrs},
		{b: executeHead + "\x01\x00\x01\x01\x00\x00\x2a", n: 1, caps: QueryAttrs}, // servers differ
		{b: executeHead, caps: QueryAttrs, ok: true},
		{b: countedHead + "\x00\x01\x01\x00\x2a", n: 1, want: "int 42", ok: true}, // the flag says nothing without the capability

		{b: executeHead + "\x00\x01\x01\x00\x2a", n: 1, want: "int 42", ok: true},
		{b: executeHead + "\x00\x00\x2a", n: 1, known: "\x01\x80", want: "uint 42", ok: true},
		{b: executeHead + "\x00\x00\x2a", n: 1},
		{b: executeHead + "\x00\x00\x2a", n: 1, known: "\x01\x80\x01\x80"},
		{b: executeHead + "\x00\x01\x01\x00\x2a\x00", n: 1}, // bytes behind it
		{b: executeHead + "\x00\x01\x01\x01\x2a", n: 1},     // a flag that nobody knows
		{b: executeHead + "\x00\x01\x06\x00", n: 1},         // NULL that is none
		{b: executeHead + "\x01\x01\x06\x00", n: 1, want: "null", ok: true},
		{b: executeHead + "\x00\x01\x09\x00\x01\x02\x03", n: 1},                     // INT24: of another length to some
		{b: executeHead + "\x00\x01\x0d\x00\x01\x02", n: 1},                         // YEAR likewise
		{b: executeHead + "\x00\x01\x0a\x00\x07\xea\x07\x0b\x17\x01\x02\x03", n: 1}, // DATE with a time
		{b: executeHead + "\x00\x01\x0c\x00\x05\xea\x07\x0b\x17\x01", n: 1},
		{b: executeHead + "\x00\x01\x0c\x00\x04\xea\x07\x0d\x17", n: 1}, // month 13
		{b: executeHead + "\x00\x01\x0b\x00\x08\x00\xff\x00\x00\x00\x01\x02\x03", n: 1},
		{b: executeHead + "\x00\x01\xfc\x00\x01\x00\x02", n: 2, pieces: "\x01", want: "pieces, int 2", ok: true},
		{b: executeHead + "\x01\x01\xfc\x00\x01\x00\x02", n: 2, pieces: "\x01", want: "pieces, int 2", ok: true},
		{b: executeHead + "\x00\x01\xfc\x00\xfb", n: 1},
	} {
		got, ok := executeText(&e, []byte(tc.b), tc.n, tc.caps, []byte(tc.known), []byte(tc.pieces))
		if ok != tc.ok || ok && got != tc.want {
			t.Errorf("%q of %d: %q, %v, want %q, %v", tc.b[len(executeHead):], tc.n, got, ok, tc.want, tc.ok)
		}
	}
}

func TestNoPartOfAnExecuteIsTakenForTheWhole(t *testing.T) {
	var e Execute
	for _, tc := range []struct {
		b string
		n int
		c Caps
	}{
		{executeSeeds()[4], 2, 0}, {executeSeeds()[5], 2, 0}, {executeSeeds()[7], 1, QueryAttrs},
	} {
		for i := range len(tc.b) {
			b := []byte(tc.b[:i])
			if got, ok := executeText(&e, b[:i:i], tc.n, tc.c, nil, nil); ok {
				t.Errorf("%d bytes of %q are %q", i, tc.b, got)
			}
		}
		if _, ok := executeText(&e, []byte(tc.b), tc.n, tc.c, nil, nil); !ok {
			t.Errorf("%q is malformed", tc.b)
		}
	}
}

func TestFloatsAreWrittenShort(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0", 1: "1", -0.1: "-0.1", 1e20: "100000000000000000000", 1e21: "1e+21", 1e-6: "0.000001", 1e-7: "1e-07",
		math.Inf(1): "+Inf", math.NaN(): "NaN", 123456789.125: "123456789.125",
	} {
		b := appendUint64(nil, math.Float64bits(f))
		if got, _ := (Value{Type: 5, Data: b}).AppendText(nil); string(got) != want {
			t.Errorf("%v is %q, want %q", f, got, want)
		}
	}
	b := appendUint64(nil, uint64(math.Float32bits(0.1)))[:4]
	if got, _ := (Value{Type: 4, Data: b}).AppendText(nil); string(got) != "0.1" {
		t.Errorf("a FLOAT of 0.1 is %q", got)
	}
}

func appendUint64(b []byte, n uint64) []byte {
	for range 8 {
		b, n = append(b, byte(n)), n>>8
	}
	return b
}

func TestDecodingAnExecuteMakesNoGarbage(t *testing.T) {
	var e Execute
	var text []byte
	b := []byte(executeSeeds()[4])
	if n := testing.AllocsPerRun(100, func() {
		e.Begin(b, 2, 0, nil, nil)
		for range 2 {
			v, _ := e.Next()
			text, _ = v.AppendText(text[:0])
		}
		if !e.Rest() {
			t.Fatal("malformed")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzExecute(f *testing.F) {
	for _, s := range executeSeeds() {
		f.Add([]byte(s), uint16(1), uint64(0), "\x01\x00", "")
		f.Add([]byte(s), uint16(2), uint64(QueryAttrs), "", "\x01")
	}
	f.Fuzz(func(t *testing.T, b []byte, n uint16, caps uint64, known, pieces string) {
		var e Execute
		got, ok := executeText(&e, b, int(n), Caps(caps), []byte(known), []byte(pieces))
		if len(e.Types) > len(known)+len(b) {
			t.Errorf("%d bytes of types from %d", len(e.Types), len(b))
		}
		if !ok || n == 0 {
			return
		}
		if _, ok := executeText(&e, append(b[:len(b):len(b)], 0), int(n), Caps(caps), []byte(known), []byte(pieces)); ok {
			t.Error("bytes behind an execute are taken")
		}
		// The same values again, with the types as those that are known.
		again := Execute{}
		if known := e.Types[:2*n]; e.Told && e.count == int(n) && !Caps(caps).Has(QueryAttrs) {
			at := 10 + (int(n)+7)/8
			short := append(append(append([]byte(nil), b[:at]...), 0), b[at+1+2*int(n):]...)
			if same, ok := executeText(&again, short, int(n), Caps(caps), known, []byte(pieces)); !ok || same != got {
				t.Errorf("%q with types, %q without", got, same)
			}
		}
	})
}

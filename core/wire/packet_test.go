package wire

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestOKPacketsSurviveARoundTrip(t *testing.T) {
	for _, c := range []struct {
		name string
		ok   OK
		caps Caps
	}{
		{"plain", OK{Status: StatusAutocommit, Warnings: 3}, 0},
		{"in an EOF's place", OK{Header: HeaderEOF, Status: StatusMoreResults}, DeprecateEOF},
		{"large numbers", OK{Affected: 1 << 40, InsertID: 1<<64 - 1, Status: 2}, SessionTrack},
		{"with text", OK{Affected: 1, Info: []byte("Rows matched: 1")}, 0},
		{"with long text", OK{Info: []byte(strings.Repeat("x", 300))}, 0},
		{"with tracked text", OK{Info: []byte("Rows matched: 1")}, SessionTrack},
		{"with changes", OK{Status: StatusTrack, Track: []byte("\x01\x03\x02db"), Info: []byte{}}, SessionTrack},
		{"with text and changes", OK{Status: StatusTrack | 2, Track: []byte("\x01\x03\x02db"), Info: []byte("x")}, SessionTrack},
	} {
		b := AppendOK(nil, c.ok, c.caps)
		got, err := ParseOK(b, c.caps)
		if err != nil || !reflect.DeepEqual(got, c.ok) {
			t.Errorf("%s: %+v came back as %+v, %v", c.name, c.ok, got, err)
		}
		fixed := len(AppendOK(nil, OK{Affected: c.ok.Affected, InsertID: c.ok.InsertID}, 0))
		for n := range b {
			// A packet may end behind the warnings. Text without tracking may be of any length.
			ends := n == fixed || n > fixed && !c.caps.Has(SessionTrack)
			if _, err := ParseOK(b[:n:n], c.caps); (err == nil) != ends {
				t.Errorf("%s: the first %d of %d bytes: %v", c.name, n, len(b), err)
			}
		}
	}
}

func TestAnOKTellsNoChangesToThoseWhoDoNotTrack(t *testing.T) {
	ok := OK{Status: StatusTrack | 2, Track: []byte("\x01\x03\x02db"), Info: []byte("x")}
	got, err := ParseOK(AppendOK(nil, ok, 0), 0)
	if want := (OK{Status: 2, Info: []byte("x")}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = ParseOK(AppendOK(nil, OK{Status: StatusTrack}, SessionTrack), SessionTrack)
	if err != nil || got.Status != 0 {
		t.Errorf("the flag without a block: %+v, %v", got, err)
	}
}

func TestTheTextOfAnOKMayLackItsLength(t *testing.T) {
	for _, text := range []string{"Rows matched: 1", "\xfb", "\x01ab"} {
		if ok, err := ParseOK([]byte(okPacket(0, 0, 0, 2)+text), 0); err != nil || string(ok.Info) != text {
			t.Errorf("%q came as %q, %v", text, ok.Info, err)
		}
		if _, err := ParseOK([]byte(okPacket(0, 0, 0, StatusTrack)+text), SessionTrack); err == nil {
			t.Errorf("%q was taken by a peer that tracks", text)
		}
	}
}

func TestErrPacketsSurviveARoundTrip(t *testing.T) {
	for _, c := range []struct {
		e    Err
		caps Caps
	}{
		{Err{1045, "28000", "Access denied"}, Protocol41}, {Err{1040, "HY000", "Too many connections"}, 0},
		{Err{65534, "HY000", ""}, Protocol41}, {Err{1, "HY000", "#12345 is no state"}, Protocol41},
	} {
		got, err := ParseErr(AppendErr(nil, &c.e, c.caps))
		if err != nil || *got != c.e {
			t.Errorf("%v came back as %v, %v", c.e, got, err)
		}
	}
	refusesPrefixes(t, []byte(errPacket(1064, "syntax")), 3, func(b []byte) error {
		_, err := ParseErr(b)
		return err
	})
	if b := AppendErr(nil, &Err{Code: 1, State: "no"}, Protocol41); string(b) != "\xff\x01\x00#HY000" {
		t.Errorf("a state of the wrong length is sent as %q", b)
	}
	if s := (&Err{1045, "28000", "no"}).Error(); s != "1045 (28000): no" {
		t.Errorf("it reads %q", s)
	}
}

func TestEOFPacketHoldsWarningsThenStatus(t *testing.T) {
	if b := AppendEOF(nil, 0x0102, 3); string(b) != "\xfe\x03\x00\x02\x01" {
		t.Errorf("got %q", b)
	}
}

func track(b string) (changes []Change, err error) {
	err = ParseTrack([]byte(b), func(c Change) { changes = append(changes, c) })
	return changes, err
}

func TestTrackTellsEveryChangeInOrder(t *testing.T) {
	for _, c := range []struct {
		name, block string
		want        []Change
	}{
		{"nothing", "", nil},
		{"a variable", "\x00\x0f\x0aautocommit\x03OFF", []Change{{TrackVariable, "autocommit", "OFF"}}},
		{"two in one entry", "\x00\x08\x01a\x01b\x01c\x01d", []Change{{TrackVariable, "a", "b"}, {TrackVariable, "c", "d"}}},
		{"an empty value", "\x00\x03\x01a\x00", []Change{{TrackVariable, "a", ""}}},
		{"a schema", "\x01\x03\x02db", []Change{{TrackSchema, "", "db"}}},
		{"a state", "\x02\x02\x011", []Change{{TrackState, "", "1"}}},
		{"GTIDs", "\x03\x05\x00\x03a:1", []Change{{TrackGTIDs, "", "a:1"}}},
		{"a transaction", "\x04\x02\x01R\x05\x09\x08T_______", []Change{{TrackCharacteristics, "", "R"}, {TrackTransaction, "", "T_______"}}},
		{"an unknown kind", "\x09\x02ab\x01\x01\x00", []Change{{9, "", "ab"}, {TrackSchema, "", ""}}},
		{"a long value", "\x01\xfc\x2f\x01\xfc\x2c\x01" + strings.Repeat("x", 300), []Change{{TrackSchema, "", strings.Repeat("x", 300)}}},
	} {
		got, err := track(c.block)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
		for n := 1; n < len(c.block); n++ {
			// A block may end behind any entry; those told must be the first ones.
			got, err := track(c.block[:n])
			if len(got) > len(c.want) || !slices.Equal(got, c.want[:len(got)]) || err == nil && len(got) == 0 {
				t.Errorf("%s: the first %d bytes: %v, %v", c.name, n, got, err)
			}
		}
	}
}

func TestTrackRefusesMalformedEntries(t *testing.T) {
	for _, b := range []string{
		"\x00", "\x01", "\x00\x02\x01a", "\x00\x01\x01", "\x00\x03\x05ab", "\x01\x00", "\x01\x02\x05a",
		"\x03\x01\x00", "\x03\x00", "\x02\xff", "\x02\xfb", "\x01\xfe\xff\xff\xff\xff\xff\xff\xff\xff", "\x09\x05a",
	} {
		if got, err := track(b); err == nil {
			t.Errorf("%q was taken as %v", b, got)
		}
	}
}

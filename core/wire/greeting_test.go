package wire

import (
	"errors"
	"reflect"
	"testing"
)

const scramble = "abcdefghijklmnopqrst"

func TestGreetingsSurviveARoundTrip(t *testing.T) {
	base := Protocol41 | SecureConn | PluginAuth
	for _, g := range []Greeting{
		{Version: "8.0.11-TiDB-v8.5.0", ConnectionID: 1 << 31, Caps: base | LongPassword, Collation: 46, Status: 2, Plugin: Native},
		{Version: "5.5.5-10.11.19-MariaDB", ConnectionID: 7, Caps: base | Progress | BulkStmts | ExtendedMeta | CacheMetadata, Plugin: Native},
		{Caps: base | LongPassword | SSL | DeprecateEOF | QueryAttrs, Plugin: SHA2},
		{Version: "old", Caps: LongPassword | Protocol41 | SecureConn},
	} {
		g.Scramble = []byte(scramble)
		got, err := ParseGreeting(g.Append(nil))
		if err != nil || !reflect.DeepEqual(got, &g) {
			t.Errorf("%+v came back as %+v, %v", g, got, err)
		}
	}
}

func TestGreetingRefusesEveryCut(t *testing.T) {
	g := Greeting{Version: "8.0", Caps: Protocol41 | SecureConn | PluginAuth, Scramble: []byte(scramble), Plugin: Native}
	b := g.Append(nil)
	fixed := 1 + len("8.0\x00") + 4 + 8 + 1 + 2 + 1 + 2 + 2 + 1 + 10
	refusesPrefixes(t, b, fixed, func(b []byte) error {
		got, err := ParseGreeting(b)
		if err == nil && len(b) < fixed+12 && len(got.Scramble) >= ScrambleLen {
			t.Errorf("a cut greeting gave a whole challenge")
		}
		return err
	})
}

func TestGreetingTakesAPluginNameWithoutItsNUL(t *testing.T) {
	g := Greeting{Caps: SecureConn | PluginAuth, Scramble: []byte(scramble), Plugin: Native}
	b := g.Append(nil)
	got, err := ParseGreeting(b[:len(b)-1])
	if err != nil || got.Plugin != Native {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = ParseGreeting(append(b, "more"...))
	if err != nil || got.Plugin != Native {
		t.Errorf("with bytes behind it: %+v, %v", got, err)
	}
}

func TestExtendedCapabilitiesCountOnlyWithoutLongPassword(t *testing.T) {
	g := Greeting{Caps: SecureConn | PluginAuth | LongPassword | Progress, Scramble: []byte(scramble)}
	got, err := ParseGreeting(g.Append(nil))
	if err != nil || got.Caps.Has(Progress) {
		t.Errorf("got %#x, %v", got.Caps, err)
	}
}

func TestAServerThatRefusesAtOnceIsUnderstood(t *testing.T) {
	_, err := ParseGreeting([]byte("\xff\x10\x04Too many connections"))
	if e := (*Err)(nil); !errors.As(err, &e) || e.Code != 1040 || e.Message != "Too many connections" {
		t.Errorf("got %v", err)
	}
	for _, b := range []string{"", "\x09old", "\x0b", "\xff", "\xff\x10"} {
		if _, err := ParseGreeting([]byte(b)); err == nil || errors.As(err, new(*Err)) {
			t.Errorf("%q gave %v", b, err)
		}
	}
}

func TestOnlyKnownCapabilitiesAreRelayed(t *testing.T) {
	for _, c := range []Caps{Compress, Zstd, SSL, OptionalMeta, MultiFactor, 1 << 33, 1 << 37, 1 << 63} {
		if Relayable&c != 0 {
			t.Errorf("%#x is relayed", c)
		}
	}
	for _, c := range []Caps{DeprecateEOF, SessionTrack, MultiStmts, LocalFiles, QueryAttrs, CacheMetadata} {
		if !Relayable.Has(c) || !(c | SSL | Compress | PluginAuth).Class().Has(c) {
			t.Errorf("%#x is not relayed", c)
		}
	}
	if c := (SSL | ConnectWithDB | Zstd).Class(); c != 0 {
		t.Errorf("the connection phase shapes the command phase: %#x", c)
	}
}

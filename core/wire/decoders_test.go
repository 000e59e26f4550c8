package wire

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

// decoder is one of the package's readers of hostile bytes.
type decoder struct {
	name  string
	run   func([]byte)
	seeds []string
}

// decoders are all of them, with bytes of every kind that they tell apart.
func decoders() []decoder {
	return []decoder{
		{"greeting", func(b []byte) { ParseGreeting(b) }, greetingSeeds()},
		{"login", func(b []byte) { ParseLogin(b) }, loginSeeds()},
		{"switch", func(b []byte) { ParseSwitch(b) }, switchSeeds()},
		{"ok", func(b []byte) { ParseOK(b, SessionTrack) }, okSeeds()},
		{"err", func(b []byte) { ParseErr(b) }, errSeeds()},
		{"track", func(b []byte) { ParseTrack(b, func(Change) {}) }, trackSeeds()},
		{"user change", func(b []byte) { ParseUserChange(b, loginCaps) }, userChangeSeeds()},
		{"attributes", func(b []byte) { EachAttr(b, func(string, string) {}) }, attrSeeds()},
		{"query attributes", func(b []byte) { SkipQueryAttrs(b) }, queryAttrSeeds()},
		{"proxy header", func(b []byte) { ParseProxyHeader(b) }, proxySeeds()},
		{"frames", func(b []byte) { new(Frames).Feed(b) }, frameSeeds()},
		{"upload", func(b []byte) { new(Upload).Feed(b) }, frameSeeds()},
		{"response", func(b []byte) { follow(comQuery, Relayable, b) }, responseSeeds()},
		{"prepare", func(b []byte) { follow(comPrepare, Relayable, b) }, responseSeeds()},
		{"conn", func(b []byte) { readAll(b, nil) }, frameSeeds()},
	}
}

func greetingSeeds() []string {
	g := Greeting{Version: "5.5.5-10.11.19-MariaDB", ConnectionID: 7, Caps: Relayable&^LongPassword | PluginAuth, Scramble: []byte(scramble), Plugin: Native}
	return []string{string(g.Append(nil)), "\xff\x10\x04Too many connections", "\x0a8.0\x00"}
}

func loginSeeds() (s []string) {
	for _, l := range logins() {
		s = append(s, string(l.Append(nil)), string(l.AppendSSLRequest(nil)))
	}
	return s
}

func switchSeeds() []string {
	return []string{"\xfe", string(Switch{Native, []byte(scramble)}.Append(nil)), string(Switch{Ed25519, make([]byte, 32)}.Append(nil)), string(Switch{Clear, nil}.Append(nil))}
}

func okSeeds() []string {
	return []string{okPacket(0, 1, 2, 3), okPacket(0xfe, 0, 0, 2) + "\x03abc", okPacket(0, 0, 0, StatusTrack) + "\x00\x05\x01\x03\x02db", "\x00\xfe\x01\x02\x03\x04\x05\x06\x07\x08\xfc\x01\x02\x02\x00\x00\x00"}
}

func errSeeds() []string { return []string{errPacket(1064, "no"), "\xff\x10\x04Too many", "\xff"} }

func trackSeeds() []string {
	return []string{"\x00\x0f\x0aautocommit\x03OFF\x01\x03\x02db\x02\x02\x011", "\x03\x05\x00\x03a:1\x04\x02\x01R\x05\x09\x08T_______\x09\x02ab", "\x00\x08\x01a\x01b\x01c\x01d"}
}

func userChangeSeeds() []string {
	u := UserChange{"app", "shop", []byte("0123"), 255, Native, AppendAttr(nil, "a", "b")}
	return []string{string(u.Append(nil, loginCaps)), string(u.Append(nil, 0))}
}

func attrSeeds() []string {
	return []string{string(AppendAttr(AppendAttr(nil, "_os", "Linux"), "empty", "")), strings.Repeat("\x02ab\x02cd", 50)}
}

func queryAttrSeeds() []string {
	return []string{
		"\x03\x00\x01SELECT 1", "\x03\x01\x01\x00\x01\xfe\x00\x01a\x03xyzSELECT 1", "\x03\x01\x01\x01\x01\x08\x00\x01aSELECT 1",
		"\x03\x02\x01\x00\x01\x08\x00\x01a\x0c\x00\x01b\x01\x02\x03\x04\x05\x06\x07\x08\x04\xea\x07\x01\x01SELECT 1", "\x03\xfc\xff\xff\x01" + strings.Repeat("\x00", 9000),
	}
}

func proxySeeds() []string {
	return []string{"PROXY TCP4 10.0.0.1 10.0.0.2 8080 3306\r\n", "PROXY TCP6 ::1 fe80::1 1 2\r\n", "PROXY UNKNOWN\r\n", v2(0x21, 0x11, 16, ends4+"\x04\x00\x01x"), v2(0x21, 0x21, 36, strings.Repeat("\x01", 36)), v2(0x20, 0, 0, "")}
}

func frameSeeds() []string {
	return []string{string(packets(0, "hello")) + "\x01\x02\x03\x01", string(packets(0, "", "a", strings.Repeat("b", 600))), "\xff\xff\xff\x00abc", "\x00\x00\x00\x00"}
}

func responseSeeds() (s []string) {
	for _, caps := range []Caps{0, Relayable} {
		for _, a := range answers(caps) {
			s = append(s, string(packets(1, a.packets...)))
		}
	}
	return s
}

// mutated changes some bytes of b, or its length.
func mutated(r *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	for range 1 + r.IntN(4) {
		if len(b) == 0 {
			return b
		}
		i := r.IntN(len(b))
		switch r.IntN(5) {
		case 0:
			b = b[:i]
		case 1:
			b = append(b, b[i:]...)
		case 2:
			b[i] = byte(r.Uint32())
		default:
			b[i] = []byte{0, 1, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff}[r.IntN(8)]
		}
	}
	return b
}

// allocated is how many bytes f took from the heap.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestDecodersAllocateLittle(t *testing.T) {
	if UnderRace() {
		t.Skip("with the race detector small values take more room")
	}
	r := rand.New(rand.NewPCG(1, 2))
	check := func(d decoder, b []byte) {
		if n := allocated(func() { d.run(b) }); n > uint64(4*len(b)+64<<10) {
			t.Errorf("%s took %d bytes for %d: %.100q", d.name, n, len(b), b)
		}
	}
	for _, d := range decoders() {
		for _, seed := range d.seeds {
			check(d, []byte(seed))
			for range 20 {
				check(d, mutated(r, []byte(seed)))
			}
			// A megabyte of it: what grows faster than its input shows.
			for _, head := range []int{0, 1, min(5, len(seed))} {
				check(d, append([]byte(seed[:head]), bytes.Repeat([]byte(seed), 1+1<<20/len(seed))...))
			}
		}
		for _, x := range []byte{0, 1, 2, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff} {
			check(d, bytes.Repeat([]byte{x}, 1<<20))
		}
	}
}

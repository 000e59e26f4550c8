package wire

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"testing"
)

// seeded adds seeds, with a further argument of each kind that the target takes.
func seeded(f *testing.F, seeds []string, more ...any) {
	for _, s := range seeds {
		f.Add(append([]any{[]byte(s)}, more...)...)
	}
}

// same fails unless what was decoded survives being encoded and decoded again.
func same(t *testing.T, first, second any, err error) {
	t.Helper()
	if err != nil || !reflect.DeepEqual(first, second) {
		t.Errorf("%+v came back as %+v, %v", first, second, err)
	}
}

func FuzzGreeting(f *testing.F) {
	seeded(f, greetingSeeds())
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := ParseGreeting(b)
		if err != nil || len(g.Scramble) != ScrambleLen {
			return
		}
		again, err := ParseGreeting(g.Append(nil))
		same(t, g, again, err)
	})
}

func FuzzLogin(f *testing.F) {
	seeded(f, loginSeeds())
	f.Fuzz(func(t *testing.T, b []byte) {
		l, tls, err := ParseLogin(b)
		if err != nil {
			return
		}
		if tls {
			again, tls, err := ParseLogin(l.AppendSSLRequest(nil))
			same(t, l, again, err)
			same(t, true, tls, nil)
			return
		}
		again, _, err := ParseLogin(l.Append(nil))
		if l.Attrs == nil && err == nil && len(again.Attrs) == 0 {
			again.Attrs = nil // left out is sent as empty
		}
		same(t, l, again, err)
	})
}

func FuzzSwitch(f *testing.F) {
	seeded(f, switchSeeds())
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseSwitch(b)
		if err != nil {
			return
		}
		again, err := ParseSwitch(s.Append(nil))
		same(t, fmt.Sprintf("%v", s), fmt.Sprintf("%v", again), err)
	})
}

func FuzzOK(f *testing.F) {
	seeded(f, okSeeds(), true)
	seeded(f, okSeeds(), false)
	f.Fuzz(func(t *testing.T, b []byte, tracked bool) {
		caps := Protocol41
		if tracked {
			caps |= SessionTrack
		}
		ok, err := ParseOK(b, caps)
		if err != nil {
			return
		}
		again, err := ParseOK(AppendOK(nil, ok, caps), caps)
		if ok.Track == nil {
			ok.Status &^= StatusTrack
		}
		same(t, fmt.Sprintf("%v", ok), fmt.Sprintf("%v", again), err)
	})
}

func FuzzErr(f *testing.F) {
	seeded(f, errSeeds())
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := ParseErr(b)
		if err != nil {
			return
		}
		again, err := ParseErr(AppendErr(nil, e, Protocol41))
		if e.Code == 0 || e.Code == progressCode { // which clients do not take for errors
			e.Code = 1105
		}
		same(t, e, again, err)
	})
}

// untrack encodes changes, each as an entry of its own.
func untrack(changes []Change) (b []byte) {
	for _, c := range changes {
		entry := []byte(c.Data)
		switch {
		case c.Kind == TrackVariable:
			entry = appendBlock(appendBlock(nil, []byte(c.Name)), entry)
		case c.Kind == TrackGTIDs:
			entry = appendBlock([]byte{0}, entry)
		case c.Kind <= TrackTransaction:
			entry = appendBlock(nil, entry)
		}
		b = appendBlock(append(b, c.Kind), entry)
	}
	return b
}

func FuzzTrack(f *testing.F) {
	seeded(f, trackSeeds())
	f.Fuzz(func(t *testing.T, b []byte) {
		changes, err := track(string(b))
		if err != nil {
			return
		}
		again, err := track(string(untrack(changes)))
		same(t, changes, again, err)
	})
}

func FuzzUserChange(f *testing.F) {
	seeded(f, userChangeSeeds(), uint64(loginCaps))
	seeded(f, userChangeSeeds(), uint64(0))
	f.Fuzz(func(t *testing.T, b []byte, caps uint64) {
		u, err := ParseUserChange(b, Caps(caps))
		if err != nil {
			return
		}
		again, err := ParseUserChange(u.Append(nil, Caps(caps)), Caps(caps))
		same(t, fmt.Sprintf("%v", *u), fmt.Sprintf("%v", *again), err)
	})
}

func FuzzAttrs(f *testing.F) {
	seeded(f, attrSeeds())
	f.Fuzz(func(t *testing.T, b []byte) {
		var first, second []string
		var block []byte
		if EachAttr(b, func(name, value string) {
			first = append(first, name, value)
			block = AppendAttr(block, name, value)
		}) != nil {
			return
		}
		err := EachAttr(block, func(name, value string) { second = append(second, name, value) })
		same(t, first, second, err)
	})
}

func FuzzQueryAttrs(f *testing.F) {
	seeded(f, queryAttrSeeds())
	f.Fuzz(func(t *testing.T, b []byte) {
		n, ok := SkipQueryAttrs(b)
		if !ok {
			return
		}
		if n < 3 || n > len(b) {
			t.Fatalf("the text begins at %d of %d", n, len(b))
		}
		if m, ok := SkipQueryAttrs(b[:n:n]); !ok || m != n {
			t.Errorf("without its text: %d, %t", m, ok)
		}
		if _, ok := SkipQueryAttrs(b[: n-1 : n-1]); ok {
			t.Error("a part of the attributes was taken")
		}
	})
}

func FuzzProxyHeader(f *testing.F) {
	seeded(f, proxySeeds())
	f.Fuzz(func(t *testing.T, b []byte) {
		h, n, err := ParseProxyHeader(b)
		if n < 0 || n > len(b) || n > proxyFixed+proxyExtraMax || n == 0 && h != (ProxyHeader{}) || err != nil && n > 0 {
			t.Fatalf("%v, %d, %v", h, n, err)
		}
		if n == 0 {
			return
		}
		for i := range n {
			if _, n, err := ParseProxyHeader(b[:i]); n != 0 || err != nil {
				t.Fatalf("the first %d bytes: %d, %v", i, n, err)
			}
		}
		for version := 1; version <= 2; version++ {
			again, _, err := ParseProxyHeader(AppendProxyHeader(nil, version, h.Source, h.Dest))
			same(t, h, again, err)
		}
	})
}

// cut takes b apart into pieces whose lengths are given, over and over.
func cut(b, lengths []byte) (pieces [][]byte) {
	if len(lengths) == 0 {
		lengths = []byte{255}
	}
	for i := 0; len(b) > 0; i++ {
		n := min(len(b), 1+int(lengths[i%len(lengths)]))
		pieces, b = append(pieces, b[:n]), b[n:]
	}
	return pieces
}

// consume gives the pieces to feed as a reader would and returns how much was taken.
func consume(pieces [][]byte, feed func([]byte) int) (total int) {
	var hand []byte
	for _, p := range pieces {
		hand = append(hand, p...)
		n := feed(hand)
		hand = hand[n:]
		total += n
	}
	return total
}

func FuzzFrames(f *testing.F) {
	seeded(f, frameSeeds(), []byte{0, 3})
	f.Fuzz(func(t *testing.T, b, lengths []byte) {
		var whole, parts Frames
		n, m := whole.Feed(b), consume(cut(b, lengths), parts.Feed)
		if n > len(b) || n != m || whole != parts {
			t.Errorf("whole: %d, %+v; in parts: %d, %+v", n, whole, m, parts)
		}
		var one, more Upload
		n, m = one.Feed(b), consume(cut(b, lengths), more.Feed)
		if n > len(b) || n != m || one != more {
			t.Errorf("upload, whole: %d, %+v; in parts: %d, %+v", n, one, m, more)
		}
		framed, _ := AppendFrame(nil, b, 0)
		parts = Frames{}
		if n := consume(cut(append(framed, b...), lengths), parts.Feed); n != len(framed) || !parts.Ended() {
			t.Errorf("a packet of %d bytes was taken to have %d", len(framed), n)
		}
	})
}

func FuzzResponse(f *testing.F) {
	for _, caps := range []Caps{0, DeprecateEOF, Relayable &^ DeprecateEOF, Relayable} {
		for _, a := range answers(caps) {
			f.Add(packets(1, a.packets...), []byte{0, 9, 200}, a.code, uint64(caps))
		}
	}
	f.Fuzz(func(t *testing.T, b, lengths []byte, code byte, caps uint64) {
		whole := follow(code, Caps(caps), b)
		if parts := follow(code, Caps(caps), cut(b, lengths)...); !parts.equal(whole) {
			t.Errorf("whole: %+v, in parts: %+v", whole, parts)
		}
		if whole.consumed < len(b)-HeaderLen-HeldMax && whole.event == More {
			t.Errorf("%d of %d bytes were consumed: a buffer that is full would stay so", whole.consumed, len(b))
		}
	})
}

// readAll reads packets from b, which comes in pieces, until there is an error.
func readAll(b, lengths []byte) (payloads [][]byte, err error) {
	var pieces []io.Reader
	for _, p := range cut(b, lengths) {
		pieces = append(pieces, bytes.NewReader(p))
	}
	c := NewConn(stream{Reader: io.MultiReader(pieces...)})
	for {
		p, err := c.ReadPacket()
		if err != nil {
			return payloads, err
		}
		payloads = append(payloads, bytes.Clone(p))
	}
}

func FuzzConn(f *testing.F) {
	seeded(f, frameSeeds(), []byte{0, 3, 100})
	f.Fuzz(func(t *testing.T, b, lengths []byte) {
		payloads, err := readAll(b, lengths)
		at, seq := 0, byte(0)
		for _, p := range payloads {
			if PayloadLen(b[at:]) != len(p) || b[at+3] != seq || !bytes.Equal(p, b[at+HeaderLen:at+HeaderLen+len(p)]) {
				t.Fatalf("packet %d at byte %d is not %q", seq, at, p)
			}
			at, seq = at+HeaderLen+len(p), seq+1
		}
		rest := b[at:]
		whole := len(rest) >= HeaderLen && PayloadLen(rest) <= 64<<10 && rest[3] == seq && len(rest) >= HeaderLen+PayloadLen(rest)
		if err == nil || whole || (err == io.EOF) != (len(rest) == 0) {
			t.Errorf("%v before %q", err, rest)
		}
	})
}

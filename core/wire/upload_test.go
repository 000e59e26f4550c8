package wire

import "testing"

func TestUploadEndsAtTheEmptyPacket(t *testing.T) {
	for name, c := range map[string]struct {
		payloads []string
		behind   string
	}{
		"nothing":     {[]string{""}, ""},
		"one packet":  {[]string{"1,2\n", ""}, "\x01\x00\x00\x00\x0e"},
		"two packets": {[]string{"1,2\n", "x", "\x00\x00\x00\x00\x00", ""}, "\x00\x00\x00\x00"},
	} {
		file := packets(2, c.payloads...)
		b := append(file[:len(file):len(file)], c.behind...)
		for i := range len(b) + 1 {
			var u Upload
			n := u.Feed(b[:i])
			if n < len(file) && u.Ended() {
				t.Errorf("%s: over after %d of %d bytes", name, n, len(file))
			}
			if n += u.Feed(b[n:]); n != len(file) || !u.Ended() {
				t.Errorf("%s, split at %d: %d of %d bytes, ended %t", name, i, n, len(file), u.Ended())
			}
		}
		var u Upload
		n := 0
		for at := range b {
			n += u.Feed(b[n : at+1])
		}
		if n != len(file) || !u.Ended() {
			t.Errorf("%s, byte by byte: %d of %d bytes", name, n, len(file))
		}
	}
}

func TestUploadIsNotOverWhenAFullPacketIs(t *testing.T) {
	for name, c := range map[string]struct {
		frames []large
		ended  bool
	}{
		"full":               {[]large{{length: MaxPayload}, {seq: 1}}, false},
		"full, then empty":   {[]large{{length: MaxPayload}, {seq: 1}, {seq: 2}}, true},
		"more than full":     {[]large{{length: MaxPayload}, {length: 1, seq: 1}, {seq: 2}}, true},
		"one less than full": {[]large{{length: MaxPayload - 1}, {seq: 1}}, true},
	} {
		var u Upload
		if n := feedLarge(c.frames, 64<<10, u.Feed); n != size(c.frames) || u.Ended() != c.ended {
			t.Errorf("%s: %d of %d bytes, ended %t", name, n, size(c.frames), u.Ended())
		}
	}
}

func TestFollowingAnUploadAllocatesNothing(t *testing.T) {
	b := packets(2, "1,2\n", "")
	if n := testing.AllocsPerRun(100, func() {
		var u Upload
		u.Feed(b)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

package wire

import (
	"bytes"
	"crypto/ed25519"
	"reflect"
	"testing"
)

func TestSwitchesSurviveARoundTrip(t *testing.T) {
	random := bytes.Repeat([]byte{7}, 31)
	for name, s := range map[string]Switch{
		"native":              {Native, []byte(scramble)},
		"sha2":                {SHA2, []byte(scramble)},
		"ed25519":             {Ed25519, append(random, 9)},
		"ed25519 ending in 0": {Ed25519, append(random[:31:31], 0)},
		"nothing":             {Clear, nil},
		"a prompt":            {"dialog", []byte("\x02Password: ")},
	} {
		got, err := ParseSwitch(s.Append(nil))
		if err != nil || got.Plugin != s.Plugin || !bytes.Equal(got.Data, s.Data) {
			t.Errorf("%s: %q came back as %q, %v", name, s, got, err)
		}
	}
}

func TestSwitchRefusesAPluginNameWithoutItsNUL(t *testing.T) {
	b := Switch{Native, []byte(scramble)}.Append(nil)
	refusesPrefixes(t, b[1:], len(Native)+1, func(b []byte) error {
		_, err := ParseSwitch(append([]byte{HeaderEOF}, b...))
		if len(b) == 0 { // the very old form, below
			return ErrMalformed
		}
		return err
	})
	if s, err := ParseSwitch([]byte{HeaderEOF}); err != nil || s.Plugin != "mysql_old_password" {
		t.Errorf("the old form: %+v, %v", s, err)
	}
	if _, err := ParseSwitch(nil); err == nil {
		t.Error("an empty packet was taken")
	}
}

func TestChallengesAreFreshAndPrintLikeAServers(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		s := NewScramble()
		if len(s) != ScrambleLen || seen[string(s)] {
			t.Fatalf("challenge %q", s)
		}
		seen[string(s)] = true
		for _, x := range s {
			if x == 0 || x == '$' || x > 0x7f {
				t.Fatalf("challenge %q", s)
			}
		}
	}
}

func TestAnswersAreVerifiedAgainstHashes(t *testing.T) {
	for _, p := range []struct {
		plugin string
		hash   func(string) []byte
		verify func(answer, challenge, hash []byte) bool
	}{{Native, NativeHash, VerifyNative}, {SHA2, SHA2Hash, VerifySHA2}} {
		answer, err := AnswerChallenge(p.plugin, []byte(scramble), "secret")
		if err != nil {
			t.Fatal(err)
		}
		other := []byte("tsrqponmlkjihgfedcba")
		for name, c := range map[string]struct {
			answer, challenge, hash []byte
			want                    bool
		}{
			"right":           {answer, []byte(scramble), p.hash("secret"), true},
			"wrong password":  {answer, []byte(scramble), p.hash("Secret"), false},
			"other challenge": {answer, other, p.hash("secret"), false},
			"short":           {answer[1:], []byte(scramble), p.hash("secret"), false},
			"long":            {append(answer[:len(answer):len(answer)], 0), []byte(scramble), p.hash("secret"), false},
			"none":            {nil, []byte(scramble), p.hash("secret"), false},
			"no hash":         {answer, []byte(scramble), nil, false},
			"nothing":         {nil, nil, nil, false},
		} {
			if got := p.verify(c.answer, c.challenge, c.hash); got != c.want {
				t.Errorf("%s, %s: %t", p.plugin, name, got)
			}
		}
	}
}

// The vectors are from the documentation of the plugins' stored forms: SELECT PASSWORD('foo')
// and the digest that caching_sha2_password caches.
func TestHashesAreThoseThatServersKeep(t *testing.T) {
	if got := NativeHash("foo"); !bytes.Equal(got, []byte("\xf3\xa2\xa5\x1a\x9b\x0f\x2b\xe2\x46\x89\x26\xb4\x13\x23\x13\x72\x8c\x25\x0d\xbf")) {
		t.Errorf("native: %X", got)
	}
}

func TestAnEd25519AnswerIsASignature(t *testing.T) {
	// The server's variant derives its key from the password instead of a seed, so that the
	// public key is recomputed by answering: it must verify nothing but its own challenge.
	a, err := AnswerChallenge(Ed25519, bytes.Repeat([]byte{1}, 32), "secret")
	if err != nil || len(a) != ed25519.SignatureSize {
		t.Fatalf("%d bytes, %v", len(a), err)
	}
	again, _ := AnswerChallenge(Ed25519, bytes.Repeat([]byte{1}, 32), "secret")
	other, _ := AnswerChallenge(Ed25519, bytes.Repeat([]byte{2}, 32), "secret")
	if !bytes.Equal(a, again) || bytes.Equal(a, other) {
		t.Error("an answer must depend on the challenge alone")
	}
}

func TestAClearPasswordIsClosedByNUL(t *testing.T) {
	if a, err := AnswerChallenge(Clear, nil, "secret"); err != nil || string(a) != "secret\x00" {
		t.Errorf("%q, %v", a, err)
	}
	if _, err := AnswerChallenge("dialog", nil, ""); err == nil {
		t.Error("an unknown plugin was answered")
	}
}

func TestAnyChallengeCanBeAnswered(t *testing.T) {
	for _, plugin := range []string{Native, SHA2, Ed25519, Clear} {
		for n := range 70 {
			for _, password := range []string{"", "secret"} {
				if _, err := AnswerChallenge(plugin, make([]byte, n), password); err != nil {
					t.Errorf("%s, %d bytes: %v", plugin, n, err)
				}
			}
		}
	}
}

func TestAnEmptyPasswordNeedsNoAnswer(t *testing.T) {
	for _, plugin := range []string{Native, SHA2} {
		if a, err := AnswerChallenge(plugin, []byte(scramble), ""); err != nil || !reflect.DeepEqual(a, []byte(nil)) {
			t.Errorf("%s: %q, %v", plugin, a, err)
		}
	}
}

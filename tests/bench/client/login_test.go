//go:build linux

package client

import (
	"crypto/sha1"
	"testing"
)

// The server knows SHA1(SHA1(password)) and undoes the XOR.
func TestNativeProofIsWhatTheServerChecks(t *testing.T) {
	salt := []byte("abcdefghijklmnopqrst")
	one := sha1.Sum([]byte("secret"))
	stored := sha1.Sum(one[:])
	mask := sha1.Sum(append(append([]byte{}, salt...), stored[:]...))
	got := nativeProof("secret", salt)
	for i := range got {
		got[i] ^= mask[i]
	}
	if sha1.Sum(got) != stored {
		t.Error("the proof does not lead to the stored hash")
	}
	if nativeProof("", salt) != nil {
		t.Error("an empty password has a proof")
	}
}

func TestGreetingSaltJoinsBothParts(t *testing.T) {
	p := append([]byte{10}, "8.0.0\x00"...)
	p = append(p, 1, 0, 0, 0)
	p = append(p, "abcdefgh\x00"...)
	p = append(p, make([]byte, 2+1+2+2+1+10)...)
	p = append(p, "ijklmnopqrst\x00"...)
	salt, err := greetingSalt(p)
	if err != nil || string(salt) != "abcdefghijklmnopqrst" {
		t.Errorf("got %q, %v", salt, err)
	}
	if _, err := greetingSalt(p[:30]); err == nil {
		t.Error("a short greeting is accepted")
	}
}

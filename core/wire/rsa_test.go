package wire

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
)

func TestAnEncryptedPasswordIsReadByItsKeyAlone(t *testing.T) {
	pair, err := NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	block, rest := pem.Decode(pair.PEM())
	if block == nil || len(rest) > 0 || block.Type != "PUBLIC KEY" {
		t.Fatalf("clients are sent %q", pair.PEM())
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{"", "secret", "pässwörd", strings.Repeat("x", 200)} {
		secret, err := EncryptPassword(password, []byte(scramble), public.(*rsa.PublicKey))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := pair.Decrypt(secret, []byte(scramble)); err != nil || got != password {
			t.Errorf("%q came back as %q, %v", password, got, err)
		}
		if got, err := pair.Decrypt(secret, []byte("tsrqponmlkjihgfedcba")); err == nil && got == password {
			t.Errorf("%q was read with another challenge", password)
		}
		for name, bad := range map[string][]byte{"nothing": nil, "cut": secret[1:], "junk": make([]byte, len(secret))} {
			if got, err := pair.Decrypt(bad, []byte(scramble)); !errors.Is(err, ErrMalformed) || got != "" {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
		if _, err := other.Decrypt(secret, []byte(scramble)); err == nil {
			t.Errorf("%q was read with another key", password)
		}
		if _, err := pair.Decrypt(secret, nil); !errors.Is(err, ErrMalformed) {
			t.Errorf("without a challenge: %v", err)
		}
	}
	if _, err := EncryptPassword("secret", nil, public.(*rsa.PublicKey)); !errors.Is(err, ErrMalformed) {
		t.Errorf("encrypted without a challenge: %v", err)
	}
}

func TestAnEmptyHashIsLikeNoOther(t *testing.T) {
	if SameHash(nil, nil) || SameHash([]byte{}, []byte{}) || SameHash([]byte("a"), nil) || SameHash([]byte("a"), []byte("b")) {
		t.Error("two hashes are taken to be the same")
	}
	if !SameHash(NativeHash("x"), NativeHash("x")) {
		t.Error("a hash is not the same as itself")
	}
}

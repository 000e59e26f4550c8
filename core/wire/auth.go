package wire

import (
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// Authentication plugins that dbmesh itself can answer or verify.
const (
	Native  = "mysql_native_password"
	SHA2    = "caching_sha2_password"
	Ed25519 = "client_ed25519"
	Clear   = "mysql_clear_password"
)

// Bytes of caching_sha2_password's exchange, inside more-data packets.
const (
	SHA2FastOK    = 0x03 // the challenge was answered right
	SHA2Full      = 0x04 // the server wants the password itself
	SHA2KeyWanted = 0x02 // the client wants the server's public key
)

// Switch is an auth switch request: the server names the plugin it wants.
type Switch struct {
	Plugin string
	Data   []byte // the challenge; one of ScrambleLen bytes comes without its closing NUL
}

// ParseSwitch decodes an auth switch request's payload.
func ParseSwitch(b []byte) (Switch, error) {
	c := cursor{b: b}
	c.u8()
	if len(c.b) == 0 { // the very old form: switch to the pre-4.1 method
		return Switch{Plugin: "mysql_old_password"}, c.err()
	}
	s := Switch{Plugin: string(c.text()), Data: c.rest()}
	// Only a scramble is closed by a NUL. The 32 random bytes of ed25519 are not, and the
	// last of them may well be 0.
	if len(s.Data) == ScrambleLen+1 && s.Data[ScrambleLen] == 0 {
		s.Data = s.Data[:ScrambleLen]
	}
	if err := c.err(); err != nil {
		return Switch{}, fmt.Errorf("auth switch: %w", err)
	}
	return s, nil
}

// Append encodes an auth switch request's payload.
func (s Switch) Append(b []byte) []byte {
	b = appendText(append(b, HeaderEOF), []byte(s.Plugin))
	b = append(b, s.Data...)
	if len(s.Data) == ScrambleLen {
		b = append(b, 0)
	}
	return b
}

// NewScramble makes a challenge: random seven-bit bytes without NUL and '$', as servers
// make them.
func NewScramble() []byte {
	b := make([]byte, ScrambleLen)
	rand.Read(b) // never fails: it ends the process if the system has no randomness
	for i := range b {
		if b[i] &= 0x7f; b[i] == 0 || b[i] == '$' {
			b[i]++
		}
	}
	return b
}

// AnswerChallenge computes a client's answer to a plugin's challenge. For the clear-text
// plugin the caller must have made sure that the hop is encrypted.
func AnswerChallenge(plugin string, challenge []byte, password string) ([]byte, error) {
	switch plugin {
	case Native:
		return mysql.CalcNativePassword(challenge, []byte(password)), nil
	case SHA2:
		return mysql.CalcCachingSha2Password(challenge, []byte(password)), nil
	case Ed25519:
		return mysql.CalcEd25519Password(challenge, password)
	case Clear:
		return append([]byte(password), 0), nil
	}
	return nil, fmt.Errorf("authentication plugin %q is not known to dbmesh", plugin)
}

// NativeHash is SHA1(SHA1(password)), what mysql_native_password stores.
func NativeHash(password string) []byte {
	return mysql.NativePasswordHash([]byte(password))
}

// SHA2Hash is SHA256(SHA256(password)), what caching_sha2_password keeps in its cache.
func SHA2Hash(password string) []byte {
	h := sha256.Sum256([]byte(password))
	h = sha256.Sum256(h[:])
	return h[:]
}

// VerifyNative checks the answer to a challenge against a NativeHash, in constant time.
func VerifyNative(answer, challenge, hash []byte) bool {
	if len(answer) != sha1.Size || len(hash) != sha1.Size {
		return false
	}
	h := sha1.New()
	h.Write(challenge)
	h.Write(hash)
	stage1 := xor(h.Sum(nil), answer)
	got := sha1.Sum(stage1)
	return subtle.ConstantTimeCompare(got[:], hash) == 1
}

// VerifySHA2 checks the answer to a challenge against a SHA2Hash, in constant time.
func VerifySHA2(answer, challenge, hash []byte) bool {
	if len(answer) != sha256.Size || len(hash) != sha256.Size {
		return false
	}
	h := sha256.New()
	h.Write(hash)
	h.Write(challenge)
	stage1 := xor(h.Sum(nil), answer)
	got := sha256.Sum256(stage1)
	return subtle.ConstantTimeCompare(got[:], hash) == 1
}

func xor(a, b []byte) []byte {
	out := make([]byte, len(a))
	for i := range out {
		out[i] = a[i] ^ b[i]
	}
	return out
}

// SameHash compares two hashes in constant time; an empty one equals nothing.
func SameHash(a, b []byte) bool {
	return len(a) > 0 && subtle.ConstantTimeCompare(a, b) == 1
}

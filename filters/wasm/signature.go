package wasm

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/dbmesh/dbmesh/core/abi"
)

// ParseKeys reads the public Ed25519 keys of a PEM file, at least one.
func ParseKeys(text []byte) ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		text = rest
		if block.Type != "PUBLIC KEY" {
			return nil, fmt.Errorf("it has a %s, want only PUBLIC KEY", block.Type)
		}
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		key, ok := parsed.(ed25519.PublicKey)
		if !ok {
			return nil, errors.New("it has a key that is not for Ed25519")
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("it has no public key in PEM")
	}
	return keys, nil
}

// KeyID is what names a key in logs and reports: the first 8 bytes of its SHA-256, in hex.
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

// verify finds the key that signed the module: all of its bytes by the detached signature,
// or, without one, what stands before a last section that holds the signature. It gives ""
// without an error if there is no signature.
func verify(module, detached []byte, keys []ed25519.PublicKey) (key string, err error) {
	signed, signature := module, detached
	if detached == nil {
		sections, err := customs(module)
		if err != nil {
			return "", err
		}
		if len(sections) == 0 {
			return "", nil
		}
		last := sections[len(sections)-1]
		if last.name != abi.SignatureSection || last.end != len(module) {
			return "", nil
		}
		signed, signature = module[:last.at], last.payload
	}
	raw, err := rawSignature(signature)
	if err != nil {
		return "", err
	}
	for _, k := range keys {
		if ed25519.Verify(k, signed, raw) {
			return KeyID(k), nil
		}
	}
	return "", errors.New("none of the keys has signed it as it is")
}

// rawSignature takes the 64 bytes themselves, or in base64.
func rawSignature(text []byte) ([]byte, error) {
	if len(text) == ed25519.SignatureSize {
		return text, nil
	}
	raw, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(raw) != ed25519.SignatureSize {
		return nil, fmt.Errorf("its signature is neither %d bytes nor base64 of so many", ed25519.SignatureSize)
	}
	return raw, nil
}

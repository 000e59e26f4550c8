package wire

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"github.com/go-mysql-org/go-mysql/mysql"
)

// KeyPair is an RSA key with which clients send their password over a plain connection
// (caching_sha2_password). Safe for concurrent use.
type KeyPair struct {
	key *rsa.PrivateKey
	pem []byte
}

// NewKeyPair makes a key of 2,048 bits, which takes some 100 ms.
func NewKeyPair() (*KeyPair, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("rsa key: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("rsa key: %w", err)
	}
	return &KeyPair{key, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})}, nil
}

// PEM is the public key as clients are sent it.
func (k *KeyPair) PEM() []byte { return k.pem }

// Decrypt gives the password that a client encrypted, mixed with the challenge.
func (k *KeyPair) Decrypt(secret, challenge []byte) (string, error) {
	if len(secret) != k.key.Size() || len(challenge) == 0 {
		return "", fmt.Errorf("encrypted password: %w", ErrMalformed)
	}
	plain, err := rsa.DecryptOAEP(sha1.New(), nil, k.key, secret, nil)
	if err != nil {
		return "", fmt.Errorf("encrypted password: %w", ErrMalformed)
	}
	for i := range plain {
		plain[i] ^= challenge[i%len(challenge)]
	}
	if n := len(plain); n > 0 && plain[n-1] == 0 {
		plain = plain[:n-1]
	}
	return string(plain), nil
}

// EncryptPassword is what a client sends for KeyPair.Decrypt.
func EncryptPassword(password string, challenge []byte, key *rsa.PublicKey) ([]byte, error) {
	if len(challenge) == 0 {
		return nil, fmt.Errorf("encrypting the password: %w", ErrMalformed)
	}
	return mysql.EncryptPassword(password, challenge, key)
}

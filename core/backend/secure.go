package backend

import (
	"bytes"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"github.com/dbmesh/dbmesh/core"
)

// TLSMode is how a connection to a backend is encrypted.
type TLSMode uint8

// The modes. TLSPrefer encrypts without verifying, and stays in the clear where the server
// offers no TLS; TLSSkipVerify insists on TLS, but verifies nobody.
const (
	TLSOff TLSMode = iota
	TLSPrefer
	TLSVerify
	TLSSkipVerify
)

var modeNames = [...]string{"off", "prefer", "verify", "skip-verify"}

func (m TLSMode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return "invalid"
}

// parseMode reads the config's word. Without one, a CA means verify.
func parseMode(s core.ClientTLSSettings) (TLSMode, error) {
	if s.Mode == "" {
		if s.CA != "" {
			return TLSVerify, nil
		}
		return TLSPrefer, nil
	}
	for i, name := range modeNames {
		if name == s.Mode {
			m := TLSMode(i)
			if s.CA != "" && m != TLSVerify {
				return 0, fmt.Errorf("tls.ca is set, but mode %s verifies nobody", m)
			}
			return m, nil
		}
	}
	return 0, fmt.Errorf("tls.mode %q is none of off, prefer, verify, skip-verify", s.Mode)
}

// material is what a pool's files hold, read once per Prepare. It is immutable.
type material struct {
	mode  TLSMode
	files [4][]byte // CA, certificate, key and public key, to see whether they changed
	roots *x509.CertPool
	certs []tls.Certificate
	key   *rsa.PublicKey
}

func readMaterial(p *core.PoolSettings) (*material, error) {
	mode, err := parseMode(p.TLS)
	if err != nil {
		return nil, err
	}
	m := &material{mode: mode}
	for i, path := range []string{p.TLS.CA, p.TLS.Cert, p.TLS.Key, p.PublicKey} {
		if path == "" {
			continue
		}
		if m.files[i], err = os.ReadFile(path); err != nil {
			return nil, err // names the path
		}
	}
	if p.TLS.CA != "" {
		m.roots = x509.NewCertPool()
		if !m.roots.AppendCertsFromPEM(m.files[0]) {
			return nil, fmt.Errorf("tls.ca %s holds no certificate", p.TLS.CA)
		}
	}
	if (p.TLS.Cert == "") != (p.TLS.Key == "") {
		return nil, errors.New("tls.cert and tls.key need one another")
	}
	if p.TLS.Cert != "" {
		pair, err := tls.X509KeyPair(m.files[1], m.files[2])
		if err != nil {
			return nil, fmt.Errorf("tls.cert %s: %w", p.TLS.Cert, err)
		}
		m.certs = []tls.Certificate{pair}
	}
	if p.PublicKey != "" {
		if m.key, err = parsePublicKey(m.files[3]); err != nil {
			return nil, fmt.Errorf("public_key %s: %w", p.PublicKey, err)
		}
	}
	return m, nil
}

func parsePublicKey(text []byte) (*rsa.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("not PEM")
	}
	if key, err := x509.ParsePKCS1PublicKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("not an RSA key")
	}
	return key, nil
}

// same says whether the other material was read from the same bytes.
func (m *material) same(o *material) bool {
	if m.mode != o.mode {
		return false
	}
	for i := range m.files {
		if !bytes.Equal(m.files[i], o.files[i]) {
			return false
		}
	}
	return true
}

// sessionTickets is how many TLS sessions of one backend are kept for resumption: one is
// used up by each connection in TLS 1.3, and logins come in bursts.
const sessionTickets = 64

// config makes the TLS configuration for one backend.
func (m *material) config(p *core.PoolSettings, t target) (TLSMode, *tls.Config, error) {
	mode := m.mode
	if t.host == "" && p.TLS.Mode == "" && p.TLS.CA == "" {
		mode = TLSOff // a unix socket doesn't leave the machine
	}
	if mode == TLSOff {
		return mode, nil, nil
	}
	name := p.TLS.ServerName
	if name == "" {
		name = t.host
	}
	if name == "" && mode == TLSVerify {
		return 0, nil, errors.New("tls.server_name is needed to verify a server on a unix socket")
	}
	return mode, &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         name,
		RootCAs:            m.roots,
		Certificates:       m.certs,
		InsecureSkipVerify: mode != TLSVerify, // what prefer and skip-verify mean
		ClientSessionCache: tls.NewLRUClientSessionCache(sessionTickets),
	}, nil
}

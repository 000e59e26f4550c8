package servers

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// TLS is an authority with one certificate for servers and one for clients, each
// as PEM files and ready for use. Both certificates hold for localhost, 127.0.0.1
// and ::1 for a day; the client's common name is "client".
type TLS struct {
	CA         string // path of the authority's certificate
	ServerCert string
	ServerKey  string
	ClientCert string
	ClientKey  string

	roots  *x509.CertPool
	server tls.Certificate
	client tls.Certificate
}

// NewTLS makes fresh ECDSA keys and certificates and writes them into dir.
func NewTLS(dir string) (*TLS, error) {
	in := func(name string) string { return filepath.Join(dir, name) }
	t := &TLS{
		CA: in("ca.pem"), ServerCert: in("server.pem"), ServerKey: in("server.key"),
		ClientCert: in("client.pem"), ClientKey: in("client.key"),
	}
	authority, err := newIssuer()
	if err != nil {
		return nil, fmt.Errorf("make an authority: %w", err)
	}
	if err := write(t.CA, "CERTIFICATE", authority.cert.Raw); err != nil {
		return nil, err
	}
	if t.server, err = authority.issue("server", t.ServerCert, t.ServerKey); err != nil {
		return nil, err
	}
	if t.client, err = authority.issue("client", t.ClientCert, t.ClientKey); err != nil {
		return nil, err
	}
	t.roots = x509.NewCertPool()
	t.roots.AddCert(authority.cert)
	return t, nil
}

// Client verifies the server against the authority and shows no certificate.
func (t *TLS) Client() *tls.Config {
	return &tls.Config{RootCAs: t.roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}
}

// MutualClient is Client that also shows the client certificate.
func (t *TLS) MutualClient() *tls.Config {
	c := t.Client()
	c.Certificates = []tls.Certificate{t.client}
	return c
}

// Server shows the server certificate and verifies a client's if it shows one.
func (t *TLS) Server() *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{t.server}, ClientCAs: t.roots,
		ClientAuth: tls.VerifyClientCertIfGiven, MinVersion: tls.VersionTLS12,
	}
}

type issuer struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newIssuer() (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	body, err := template("dbmesh test authority")
	if err != nil {
		return nil, err
	}
	body.IsCA, body.BasicConstraintsValid, body.KeyUsage = true, true, x509.KeyUsageCertSign
	raw, err := x509.CreateCertificate(rand.Reader, body, body, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(raw)
	return &issuer{cert: cert, key: key}, err
}

func (i *issuer) issue(name, certPath, keyPath string) (tls.Certificate, error) {
	fail := func(err error) (tls.Certificate, error) {
		return tls.Certificate{}, fmt.Errorf("issue the %s certificate: %w", name, err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fail(err)
	}
	body, err := template(name)
	if err != nil {
		return fail(err)
	}
	body.KeyUsage = x509.KeyUsageDigitalSignature
	body.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	body.DNSNames = []string{"localhost"}
	body.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	raw, err := x509.CreateCertificate(rand.Reader, body, i.cert, key.Public(), i.key)
	if err != nil {
		return fail(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fail(err)
	}
	if err := write(certPath, "CERTIFICATE", raw); err != nil {
		return fail(err)
	}
	if err := write(keyPath, "PRIVATE KEY", private); err != nil {
		return fail(err)
	}
	return tls.LoadX509KeyPair(certPath, keyPath)
}

func template(name string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
	}, nil
}

func write(path, kind string, der []byte) error {
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		return fmt.Errorf("write a certificate: %w", err)
	}
	return nil
}

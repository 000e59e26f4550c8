package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core/config"
)

// fixtures makes a directory with the files that test configs name, and goes there.
func fixtures(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	write(t, "secret", "a password\n", 0o600)
	write(t, "open-secret", "a password\r\n", 0o644)
	write(t, "empty", "\n", 0o600)

	caKey, ca := key(t), template("test authority", 1)
	ca.IsCA, ca.BasicConstraintsValid = true, true
	caDER := sign(t, ca, ca, caKey, caKey)
	certificate, err := x509.ParseCertificate(caDER)
	must(t, err)
	serverKey := key(t)
	writePEM(t, "tls/ca.crt", "CERTIFICATE", caDER)
	writePEM(t, "tls/server.crt", "CERTIFICATE", sign(t, template("db.example", 2), certificate, serverKey, caKey))
	private, err := x509.MarshalPKCS8PrivateKey(serverKey)
	must(t, err)
	writePEM(t, "tls/server.key", "PRIVATE KEY", private)
	public, err := x509.MarshalPKIXPublicKey(&serverKey.PublicKey)
	must(t, err)
	writePEM(t, "tls/public.pem", "PUBLIC KEY", public)
}

func key(t *testing.T) *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return k
}

func template(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
}

func sign(t *testing.T, cert, parent *x509.Certificate, key, by *ecdsa.PrivateKey) []byte {
	der, err := x509.CreateCertificate(rand.Reader, cert, parent, &key.PublicKey, by)
	must(t, err)
	return der
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	write(t, path, string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})), 0o600)
}

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, []byte(content), mode))
	must(t, os.Chmod(path, mode)) // whatever the umask is
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// load loads a text that must be right.
func load(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Load(config.Source{Path: "dbmesh.yaml", Text: []byte(text)})
	must(t, err)
	return c
}

// wants fails unless the error's text is exactly these lines.
func wants(t *testing.T, err error, lines ...string) {
	t.Helper()
	got := "no error"
	if err != nil {
		got = err.Error()
	}
	if want := strings.Join(lines, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

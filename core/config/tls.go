package config

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"

	"github.com/dbmesh/dbmesh/core"
)

func (v validator) serverTLS(t *core.ServerTLSSettings, at string) {
	if t.Mode == "" {
		t.Mode = "off"
		if t.Cert != "" || t.Key != "" {
			t.Mode = "prefer"
		}
	}
	v.oneOf(at+".mode", t.Mode, "off", "prefer", "require")
	if (t.Mode == "prefer" || t.Mode == "require") && t.Cert == "" && t.Key == "" {
		v.add(at+".cert", "mode %s needs a certificate", t.Mode)
	}
	if t.Mode == "off" && t.ClientCA != "" {
		v.add(at+".client_ca", "has no use with mode off")
	}
	v.pair(&t.Cert, &t.Key, at)
	v.authorities(&t.ClientCA, at+".client_ca")
}

func (v validator) clientTLS(p *core.PoolSettings, at string) {
	t := &p.TLS
	if t.Mode == "" {
		t.Mode = "prefer"
		if t.CA != "" {
			t.Mode = "verify"
		} else if v.remote(p) {
			v.doc.warn(at, "the backends' certificates are not verified: set ca, or mode verify for the system's authorities, or say so with mode skip-verify")
		}
	}
	v.oneOf(at+".mode", t.Mode, "off", "prefer", "verify", "skip-verify")
	if t.CA != "" && t.Mode != "verify" {
		v.add(at+".ca", "has no use with mode %s; verify takes it", t.Mode)
	}
	v.pair(&t.Cert, &t.Key, at)
	v.authorities(&t.CA, at+".ca")
}

// remote says whether a pool has a backend that isn't on this machine.
func (v validator) remote(p *core.PoolSettings) bool {
	for _, b := range p.Backends {
		if !loopback(b.Address) {
			return true
		}
	}
	return false
}

// pair checks a certificate and its key, and makes their paths ones that can be opened.
func (v validator) pair(cert, key *string, at string) {
	switch {
	case *cert == "" && *key == "":
		return
	case *cert == "":
		v.add(at+".cert", "a key without a certificate")
		return
	case *key == "":
		v.add(at+".key", "a certificate without its key")
		return
	}
	certPEM, ok := v.file(cert, at+".cert")
	keyPEM, also := v.file(key, at+".key")
	if !ok || !also {
		return
	}
	if _, err := tls.X509KeyPair(certPEM, keyPEM); err != nil {
		v.add(at+".cert", "%s with key %s: %v", *cert, *key, err)
	}
}

func (v validator) authorities(path *string, key string) {
	if *path == "" {
		return
	}
	if data, ok := v.file(path, key); ok && !x509.NewCertPool().AppendCertsFromPEM(data) {
		v.add(key, "%s holds no certificate in PEM", *path)
	}
}

func (v validator) publicKey(path *string, key string) {
	if *path == "" {
		return
	}
	data, ok := v.file(path, key)
	if !ok {
		return
	}
	if block, _ := pem.Decode(data); block == nil || block.Type != "PUBLIC KEY" {
		v.add(key, "%s holds no PUBLIC KEY in PEM", *path)
	}
}

// file reads a file that a key names, so that it is watched.
func (v validator) file(path *string, key string) ([]byte, bool) {
	*path = v.doc.resolve(*path)
	data, err := v.Files.Read(*path)
	if err != nil {
		v.add(key, "%s: %v", *path, reason(err))
	}
	return data, err == nil
}

package login

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// secured is passthrough with TLS keys of the listener, and a second listener on a unix
// socket with the same.
func secured(t *testing.T, b *servers.Backend, keys string, files *servers.TLS) (*sidecar.Dbmesh, string) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	if len(socket) > 100 { // what a socket's address holds
		t.Fatal("the temporary folder's path is too long:", socket)
	}
	tls := "tls: {cert: " + files.ServerCert + ", key: " + files.ServerKey + keys + "}"
	return sidecar.With(t, `
listeners:
  - address: ${LISTEN}
    `+tls+`
  - address: unix:`+socket+`
    `+tls+`
pools:
  - name: backends
    health: {interval: 10s, timeout: 10s}
    backends:
      - address: ${BACKEND}
`, "BACKEND="+b.Addr), socket
}

func TestPlainLoginsAreRefusedWhereTLSIsRequired(t *testing.T) {
	b := shared.MariaDB(t).Backend
	d, socket := secured(t, b, ", mode: require", b.TLS)
	r, err := dial(t, "tcp", d.Addr)
	must(t, err)
	if err := r.login(servers.AppUser, servers.AppPassword, ""); code(err) != 3159 {
		t.Errorf("a plain login: %v", err)
	}
	for _, c := range allClients(t) {
		at := attempt{User: servers.AppUser, Password: servers.AppPassword, Port: d.Port}
		if r := try(t, c, at); r.Code != 3159 {
			t.Errorf("%s without TLS: %s", c.name(), r)
		}
		at.CA = b.TLS.CA
		if r := try(t, c, at); !r.ok() {
			t.Errorf("%s with TLS: %s", c.name(), r)
		}
	}
	r, err = dial(t, "unix", socket)
	must(t, err)
	must(t, r.login(servers.AppUser, servers.AppPassword, "")) // nobody can listen there
}

func TestClientsWithoutACertificateAreRefusedWhereOneIsAskedFor(t *testing.T) {
	b := shared.MariaDB(t).Backend
	d, _ := secured(t, b, ", mode: require, client_ca: "+b.TLS.CA, b.TLS)
	for _, c := range allClients(t) {
		at := attempt{User: servers.AppUser, Password: servers.AppPassword, Port: d.Port, CA: b.TLS.CA}
		if r := try(t, c, at); r.ok() {
			t.Errorf("%s logs in without a certificate", c.name())
		}
		at.Cert, at.Key = b.TLS.ClientCert, b.TLS.ClientKey
		if r := try(t, c, at); !r.ok() {
			t.Errorf("%s with a certificate: %s", c.name(), r)
		}
	}
}

// gathering sends two writes as one, as a client that does not wait may.
type gathering struct {
	net.Conn
	held []byte
	left int
}

func (g *gathering) Write(b []byte) (int, error) {
	if g.left--; g.left >= 0 {
		g.held = append(g.held, b...)
		return len(b), nil
	}
	if _, err := g.Conn.Write(append(g.held, b...)); err != nil {
		return 0, err
	}
	g.held = nil
	return len(b), nil
}

func TestTheClientsHelloMayComeWithThePacketThatAsksForTLS(t *testing.T) {
	b := shared.MariaDB(t).Backend
	d, _ := secured(t, b, "", b.TLS)
	r, err := dial(t, "tcp", d.Addr)
	must(t, err)
	r.net = &gathering{Conn: r.net, left: 1}
	r.Reset(r.net)
	must(t, r.startTLS(b.TLS.Client()))
	must(t, r.login(servers.AppUser, servers.AppPassword, ""))
}

// TestPlainBytesBehindTheSwitchToTLSAreNeverTakenForPackets injects a plain login where
// the handshake must begin.
func TestPlainBytesBehindTheSwitchToTLSAreNeverTakenForPackets(t *testing.T) {
	b := shared.MariaDB(t).Backend
	d, _ := secured(t, b, "", b.TLS)
	r, err := dial(t, "tcp", d.Addr)
	must(t, err)
	r.net = &gathering{Conn: r.net, left: 1}
	r.Reset(r.net)
	r.caps |= 1 << 11
	must(t, r.WritePacket(append([]byte{byte(r.caps), byte(r.caps >> 8), byte(r.caps >> 16), byte(r.caps >> 24)}, make([]byte, 28)...)))
	if err := r.login(servers.AppUser, servers.AppPassword, ""); err == nil {
		t.Fatal("a plain login was taken inside TLS")
	}
}

// TestNewCertificatesServeNewConnections puts another pair into the place of the files.
func TestNewCertificatesServeNewConnections(t *testing.T) {
	b := shared.MariaDB(t).Backend
	files, err := servers.NewTLS(t.TempDir())
	must(t, err)
	d, _ := secured(t, b, "", files)
	d.Complains = true
	handshake := func(c *tls.Config) (*raw, string) {
		r, err := dial(t, "tcp", d.Addr)
		must(t, err)
		if err := r.startTLS(c); err != nil {
			return nil, err.Error()
		}
		return r, "trusted"
	}
	old, outcome := handshake(files.Client())
	if outcome != "trusted" {
		t.Fatal(outcome)
	}
	must(t, old.login(servers.AppUser, servers.AppPassword, ""))
	next, err := servers.NewTLS(t.TempDir())
	must(t, err)
	// A pair that does not match must change nothing.
	broken, err := os.ReadFile(next.ServerKey)
	must(t, err)
	good, err := os.ReadFile(files.ServerKey)
	must(t, err)
	must(t, os.WriteFile(files.ServerKey, broken, 0o600))
	d.Signal(syscall.SIGHUP)
	eventually(t, func() error { return said(d) })
	if _, outcome := handshake(files.Client()); outcome != "trusted" {
		t.Errorf("after a broken pair: %s", outcome)
	}
	must(t, os.WriteFile(files.ServerKey, good, 0o600))
	for from, to := range map[string]string{next.ServerCert: files.ServerCert, next.ServerKey: files.ServerKey} {
		text, err := os.ReadFile(from)
		must(t, err)
		must(t, os.WriteFile(to, text, 0o600))
	}
	d.Signal(syscall.SIGHUP)
	eventually(t, func() error {
		if _, outcome := handshake(next.Client()); outcome != "trusted" {
			return errString(outcome)
		}
		return nil
	})
	if _, outcome := handshake(files.Client()); outcome == "trusted" {
		t.Error("the old authority is still good")
	}
	old.mustValue(t, "SELECT 1") // live sessions go on
}

type errString string

func (e errString) Error() string { return string(e) }

// said looks for a complaint about the pair in the log.
func said(d *sidecar.Dbmesh) error {
	if !strings.Contains(d.Log(), "private key does not match public key") {
		return errString("the log does not say what is wrong")
	}
	return nil
}

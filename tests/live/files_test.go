package live

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// Files that the config names are watched like itself: a renewed certificate is what the
// next client gets, a changed secret is what the next login needs; sessions go on.
func TestRenewedCertificatesAndSecretsApply(t *testing.T) {
	server := shared.MariaDB(t).Backend
	dir := t.TempDir()
	pair := func(name string) *servers.TLS {
		folder := filepath.Join(dir, name)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		made, err := servers.NewTLS(folder)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	first, second := pair("first"), pair("second")
	cert, key, secret := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "password")
	put := func(path string, text []byte) {
		if err := os.WriteFile(path+".new", text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	install := func(made *servers.TLS) {
		for from, to := range map[string]string{made.ServerKey: key, made.ServerCert: cert} {
			text, err := os.ReadFile(from)
			if err != nil {
				t.Fatal(err)
			}
			put(to, text)
		}
	}
	install(first)
	put(secret, []byte("old\n"))
	s := before(server, usualLinks)
	s.listener = fmt.Sprintf("tls: {mode: prefer, cert: %q, key: %q}", cert, key)
	s.auth = fmt.Sprintf("{kind: auth, mode: list, users: [{name: app, password: \"file:%s\", backend: {user: app, password: app}}]}", secret)
	p := startProcess(t, s.text())
	encrypted := func(c *mysql.Config) { c.TLSConfig = "skip-verify" }
	c := session(t, driver(t, p.addr, "app", "old", encrypted))
	was := served(t, p.addr)

	install(second)
	until(t, patience, "the new certificate is served", func() bool { return served(t, p.addr) != was })
	run(t, c, "DO 1")
	put(secret, []byte("new\n"))
	until(t, patience, "the new password is needed", func() bool {
		return try(driver(t, p.addr, "app", "new", encrypted), "DO 1") == nil
	})
	if err := try(driver(t, p.addr, "app", "old"), "DO 1"); code(err) != 1045 {
		t.Errorf("a login with the old password: %v", err)
	}
	run(t, c, "DO 1")
	for _, word := range []string{"old", "new"} {
		if strings.Contains(p.text(), "password="+word) {
			t.Errorf("the log tells the password %q", word)
		}
	}
}

// served is the serial number of the certificate that a client gets.
func served(t *testing.T, addr string) string {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	c := wire.NewConn(conn)
	if _, err := c.ReadPacket(); err != nil {
		t.Fatal(err)
	}
	l := wire.Login{Caps: rawCaps | wire.SSL, MaxPacket: 1 << 24, Collation: 45}
	if err := c.WritePacket(l.AppendSSLRequest(nil)); err != nil {
		t.Fatal(err)
	}
	encrypted := tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	if err := encrypted.Handshake(); err != nil {
		t.Fatal(err)
	}
	return encrypted.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

// SIGUSR1 begins a new slow log after the old one was moved away.
func TestSIGUSR1ReopensTheSlowLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "slow.log")
	p := startProcess(t, before(shared.MariaDB(t).Backend, usualLinks+fmt.Sprintf("{kind: slow-log, threshold: 1ms, file: %q}\n", path)).text())
	db := app(t, p.addr)
	has := func(path, text string) func() bool {
		return func() bool {
			b, err := os.ReadFile(path)
			return err == nil && strings.Contains(string(b), text)
		}
	}
	run(t, db, "DO SLEEP(0.01) /* one */")
	until(t, patience, "the statement is in the log", has(path, "one"))
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	run(t, db, "DO SLEEP(0.01) /* two */")
	until(t, patience, "the statement is in the moved log", has(path+".1", "two"))
	p.signal(t, syscall.SIGUSR1)
	until(t, patience, "statements go to a new log", func() bool {
		run(t, db, "DO SLEEP(0.01) /* three */")
		return has(path, "three")()
	})
}

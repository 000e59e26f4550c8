package proxy

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// offerTLS has the listener offer TLS to clients.
func (m *mesh) offerTLS() {
	m.t.Helper()
	cfg := certificate(m.t)
	dir := m.t.TempDir()
	der, err := x509.MarshalPKCS8PrivateKey(cfg.Certificates[0].PrivateKey)
	if err != nil {
		m.t.Fatal(err)
	}
	write := func(name, kind string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			m.t.Fatal(err)
		}
		return path
	}
	m.settings.Listeners = []core.ListenerSettings{{TLS: core.ServerTLSSettings{
		Mode: "prefer", Cert: write("cert", "CERTIFICATE", cfg.Certificates[0].Certificate[0]), Key: write("key", "PRIVATE KEY", der),
	}}}
}

// secure switches a client that has read the greeting to TLS.
func (p *peer) secure(t *testing.T) {
	t.Helper()
	l := wire.Login{Caps: meshCaps | wire.SSL, MaxPacket: 1 << 24, Collation: 45}
	if err := p.WritePacket(l.AppendSSLRequest(nil)); err != nil {
		t.Fatal(err)
	}
	c := tls.Client(p.raw, &tls.Config{InsecureSkipVerify: true})
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	p.Reset(c)
	p.raw = c
}

// Whoever sits on the plain hop to the backend may pretend to be it. A client inside TLS
// believes that it is asked for its password by somebody whom it may tell.
func TestAPlainBackendCanNotAskAClientInsideTLSForItsPassword(t *testing.T) {
	for name, asks := range map[string]func(p *peer){
		"by the greeting's plugin": func(p *peer) {},
		"by a switch to sm3": func(p *peer) {
			_ = p.WritePacket(wire.Switch{Plugin: "tidb_sm3_password", Data: bytes.Repeat([]byte("a"), 20)}.Append(nil))
			_, _ = p.ReadPacket()
		},
		"by a switch to native": func(p *peer) {
			_ = p.WritePacket(wire.Switch{Plugin: wire.Native, Data: bytes.Repeat([]byte("a"), 20)}.Append(nil))
			_, _ = p.ReadPacket()
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := make(chan []byte, 1)
			m := &mesh{t: t, auth: func(p *peer, _ *wire.Login) bool {
				asks(p)
				_ = p.WritePacket([]byte{wire.HeaderMoreData, wire.SHA2Full})
				b, _ := p.ReadPacket()
				got <- bytes.Clone(b)
				return false
			}}
			m.account.Passthrough, m.account.Plugin = true, wire.Native
			m.offerTLS()
			m.start()
			c := m.dial()
			c.secure(t)
			l := wire.Login{Caps: meshCaps | wire.SSL, MaxPacket: 1 << 24, Collation: 45, User: "app", Plugin: wire.SHA2, Auth: make([]byte, 32)}
			_ = c.WritePacket(l.Append(nil))
			for {
				b, err := c.ReadPacket()
				if err != nil || b[0] == wire.HeaderErr {
					break
				}
				answer := []byte("an answer")
				if b[0] == wire.HeaderMoreData {
					answer = []byte("password-canary\x00")
				}
				_ = c.WritePacket(answer)
			}
			_ = c.raw.Close()
			if b := <-got; bytes.Contains(b, []byte("canary")) {
				t.Errorf("the backend got %q over a plain connection", b)
			}
		})
	}
}

func TestALoginThatIsCutOffDoesNotWaitForAFrozenBackend(t *testing.T) {
	done := make(chan struct{})
	m := &mesh{t: t, auth: func(p *peer, _ *wire.Login) bool {
		_ = p.WritePacket(wire.Switch{Plugin: wire.Native, Data: bytes.Repeat([]byte("a"), 20)}.Append(nil))
		<-done // frozen
		return false
	}}
	defer close(done)
	m.account.Passthrough, m.account.Plugin = true, wire.Native
	m.settings.Listeners = []core.ListenerSettings{{LoginTimeout: 2 * time.Second}}
	m.start()
	c := m.dial()
	l := wire.Login{Caps: meshCaps, MaxPacket: 1 << 24, Collation: 45, User: "app", Plugin: wire.Native}
	_ = c.WritePacket(l.Append(nil))
	if b, err := c.ReadPacket(); err != nil || b[0] != wire.HeaderEOF {
		t.Fatalf("%x, %v", b, err)
	}
	// The client does not answer, and does not go.
	m.until("the session ends", func() bool { return m.srv.Sessions() == 0 })
}

func TestAChangeOfUserThatTheClientDoesNotFinishIsCutOff(t *testing.T) {
	m := &mesh{t: t, serve: func(p *peer) { p.commands(func([]byte) error { return p.ok() }) }}
	m.settings.Listeners = []core.ListenerSettings{{LoginTimeout: 2 * time.Second}}
	m.start()
	c := m.client()
	u := wire.UserChange{User: "other", Collation: 45, Plugin: wire.Native}
	if b, err := c.command(u.Append(nil, meshCaps)...); err != nil || b[0] != wire.HeaderEOF {
		t.Fatalf("%x, %v", b, err)
	}
	m.until("the session ends", func() bool { return m.srv.Sessions() == 0 })
}

func TestAChangeOfUserLeavesNoRunningCommandOnTheBooks(t *testing.T) {
	m := &mesh{t: t, serve: func(p *peer) { p.commands(func([]byte) error { return p.ok() }) }}
	m.start()
	c := m.client()
	u := wire.UserChange{User: "other", Collation: 45, Plugin: wire.Native}
	if b, err := c.command(u.Append(nil, meshCaps)...); err != nil || b[0] != wire.HeaderEOF {
		t.Fatalf("%x, %v", b, err)
	}
	_ = c.WritePacket(nil)
	if b, err := c.ReadPacket(); err != nil || b[0] != wire.HeaderOK {
		t.Fatalf("%x, %v", b, err)
	}
	if b, err := c.query("SELECT 1"); err != nil || b[0] != wire.HeaderOK {
		t.Fatalf("%x, %v", b, err)
	}
	m.until("nothing runs", func() bool { return m.fake().Running() == 0 })
}

func TestABackendCanNotDrawALoginOutForever(t *testing.T) {
	m := &mesh{t: t, auth: func(p *peer, _ *wire.Login) bool {
		_ = p.WritePacket(wire.Switch{Plugin: wire.SHA2, Data: bytes.Repeat([]byte("a"), 20)}.Append(nil))
		_, _ = p.ReadPacket()
		for range 1000 {
			if p.WritePacket([]byte{wire.HeaderMoreData, wire.SHA2FastOK}) != nil {
				return false
			}
		}
		_, _ = p.ReadPacket()
		return false
	}}
	m.account.Passthrough, m.account.Plugin = true, wire.Native
	m.start()
	c := m.dial()
	_ = c.raw.SetDeadline(time.Now().Add(8 * time.Second)) // less than the login may take
	l := wire.Login{Caps: meshCaps, MaxPacket: 1 << 24, Collation: 45, User: "app", Plugin: wire.Native}
	_ = c.WritePacket(l.Append(nil))
	_, _ = c.ReadPacket()
	_ = c.WritePacket(make([]byte, 32))
	for {
		b, err := c.ReadPacket()
		if err != nil {
			t.Fatalf("the login goes on: %v", err)
		}
		if b[0] == wire.HeaderErr {
			return
		}
	}
}

package backend

import (
	"bytes"
	"crypto/tls"
	"net"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// fakeCaps are what a MySQL 8 offers, as far as dbmesh looks at it.
const fakeCaps = wire.LongPassword | wire.FoundRows | wire.ConnectWithDB | wire.Protocol41 | wire.SecureConn |
	wire.MultiStmts | wire.MultiResults | wire.PluginAuth | wire.ConnectAttrs | wire.AuthLenenc |
	wire.SessionTrack | wire.DeprecateEOF | wire.QueryAttrs

var challenge = []byte("abcdefghijklmnopqrst")

// fake is the server's end of a connection, driven by a script that runs in its own
// goroutine. Everything that the client sent is kept.
type fake struct {
	*wire.Conn
	t    *testing.T
	raw  net.Conn
	seen bytes.Buffer
	tls  bool
}

func (f *fake) Read(b []byte) (int, error) {
	n, err := f.raw.Read(b)
	f.seen.Write(b[:n])
	return n, err
}

func (f *fake) Write(b []byte) (int, error) { return f.raw.Write(b) }

func (f *fake) packet() []byte {
	p, err := f.ReadPacket()
	if err != nil {
		return nil
	}
	return append([]byte(nil), p...)
}

func (f *fake) send(p []byte) { _ = f.WritePacket(p) }

func (f *fake) greet(caps wire.Caps, plugin string) {
	g := &wire.Greeting{
		Version: "8.4.0-fake", ConnectionID: 7, Scramble: challenge, Caps: caps, Collation: 255, Status: 2, Plugin: plugin,
	}
	f.send(g.Append(nil))
}

// login reads the login packet, doing TLS first if the client asks for it.
func (f *fake) login(certs *tls.Config) *wire.Login {
	p := f.packet()
	l, wantsTLS, err := wire.ParseLogin(p)
	if err != nil {
		f.t.Logf("fake: %v", err)
		return &wire.Login{}
	}
	if !wantsTLS {
		return l
	}
	c := tls.Server(&ahead{f.raw, f.Reset(f)}, certs)
	if err := c.Handshake(); err != nil {
		return &wire.Login{}
	}
	f.raw, f.tls = c, true
	l, _, err = wire.ParseLogin(f.packet())
	if err != nil {
		f.t.Errorf("fake: login inside TLS: %v", err)
		return &wire.Login{}
	}
	return l
}

// ahead gives what was read ahead before it goes on reading.
type ahead struct {
	net.Conn
	b []byte
}

func (a *ahead) Read(b []byte) (int, error) {
	if len(a.b) == 0 {
		return a.Conn.Read(b)
	}
	n := copy(b, a.b)
	a.b = a.b[n:]
	return n, nil
}

func (f *fake) ok() { f.send(wire.AppendOK(nil, wire.OK{Status: 2}, wire.Protocol41)) }

func (f *fake) deny() {
	f.send(wire.AppendErr(nil, &wire.Err{Code: 1045, State: "28000", Message: "Access denied"}, wire.Protocol41))
}

// play runs the script against a Stream that it returns. The script has ended when the
// returned function does; both ends are closed then.
func play(t *testing.T, script func(*fake)) (*NetStream, func() *fake) {
	t.Helper()
	client, server := loopback(t)
	deadline := time.Now().Add(10 * time.Second)
	_ = client.SetDeadline(deadline)
	_ = server.SetDeadline(deadline)
	f := &fake{t: t, raw: server}
	f.Conn = wire.NewConn(f)
	done := make(chan struct{})
	go func() {
		defer close(done)
		script(f)
		_ = server.Close()
	}()
	end := func() *fake {
		_ = client.Close()
		<-done
		return f
	}
	t.Cleanup(func() { end() })
	return &NetStream{client}, end
}

// loopback gives both ends of a TCP connection. A net.Pipe has no buffer, and TLS needs one
// for the tickets that a server sends unasked.
func loopback(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return client, server
}

// prepared makes the Source of a pool with one backend, without probing it.
func prepared(t *testing.T, p core.PoolSettings) *Source {
	t.Helper()
	s := New(nil, nil)
	t.Cleanup(s.Close)
	if p.Name == "" {
		p.Name = "main"
	}
	if len(p.Backends) == 0 {
		p.Backends = []core.BackendSettings{{Address: "127.0.0.1:3306"}}
	}
	next, err := s.Prepare([]core.PoolSettings{p})
	if err != nil {
		t.Fatal(err)
	}
	return next.pools[0].sources[0]
}

// plain is a pool that uses no TLS.
func plain() core.PoolSettings {
	return core.PoolSettings{TLS: core.ClientTLSSettings{Mode: "off"}}
}

// hello is a login as a modern client brings it.
func hello() Hello {
	return Hello{
		User: "app", Password: core.NewSecret("secret-canary"), Schema: "shop", Caps: fakeCaps, Collation: 45, MaxPacket: 1 << 24,
	}
}

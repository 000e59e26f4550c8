package proxy

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/wire"
)

// meshCaps are what the fake server offers and its clients ask for.
const meshCaps = wire.LongPassword | wire.ConnectWithDB | wire.Protocol41 | wire.SecureConn | wire.PluginAuth |
	wire.MultiStmts | wire.MultiResults | wire.LocalFiles | wire.DeprecateEOF

// mesh is dbmesh before one fake server, in process.
type mesh struct {
	t        *testing.T
	srv      *Server
	set      *backend.Set
	settings core.Settings
	log      *slog.Logger

	// What a test may set before start.
	account core.Account
	links   []core.Kind
	version string      // of the fake server; "" for one that is no MariaDB
	caps    wire.Caps   // that it offers beside meshCaps
	tls     *tls.Config // of the fake server
	auth    func(*peer, *wire.Login) bool
	serve   func(*peer) // one connection in its command phase
	pooling core.PoolingSettings
	loops   int // 0 for one

	accepted sync.WaitGroup
}

// peer is one end of a connection: the fake server's or a client's.
type peer struct {
	*wire.Conn
	raw net.Conn
	tcp *net.TCPConn
}

// admits is a filter that gives every session the account.
type admits struct{ account *core.Account }

func (a admits) OnConnect(_ context.Context, s *core.Session) (core.Verdict, error) {
	s.Account = a.account
	return core.Continue(), nil
}

func (m *mesh) start() {
	m.t.Helper()
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		m.t.Fatal(err)
	}
	m.accepted.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			m.accepted.Go(func() { m.backend(c) })
		}
	})
	m.set = backend.New(m.log, nil)
	pool := core.PoolSettings{Name: "main", Backends: []core.BackendSettings{{Name: "fake", Address: l.Addr().String()}},
		Health: core.HealthSettings{Interval: time.Hour, Timeout: 5 * time.Second}, Pooling: m.pooling}
	pool.TLS.Mode = "off"
	if m.tls != nil {
		pool.TLS.Mode = "skip-verify"
	}
	next, err := m.set.Prepare([]core.PoolSettings{pool})
	if err != nil {
		m.t.Fatal(err)
	}
	m.set.Commit(next)
	m.set.Probe(m.t.Context())
	m.srv, err = New(Options{Log: m.log, Reporter: noReports{}, Backends: m.set, Loops: cmp.Or(m.loops, 1)})
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { m.srv.Close(); m.set.Close(); l.Close(); m.accepted.Wait() })
	m.settings.Limits.MaxStatements, m.settings.Limits.MaxAllStatements, m.settings.Limits.MaxLogins = 100, 100, 1000
	if m.settings.Limits.InspectLimit == 0 {
		m.settings.Limits.InspectLimit = 1 << 20
	}
	set := &m.settings
	if len(set.Listeners) == 0 {
		set.Listeners = []core.ListenerSettings{{}}
	}
	ls := &set.Listeners[0]
	ls.Name, ls.Chain, ls.Pool = "main", "main", "main"
	if ls.Address == "" {
		ls.Address = "127.0.0.1:0"
	}
	if ls.LoginTimeout == 0 {
		ls.LoginTimeout = 10 * time.Second
	}
	m.commit()
}

func (m *mesh) commit() {
	m.t.Helper()
	if m.account.Plugin == "" {
		m.account.Plugin, m.account.NoPassword, m.account.BackendUser = wire.Native, true, "app"
	}
	reg := core.Registry{"admit": {New: func(string, core.Decode) (core.Filter, error) { return admits{&m.account}, nil }}}
	specs := []core.Spec{{Name: "admit", Kind: "admit"}}
	for i, k := range m.links {
		name := string(rune('a' + i))
		reg[name] = k
		specs = append(specs, core.Spec{Name: name, Kind: name})
	}
	ch, err := (&core.Builder{Registry: reg, Log: m.log}).Build("main", specs)
	if err != nil {
		m.t.Fatal(err)
	}
	next, err := m.srv.Prepare(&m.settings, map[string]*core.Chain{"main": ch})
	if err != nil {
		m.t.Fatal(err)
	}
	m.srv.Commit(next)
}

// backend is the fake server: it lets everybody in but probes.
func (m *mesh) backend(c net.Conn) {
	defer c.Close()
	p := &peer{wire.NewConn(c), c, c.(*net.TCPConn)}
	g := wire.Greeting{Version: cmp.Or(m.version, "8.4.0-fake"), ConnectionID: 7, Scramble: wire.NewScramble(), Caps: meshCaps | m.caps, Status: 2, Plugin: wire.Native}
	if m.tls != nil {
		g.Caps |= wire.SSL
	}
	if p.WritePacket(g.Append(nil)) != nil {
		return
	}
	l, asks, err := m.login(p)
	if err == nil && asks {
		t := tls.Server(&ahead{c, p.Reset(nil)}, m.tls)
		if t.Handshake() != nil {
			return
		}
		p.Reset(t)
		p.raw = t
		l, _, err = m.login(p)
	}
	if err != nil {
		return
	}
	if l.User == "dbmesh_health" {
		_ = p.WritePacket(wire.AppendErr(nil, &wire.Err{Code: 1045, State: "28000", Message: "no"}, wire.Protocol41))
		return
	}
	if m.auth != nil && !m.auth(p, l) {
		return
	}
	if p.ok() != nil || m.serve == nil {
		return
	}
	p.Limit = 32 << 20
	m.serve(p)
}

func (m *mesh) login(p *peer) (*wire.Login, bool, error) {
	b, err := p.ReadPacket()
	if err != nil {
		return nil, false, err
	}
	return wire.ParseLogin(b)
}

type ahead struct {
	net.Conn
	b []byte
}

func (a *ahead) Read(p []byte) (int, error) {
	if len(a.b) > 0 {
		n := copy(p, a.b)
		a.b = a.b[n:]
		return n, nil
	}
	return a.Conn.Read(p)
}

func (p *peer) ok() error { return p.WritePacket(wire.AppendOK(nil, wire.OK{Status: 2}, meshCaps)) }

// commands answers each command by do until the connection ends.
func (p *peer) commands(do func(command []byte) error) {
	for {
		p.Seq = 0
		b, err := p.ReadPacket()
		if err != nil || do(b) != nil {
			return
		}
	}
}

// command sends one command and reads one packet of the answer.
func (p *peer) command(b ...byte) ([]byte, error) {
	p.Seq = 0
	if err := p.WritePacket(b); err != nil {
		return nil, err
	}
	return p.ReadPacket()
}

func (p *peer) query(sql string) ([]byte, error) {
	return p.command(append([]byte{byte(core.Query)}, sql...)...)
}

// dial connects a client that has read the greeting.
func (m *mesh) dial() *peer {
	m.t.Helper()
	c, err := net.Dial("tcp", m.srv.Addr("main").String())
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	p := &peer{wire.NewConn(c), c, c.(*net.TCPConn)}
	if _, err := p.ReadPacket(); err != nil {
		m.t.Fatal(err)
	}
	return p
}

// client is a client that has logged in.
func (m *mesh) client() *peer {
	m.t.Helper()
	p := m.dial()
	l := wire.Login{Caps: meshCaps, MaxPacket: 1 << 24, Collation: 45, User: "app", Plugin: wire.Native}
	if err := p.WritePacket(l.Append(nil)); err != nil {
		m.t.Fatal(err)
	}
	b, err := p.ReadPacket()
	if err != nil || b[0] != wire.HeaderOK {
		m.t.Fatalf("login: %x, %v", b, err)
	}
	return p
}

// fake gives the one backend.
func (m *mesh) fake() *core.Backend { return m.set.Sources()[0].Backend }

// until polls for what must become true.
func (m *mesh) until(what string, ok func() bool) {
	m.t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			m.t.Fatalf("never so: %s", what)
		}
	}
}

func certificate(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// noReports is a Reporter that keeps nothing.
type noReports struct{}

func (noReports) Session(string, int)                                  {}
func (noReports) Login(string, string)                                 {}
func (noReports) Commands(string, string) CommandReporter              { return noReports{} }
func (noReports) Refused(string, core.Side)                            {}
func (noReports) Add(core.Code, time.Duration, uint64, uint64, uint64) {}

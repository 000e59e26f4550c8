package login

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/dbmesh/dbmesh/core/wire"
)

// fakeServer is a FAKE of a MySQL 8 server: no such server can be had, and neither MariaDB
// nor TiDB exchanges passwords by RSA. It has one account and knows what a login needs.
type fakeServer struct {
	addr     string
	password string
	plugin   string // of its account, named "app"
	keys     *wire.KeyPair
	tls      *tls.Config // nil for a server without TLS

	mu     sync.Mutex
	cached bool     // whether the account's quick answers are known
	seen   []string // what clients sent that holds the password: "clear", "rsa"
}

// fakeKeys is one key for all fakes, for it takes long to make.
var fakeKeys = sync.OnceValues(wire.NewKeyPair)

func startFake(t *testing.T, password, plugin string, secured *tls.Config) *fakeServer {
	t.Helper()
	keys, err := fakeKeys()
	must(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	f := &fakeServer{addr: l.Addr().String(), password: password, plugin: plugin, keys: keys, tls: secured}
	var sessions sync.WaitGroup
	var open sync.Map
	sessions.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Store(c, nil)
			sessions.Go(func() {
				_ = f.serve(c) // a broken login shows in what its client got
				_ = c.Close()
				open.Delete(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		open.Range(func(c, _ any) bool { _ = c.(net.Conn).Close(); return true })
		sessions.Wait()
	})
	return f
}

// key writes the public key to a file.
func (f *fakeServer) key(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "backend.pub")
	must(t, os.WriteFile(path, f.keys.PEM(), 0o600))
	return path
}

func (f *fakeServer) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cached, f.seen = false, nil
}

func (f *fakeServer) passwordsSeen() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}

var errFake = errors.New("fake: refused")

func (f *fakeServer) serve(n net.Conn) error {
	c := wire.NewConn(n)
	g := &wire.Greeting{
		Version: "8.0.99-fake", ConnectionID: 7, Scramble: wire.NewScramble(), Collation: 45, Status: wire.StatusAutocommit, Plugin: wire.SHA2,
		Caps: rawCaps | wire.LongPassword | wire.ConnectWithDB | wire.DeprecateEOF,
	}
	if f.tls != nil {
		g.Caps |= wire.SSL
	}
	if err := c.WritePacket(g.Append(nil)); err != nil {
		return err
	}
	p, err := c.ReadPacket()
	if err != nil {
		return err
	}
	l, secure, err := wire.ParseLogin(p)
	if err != nil {
		return err
	}
	if secure {
		early := &readAhead{Conn: n, ahead: c.Reset(nil)}
		inside := tls.Server(early, f.tls)
		if err := inside.Handshake(); err != nil {
			return err
		}
		c.Reset(inside)
		if p, err = c.ReadPacket(); err != nil {
			return err
		}
		if l, _, err = wire.ParseLogin(p); err != nil {
			return err
		}
	}
	challenge, answer := g.Scramble, bytes.Clone(l.Auth)
	if l.Plugin != f.plugin {
		challenge = wire.NewScramble()
		if err := c.WritePacket(wire.Switch{Plugin: f.plugin, Data: challenge}.Append(nil)); err != nil {
			return err
		}
		if p, err = c.ReadPacket(); err != nil {
			return err
		}
		answer = bytes.Clone(p)
	}
	if err := f.check(c, l.User, answer, challenge, secure); err != nil {
		refusal := &wire.Err{Code: 1045, State: "28000", Message: "Access denied for user '" + l.User + "'@'fake' (using password: YES)"}
		return c.WritePacket(wire.AppendErr(nil, refusal, l.Caps))
	}
	if err := c.WritePacket(wire.AppendOK(nil, wire.OK{Status: wire.StatusAutocommit}, l.Caps)); err != nil {
		return err
	}
	return f.commands(c, l.Caps)
}

// readAhead gives bytes again that were read too early.
type readAhead struct {
	net.Conn
	ahead []byte
}

func (r *readAhead) Read(p []byte) (int, error) {
	if len(r.ahead) == 0 {
		return r.Conn.Read(p)
	}
	n := copy(p, r.ahead)
	r.ahead = r.ahead[n:]
	return n, nil
}

// check is nil if the client has proved the account's password.
func (f *fakeServer) check(c *wire.Conn, user string, answer, challenge []byte, secure bool) error {
	f.mu.Lock()
	cached := f.cached
	f.mu.Unlock()
	switch {
	case len(answer) < 2: // an empty password
		return errFake
	case f.plugin == wire.Clear:
		f.saw("clear")
		return f.same(user, string(bytes.TrimSuffix(answer, []byte{0})))
	case cached && wire.VerifySHA2(answer, challenge, wire.SHA2Hash(f.password)) && user == "app":
		return c.WritePacket([]byte{wire.HeaderMoreData, wire.SHA2FastOK})
	}
	if err := c.WritePacket([]byte{wire.HeaderMoreData, wire.SHA2Full}); err != nil {
		return err
	}
	p, err := c.ReadPacket()
	if err != nil {
		return err
	}
	if secure {
		f.saw("clear")
		return f.same(user, string(bytes.TrimSuffix(p, []byte{0})))
	}
	if len(p) == 1 && p[0] == wire.SHA2KeyWanted {
		if err := c.WritePacket(append([]byte{wire.HeaderMoreData}, f.keys.PEM()...)); err != nil {
			return err
		}
		if p, err = c.ReadPacket(); err != nil {
			return err
		}
	}
	if len(p) < 2 {
		return errFake
	}
	password, err := f.keys.Decrypt(p, challenge)
	if err != nil {
		f.saw("unreadable")
		return errFake
	}
	f.saw("rsa")
	return f.same(user, password)
}

func (f *fakeServer) saw(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, what)
}

func (f *fakeServer) same(user, password string) error {
	if user != "app" || password != f.password {
		return errFake
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cached = true
	return nil
}

// commands answers every query with one cell and all else with OK.
func (f *fakeServer) commands(c *wire.Conn, caps wire.Caps) error {
	for {
		c.Seq = 0
		p, err := c.ReadPacket()
		if err != nil || p[0] == 0x01 {
			return err
		}
		if p[0] != 0x03 {
			if err := c.WritePacket(wire.AppendOK(nil, wire.OK{Status: wire.StatusAutocommit}, caps)); err != nil {
				return err
			}
			continue
		}
		c.Seq = 1
		if err := f.result(c, caps); err != nil {
			return err
		}
	}
}

func (f *fakeServer) result(c *wire.Conn, caps wire.Caps) error {
	frames, _ := wire.AppendResult(nil, []string{"who"}, [][][]byte{{[]byte("fake")}}, caps, 45, wire.StatusAutocommit, 1)
	for len(frames) > 0 {
		n := wire.HeaderLen + wire.PayloadLen(frames)
		if err := c.WritePacket(frames[wire.HeaderLen:n]); err != nil {
			return err
		}
		frames = frames[n:]
	}
	return nil
}

package replay

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
)

// patience is how long a backend waits for the next bytes.
const patience = 30 * time.Second

// Backend is a server that plays recordings: which one, the client's connection attribute
// says. Logins are taken with any password; those of nobody's are refused.
type Backend struct {
	Addr string

	window   int // bytes that the kernel may hold for it, 0 for its default
	greeting wire.Greeting
	listener net.Listener
	running  sync.WaitGroup

	mu      sync.Mutex
	scripts map[string]*Script
	conns   map[net.Conn]bool
}

// Script is a recording to be played once.
type Script struct {
	Recording *dialogue.Recording
	Cut       Cut
	Silent    int        // from so many bytes of the client's on nothing is said; 0 for never
	Echo      bool       // instead: answer every packet with OK until the client goes
	Ended     chan error // gets how it went; must have room for one
}

// NewBackend listens, with the greeting that a server of the recording's kind sends. The
// kernel may hold window bytes for each of its connections, 0 for the default.
func NewBackend(greeting wire.Greeting, window int) (*Backend, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &Backend{Addr: l.Addr().String(), greeting: greeting, window: window, listener: l, scripts: map[string]*Script{}, conns: map[net.Conn]bool{}}
	b.greeting.Scramble = wire.NewScramble()
	b.running.Go(b.accept)
	return b, nil
}

// Close ends all connections and waits for their goroutines.
func (b *Backend) Close() {
	_ = b.listener.Close()
	b.mu.Lock()
	for c := range b.conns {
		_ = c.Close()
	}
	b.mu.Unlock()
	b.running.Wait()
}

// Expect has the next login with the key play the script.
func (b *Backend) Expect(key string, s *Script) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.scripts[key] = s
}

func (b *Backend) take(key string) *Script {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.scripts[key]
	delete(b.scripts, key)
	return s
}

func (b *Backend) accept() {
	for {
		conn, err := b.listener.Accept()
		if err != nil {
			return
		}
		b.mu.Lock()
		b.conns[conn] = true
		b.mu.Unlock()
		b.running.Go(func() {
			b.serve(conn)
			b.mu.Lock()
			delete(b.conns, conn)
			b.mu.Unlock()
			_ = conn.Close()
		})
	}
}

func (b *Backend) serve(conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(patience))
	if b.window > 0 {
		_ = conn.(*net.TCPConn).SetReadBuffer(b.window)
	}
	c := wire.NewConn(conn)
	s, err := b.login(c)
	if err != nil || s == nil {
		return
	}
	if s.Echo {
		_ = conn.SetDeadline(time.Time{})
		s.Ended <- echo(conn)
		return
	}
	one := side{conn: conn, in: conn, server: true, cut: s.Cut, silent: s.Silent}
	err = one.play(runs(served(s.Recording.Said.Frames)))
	if err == nil {
		if !s.Recording.Said.Closed {
			err = one.await()
		}
	}
	_ = conn.Close()
	s.Ended <- err
}

// login takes any password of a client that has a script to be played.
func (b *Backend) login(c *wire.Conn) (*Script, error) {
	if err := c.WritePacket(b.greeting.Append(nil)); err != nil {
		return nil, err
	}
	p, err := c.ReadPacket()
	if err != nil {
		return nil, err
	}
	l, _, err := wire.ParseLogin(p)
	if err != nil {
		return nil, err
	}
	key := ""
	if err := wire.EachAttr(l.Attrs, func(name, value string) {
		if name == KeyAttr {
			key = value
		}
	}); err != nil {
		return nil, err
	}
	caps := l.Caps
	if err := c.WritePacket(wire.Switch{Plugin: wire.Native, Data: b.greeting.Scramble}.Append(nil)); err != nil {
		return nil, err
	}
	if _, err := c.ReadPacket(); err != nil {
		return nil, err
	}
	s := b.take(key)
	if s == nil {
		refusal := &wire.Err{Code: 1045, State: "28000", Message: "no script " + key}
		return nil, c.WritePacket(wire.AppendErr(nil, refusal, caps))
	}
	return s, c.WritePacket(wire.AppendOK(nil, wire.OK{Status: wire.StatusAutocommit}, caps))
}

// echo answers packets until the client's end.
func echo(conn net.Conn) error {
	c := wire.NewConn(conn)
	for {
		c.Seq = 0
		p, err := c.ReadPacket()
		if err != nil || p[0] == 1 {
			return nil
		}
		if err := c.WritePacket(wire.AppendOK(nil, wire.OK{Status: wire.StatusAutocommit}, wire.Protocol41)); err != nil {
			return fmt.Errorf("echo: %w", err)
		}
	}
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

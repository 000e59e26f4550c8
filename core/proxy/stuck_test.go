package proxy

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// What the kernel doesn't take of a command waits as ciphertext. Nobody asks the socket to
// take more of the command then, so its becoming writable must be enough.
func TestALongCommandOverTLSReachesABackendThatReadsSlowly(t *testing.T) {
	m := &mesh{t: t, tls: certificate(t), serve: func(p *peer) {
		time.Sleep(300 * time.Millisecond) // longer than the kernel takes to be full
		p.commands(func([]byte) error { return p.ok() })
	}}
	m.settings.Limits.InspectLimit = 16 << 20 // so that the command is sent in one go
	m.start()
	c := m.client()
	sql := append([]byte{byte(core.Query)}, bytes.Repeat([]byte("x"), 15<<20)...)
	if b, err := c.command(sql...); err != nil || b[0] != wire.HeaderOK {
		t.Fatalf("%x, %v", b, err)
	}
}

func TestAStatementMayOutlastTheIdleTimeout(t *testing.T) {
	m := &mesh{t: t, serve: func(p *peer) {
		p.commands(func([]byte) error { time.Sleep(3 * time.Second); return p.ok() })
	}}
	m.settings.Listeners = []core.ListenerSettings{{IdleTimeout: 1500 * time.Millisecond}} // enough to log in on a busy machine
	m.start()
	c := m.client()
	if b, err := c.query("SELECT SLEEP(1)"); err != nil || b[0] != wire.HeaderOK {
		t.Fatalf("%x, %v", b, err)
	}
	if _, err := c.raw.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("an idle session isn't closed: %v", err)
	}
}

func TestAClientThatLeavesDuringASlowFilterIsNoticed(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	ended := make(chan struct{})
	var once sync.Once // another connection may come with a KILL
	m := &mesh{t: t, links: []core.Kind{waiting(begun, goOn)}, serve: func(p *peer) {
		defer once.Do(func() { close(ended) })
		p.commands(func([]byte) error { return nil }) // a statement that never ends
	}}
	m.start()
	c := m.client()
	c.Seq = 0
	_ = c.WritePacket([]byte("\x03SELECT SLEEP(1000)"))
	<-begun
	_ = c.raw.Close()
	m.until("the loop got the news", func() bool { return m.heard() })
	close(goOn)
	select {
	case <-ended:
	case <-time.After(15 * time.Second):
		t.Fatal("the statement of a client that has gone still runs")
	}
}

func TestAHalfCommandBeforeAClientsEndDuringASlowFilterEndsTheSession(t *testing.T) {
	begun, goOn := make(chan struct{}), make(chan struct{})
	m := &mesh{t: t, links: []core.Kind{waiting(begun, goOn)}, serve: func(p *peer) {
		p.commands(func([]byte) error { return p.ok() })
	}}
	m.start()
	c := m.client()
	c.Seq = 0
	_ = c.WritePacket([]byte("\x03SELECT 1"))
	<-begun
	_, _ = c.raw.Write([]byte{50, 0, 0, 0, 3, 'S'})
	_ = c.raw.(*net.TCPConn).CloseWrite()
	m.until("the loop got the news", func() bool { return m.heard() })
	close(goOn)
	m.until("the session ends", func() bool { return m.srv.Sessions() == 0 })
}

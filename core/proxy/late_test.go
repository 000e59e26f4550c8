package proxy

import (
	"bytes"
	"crypto/tls"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// contested is dbmesh with one connection, for which some clients compete until the test ends.
// seen counts the commands of others that the server has got; their replies are long, or have
// an id.
func contested(t *testing.T, seen *atomic.Int64, secure *tls.Config) *mesh {
	long := wire.AppendOK(nil, wire.OK{Status: 2, Info: []byte(strings.Repeat("x", 7000))}, meshCaps)
	m := &mesh{t: t, tls: secure, pooling: core.PoolingSettings{Mode: "transaction", Max: 1, MaxLogins: 1, QueueTimeout: time.Minute, Linger: time.Minute, MaxStatements: 4},
		serve: func(p *peer) {
			p.commands(func(b []byte) error {
				switch {
				case bytes.Contains(b, []byte("'busy'")), b[0] == byte(core.Quit):
					return p.ok()
				case bytes.Contains(b, []byte("INSERT INTO")):
					return p.WritePacket(wire.AppendOK(nil, wire.OK{Status: 2, InsertID: 5}, meshCaps))
				case bytes.Contains(b, []byte("LAST_INSERT_ID()")):
					return p.number(5)
				}
				seen.Add(1)
				return p.WritePacket(long)
			})
		}}
	m.start()
	done := make(chan struct{})
	var busy sync.WaitGroup
	for range 4 {
		c := m.client()
		busy.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if b, err := c.query("SELECT 'busy'"); err != nil || b[0] != wire.HeaderOK {
					t.Errorf("%q, %v", b, err)
					return
				}
			}
		})
	}
	t.Cleanup(func() { close(done); busy.Wait() })
	return m
}

// A client that sends on without reading finds all replies, whole and in order, though the
// kernel took one of them in parts.
func TestALateReplyWaitsForRoom(t *testing.T) {
	var seen atomic.Int64
	m := contested(t, &seen, nil)
	c := m.client()
	_ = c.tcp.SetReadBuffer(64 << 10)
	query, _ := wire.AppendFrame(nil, []byte("\x03SELECT 1"), 0)
	sent := 0
	for full := false; !full && sent < 20_000; {
		if _, err := c.raw.Write(query); err != nil {
			t.Fatal(err)
		}
		sent++
		m.until("the reply was delivered, or can't be", func() (over bool) {
			over, full = m.delivered(int64(sent) == seen.Load())
			return over
		})
	}
	if sent == 20_000 {
		t.Fatal("there is always room")
	}
	for i := range sent {
		c.Seq = 1
		if b, err := c.ReadPacket(); err != nil || b[0] != wire.HeaderOK || len(b) < 7000 {
			t.Fatalf("reply %d of %d: %q, %v", i, sent, b, err)
		}
	}
	if b, err := c.query("SELECT 'busy'"); err != nil || b[0] != wire.HeaderOK || len(b) > 1000 {
		t.Errorf("%q, %v", b, err)
	}
}

// delivered says whether the youngest session has done with a command that the server has
// seen, and whether its client did not take all of the reply.
func (m *mesh) delivered(seen bool) (over, full bool) {
	looked := make(chan struct{})
	m.srv.loops[0].post(func() {
		var youngest *session
		for s := range m.srv.loops[0].sessions {
			if youngest == nil || s.ID > youngest.ID {
				youngest = s
			}
		}
		full = seen && youngest.due // in mode responding, if nobody else waited just then
		over = full || seen && youngest.mode == atCommand && !youngest.late
		close(looked)
	})
	<-looked
	return over, full
}

// A session that keeps its connection behind the reply, for questions about the id, looks for
// news there; what is read from inside TLS may always be more.
func TestAReplyIsThereWhereTheSessionKeepsAContestedConnection(t *testing.T) {
	for name, secure := range map[string]*tls.Config{"plain": nil, "tls": certificate(t)} {
		t.Run(name, func(t *testing.T) {
			m := contested(t, new(atomic.Int64), secure)
			c := m.client()
			for range 100 {
				if b, err := c.query("INSERT INTO t VALUES (1)"); err != nil || b[0] != wire.HeaderOK || b[2] != 5 {
					t.Fatalf("%q, %v", b, err)
				}
			}
		})
	}
}

// Clients that leave as soon as they have their reply, or before it, cost nobody anything.
func TestClientsThatLeaveALateReply(t *testing.T) {
	var seen atomic.Int64
	m := contested(t, &seen, nil)
	for i := range 40 {
		c := m.client()
		query, _ := wire.AppendFrame(nil, []byte("\x03SELECT 1"), 0)
		if _, err := c.raw.Write(query); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			c.Seq = 1
			if b, err := c.ReadPacket(); err != nil || b[0] != wire.HeaderOK {
				t.Fatalf("%q, %v", b, err)
			}
		}
		_ = c.raw.Close()
	}
	m.until("the sessions have ended", func() bool { return m.srv.Sessions() == 4 })
}

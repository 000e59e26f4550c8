package proxy

import (
	"bytes"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// numbering is a fake server whose INSERTs make ids, and whose connections know their last one.
type numbering struct{ last, asked atomic.Int64 }

func (n *numbering) serve(p *peer) {
	var own byte
	p.commands(func(b []byte) error {
		switch {
		case bytes.Contains(b, []byte("INSERT INTO")):
			own = byte(n.last.Add(1)%250) + 1
			return p.WritePacket(wire.AppendOK(nil, wire.OK{Status: 2, InsertID: uint64(own)}, meshCaps))
		case bytes.Contains(b, []byte("LAST_INSERT_ID()")):
			n.asked.Add(1)
			return p.number(own % 10)
		}
		return p.ok()
	})
}

// number answers with one row that has a number of one digit.
func (p *peer) number(n byte) error {
	for _, part := range [][]byte{{1}, []byte("\x03def\x00\x00\x00\x01a\x00\x0c\x3f\x00\x14\x00\x00\x00\x08\x81\x00\x00\x00\x00"),
		{1, '0' + n}, {0xfe, 0, 0, 2, 0, 0, 0}} {
		if err := p.WritePacket(part); err != nil {
			return err
		}
	}
	return nil
}

// Sessions keep a connection for questions about their last INSERT, and are asked to give it
// back while it goes from loop to loop: nothing is lost, and the race detector is content.
func TestConnectionsThatAreKeptForQuestionsGoFromLoopToLoop(t *testing.T) {
	n := &numbering{}
	m := &mesh{t: t, serve: n.serve, loops: 3, pooling: core.PoolingSettings{Mode: "transaction", Max: 2, MaxLogins: 2,
		QueueTimeout: time.Minute, Linger: time.Minute, MaxStatements: 4}}
	m.start()
	const clients, rounds = 12, 100
	var all sync.WaitGroup
	for range clients {
		c := m.client()
		all.Go(func() {
			for range rounds {
				if b, err := c.query("INSERT INTO t VALUES (1)"); err != nil || b[0] != wire.HeaderOK {
					t.Errorf("%q, %v", b, err)
					return
				}
			}
		})
	}
	all.Wait()
	if n.last.Load() != clients*rounds || n.asked.Load() == 0 {
		t.Errorf("%d ids were made, and the server was asked for %d", n.last.Load(), n.asked.Load())
	}
}

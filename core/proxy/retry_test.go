package proxy

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// mortal is a fake server whose connections die of what makes them ready for a session, so
// often as deaths says.
type mortal struct{ deaths, asked, made atomic.Int64 }

func (d *mortal) serve(p *peer) {
	d.made.Add(1)
	p.commands(func(b []byte) error {
		switch core.Code(b[0]) {
		case core.InitDB, core.ChangeUser, core.Prepare:
			if d.deaths.Add(-1) >= 0 {
				return errors.New("the server is gone")
			}
			if core.Code(b[0]) == core.Prepare {
				return p.WritePacket([]byte{0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
			}
		case core.Query, core.Execute:
			d.asked.Add(1)
		}
		return p.ok()
	})
}

// Nothing of the client's was sent yet: another connection can do it. A server whose
// connections all die so is tried once more only.
func TestAConnectionThatDiesWhileItIsMadeReadyIsReplaced(t *testing.T) {
	d := &mortal{}
	m := &mesh{t: t, serve: d.serve, pooling: core.PoolingSettings{Mode: "transaction", Max: 1, MaxLogins: 1, QueueTimeout: 10 * time.Second, MaxStatements: 4}}
	m.start()
	c, other := m.client(), m.client()
	for _, command := range []string{"\x02app", "\x16SELECT 1"} { // a default schema, a statement
		if b, err := c.command([]byte(command)...); err != nil || b[0] != wire.HeaderOK {
			t.Fatalf("%q, %v", b, err)
		}
	}
	for name, x := range map[string]struct{ deaths, asked, made int64 }{
		"dies once":      {1, 2, 1},
		"dies each time": {1000, 1, 3},
	} {
		if b, err := other.query("SELECT 1"); err != nil || b[0] != wire.HeaderOK { // without a schema
			t.Fatalf("%s: %q, %v", name, b, err)
		}
		d.asked.Store(0)
		d.made.Store(0)
		d.deaths.Store(x.deaths)
		b, err := c.execute(1)
		d.deaths.Store(0)
		if err != nil || (b[0] == wire.HeaderOK) != (x.deaths == 1) {
			t.Errorf("%s: %q, %v", name, b, err)
		}
		if b, err := c.query("SELECT 1"); err != nil || b[0] != wire.HeaderOK {
			t.Errorf("%s: %q, %v", name, b, err)
		}
		if d.asked.Load() != x.asked || d.made.Load() > x.made {
			t.Errorf("%s: %d connections made, asked %d times", name, d.made.Load(), d.asked.Load())
		}
	}
}

package proxy

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// asksAttribute notes the attribute "dbmesh" of each command.
type asksAttribute struct {
	mu   sync.Mutex
	seen []string
}

func (a *asksAttribute) OnCommand(_ context.Context, c *core.Command) (core.Verdict, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	text, ok := c.Attribute("dbmesh")
	if !ok {
		a.seen = append(a.seen, "none: "+string(c.SQL))
	} else {
		a.seen = append(a.seen, string(text)+": "+string(c.SQL))
	}
	return core.Continue(), nil
}

func TestFiltersFindTheAttributesOfQueries(t *testing.T) {
	asks := &asksAttribute{}
	m := &mesh{t: t, caps: wire.QueryAttrs, serve: func(p *peer) { p.commands(func([]byte) error { return p.ok() }) }}
	m.links = []core.Kind{{New: func(string, core.Decode) (core.Filter, error) { return asks, nil }}}
	m.start()
	with := m.clientWith(meshCaps | wire.QueryAttrs)
	without := m.clientWith(meshCaps)
	for _, one := range []struct {
		client  *peer
		command string
	}{
		{with, "\x03\x01\x01\x00\x01\xfe\x00\x06dbmesh\x07primarySELECT 1"},
		{with, "\x03\x01\x01\x01\x01\xfe\x00\x06dbmeshSELECT 2"},
		{with, "\x03\x00\x01SELECT 3"},
		{with, "\x0e"},
		{with, "\x02app"},
		{without, "\x03SELECT 4"},
	} {
		if b, err := one.client.command([]byte(one.command)...); err != nil || b[0] != wire.HeaderOK {
			t.Fatalf("%q: %x, %v", one.command, b, err)
		}
	}
	asks.mu.Lock()
	defer asks.mu.Unlock()
	want := []string{"primary: SELECT 1", "none: SELECT 2", "none: SELECT 3", "none: ", "none: app", "none: SELECT 4"}
	if !slices.Equal(asks.seen, want) {
		t.Errorf("the filter saw %q, want %q", asks.seen, want)
	}
}

// clientWith is a client that has logged in with these capabilities.
func (m *mesh) clientWith(caps wire.Caps) *peer {
	m.t.Helper()
	p := m.dial()
	l := wire.Login{Caps: caps, MaxPacket: 1 << 24, Collation: 45, User: "app", Plugin: wire.Native}
	if err := p.WritePacket(l.Append(nil)); err != nil {
		m.t.Fatal(err)
	}
	if b, err := p.ReadPacket(); err != nil || b[0] != wire.HeaderOK {
		m.t.Fatalf("login: %x, %v", b, err)
	}
	return p
}

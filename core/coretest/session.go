package coretest

import (
	"fmt"
	"log/slog"
	"net/netip"

	"github.com/dbmesh/dbmesh/core"
)

// Session gives a logged-in client's session: user "app" from 192.0.2.7, schema "shop",
// listener and pool "main", no backend yet. The changes are applied in order.
func Session(changes ...func(*core.Session)) *core.Session {
	s := &core.Session{
		ID:       7,
		Listener: "main",
		Client:   netip.MustParseAddrPort("192.0.2.7:50123"),
		User:     "app",
		Schema:   "shop",
		Pool:     "main",
		Pools:    Pools{},
		Log:      slog.New(slog.DiscardHandler),
	}
	for _, change := range changes {
		change(s)
	}
	return s
}

// Command gives a command of the session as the proxy would hand it to the chain.
func Command(s *core.Session, code core.Code, sql string) *core.Command {
	c := &core.Command{}
	c.Reset(s, code, []byte(sql), len(sql)+1, false)
	return c
}

// Query is a COM_QUERY of the session.
func Query(s *core.Session, sql string) *core.Command {
	return Command(s, core.Query, sql)
}

// Pools is a fixed set of pools by name.
type Pools map[string]*core.Pool

// Pool finds a pool; nil if there is none.
func (p Pools) Pool(name string) *core.Pool { return p[name] }

// NewPools indexes the pools by their names.
func NewPools(pools ...*core.Pool) Pools {
	p := make(Pools, len(pools))
	for _, pool := range pools {
		p[pool.Name] = pool
	}
	return p
}

// Pool gives a pool with one backend per weight, named NAME-0, NAME-1 and so on, all Up.
func Pool(name string, weights ...int) *core.Pool {
	p := &core.Pool{Name: name}
	for i, w := range weights {
		b := &core.Backend{
			Name: fmt.Sprintf("%s-%d", name, i), Pool: name,
			Address: fmt.Sprintf("192.0.2.%d:3306", 100+i), Weight: w,
		}
		b.SetState(core.Up)
		p.Backends = append(p.Backends, b)
	}
	return p
}

package backend

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// Set is the data sources in force. It implements core.Pools. Its methods are safe for
// concurrent use; readers take no lock.
type Set struct {
	log    *slog.Logger
	report Reporter
	net    *network

	current atomic.Pointer[snapshot]
	mu      sync.Mutex // one change at a time
	probing sync.WaitGroup
	ctx     context.Context // of all probers
	stop    context.CancelFunc
}

// network is how the outside is reached; tests replace it.
type network struct {
	lookup lookup
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
}

// snapshot is one state of the Set. It is immutable.
type snapshot struct {
	pools   map[string]*core.Pool
	bySelf  map[*core.Backend]*Source
	byPool  map[string][]*Source
	sources []*Source // in the config's order
}

// New makes an empty Set. Close it, or let Run do so. A nil Reporter is told nothing.
func New(log *slog.Logger, r Reporter) *Set {
	if r == nil {
		r = silent{}
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	dialer := &net.Dialer{}
	dialer.SetMultipathTCP(false)
	s := &Set{log: log, report: r, net: &network{lookup: systemLookup, dial: dialer.DialContext}}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.current.Store(&snapshot{})
	return s
}

// Pool finds a pool by name, nil if there is none.
func (s *Set) Pool(name string) *core.Pool { return s.current.Load().pools[name] }

// Source finds the way to a backend, nil if it is no longer in the set.
func (s *Set) Source(b *core.Backend) *Source { return s.current.Load().bySelf[b] }

// Sources are all backends in the config's order. The slice must not be changed.
func (s *Set) Sources() []*Source { return s.current.Load().sources }

// Greeting is what to greet a pool's clients with: version, collation, status and plugin
// of a backend that is up, and the capabilities that every backend of the pool has whose
// greeting is known. Challenge and connection id are left empty. False if no greeting is
// known yet.
func (s *Set) Greeting(pool string) (*wire.Greeting, bool) {
	var best *Source
	caps := ^wire.Caps(0)
	for _, src := range s.current.Load().byPool[pool] {
		g := src.Greeting()
		if g == nil {
			continue
		}
		caps &= g.Caps
		if best == nil || best.Backend.State() != core.Up && src.Backend.State() == core.Up {
			best = src
		}
	}
	if best == nil {
		return nil, false
	}
	g := best.Greeting()
	return &wire.Greeting{
		Version: g.Version, Caps: caps, Collation: g.Collation, Status: g.Status, Plugin: g.Plugin,
	}, true
}

// Probe probes every backend now and returns when all probes have ended, or ctx has.
func (s *Set) Probe(ctx context.Context) {
	var all sync.WaitGroup
	for _, src := range s.Sources() {
		all.Go(func() { src.probeNow(ctx) })
	}
	all.Wait()
}

// Run keeps the Set until ctx ends, and closes it. Backends are probed from their Commit
// on, whether Run is called or not.
func (s *Set) Run(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-s.ctx.Done():
	}
	s.Close()
}

// Close ends all probes and waits for their goroutines. Sources stay usable; a Commit after
// Close starts no probes.
func (s *Set) Close() {
	s.mu.Lock()
	s.stop()
	s.mu.Unlock()
	s.probing.Wait()
}

// Commit puts what was prepared in force. It can't fail. A Next that was prepared before
// another Commit is still good: what it has in common with the Set is found anew.
func (s *Set) Commit(n *Next) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.current.Load()
	next := n.snapshot(old)
	s.current.Store(next)
	for _, src := range next.sources {
		if !slices.Contains(old.sources, src) {
			s.start(src)
		}
	}
	for _, src := range old.sources {
		if next.bySelf[src.Backend] == nil {
			s.remove(src)
		}
	}
}

// Shares says whether sessions share the connections of the pool.
func (s *Set) Shares(pool string) bool {
	all := s.current.Load().byPool[pool]
	return len(all) > 0 && all[0].Pool.Pooling.Shares()
}

package backend

import (
	"context"
	"crypto/rsa"
	"crypto/tls"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// Source is a backend together with the settings it is reached by. It is immutable but for
// what is known of the server, which all Sources of one Backend share; a change of its
// pool's settings makes a new Source for the same Backend. Methods are safe for concurrent
// use and go on working after the backend was removed.
type Source struct {
	Backend *core.Backend
	Pool    *core.PoolSettings // read only

	weighed []*core.Backend // Backend with each weight that it has or had

	target target
	files  *material
	mode   TLSMode
	tls    *tls.Config
	net    *network
	report Reporter
	known  *knowledge
}

// knowledge is what was learned of one server. It outlives changes of settings.
type knowledge struct {
	greeting atomic.Pointer[wire.Greeting]
	addrs    atomic.Pointer[[]Address] // the first one is in use; nil until resolved
	alive    atomic.Int64              // of the last SawAlive
	trouble  chan struct{}             // a session's dial failed; one token
	removed  atomic.Pointer[time.Time] // when the backend was; nil if it is in the config
	standing atomic.Pointer[Standing]  // nil if it is not known
	asker    atomic.Pointer[asker]     // of the Source in force

	mu    sync.Mutex // orders changes of state
	owner *prober    // only this one may change the state
}

func newKnowledge() *knowledge { return &knowledge{trouble: make(chan struct{}, 1)} }

// Addr is the address to dial, without waiting; false if the name isn't resolved yet.
func (s *Source) Addr() (Address, bool) {
	if !s.target.named() {
		return s.target.fixed, true
	}
	if all := s.known.addrs.Load(); all != nil {
		return (*all)[0], true
	}
	return Address{}, false
}

// Resolve is Addr that asks the resolver if the name isn't resolved yet.
func (s *Source) Resolve(ctx context.Context) (Address, error) {
	if a, ok := s.Addr(); ok {
		return a, nil
	}
	if err := s.refresh(ctx); err != nil {
		return Address{}, err
	}
	a, _ := s.Addr()
	return a, nil
}

// refresh resolves the name anew. The address in use stays in use as long as the name has
// it; otherwise new sessions go to the first of the new ones. On an error the addresses
// that were known stay.
func (s *Source) refresh(ctx context.Context) error {
	if !s.target.named() {
		return nil
	}
	found, err := s.target.resolve(ctx, s.net.lookup)
	if err != nil {
		return err
	}
	if old := s.known.addrs.Load(); old != nil {
		found = first(found, (*old)[0])
	}
	s.known.addrs.Store(&found)
	return nil
}

// prefer puts a into use if the name still has it.
func (s *Source) prefer(a Address) {
	all := s.known.addrs.Load()
	if all == nil || (*all)[0] == a {
		return
	}
	next := first(*all, a)
	s.known.addrs.CompareAndSwap(all, &next)
}

// first gives a copy of all with a in front, if a is one of them.
func first(all []Address, a Address) []Address {
	i := slices.Index(all, a)
	if i < 0 {
		return slices.Clone(all)
	}
	return slices.Concat(all[i:i+1], all[:i], all[i+1:])
}

// TLS is how a connection is encrypted. The config is shared: clone it to change it. It is
// nil for TLSOff.
func (s *Source) TLS() (TLSMode, *tls.Config) { return s.mode, s.tls }

// PublicKey is the server's own RSA key as the config pins it, nil if it doesn't.
func (s *Source) PublicKey() *rsa.PublicKey { return s.files.key }

// HasControl says whether there is an account for Kill and for pings that log in.
func (s *Source) HasControl() bool { return s.Pool.Control.User != "" }

// SawAlive notes that the server answered something, which makes up for a probe. Any value
// that differs from the one before will do for now. It costs one atomic store.
func (s *Source) SawAlive(now time.Duration) { s.known.alive.Store(int64(now)) }

// SawGreeting notes what the server says of itself. Open does it too.
func (s *Source) SawGreeting(g *wire.Greeting) {
	old := s.known.greeting.Load()
	if old != nil && old.Version == g.Version && old.Caps == g.Caps && old.Plugin == g.Plugin &&
		old.Collation == g.Collation && old.Status == g.Status {
		return
	}
	s.known.greeting.Store(g)
}

// SawFailure notes that a session couldn't reach the server, so that it is probed early. An
// answer, such as a wrong password, is no failure of the server's, nor is a login that
// dbmesh itself wouldn't go through with.
func (s *Source) SawFailure(err error) {
	if err == nil || isAnswer(err) || isRefusal(err) {
		return
	}
	select {
	case s.known.trouble <- struct{}{}:
	default: // one token is enough
	}
}

// Draining says whether the backend was removed from the config: its sessions end.
func (s *Source) Draining() bool { return s.known.removed.Load() != nil }

// DrainingFor is how long ago the backend was removed from the config, 0 if it was not.
func (s *Source) DrainingFor() time.Duration {
	if at := s.known.removed.Load(); at != nil {
		return time.Since(*at)
	}
	return 0
}

// Greeting is what the server said of itself last, nil if it never did. Its challenge and
// connection id are of the connection that it came from.
func (s *Source) Greeting() *wire.Greeting { return s.known.greeting.Load() }

// Server identifies the server across changes of its settings: Sources of one server have
// the same value. It may be a key of a map and says nothing else.
func (s *Source) Server() any { return s.known }

package core

import (
	"math"
	"sync/atomic"
	"time"
)

// Pool is a named, immutable set of backends. A change of config makes a new Pool.
type Pool struct {
	Name     string
	Backends []*Backend
}

// Pools finds the pool in force by name; nil if there is none.
type Pools interface {
	Pool(name string) *Pool
}

// State is what dbmesh knows of a backend's health.
type State int32

// The states. A backend is Unknown until its first probe has ended.
const (
	Unknown State = iota
	Up
	Down
	Draining // removed from the config: its sessions end, it gets no new one
)

var stateNames = [...]string{"unknown", "up", "down", "draining"}

func (s State) String() string {
	if s >= 0 && int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "invalid"
}

// Backend is one server with the live figures that balancing needs. Its methods are safe
// for concurrent use. The figures are kept by the proxy; filters read them.
type Backend struct {
	Name    string
	Pool    string
	Address string // host:port, or a path for a unix socket
	Weight  int    // share of new sessions; 0 takes none

	own    figures
	shared *figures // of the Backend that this one was reweighed from
}

// figures are what changes of a backend while it stays the same server.
type figures struct {
	state    atomic.Int32
	behind   atomic.Bool
	lag      atomic.Int64 // nanoseconds and one more; 0 if it is not known
	sessions atomic.Int64
	running  atomic.Int64
	ewma     atomic.Uint64 // float64 bits, nanoseconds
	seen     atomic.Int64  // nanoseconds since start, of the last Observe
}

func (b *Backend) figures() *figures {
	if b.shared != nil {
		return b.shared
	}
	return &b.own
}

// Reweighed is the same server with another share of new sessions: both have one state and
// one set of figures between them, whichever is used.
func (b *Backend) Reweighed(weight int) *Backend {
	return &Backend{Name: b.Name, Pool: b.Pool, Address: b.Address, Weight: weight, shared: b.figures()}
}

// State is the backend's health as last probed.
func (b *Backend) State() State { return State(b.figures().state.Load()) }

// SetState is for the health check and for changes of config. It returns the state before.
func (b *Backend) SetState(s State) State { return State(b.figures().state.Swap(int32(s))) }

// Usable says whether new sessions may go there: not known dead, not draining, and not
// too far behind the server that it replicates.
func (b *Backend) Usable() bool {
	s := b.State()
	return (s == Up || s == Unknown) && !b.Behind()
}

// Behind says whether the backend is a replica that is further behind than its pool allows.
func (b *Backend) Behind() bool { return b.figures().behind.Load() }

// SetBehind is for whoever watches replicas. It returns what was so before.
func (b *Backend) SetBehind(behind bool) bool { return b.figures().behind.Swap(behind) }

// Lag is how far behind the backend was at the last look. It says false if nobody looks, or
// the server doesn't tell.
func (b *Backend) Lag() (time.Duration, bool) {
	n := b.figures().lag.Load()
	return time.Duration(max(n-1, 0)), n > 0
}

// SetLag is for whoever watches replicas; a negative lag is one that is not known.
func (b *Backend) SetLag(lag time.Duration) { b.figures().lag.Store(int64(max(lag, -1)) + 1) }

// Sessions is how many backend connections are open for sessions.
func (b *Backend) Sessions() int64 { return b.figures().sessions.Load() }

// AddSession counts one connection more (+1) or fewer (-1).
func (b *Backend) AddSession(n int64) { b.figures().sessions.Add(n) }

// Running is how many commands are being answered.
func (b *Backend) Running() int64 { return b.figures().running.Load() }

// Begin counts a command that was sent to the backend; Observe ends it.
func (b *Backend) Begin() { b.figures().running.Add(1) }

// decay is the time constant of the moving average. A peak is taken over at once and
// forgotten over some such spans, as in Finagle's peak-EWMA.
const decay = 10 * time.Second

// Observe ends a command that took d, at the monotonic time now (since any fixed start).
func (b *Backend) Observe(d, now time.Duration) {
	f := b.figures()
	f.running.Add(-1)
	old := math.Float64frombits(f.ewma.Load())
	last := time.Duration(f.seen.Swap(int64(now)))
	next := float64(d)
	if next < old {
		w := math.Exp(-float64(max(now-last, 0)) / float64(decay))
		next = old*w + next*(1-w)
	}
	// A lost update between two loops costs one sample of many, so no retry.
	f.ewma.Store(math.Float64bits(next))
}

// Abandon ends a command that gave no answer to learn from.
func (b *Backend) Abandon() { b.figures().running.Add(-1) }

// Latency is the peak-sensitive moving average of command times; 0 until the first one.
func (b *Backend) Latency() time.Duration {
	return time.Duration(math.Float64frombits(b.figures().ewma.Load()))
}

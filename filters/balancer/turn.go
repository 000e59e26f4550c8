package balancer

import (
	"maps"
	"sync"
	"sync/atomic"

	"github.com/dbmesh/dbmesh/core"
)

// byTurn gives each backend exactly its weight of every round, in an order in which the
// same one rarely comes twice in a row. Each pool has a counter of its own, since sessions
// of two pools may arrive in step.
type byTurn struct {
	turns atomic.Pointer[map[string]*atomic.Uint64] // copied to be changed
	mu    sync.Mutex                                // held to add a pool
}

func newByTurn() *byTurn {
	t := &byTurn{}
	t.turns.Store(&map[string]*atomic.Uint64{})
	return t
}

func (t *byTurn) pick(p *core.Pool) *core.Backend {
	total, unit := shares(p)
	if total == 0 {
		return nil
	}
	round := total / unit
	turn := t.counter(p.Name).Add(1) - 1
	// Steps that have no divisor in common with the round visit each of its places once.
	return at(p, turn%round*step(round)%round*unit)
}

func (t *byTurn) counter(pool string) *atomic.Uint64 {
	if n := (*t.turns.Load())[pool]; n != nil {
		return n
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	old := *t.turns.Load()
	if n := old[pool]; n != nil {
		return n
	}
	next := maps.Clone(old)
	next[pool] = new(atomic.Uint64)
	t.turns.Store(&next)
	return next[pool]
}

// shares is the eligible backends' total weight, and the greatest divisor that they have
// in common, so that 200 and 100 make rounds of three. Both come from one look at the
// backends' health, which may change meanwhile.
func shares(p *core.Pool) (total, unit uint64) {
	for _, b := range p.Backends {
		if eligible(b) {
			total += uint64(b.Weight)
			unit = gcd(unit, uint64(b.Weight))
		}
	}
	return total, unit
}

// step is near the golden section of the round, which spreads the places best.
func step(round uint64) uint64 {
	for s := max(round*618/1000, 1); ; s++ {
		if gcd(s, round) == 1 {
			return s
		}
	}
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

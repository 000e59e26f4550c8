package balancer

import (
	"math/rand/v2"

	"github.com/dbmesh/dbmesh/core"
)

// policy picks a usable backend, nil if there is none. It makes no garbage.
type policy interface {
	pick(p *core.Pool) *core.Backend
}

// eligible says whether new sessions may go to b.
func eligible(b *core.Backend) bool { return b.Weight > 0 && b.Usable() }

// totalWeight is that of the eligible backends, 0 if there are none.
func totalWeight(p *core.Pool) uint64 {
	var sum uint64
	for _, b := range p.Backends {
		if eligible(b) {
			sum += uint64(b.Weight)
		}
	}
	return sum
}

// at gives the backend in whose part of the total weight n falls. Health may change
// between the sum and this: the last eligible one then stands in.
func at(p *core.Pool, n uint64) (found *core.Backend) {
	for _, b := range p.Backends {
		if !eligible(b) {
			continue
		}
		found = b
		if n < uint64(b.Weight) {
			return b
		}
		n -= uint64(b.Weight)
	}
	return found
}

// byChance picks at random, by weight.
type byChance struct{}

func (byChance) pick(p *core.Pool) *core.Backend {
	total := totalWeight(p)
	if total == 0 {
		return nil
	}
	return at(p, rand.Uint64N(total))
}

// bySessions picks the backend with the fewest open connections for its weight, and among
// equals at random, so that many sessions that arrive at once do not all go to one.
type bySessions struct{}

func (bySessions) pick(p *core.Pool) (best *core.Backend) {
	var least int64
	equals := 0
	for _, b := range p.Backends {
		if !eligible(b) {
			continue
		}
		// One more than there are: with none open yet, weights must count already.
		sessions := b.Sessions() + 1
		switch {
		case best == nil || sessions*int64(best.Weight) < least*int64(b.Weight):
			best, least, equals = b, sessions, 1
		case sessions*int64(best.Weight) == least*int64(b.Weight):
			if equals++; rand.IntN(equals) == 0 {
				best, least = b, sessions
			}
		}
	}
	return best
}

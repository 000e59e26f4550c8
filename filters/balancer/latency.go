package balancer

import (
	"math/rand/v2"

	"github.com/dbmesh/dbmesh/core"
)

// explore is how many picks there are for each one that ignores cost. Without it a backend
// that was slow once would never be asked again, and its latency never measured anew.
const explore = 32

// byLatency looks at two backends, drawn at random by weight, and picks the one where a
// command is likely to end sooner. Two are enough to shun the slow one, and too few for
// every session to run to the fastest at once.
type byLatency struct{}

func (byLatency) pick(p *core.Pool) *core.Backend {
	total := totalWeight(p)
	if total == 0 {
		return nil
	}
	first := at(p, rand.Uint64N(total))
	if first == nil || rand.IntN(explore) == 0 {
		return first
	}
	second := other(p, first, total)
	if second != nil && cheaper(second, first) {
		return second
	}
	return first
}

// other draws from the eligible backends without first; nil if there is no other.
func other(p *core.Pool, first *core.Backend, total uint64) (found *core.Backend) {
	rest := total - min(total, uint64(first.Weight))
	if rest == 0 {
		return nil
	}
	n := rand.Uint64N(rest)
	for _, b := range p.Backends {
		if b == first || !eligible(b) {
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

// cheaper compares latency times load. A backend whose latency is not known yet is taken
// to be as fast as the other one: it is tried, and not overrun.
func cheaper(a, b *core.Backend) bool {
	la, lb := float64(a.Latency()), float64(b.Latency())
	switch {
	case la == 0 && lb == 0:
		la, lb = 1, 1
	case la == 0:
		la = lb
	case lb == 0:
		lb = la
	}
	return la*load(a) < lb*load(b)
}

// load is 1 for an idle backend and grows with what it has to do for its weight: open
// sessions, for they will send commands, and those that are running, for they do.
func load(b *core.Backend) float64 {
	return 1 + float64(max(b.Sessions()+b.Running(), 0))/float64(b.Weight)
}

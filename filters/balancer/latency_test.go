package balancer_test

import (
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/coretest"
)

// answer lets a backend answer one command.
func answer(b *core.Backend, took time.Duration) {
	b.Begin()
	b.Observe(took, time.Second)
}

func TestPeakEWMAGivesSharesByWeightAmongEquals(t *testing.T) {
	f := build(t, "peak-ewma")
	someWeights(func(weights []int) {
		for _, known := range []bool{true, false} {
			p := coretest.Pool("main", weights...)
			for _, b := range p.Backends {
				if known {
					answer(b, time.Millisecond)
				}
			}
			wantShares(t, p, tally(t, f, p, 5000, false), 5000, 6)
			sum := 0
			for _, w := range weights {
				sum += w
			}
			tally(t, f, p, 100*sum, true)
			for _, b := range p.Backends {
				if share := float64(b.Sessions()) / float64(100*b.Weight); share < 0.85 || share > 1.15 {
					t.Errorf("weights %v: %s holds %d sessions, want about %d", weights, b.Name, b.Sessions(), 100*b.Weight)
				}
			}
		}
	})
}

func TestPeakEWMAShunsTheSlowOneAndStillAsksIt(t *testing.T) {
	f := build(t, "peak-ewma")
	p := coretest.Pool("main", 1, 1)
	answer(p.Backends[0], time.Millisecond)
	answer(p.Backends[1], 100*time.Millisecond)
	n := tally(t, f, p, 6400, false)[p.Backends[1]]
	// One pick in 32 ignores the cost and half of those draw the slow one: about 100.
	if n < 50 || n > 160 {
		t.Fatalf("the slow backend got %d of 6400 logins", n)
	}
}

func TestPeakEWMASharesByLatencyAmongHeldSessions(t *testing.T) {
	f := build(t, "peak-ewma")
	p := coretest.Pool("main", 1, 1)
	answer(p.Backends[0], time.Millisecond)
	answer(p.Backends[1], 3*time.Millisecond)
	tally(t, f, p, 4000, true)
	if ratio := float64(p.Backends[0].Sessions()) / float64(p.Backends[1].Sessions()); ratio < 2.3 || ratio > 3.3 {
		t.Fatalf("a backend three times as fast holds %.1f times the sessions", ratio)
	}
}

func TestPeakEWMATriesABackendOfUnknownLatencyWithoutOverrunningIt(t *testing.T) {
	f := build(t, "peak-ewma")
	p := coretest.Pool("main", 1, 1)
	answer(p.Backends[0], time.Millisecond)
	tally(t, f, p, 1000, true)
	if n := p.Backends[1].Sessions(); n < 450 || n > 550 {
		t.Fatalf("the new backend holds %d of 1000 sessions", n)
	}
}

package balancer_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/coretest"
	"github.com/dbmesh/dbmesh/filters/balancer"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var policies = []string{"random", "weighted-round-robin", "least-connections", "peak-ewma"}

func build(t testing.TB, policy string) core.Filter {
	t.Helper()
	text := ""
	if policy != "" {
		text = "policy: " + policy
	}
	f, err := balancer.Kind(nil).New("balancer", coretest.Decode(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func in(pools ...*core.Pool) *core.Session {
	return coretest.Session(func(s *core.Session) {
		s.Pools, s.Pool = coretest.NewPools(pools...), pools[0].Name
	})
}

// login gives the backend for a new session, or the error.
func login(f core.Filter, s *core.Session) (*core.Backend, *core.Error) {
	s.Backend = nil
	v, err := f.(core.Connector).OnConnect(context.Background(), s)
	if err != nil {
		return nil, &core.Error{Message: err.Error()}
	}
	if v.Reply() != nil {
		return nil, v.Reply().Err
	}
	return s.Backend, nil
}

// tally counts the choices of n logins. Opened connections stay open if held.
func tally(t *testing.T, f core.Filter, p *core.Pool, n int, held bool) map[*core.Backend]int {
	t.Helper()
	counts := make(map[*core.Backend]int)
	s := in(p)
	for range n {
		b, err := login(f, s)
		if err != nil {
			t.Fatal(err)
		}
		counts[b]++
		if held {
			b.AddSession(1)
		}
	}
	return counts
}

// wantShares checks each count against its weight within slack standard deviations of a
// random draw; 0 means exactly.
func wantShares(t *testing.T, p *core.Pool, counts map[*core.Backend]int, n int, slack float64) {
	t.Helper()
	total := 0
	for _, b := range p.Backends {
		if b.Usable() {
			total += b.Weight
		}
	}
	for _, b := range p.Backends {
		share := 0.0
		if b.Usable() {
			share = float64(b.Weight) / float64(total)
		}
		want := share * float64(n)
		if off := math.Abs(float64(counts[b]) - want); off > slack*math.Sqrt(want*(1-share))+1e-9 {
			t.Errorf("%s of weight %d (%v) got %d of %d, want about %.0f", b.Name, b.Weight, b.State(), counts[b], n, want)
		}
	}
}

// someWeights makes pools at random, the same ones on each run.
func someWeights(visit func(weights []int)) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		weights := make([]int, 1+r.IntN(6))
		for i := range weights {
			weights[i] = 1 + r.IntN(10)
		}
		visit(weights)
	}
}

func TestRandomGivesSharesByWeight(t *testing.T) {
	f := build(t, "random")
	someWeights(func(weights []int) {
		p := coretest.Pool("main", weights...)
		wantShares(t, p, tally(t, f, p, 5000, false), 5000, 6)
	})
}

func TestRoundRobinGivesExactSharesInEachRound(t *testing.T) {
	someWeights(func(weights []int) {
		f := build(t, "weighted-round-robin")
		p := coretest.Pool("main", weights...)
		sum := 0
		for _, w := range weights {
			sum += w
		}
		for range 3 {
			wantShares(t, p, tally(t, f, p, sum, false), sum, 0)
		}
	})
}

func TestRoundRobinTakesTurnsInEachPool(t *testing.T) {
	f := build(t, "weighted-round-robin")
	a, b := coretest.Pool("a", 100, 100), coretest.Pool("b", 1, 1, 1)
	sa, sb := in(a), in(b)
	seen := make(map[*core.Backend]int)
	var last *core.Backend
	for range 60 { // in step: each pool must go its own round
		one, _ := login(f, sa)
		two, _ := login(f, sb)
		if one == last {
			t.Fatal("the same backend twice in a row")
		}
		last = one
		seen[one]++
		seen[two]++
	}
	for _, p := range []*core.Pool{a, b} {
		wantShares(t, p, seen, 60, 0)
	}
}

func TestLeastConnectionsFillsByWeight(t *testing.T) {
	f := build(t, "least-connections")
	someWeights(func(weights []int) {
		sum := 0
		for _, w := range weights {
			sum += w
		}
		p := coretest.Pool("main", weights...)
		tally(t, f, p, 100*sum, true)
		for _, b := range p.Backends {
			if off := b.Sessions() - int64(100*b.Weight); off < -1 || off > 1 {
				t.Errorf("weights %v: %s holds %d sessions, want %d", weights, b.Name, b.Sessions(), 100*b.Weight)
			}
		}
	})
	p := coretest.Pool("main", 1, 1)
	p.Backends[0].AddSession(50)
	if counts := tally(t, f, p, 50, true); counts[p.Backends[1]] != 50 {
		t.Errorf("the emptier backend got %d of 50", counts[p.Backends[1]])
	}
}

func TestLeastConnectionsSpreadsABurst(t *testing.T) {
	p := coretest.Pool("main", 1, 1, 1)
	wantShares(t, p, tally(t, build(t, "least-connections"), p, 6000, false), 6000, 6)
}

func TestNoPolicyChoosesADeadDrainingOrWeightlessBackend(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, name := range policies {
		f := build(t, name)
		for range 200 {
			weights := make([]int, 1+r.IntN(5))
			for i := range weights {
				weights[i] = r.IntN(3)
			}
			p := coretest.Pool("main", weights...)
			any := false
			for _, b := range p.Backends {
				b.SetState(core.State(r.IntN(4)))
				any = any || b.Usable() && b.Weight > 0
			}
			for range 20 {
				b, err := login(f, in(p))
				if (b != nil) != any || (err == nil) != any {
					t.Fatalf("%s: backend %v, error %v, some are usable: %v", name, b, err, any)
				}
				if b != nil && (!b.Usable() || b.Weight == 0) {
					t.Fatalf("%s chose %s: %v, weight %d", name, b.Name, b.State(), b.Weight)
				}
			}
		}
	}
}

func TestPoliciesHoldWhileHealthChanges(t *testing.T) {
	for _, name := range policies {
		f := build(t, name)
		p := coretest.Pool("main", 1, 4, 2) // the first one stays up
		stop := make(chan struct{})
		var flips, picks sync.WaitGroup
		flips.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					p.Backends[1+i%2].SetState(core.State(1 + i/2%2))
				}
			}
		})
		for range 4 {
			picks.Go(func() {
				s := in(p)
				for range 4000 {
					if b, err := login(f, s); b == nil {
						t.Errorf("%s: %v", name, err)
						return
					}
				}
			})
		}
		picks.Wait()
		close(stop)
		flips.Wait()
	}
}

func TestARefusalSaysWhatToLookAt(t *testing.T) {
	f := build(t, "")
	p := coretest.Pool("main", 1, 1, 0, 1)
	p.Backends[0].SetState(core.Down)
	p.Backends[1].SetState(core.Down)
	p.Backends[3].SetState(core.Draining)
	_, err := login(f, in(p))
	if want := `dbmesh: filter "balancer": no usable backend in pool "main" (2 down, 1 draining, 1 of weight 0); check dbmesh's /api/v1/backends`; err == nil || err.Code != 1105 || err.Message != want {
		t.Errorf("error %v, want %q", err, want)
	}
	if _, err := login(f, in(coretest.Pool("empty"))); err == nil || !strings.Contains(err.Message, "it is empty") {
		t.Errorf("error %v", err)
	}
	s := in(p)
	s.Pool = "gone"
	if _, err := login(f, s); err == nil || !strings.Contains(err.Message, `there is no pool "gone"`) {
		t.Errorf("error %v", err)
	}
}

func TestASessionWithAConnectionIsNotBalancedAgain(t *testing.T) {
	p := coretest.Pool("main", 1)
	s := in(p)
	s.Bind(p.Backends[0])
	p.Backends[0].SetState(core.Down)
	if b, err := login(build(t, ""), s); b != nil || err != nil {
		t.Fatalf("backend %v, error %v", b, err)
	}
}

func TestACommandIsBalancedOnlyWhereTheSessionHasNoConnection(t *testing.T) {
	f := build(t, "").(core.Commander)
	p, readers := coretest.Pool("main", 1), coretest.Pool("readers", 1)
	s := in(p, readers)
	s.Bind(p.Backends[0])
	ask := func(c *core.Command) *core.Backend {
		v, err := f.OnCommand(context.Background(), c)
		if err != nil || v.Reply() != nil {
			t.Fatalf("verdict %+v, error %v", v.Reply(), err)
		}
		return c.Backend
	}
	if b := ask(coretest.Query(s, "select 1")); b != nil {
		t.Errorf("a bound session was sent to %s", b.Name)
	}
	c := coretest.Query(s, "select 1")
	c.Pool = "readers"
	if b := ask(c); b != readers.Backends[0] {
		t.Errorf("backend %v", b)
	}
	mine := &core.Backend{Name: "mine"}
	c.Backend = mine
	if b := ask(c); b != mine {
		t.Errorf("an earlier link's choice became %s", b.Name)
	}
	readers.Backends[0].SetState(core.Down)
	c.Backend = nil
	if v, _ := f.OnCommand(context.Background(), c); !v.Denied() || c.Backend != nil {
		t.Error("a command went to a dead backend")
	}
}

func TestAChoiceMakesNoGarbage(t *testing.T) {
	for _, name := range policies {
		f := build(t, name)
		p := coretest.Pool("main", 1, 2, 3)
		for _, b := range p.Backends {
			answer(b, time.Millisecond)
		}
		s := in(p)
		if n := testing.AllocsPerRun(1000, func() { login(f, s) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestPicksAreCountedForEveryGeneration(t *testing.T) {
	reg := prometheus.NewRegistry()
	kind := balancer.Kind(reg)
	p := coretest.Pool("main", 1)
	for range 2 {
		f, err := kind.New("balancer", coretest.Decode(""))
		if err != nil {
			t.Fatal(err)
		}
		login(f, in(p))
		login(f, in(coretest.Pool("empty")))
	}
	want := `
# HELP dbmesh_balancer_picks_total Choices of a backend by result: chosen, or none if no backend was usable.
# TYPE dbmesh_balancer_picks_total counter
dbmesh_balancer_picks_total{link="balancer",result="chosen"} 2
dbmesh_balancer_picks_total{link="balancer",result="none"} 2
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want)); err != nil {
		t.Fatal(err)
	}
}

func TestUnknownPoliciesAreRefused(t *testing.T) {
	_, err := balancer.Kind(nil).New("balancer", coretest.Decode("policy: fastest"))
	if err == nil || !strings.Contains(err.Error(), `"fastest"`) || !strings.Contains(err.Error(), "peak-ewma") {
		t.Fatal(err)
	}
}

func BenchmarkPick(b *testing.B) {
	for _, name := range policies {
		for _, n := range []int{2, 16} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				f := build(b, name)
				weights := make([]int, n)
				for i := range weights {
					weights[i] = 1 + i%3
				}
				p := coretest.Pool("main", weights...)
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					s := in(p)
					for pb.Next() {
						login(f, s)
					}
				})
			})
		}
	}
}

package core_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/coretest"
)

// guarded fails the test if it is used after Close, or closed twice or in use.
type guarded struct {
	t      *testing.T
	inside atomic.Int64
	closed atomic.Int64
	closes *atomic.Int64
}

func (g *guarded) OnCommand(context.Context, *core.Command) (core.Verdict, error) {
	g.inside.Add(1)
	if g.closed.Load() != 0 {
		g.t.Error("a command entered a closed filter")
	}
	return core.Continue(), nil
}

func (g *guarded) OnDone(*core.Command, *core.Outcome) {
	if g.closed.Load() != 0 {
		g.t.Error("a filter closed under a running command")
	}
	g.inside.Add(-1)
}

func (g *guarded) Close() error {
	if g.closed.Add(1) != 1 {
		g.t.Error("a filter closed twice")
	}
	if n := g.inside.Load(); n != 0 {
		g.t.Errorf("a filter closed with %d commands inside", n)
	}
	g.closes.Add(1)
	return nil
}

func TestLiveSwapsUnderHundredsOfCommands(t *testing.T) {
	const sessions, swaps = 300, 400
	var closes, passes atomic.Int64
	builder := &core.Builder{}
	build := func() *core.Chain {
		ch, err := coretest.Build(builder,
			coretest.Link{Filter: &guarded{t: t, closes: &closes}},
			coretest.Link{Filter: &guarded{t: t, closes: &closes}})
		if err != nil {
			t.Fatal(err)
		}
		return ch
	}
	live := core.NewLive(build())
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range sessions {
		wg.Go(func() {
			s := coretest.Session()
			c := coretest.Query(s, "select 1")
			for last := uint64(0); ; passes.Add(1) {
				select {
				case <-stop:
					return
				default:
				}
				ch := live.Acquire()
				if g := ch.Generation(); g < last {
					t.Errorf("generation went back from %d to %d", last, g)
				} else {
					last = g
				}
				c.Reset(s, core.Query, nil, 1, false)
				ch.Command(context.Background(), c)
				ch.Done(c, &core.Outcome{})
				ch.Release()
				runtime.Gosched() // the swapper needs its turn among hundreds
			}
		})
	}
	for i := range swaps {
		// Each generation serves someone, so that swaps and commands do interleave.
		for seen := passes.Load(); passes.Load() < seen+10; {
			runtime.Gosched()
		}
		live.Swap(build())
		if i%6 == 0 {
			build().Discard() // a chain that never came into force
		}
	}
	close(stop)
	wg.Wait()
	live.Close()
	if want := int64(2 * (swaps + 1 + (swaps+5)/6)); closes.Load() != want {
		t.Fatalf("%d filters closed, want %d", closes.Load(), want)
	}
	if live.Acquire() != nil {
		t.Fatal("a closed Live gave a chain")
	}
}

func TestAnOldGenerationLivesAsLongAsItsLastCommand(t *testing.T) {
	j, rs, _ := recorders("old", "new")
	closed := make(chan struct{})
	rs[0].CloseFunc = func() error { close(closed); return nil }
	old, _ := coretest.Build(&core.Builder{}, coretest.Link{Filter: rs[0]})
	next, _ := coretest.Build(&core.Builder{}, coretest.Link{Filter: rs[1]})
	live := core.NewLive(old)
	one, two := live.Acquire(), live.Acquire()
	live.Swap(next)
	if live.Acquire() != next {
		t.Fatal("the swap had no effect")
	}
	one.Release()
	wantLines(t, j)
	two.Release()
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		t.Fatal("the old generation never closed")
	}
	next.Release()
	live.Close()
	wantLines(t, j, "old close", "new close")
}

func TestCloseWaitsForEveryGeneration(t *testing.T) {
	_, rs, _ := recorders("slow")
	release := make(chan struct{})
	var done atomic.Bool
	rs[0].CloseFunc = func() error { <-release; done.Store(true); return errors.New("told to the log only") }
	ch, _ := coretest.Build(&core.Builder{}, coretest.Link{Filter: rs[0]})
	live := core.NewLive(ch)
	ended := make(chan struct{})
	go func() { live.Close(); close(ended) }()
	close(release)
	<-ended
	if !done.Load() {
		t.Fatal("Close returned before the filter had closed")
	}
}

package core_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/coretest"
)

// broke runs a chain of one link that breaks at each command it is asked about.
type broke struct {
	t  *testing.T
	j  *coretest.Journal
	r  *coretest.Recorder
	ch *core.Chain
}

func newBroke(t *testing.T) *broke {
	j, rs, _ := recorders("bad")
	rs[0].Command = broken
	ch, err := coretest.Build(&core.Builder{}, coretest.Link{Filter: rs[0], Policy: core.Quarantine})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ch.Discard)
	return &broke{t, j, rs[0], ch}
}

// asked sends a command and says whether the link got it.
func (b *broke) asked() bool {
	c := coretest.Query(coretest.Session(), "select 1")
	b.ch.Command(context.Background(), c)
	b.ch.Done(c, &core.Outcome{})
	return len(b.j.Take()) > 0
}

// breaks makes the link break often enough and says how long it is left out.
func (b *broke) breaks() time.Duration {
	b.t.Helper()
	for range core.QuarantineAfter {
		if !b.asked() {
			b.t.Fatal("the link is left out")
		}
	}
	start := time.Now()
	for !b.asked() {
		time.Sleep(time.Second)
	}
	return time.Since(start).Round(time.Second)
}

func TestEachQuarantineThatFollowsSoonIsTwiceAsLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroke(t)
		want := core.QuarantineTime
		for range 8 {
			if got := b.breaks(); got != want {
				t.Errorf("left out for %v, want %v", got, want)
			}
			want = min(2*want, core.QuarantineMax)
			time.Sleep(core.QuarantineWindow + time.Second) // what breaks asked after the end is forgotten
		}
		time.Sleep(core.QuarantineMax)
		if got := b.breaks(); got != core.QuarantineTime {
			t.Errorf("after a long peace it is left out for %v", got)
		}
	})
}

func TestFewFailuresOrSlowOnesAreNoQuarantine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroke(t)
		for range 20 {
			if !b.asked() {
				t.Fatal("left out for failures that are far apart")
			}
			time.Sleep(core.QuarantineWindow/(core.QuarantineAfter-1) + time.Millisecond)
		}
	})
}

// The window is any ten seconds, not those that begin with some failure.
func TestTheWindowOfFailuresSlides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroke(t)
		for _, wait := range []time.Duration{9 * time.Second, 2 * time.Second, time.Second} {
			if !b.asked() {
				t.Fatal("left out too early")
			}
			time.Sleep(wait)
		}
		if !b.asked() || b.asked() {
			t.Error("three failures within ten seconds are no quarantine")
		}
	})
}

func TestALinkInQuarantineAtALoginHearsNoEndOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBroke(t)
		for range core.QuarantineAfter {
			b.asked()
		}
		s := coretest.Session()
		b.ch.Connect(context.Background(), s)
		time.Sleep(core.QuarantineTime + time.Second)
		b.ch.Connect(context.Background(), s)
		b.ch.End(s)
		wantLines(t, b.j)
		b.ch.Connect(context.Background(), s)
		b.ch.End(s)
		wantLines(t, b.j, "bad connect", "bad end")
	})
}

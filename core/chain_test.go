package core_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/coretest"
)

// recorders makes one recorder per name, all writing to one journal.
func recorders(names ...string) (*coretest.Journal, []*coretest.Recorder, []core.Filter) {
	j := &coretest.Journal{}
	var rs []*coretest.Recorder
	var fs []core.Filter
	for _, n := range names {
		r := &coretest.Recorder{Name: n, Journal: j}
		rs, fs = append(rs, r), append(fs, r)
	}
	return j, rs, fs
}

func wantLines(t *testing.T, j *coretest.Journal, want ...string) {
	t.Helper()
	if got := j.Take(); !slices.Equal(got, want) {
		t.Fatalf("journal is %q, want %q", got, want)
	}
}

func deny(*core.Command) (core.Verdict, error) { return core.Deny(1045, "28000", "no"), nil }

func broken(*core.Command) (core.Verdict, error) { return core.Continue(), errors.New("disk on fire") }

func panicking(*core.Command) (core.Verdict, error) { panic("nil map") }

func TestChainAsksLinksInOrderAndTellsThemInReverse(t *testing.T) {
	j, _, fs := recorders("a", "b", "c")
	ch := coretest.Chain(t, fs...)
	s := coretest.Session()
	if v := ch.Connect(context.Background(), s); v.Reply() != nil {
		t.Fatal(v.Reply())
	}
	wantLines(t, j, "a connect", "b connect", "c connect")
	c := coretest.Query(s, "select 1")
	if v := ch.Command(context.Background(), c); v.Reply() != nil {
		t.Fatal(v.Reply())
	}
	wantLines(t, j, "a command", "b command", "c command")
	ch.Done(c, &core.Outcome{})
	wantLines(t, j, "c done", "b done", "a done")
	ch.Done(c, &core.Outcome{})
	wantLines(t, j)
}

func TestDoneReachesExactlyTheLinksThatTheCommandReached(t *testing.T) {
	j, rs, fs := recorders("a", "b", "c")
	rs[1].Command = deny
	ch := coretest.Chain(t, fs...)
	c := coretest.Query(coretest.Session(), "select 1")
	v := ch.Command(context.Background(), c)
	if !v.Denied() || v.Reply().Err.Code != 1045 {
		t.Fatalf("verdict %+v", v.Reply())
	}
	ch.Done(c, &core.Outcome{})
	wantLines(t, j, "a command", "b command", "b done", "a done")

	// The next command of the session starts afresh.
	rs[1].Command = nil
	c.Reset(c.Session, core.Query, []byte("select 2"), 9, false)
	ch.Command(context.Background(), c)
	ch.Done(c, &core.Outcome{})
	wantLines(t, j, "a command", "b command", "c command", "c done", "b done", "a done")
}

func TestDoneBeforeAnyPassTellsNobody(t *testing.T) {
	j, _, fs := recorders("a")
	ch := coretest.Chain(t, fs...)
	ch.Done(coretest.Query(coretest.Session(), "select 1"), &core.Outcome{})
	wantLines(t, j)
}

// finisher has the end hook alone, as slow-log has.
type finisher struct{ j *coretest.Journal }

func (f finisher) OnDone(*core.Command, *core.Outcome) { f.j.Add("finisher done") }

func TestALinkWithTheEndHookAloneHearsCommandsThatPassedIt(t *testing.T) {
	for _, first := range []bool{true, false} {
		j, rs, fs := recorders("a")
		rs[0].Command = deny
		f := core.Filter(finisher{j})
		if first {
			fs = append([]core.Filter{f}, fs...)
		} else {
			fs = append(fs, f)
		}
		ch := coretest.Chain(t, fs...)
		c := coretest.Query(coretest.Session(), "select 1")
		ch.Command(context.Background(), c)
		ch.Done(c, &core.Outcome{})
		if got := slices.Contains(j.Take(), "finisher done"); got != first {
			t.Fatalf("finisher first %v: heard the end %v", first, got)
		}
	}
}

func TestAnAnswerSkipsLaterLinks(t *testing.T) {
	j, rs, fs := recorders("a", "b")
	rs[0].Command = func(*core.Command) (core.Verdict, error) { return core.Answer(&core.Reply{Affected: 3}), nil }
	ch := coretest.Chain(t, fs...)
	c := coretest.Query(coretest.Session(), "select 1")
	v := ch.Command(context.Background(), c)
	if v.Denied() || v.Reply() == nil || v.Reply().Affected != 3 {
		t.Fatalf("reply %+v", v.Reply())
	}
	wantLines(t, j, "a command")
}

func TestAnAnswerAtLoginDoesNotSkipLaterLinks(t *testing.T) {
	j, rs, fs := recorders("generous", "strict")
	rs[0].Connect = func(*core.Session) (core.Verdict, error) { return core.Answer(&core.Reply{}), nil }
	rs[1].Connect = func(*core.Session) (core.Verdict, error) { return core.Deny(1045, "28000", "no"), nil }
	ch := coretest.Chain(t, fs...)
	if v := ch.Connect(context.Background(), coretest.Session()); !v.Denied() {
		t.Fatal("a generous link hid a strict one")
	}
	wantLines(t, j, "generous connect", "strict connect")
}

func TestPoliciesDecideWhatABrokenFilterMeans(t *testing.T) {
	for _, broke := range []func(*core.Command) (core.Verdict, error){broken, panicking} {
		for _, tc := range []struct {
			policy core.Policy
			denied bool
			lines  []string
		}{
			{core.Closed, true, []string{"bad command", "bad done"}},
			{core.Open, false, []string{"bad command", "good command", "good done", "bad done"}},
			{core.Quarantine, false, []string{"bad command", "good command", "good done", "bad done"}},
		} {
			j, rs, _ := recorders("bad", "good")
			rs[0].Command = broke
			ch, err := coretest.Build(&core.Builder{},
				coretest.Link{Name: "bad", Filter: rs[0], Policy: tc.policy}, coretest.Link{Filter: rs[1]})
			if err != nil {
				t.Fatal(err)
			}
			c := coretest.Query(coretest.Session(), "select 1")
			v := ch.Command(context.Background(), c)
			if v.Denied() != tc.denied {
				t.Fatalf("%v: denied %v", tc.policy, v.Denied())
			}
			if tc.denied && (v.Reply().Err.Code != 1105 || !strings.Contains(v.Reply().Err.Message, `"bad"`)) {
				t.Fatalf("error %v does not name the filter", v.Reply().Err)
			}
			ch.Done(c, &core.Outcome{})
			wantLines(t, j, tc.lines...)
			ch.Discard()
			wantLines(t, j, "good close", "bad close")
		}
	}
}

func TestPoliciesHoldAtLogin(t *testing.T) {
	for policy, denied := range map[core.Policy]bool{core.Closed: true, core.Open: false, core.Quarantine: false} {
		_, rs, _ := recorders("bad")
		rs[0].Connect = func(*core.Session) (core.Verdict, error) { panic("boom") }
		ch, err := coretest.Build(&core.Builder{}, coretest.Link{Filter: rs[0], Policy: policy})
		if err != nil {
			t.Fatal(err)
		}
		if v := ch.Connect(context.Background(), coretest.Session()); v.Denied() != denied {
			t.Fatalf("%v: denied %v", policy, v.Denied())
		}
		ch.Discard()
	}
}

func TestQuarantineLeavesALinkOutForItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, rs, _ := recorders("bad")
		rs[0].Command = broken
		ch, err := coretest.Build(&core.Builder{}, coretest.Link{Filter: rs[0], Policy: core.Quarantine})
		if err != nil {
			t.Fatal(err)
		}
		defer ch.Discard()
		pass := func() {
			c := coretest.Query(coretest.Session(), "select 1")
			ch.Command(context.Background(), c)
			ch.Done(c, &core.Outcome{})
		}
		for range core.QuarantineAfter {
			pass()
			wantLines(t, j, "bad command", "bad done")
		}
		if out := ch.Quarantined(); !slices.Equal(out, ch.Links()) {
			t.Errorf("%q are in quarantine, want %q", out, ch.Links())
		}
		time.Sleep(core.QuarantineTime - time.Millisecond)
		pass()
		ch.Connect(context.Background(), coretest.Session())
		wantLines(t, j)
		time.Sleep(2 * time.Millisecond)
		if out := ch.Quarantined(); len(out) > 0 {
			t.Errorf("%q are in quarantine", out)
		}
		pass()
		wantLines(t, j, "bad command", "bad done")
	})
}

func TestACommandThatBeganBeforeQuarantineHearsItsEnd(t *testing.T) {
	j, rs, _ := recorders("bad")
	ch, err := coretest.Build(&core.Builder{}, coretest.Link{Filter: rs[0], Policy: core.Quarantine})
	if err != nil {
		t.Fatal(err)
	}
	defer ch.Discard()
	early := coretest.Query(coretest.Session(), "select 1")
	ch.Command(context.Background(), early)
	rs[0].Command = broken
	for range core.QuarantineAfter {
		ch.Command(context.Background(), coretest.Query(coretest.Session(), "select 2"))
	}
	late := coretest.Query(coretest.Session(), "select 3")
	ch.Command(context.Background(), late)
	ch.Done(late, &core.Outcome{})
	j.Take()
	ch.Done(early, &core.Outcome{})
	wantLines(t, j, "bad done")
}

func TestAPanicAfterACommandReachesTheOtherLinks(t *testing.T) {
	j, rs, fs := recorders("a", "b")
	rs[1].Done = func(*core.Command, *core.Outcome) { panic("late") }
	ch := coretest.Chain(t, fs...)
	c := coretest.Query(coretest.Session(), "select 1")
	ch.Command(context.Background(), c)
	ch.Done(c, &core.Outcome{})
	wantLines(t, j, "a command", "b command", "b done", "a done")
}

func TestObserversHearEachDecisionOnce(t *testing.T) {
	heard := &coretest.Journal{}
	_, rs, _ := recorders("a", "b", "c")
	rs[1].Command = broken
	rs[2].Command = deny
	b := &core.Builder{Observe: func(_, link, _ string) core.Observer {
		return coretest.Observer{Link: link, Journal: heard}
	}}
	ch, err := coretest.Build(b, coretest.Link{Name: "a", Filter: rs[0]},
		coretest.Link{Name: "b", Filter: rs[1], Policy: core.Open}, coretest.Link{Name: "c", Filter: rs[2]})
	if err != nil {
		t.Fatal(err)
	}
	defer ch.Discard()
	ch.Command(context.Background(), coretest.Query(coretest.Session(), "select 1"))
	wantLines(t, heard, "a pass", "b broke", "c deny")
}

func TestNewLinksMeetAnOldSessionOnce(t *testing.T) {
	j, rs, _ := recorders("a", "b", "c")
	ctx := context.Background()
	s := coretest.Session()
	build := func(links ...int) *core.Chain {
		var ls []coretest.Link
		for _, i := range links {
			ls = append(ls, coretest.Link{Name: rs[i].Name, Filter: rs[i]})
		}
		ch, err := coretest.Build(&core.Builder{}, ls...)
		if err != nil {
			t.Fatal(err)
		}
		return ch
	}
	build(0, 1).Connect(ctx, s)
	wantLines(t, j, "a connect", "b connect")
	next := build(1, 2, 0)
	next.Connect(ctx, s)
	wantLines(t, j, "c connect")
	next.Connect(ctx, s)
	wantLines(t, j)
	build(1, 2, 0).Connect(ctx, s)
	wantLines(t, j)
	s.Renew()
	next.Connect(ctx, s)
	wantLines(t, j, "b connect", "c connect", "a connect")
}

func TestEachLinkHasItsOwnSlotPerCommand(t *testing.T) {
	_, rs, fs := recorders("a", "b", "c")
	var got []string
	for i, r := range rs {
		r.Command = func(c *core.Command) (core.Verdict, error) {
			if c.Slot().N != 0 || c.Slot().P != nil {
				t.Errorf("%s begins with %+v", r.Name, *c.Slot())
			}
			c.Slot().N, c.Slot().P = uint64(i+1), r.Name
			return core.Continue(), nil
		}
		r.Done = func(c *core.Command, _ *core.Outcome) {
			got = append(got, fmt.Sprint(c.Slot().P, c.Slot().N))
		}
	}
	ch := coretest.Chain(t, fs...)
	c := coretest.Query(coretest.Session(), "select 1")
	for range 2 {
		ch.Command(context.Background(), c)
		ch.Done(c, &core.Outcome{})
		c.Reset(c.Session, core.Query, nil, 1, false)
	}
	if want := []string{"c3", "b2", "a1", "c3", "b2", "a1"}; !slices.Equal(got, want) {
		t.Fatalf("slots %q, want %q", got, want)
	}
}

// quiet has all hooks and does nothing.
type quiet struct{ n int }

func (quiet) OnConnect(context.Context, *core.Session) (core.Verdict, error) {
	return core.Continue(), nil
}

func (q quiet) OnCommand(_ context.Context, c *core.Command) (core.Verdict, error) {
	c.Slot().N = uint64(q.n)
	return core.Continue(), nil
}

func (quiet) OnDone(*core.Command, *core.Outcome) {}

func TestAPassOfFourLinksMakesNoGarbage(t *testing.T) {
	ch := coretest.Chain(t, quiet{1}, quiet{2}, quiet{3}, quiet{4})
	live := core.NewLive(ch)
	s := coretest.Session()
	c := coretest.Query(s, "select 1")
	sql := []byte("select 1")
	o := &core.Outcome{}
	ctx := context.Background()
	allocs := testing.AllocsPerRun(1000, func() {
		ch := live.Acquire()
		ch.Connect(ctx, s)
		c.Reset(s, core.Query, sql, len(sql)+1, false)
		ch.Command(ctx, c)
		ch.Done(c, o)
		ch.Release()
	})
	if allocs != 0 {
		t.Fatalf("%v allocations per pass, want 0", allocs)
	}
}

func BenchmarkPassOfFourLinks(b *testing.B) {
	ch := coretest.Chain(b, quiet{1}, quiet{2}, quiet{3}, quiet{4})
	c := coretest.Query(coretest.Session(), "select 1")
	o := &core.Outcome{}
	for b.Loop() {
		ch.Command(context.Background(), c)
		ch.Done(c, o)
	}
}

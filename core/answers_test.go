package core_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/coretest"
)

// passed is a query that the chain's links have let through.
func passed(ch *core.Chain) *core.Command {
	c := coretest.Query(coretest.Session(), "select 1")
	ch.Command(context.Background(), c)
	return c
}

func masking(masks ...core.Mask) func(*core.Command, []core.Column) ([]core.Mask, core.Verdict, error) {
	return func(*core.Command, []core.Column) ([]core.Mask, core.Verdict, error) {
		return masks, core.Continue(), nil
	}
}

func TestTheLastLinksMaskOfAColumnHolds(t *testing.T) {
	j, rs, fs := recorders("a", "b", "c")
	rs[0].Columns = masking(core.Mask{Column: 0, By: core.MaskNull}, core.Mask{Column: 1, By: core.MaskKeep, First: 1})
	rs[2].Columns = masking(core.Mask{Column: 1, By: core.MaskHash})
	ch := coretest.Chain(t, fs...)
	c := passed(ch)
	j.Take()
	masks, v := ch.Columns(context.Background(), c, make([]core.Column, 2))
	if v.Reply() != nil || len(masks) != 2 || masks[0].Column != 1 || masks[0].By != core.MaskHash || masks[1].Column != 0 {
		t.Fatalf("masks %+v, verdict %+v", masks, v.Reply())
	}
	wantLines(t, j, "c columns", "b columns", "a columns")
}

func TestAResultIsDeniedByTheFirstLinkAsked(t *testing.T) {
	j, rs, fs := recorders("a", "b")
	rs[1].Columns = func(c *core.Command, _ []core.Column) ([]core.Mask, core.Verdict, error) {
		c.Slot().N = 7
		return nil, core.Deny(1142, "42000", "no such column for you"), nil
	}
	rs[1].Done = func(c *core.Command, _ *core.Outcome) {
		if c.Slot().N != 7 {
			t.Error("OnColumns had another link's slot")
		}
	}
	rs[0].Done = func(c *core.Command, _ *core.Outcome) {
		if c.Slot().N != 0 {
			t.Error("OnColumns had this link's slot")
		}
	}
	ch := coretest.Chain(t, fs...)
	c := passed(ch)
	j.Take()
	masks, v := ch.Columns(context.Background(), c, make([]core.Column, 1))
	if masks != nil || !v.Denied() || v.Reply().Err.Code != 1142 {
		t.Fatalf("masks %+v, verdict %+v", masks, v.Reply())
	}
	ch.Done(c, &core.Outcome{})
	wantLines(t, j, "b columns", "b done", "a done")

	// An answer that is no error can't take a result's place.
	rs[1].Columns = func(*core.Command, []core.Column) ([]core.Mask, core.Verdict, error) {
		return nil, core.Answer(&core.Reply{Affected: 1}), nil
	}
	if _, v := ch.Columns(context.Background(), passed(ch), nil); v.Reply() != nil {
		t.Fatalf("verdict %+v", v.Reply())
	}
}

func TestLinksThatThePassDidNotReachSeeNoAnswer(t *testing.T) {
	j, rs, fs := recorders("a", "b")
	rs[0].Command = deny
	ch := coretest.Chain(t, fs...)
	c := passed(ch)
	ch.Columns(context.Background(), c, nil)
	ch.Error(context.Background(), c, &core.Error{})
	wantLines(t, j, "a command", "a columns", "a error")
}

func TestPoliciesHoldForAnswers(t *testing.T) {
	bad := map[string]func(*core.Command, []core.Column) ([]core.Mask, core.Verdict, error){
		"an error": func(*core.Command, []core.Column) ([]core.Mask, core.Verdict, error) {
			return nil, core.Continue(), errors.New("x")
		},
		"a panic":     func(*core.Command, []core.Column) ([]core.Mask, core.Verdict, error) { panic("x") },
		"column 2":    masking(core.Mask{Column: 0}, core.Mask{Column: 2}),
		"column -1":   masking(core.Mask{Column: -1}),
		"mask 9":      masking(core.Mask{By: 9}),
		"first is -1": masking(core.Mask{By: core.MaskKeep, First: -1}),
	}
	for name, columns := range bad {
		for policy, denied := range map[core.Policy]bool{core.Closed: true, core.Open: false, core.Quarantine: false} {
			_, rs, _ := recorders("good", "bad")
			rs[0].Columns = masking(core.Mask{Column: 1})
			rs[1].Columns = columns
			rs[1].Error = func(*core.Command, *core.Error) (*core.Error, error) {
				_, _, err := columns(nil, make([]core.Column, 2))
				if err == nil {
					err = errors.New("y")
				}
				return nil, err
			}
			ch, err := coretest.Build(&core.Builder{}, coretest.Link{Name: "good", Filter: rs[0]}, coretest.Link{Name: "bad", Filter: rs[1], Policy: policy})
			if err != nil {
				t.Fatal(err)
			}
			defer ch.Discard()
			c := passed(ch)
			masks, v := ch.Columns(context.Background(), c, make([]core.Column, 2))
			if v.Denied() != denied || denied && !strings.Contains(v.Reply().Err.Message, `"bad"`) {
				t.Errorf("%s, %v: verdict %+v", name, policy, v.Reply())
			}
			if !denied && (len(masks) != 1 || masks[0].Column != 1) { // the broken link's are none at all
				t.Errorf("%s, %v: masks %+v", name, policy, masks)
			}
			e := &core.Error{Code: 1064}
			if got := ch.Error(context.Background(), c, e); (got != e) != denied || denied && got.Code != 1105 {
				t.Errorf("%s, %v: error %+v", name, policy, got)
			}
		}
	}
}

func TestErrorsAreRewrittenLastLinkFirst(t *testing.T) {
	j, rs, fs := recorders("a", "b", "c")
	more := func(text string) func(*core.Command, *core.Error) (*core.Error, error) {
		return func(_ *core.Command, e *core.Error) (*core.Error, error) {
			return &core.Error{Code: e.Code + 1, State: e.State, Message: e.Message + text}, nil
		}
	}
	rs[0].Error, rs[2].Error = more(" a"), more(" c")
	ch := coretest.Chain(t, fs...)
	c := passed(ch)
	j.Take()
	if e := ch.Error(context.Background(), c, &core.Error{Code: 1064, State: "42000", Message: "bad"}); *e != (core.Error{Code: 1066, State: "42000", Message: "bad c a"}) {
		t.Errorf("error %+v", e)
	}
	wantLines(t, j, "c error", "b error", "a error")
	rs[0].Error, rs[2].Error = nil, nil
	e := &core.Error{Code: 1064}
	if ch.Error(context.Background(), c, e) != e {
		t.Error("an error that nobody minds is another")
	}
}

func TestTheReasonOfAFaultReachesTheClient(t *testing.T) {
	_, rs, _ := recorders("guest")
	rs[0].Command = func(*core.Command) (core.Verdict, error) {
		return core.Continue(), errors.Join(&core.Fault{Reason: "out of fuel (2000000 per hook)"}, errors.New("secret"))
	}
	ch, err := coretest.Build(&core.Builder{}, coretest.Link{Name: "guest", Filter: rs[0]})
	if err != nil {
		t.Fatal(err)
	}
	defer ch.Discard()
	v := ch.Command(context.Background(), coretest.Query(coretest.Session(), "select 1"))
	want := `dbmesh: filter "guest" failed: out of fuel (2000000 per hook); its policy is closed, see dbmesh's log, session 7`
	if v.Reply() == nil || v.Reply().Err.Message != want {
		t.Fatalf("%+v, want %q", v.Reply(), want)
	}
}

func TestASessionsEndIsToldOnceToThoseWhoMetIt(t *testing.T) {
	ctx := context.Background()
	j, rs, fs := recorders("a", "b", "c")
	rs[1].Connect = func(*core.Session) (core.Verdict, error) { return core.Deny(1045, "28000", "no"), nil }
	ch := coretest.Chain(t, fs...)
	s := coretest.Session()
	ch.End(s)
	wantLines(t, j)
	ch.Connect(ctx, s)
	ch.End(s)
	ch.End(s)
	wantLines(t, j, "a connect", "b connect", "b end", "a end")

	rs[1].Connect, rs[2].End = nil, func(*core.Session) { panic("late") }
	ch.Connect(ctx, s)
	ch.End(s)
	wantLines(t, j, "a connect", "b connect", "c connect", "c end", "b end", "a end")

	// A link that came with a swap and denied does not take the end from those before it.
	next := coretest.Chain(t, fs[0])
	next.Connect(ctx, s)
	rs[1].Connect = func(*core.Session) (core.Verdict, error) { return core.Deny(1045, "28000", "no"), nil }
	swapped, err := coretest.Build(&core.Builder{}, coretest.Link{Name: "new", Filter: rs[1]}, coretest.Link{Name: "0", Filter: rs[0]}, coretest.Link{Name: "newer", Filter: rs[2]})
	if err != nil {
		t.Fatal(err)
	}
	defer swapped.Discard()
	swapped.Connect(ctx, s)
	swapped.End(s)
	wantLines(t, j, "a connect", "b connect", "a end", "b end")
}

// ender has the last hook alone.
type ender struct{ j *coretest.Journal }

func (e ender) OnSessionEnd(*core.Session) { e.j.Add("ender end") }

func TestALinkWithTheLastHookAloneHearsOfSessionsThatReachedIt(t *testing.T) {
	j, rs, _ := recorders("a")
	ch := coretest.Chain(t, rs[0], ender{j})
	s := coretest.Session()
	ch.Connect(context.Background(), s)
	ch.End(s)
	wantLines(t, j, "a connect", "ender end", "a end")
	rs[0].Connect = func(*core.Session) (core.Verdict, error) { return core.Deny(1045, "28000", "no"), nil }
	ch.Connect(context.Background(), s)
	ch.End(s)
	wantLines(t, j, "a connect", "a end")
	rs[0].End = func(s *core.Session) { j.Add("kept %v", s.Kept("k")) }
	rs[0].Connect = nil
	ch.Connect(context.Background(), s)
	s.Keep("k", 1)
	ch.End(s)
	wantLines(t, j, "a connect", "ender end", "a end", "kept 1")
	if s.Kept("k") != nil {
		t.Error("what was kept outlives the login")
	}
}

func TestWhatASessionKeepsIsEachKeysOwn(t *testing.T) {
	s := coretest.Session()
	one, two := new(int), new(int)
	s.Keep(one, "a")
	s.Keep(two, "b")
	s.Keep(one, "c")
	if s.Kept(one) != "c" || s.Kept(two) != "b" || s.Kept(new(int)) != nil {
		t.Fatalf("kept %v, %v", s.Kept(one), s.Kept(two))
	}
	s.Keep(one, nil)
	s.Keep(new(int), nil)
	if s.Kept(one) != nil || s.Kept(two) != "b" {
		t.Fatalf("kept %v, %v", s.Kept(one), s.Kept(two))
	}
	was := *s
	s.Renew()
	s.Keep(one, "new")
	if s.Kept(two) != nil || was.Kept(two) != "b" || was.Kept(one) != nil {
		t.Error("a renewed session shares what it keeps with the one before")
	}
}

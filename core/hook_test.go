package core_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/coretest"
)

// choosy is a recorder that has the hooks that it says.
type choosy struct {
	coretest.Recorder
	hooks core.HookSet
}

func (c *choosy) Hooks() core.HookSet { return c.hooks }

// round sends a session through every hook of a chain.
func round(ch *core.Chain) {
	ctx := context.Background()
	s := coretest.Session()
	ch.Connect(ctx, s)
	for _, code := range []core.Code{core.InitDB, core.Query, core.Prepare, core.Execute, core.BulkExecute, core.Fetch, core.Ping} {
		c := coretest.Command(s, code, "select 1")
		ch.Command(ctx, c)
		if code == core.Query {
			ch.Columns(ctx, c, make([]core.Column, 1))
			ch.Error(ctx, c, &core.Error{})
		}
		ch.Done(c, &core.Outcome{})
	}
	ch.End(s)
}

func TestALinkIsAskedAtTheHooksThatItChooses(t *testing.T) {
	for hook, want := range map[core.Hook][]string{
		core.HookConnect: {"a connect"},
		core.HookInitDB:  {"a command"},
		core.HookQuery:   {"a command"},
		core.HookPrepare: {"a command"},
		core.HookExecute: {"a command", "a command", "a command"},
		core.HookOther:   {"a command"},
		core.HookColumns: {"a columns"},
		core.HookError:   {"a error"},
		core.HookDone:    {"a done", "a done", "a done", "a done", "a done", "a done", "a done"},
		core.HookEnd:     {"a end"},
	} {
		j := &coretest.Journal{}
		ch := coretest.Chain(t, &choosy{coretest.Recorder{Name: "a", Journal: j}, core.Hooks(hook)})
		if ch.ReadsColumns() != (hook == core.HookColumns) || ch.ReadsErrors() != (hook == core.HookError) || ch.HearsEnds() != (hook == core.HookEnd) {
			t.Errorf("hook %d: the chain says that it reads other things", hook)
		}
		round(ch)
		wantLines(t, j, want...)
	}
	j := &coretest.Journal{}
	ch := coretest.Chain(t, &choosy{Recorder: coretest.Recorder{Name: "a", Journal: j}})
	round(ch) // it says that it has none, and is no mistake for that
	wantLines(t, j)
}

func TestALinkWithoutAHookForTheCommandStillHearsItsEnd(t *testing.T) {
	j, rs, _ := recorders("b")
	a := &choosy{coretest.Recorder{Name: "a", Journal: j}, core.Hooks(core.HookPrepare, core.HookDone)}
	rs[0].Command = deny
	ch := coretest.Chain(t, a, rs[0])
	c := coretest.Query(coretest.Session(), "select 1")
	ch.Command(context.Background(), c)
	ch.Done(c, &core.Outcome{})
	wantLines(t, j, "b command", "b done", "a done")
}

// members is a kind whose link stands for several filters.
func members(err error, all ...core.Member) core.Kind {
	return core.Kind{Members: func(string, string, core.Decode) ([]core.Member, error) { return all, err }}
}

func TestALinkMayStandForSeveral(t *testing.T) {
	j, rs, _ := recorders("x", "y", "z")
	b := &core.Builder{Registry: core.Registry{
		"dir":   members(nil, core.Member{Name: "rules/y", Filter: rs[1]}, core.Member{Name: "rules/x", Filter: rs[0]}),
		"z":     kind(rs[2], nil),
		"empty": members(nil),
	}}
	ch, err := b.Build("main", []core.Spec{{Name: "none", Kind: "empty"}, {Name: "rules", Kind: "dir", OnFailure: core.Open}, {Name: "z", Kind: "z"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(ch.Links(), " "); got != "rules/y rules/x z" {
		t.Fatalf("links are %q", got)
	}
	rs[0].Command = broken // its policy is the link's
	c := coretest.Query(coretest.Session(), "select 1")
	if v := ch.Command(context.Background(), c); v.Reply() != nil {
		t.Fatal(v.Reply())
	}
	ch.Done(c, &core.Outcome{})
	wantLines(t, j, "y command", "x command", "z command", "z done", "x done", "y done")
	ch.Discard()
	wantLines(t, j, "z close", "x close", "y close")
}

func TestBuildClosesTheMembersOfALinkThatCannotBe(t *testing.T) {
	j, rs, _ := recorders("x", "y", "z")
	twice := []core.Member{{Name: "d/x", Filter: rs[0]}, {Name: "d/x", Filter: rs[1]}, {Name: "d/z", Filter: rs[2]}}
	hookless := []core.Member{{Name: "d/x", Filter: rs[0]}, {Name: "d/y", Filter: struct{}{}}, {Name: "d/z", Filter: rs[2]}}
	for _, tc := range []struct {
		specs  []core.Spec
		kind   core.Kind
		link   string
		want   string
		closed []string
	}{
		{nil, members(nil, twice...), "d", `the name "d/x"`, []string{"z close", "y close", "x close"}},
		{nil, members(nil, hookless...), "d", `"d/y"`, []string{"z close", "x close"}},
		{nil, members(errors.New("no such directory")), "d", "no such directory", nil},
		{nil, core.Kind{Members: func(string, string, core.Decode) ([]core.Member, error) { panic("nil map") }}, "d", "nil map", nil},
		{[]core.Spec{{Name: "d", Kind: "none"}}, members(nil), "d", "two links", nil},
		{[]core.Spec{{Name: "d/x", Kind: "y"}}, members(nil, twice[0]), "d", `the name "d/x"`, []string{"x close", "y close"}},
	} {
		b := &core.Builder{Registry: core.Registry{"dir": tc.kind, "none": members(nil), "y": kind(rs[1], nil)}}
		ch, err := b.Build("main", append(tc.specs, core.Spec{Name: "d", Kind: "dir"}))
		if ch != nil || err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Fatalf("error %v does not say %q", err, tc.want)
		}
		var le *core.LinkError
		if !errors.As(err, &le) || le.Link != tc.link {
			t.Errorf("error %v does not point at link %q", err, tc.link)
		}
		wantLines(t, j, tc.closed...)
	}
}

// sluggish becomes slow when it is told.
type sluggish struct {
	quiet
	slow *bool
}

func (s sluggish) Slow() bool { return *s.slow }

type paramReader struct {
	quiet
	reads bool
}

func (p paramReader) ReadsParams() bool { return p.reads }

func TestAChainIsWhatItsLinksSay(t *testing.T) {
	slow := false
	ch := coretest.Chain(t, quiet{}, sluggish{slow: &slow})
	if ch.Slow() {
		t.Error("slow from the start")
	}
	if slow = true; !ch.Slow() {
		t.Error("a filter became slow, the chain did not")
	}
	for _, reads := range []bool{false, true} {
		if ch := coretest.Chain(t, quiet{}, paramReader{reads: reads}); ch.ReadsParams() != reads {
			t.Errorf("reads parameters: %v", ch.ReadsParams())
		}
	}
}

// A filter without the query hook costs a query nothing.
func BenchmarkPassOfAQuery(b *testing.B) {
	none := &choosy{Recorder: coretest.Recorder{Journal: &coretest.Journal{}}, hooks: core.Hooks(core.HookPrepare)}
	for name, filters := range map[string][]core.Filter{
		"four links":                     {quiet{1}, quiet{2}, quiet{3}, quiet{4}},
		"four and four without the hook": {none, quiet{1}, none, quiet{2}, none, quiet{3}, none, quiet{4}},
	} {
		b.Run(name, func(b *testing.B) {
			ch := coretest.Chain(b, filters...)
			c := coretest.Query(coretest.Session(), "select 1")
			o := &core.Outcome{}
			for b.Loop() {
				ch.Command(context.Background(), c)
				ch.Done(c, o)
			}
		})
	}
}

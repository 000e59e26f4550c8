package core_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/coretest"
)

func kind(f core.Filter, err error) core.Kind {
	return core.Kind{New: func(string, core.Decode) (core.Filter, error) { return f, err }}
}

func TestBuildClosesWhatItMadeWhenALaterLinkFails(t *testing.T) {
	j, rs, _ := recorders("a", "b")
	rs[0].CloseFunc = func() error { panic("close must not end the process") }
	why := errors.New("no such file")
	reg := core.Registry{
		"a": kind(rs[0], nil), "b": kind(rs[1], nil),
		"bad":      kind(nil, why),
		"hookless": kind(struct{}{}, nil),
		"panics":   {New: func(string, core.Decode) (core.Filter, error) { panic("nil map") }},
	}
	for _, tc := range []struct {
		last core.Spec
		want string
	}{
		{core.Spec{Name: "x", Kind: "bad"}, "no such file"},
		{core.Spec{Name: "x", Kind: "hookless"}, "no hook"},
		{core.Spec{Name: "x", Kind: "panics"}, "nil map"},
		{core.Spec{Name: "x", Kind: "absent"}, `no filter kind "absent"`},
		{core.Spec{Name: "a", Kind: "b"}, "two links"},
	} {
		b := &core.Builder{Registry: reg}
		ch, err := b.Build("main", []core.Spec{{Name: "a", Kind: "a"}, {Name: "b", Kind: "b"}, tc.last})
		if ch != nil || err == nil {
			t.Fatalf("%+v was built", tc.last)
		}
		if !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), `chain "main"`) {
			t.Errorf("error %q does not say %q", err, tc.want)
		}
		var le *core.LinkError
		if !errors.As(err, &le) || le.Link != tc.last.Name {
			t.Errorf("error %v does not point at link %q", err, tc.last.Name)
		}
		if tc.last.Kind == "bad" && !errors.Is(err, why) {
			t.Error("the filter's own error is lost")
		}
		wantLines(t, j, "b close", "a close")
	}
}

// login is an authenticating link, which may route too.
type login struct {
	quiet
	passthrough bool
}

func (l login) Passthrough() bool { return l.passthrough }

type switcher struct {
	quiet
	switches bool
}

func (s switcher) SwitchesPools() bool { return s.switches }

func TestPassthroughRefusesALinkThatSwitchesPools(t *testing.T) {
	for _, passthrough := range []bool{true, false} {
		for _, switches := range []bool{true, false} {
			for _, loginFirst := range []bool{true, false} {
				links := []coretest.Link{{Filter: login{passthrough: passthrough}}, {Name: "router", Filter: switcher{switches: switches}}}
				if !loginFirst {
					links[0], links[1] = links[1], links[0]
				}
				ch, err := coretest.Build(&core.Builder{}, links...)
				if refused := err != nil; refused != (passthrough && switches) {
					t.Fatalf("passthrough %v, switches %v: error %v", passthrough, switches, err)
				}
				if err != nil {
					var le *core.LinkError
					if !errors.As(err, &le) || le.Link != "router" {
						t.Fatalf("error %v does not point at the router", err)
					}
					continue
				}
				ch.Discard()
			}
		}
	}
}

func TestBuildNumbersGenerationsAndKnowsSlowKinds(t *testing.T) {
	b := &core.Builder{Registry: core.Registry{
		"fast": kind(quiet{}, nil),
		"slow": {New: kind(quiet{}, nil).New, Slow: true},
	}}
	fast, err := b.Build("main", []core.Spec{{Name: "a", Kind: "fast"}})
	if err != nil {
		t.Fatal(err)
	}
	slow, err := b.Build("main", []core.Spec{{Name: "a", Kind: "fast"}, {Name: "b", Kind: "slow"}})
	if err != nil {
		t.Fatal(err)
	}
	if fast.Slow() || !slow.Slow() {
		t.Fatalf("slow: %v, %v", fast.Slow(), slow.Slow())
	}
	if fast.Generation() != 1 || slow.Generation() != 2 {
		t.Fatalf("generations %d, %d", fast.Generation(), slow.Generation())
	}
}

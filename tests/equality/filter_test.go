package equality

import (
	"context"
	"fmt"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/tests/equality/dialogue"
	"github.com/dbmesh/dbmesh/tests/equality/mesh"
)

// echo is a filter that takes part in every command and changes nothing.
type echo struct{ rewrites bool }

// OnCommand may put a copy of the statement in its place.
func (e echo) OnCommand(_ context.Context, c *core.Command) (core.Verdict, error) {
	if e.rewrites && c.SQL != nil && !c.Truncated() && (c.Code == core.Query || c.Code == core.Prepare) {
		c.Rewrite(append([]byte(nil), c.SQL...))
	}
	return core.Continue(), nil
}

// OnDone looks at the command once more.
func (e echo) OnDone(c *core.Command, _ *core.Outcome) { _ = len(c.SQL) }

// Close has nothing to end.
func (e echo) Close() error { return nil }

func kind(slow, rewrites bool) core.Kind {
	return core.Kind{Slow: slow, New: func(string, core.Decode) (core.Filter, error) { return echo{rewrites}, nil }}
}

func TestFiltersThatChangeNothingChangeNoByte(t *testing.T) {
	for _, c := range []struct {
		name  string
		extra core.Kind
	}{
		{"slow", kind(true, false)},
		{"rewriting by the same text", kind(false, true)},
		{"slow and rewriting", kind(true, true)},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := setStage(t, "mariadb", 0)
			s.all = thinned(s.all)
			s.mesh = mesh.Start(t, mesh.Options{Backend: s.backend.Addr, Loops: 1, Extra: c.extra})
			s.parallel(4, func(i int, r *dialogue.Recording) {
				if err := s.play(fmt.Sprint(i), playWait, r, r); err != nil {
					t.Errorf("%s: %v", r.Title, err)
				}
			})
		})
	}
}

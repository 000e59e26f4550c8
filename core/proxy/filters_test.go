package proxy

import (
	"context"

	"github.com/dbmesh/dbmesh/core"
)

// commander is a filter made of one function.
type commander func(*core.Command) core.Verdict

func (f commander) OnCommand(_ context.Context, c *core.Command) (core.Verdict, error) {
	return f(c), nil
}

func kind(f commander) core.Kind {
	return core.Kind{New: func(string, core.Decode) (core.Filter, error) { return f, nil }}
}

// waiting is a slow kind that tells of the first command and holds it until goOn is closed.
func waiting(begun, goOn chan struct{}) core.Kind {
	first := true
	k := kind(func(*core.Command) core.Verdict {
		if first {
			first = false
			close(begun)
			<-goOn
		}
		return core.Continue()
	})
	k.Slow = true
	return k
}

// heard runs a task on every loop, behind the events that are there already. It says
// whether there was a further round, so that epoll was asked at least once more.
func (m *mesh) heard() bool {
	for range 3 {
		done := make(chan struct{})
		if !m.srv.loops[0].post(func() { close(done) }) {
			return false
		}
		<-done
	}
	return true
}

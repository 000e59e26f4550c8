package lab

import (
	"context"
	"fmt"
	"time"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/cases"
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm"
)

// Trial is a case that was run.
type Trial struct {
	Case   *cases.Case
	Steps  []TriedStep
	Report *wasm.Report
	Wrong  []string // about the case as a whole: the filter was refused, the login was denied
	Err    error    // why it was refused
	Memory core.Size
	Fuel   uint64 // the most that one hook used
	Took   time.Duration
}

// TriedStep is a step that was run.
type TriedStep struct {
	Step    *cases.Step
	Outcome *Outcome
	Wrong   []string
}

// Passed says whether all was as the case wants it.
func (t *Trial) Passed() bool {
	for _, s := range t.Steps {
		if len(s.Wrong) > 0 {
			return false
		}
	}
	return len(t.Wrong) == 0
}

// Try runs one case of a file: on a filter of its own, so that no case depends on another.
func (l *Lab) Try(ctx context.Context, s *Subject, f *cases.File, c *cases.Case) *Trial {
	t := &Trial{Case: c}
	o := Options{Config: f.Config, Grants: f.Grants, Limits: f.Limits}
	if c.Config != nil {
		o.Config = c.Config
	}
	run, err := l.Load(ctx, s, o)
	t.Report = run.Report
	if err != nil {
		t.Err, t.Wrong = err, append(t.Wrong, "the filter is refused: "+err.Error())
		return t
	}
	defer run.Close()
	for i := range c.Steps {
		if b := c.Steps[i].Want.Backend; b != "" {
			run.pools.backends[b] = true
		}
	}
	session := run.Session(c.Steps[0].Session)
	t.login(ctx, session)
	ended := false
	for i := range c.Steps {
		st := &c.Steps[i]
		ended = ended || st.Hook == abi.HookSessionEnd
		out := session.Do(ctx, st)
		tried := TriedStep{st, out, compare(st, out)}
		if memory := run.Memory(); st.MaxMemory > 0 && memory > st.MaxMemory {
			tried.Wrong = append(tried.Wrong, fmt.Sprintf("an instance has %v of memory, more than the max_memory of %v", memory, st.MaxMemory))
		}
		if out.Cacheable && len(tried.Wrong) == 0 {
			tried.Wrong = l.recheck(ctx, s, o, st, out)
		}
		t.Fuel, t.Took = max(t.Fuel, out.Fuel), t.Took+out.Took
		t.Steps = append(t.Steps, tried)
	}
	if !ended {
		session.Do(ctx, &cases.Step{Hook: abi.HookSessionEnd, Session: c.Steps[len(c.Steps)-1].Session})
	}
	t.Memory = run.Memory()
	return t
}

// login asks on_session, which every session begins with, unless the first step does.
func (t *Trial) login(ctx context.Context, session *Session) {
	first := &t.Case.Steps[0]
	if first.Hook == abi.HookSession || first.Hook == abi.HookTick {
		return
	}
	if o := session.Do(ctx, &cases.Step{Hook: abi.HookSession, Session: first.Session}); o.over() {
		t.Wrong = append(t.Wrong, fmt.Sprintf("the login that comes before the first step is not let in: %s %s", o.Tell(), o.Fault))
	}
}

// recheck holds a filter to its promise that a verdict is cacheable: other literals must not
// change it. The filter is new, so that nothing that came before has a part in it either.
func (l *Lab) recheck(ctx context.Context, s *Subject, o Options, st *cases.Step, before *Outcome) []string {
	run, err := l.Load(ctx, s, o)
	if err != nil {
		return []string{"the filter is refused when it is loaded again: " + err.Error()}
	}
	defer run.Close()
	run.facts.fresh = true
	if b := st.Want.Backend; b != "" {
		run.pools.backends[b] = true
	}
	for _, sql := range append([][]byte{[]byte(st.SQL)}, l.variants([]byte(st.SQL))...) {
		other := *st
		other.SQL, other.Wait = string(sql), 0
		if d := before.differs(run.Session(st.Session).Do(ctx, &other)); d != "" {
			return []string{fmt.Sprintf("the verdict is said to be cacheable, but it is %s for %q", d, sql)}
		}
	}
	return nil
}

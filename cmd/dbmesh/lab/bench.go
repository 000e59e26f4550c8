package lab

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/cases"
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
)

// Cost is what one step costs in the long run.
type Cost struct {
	Name   string
	Hook   abi.Hook
	Nanos  float64 // of one call, without finding the facts; of the quickest of many batches
	Allocs float64 // of dbmesh; a guest's own are in its memory
	Fuel   uint64
}

// Bench measures the steps of a file's cases, each for about the time.
type Bench struct {
	lab  *Lab
	each time.Duration
}

// NewBench makes one.
func (l *Lab) NewBench(each time.Duration) *Bench { return &Bench{l, each} }

// empty is a module whose on_query returns at once: 256 bytes of header, one page of memory.
// What it costs, every filter costs.
const empty = "\x00asm\x01\x00\x00\x00" +
	"\x01\x0a\x02\x60\x00\x01\x7f\x60\x01\x7f\x01\x7e" + // types () -> i32, (i32) -> i64
	"\x03\x04\x03\x00\x00\x01" + // three functions
	"\x05\x03\x01\x00\x01" + // memory of one page
	"\x07\x30\x04\x06memory\x02\x00\x09dbmesh_v1\x00\x00\x0cdbmesh_block\x00\x01\x08on_query\x00\x02" +
	"\x0a\x10\x03\x04\x00\x41\x00\x0b\x04\x00\x41\x10\x0b\x04\x00\x42\x00\x0b" // 0, 16, pass

// Floor is what a filter costs that does nothing.
func (b *Bench) Floor(ctx context.Context) (*Cost, error) {
	s := &Subject{}
	s.Source.Name, s.Source.Module = "empty", []byte(empty)
	run, err := b.lab.Load(ctx, s, Options{})
	if err != nil {
		return nil, err
	}
	defer run.Close()
	c := &cases.Case{Name: "an empty filter", Steps: []cases.Step{{Hook: abi.HookQuery, SQL: "SELECT 1"}}}
	all := b.steps(ctx, run, c)
	return &all[0], nil
}

// Case measures the steps of a case that ask the guest.
func (b *Bench) Case(ctx context.Context, s *Subject, f *cases.File, c *cases.Case) ([]Cost, *Run, error) {
	o := Options{Config: f.Config, Grants: f.Grants, Limits: f.Limits}
	if c.Config != nil {
		o.Config = c.Config
	}
	run, err := b.lab.Load(ctx, s, o)
	if err != nil {
		return nil, nil, err
	}
	defer run.Close()
	return b.steps(ctx, run, c), run, nil
}

func (b *Bench) steps(ctx context.Context, run *Run, c *cases.Case) []Cost {
	x := run.Session(c.Steps[0].Session)
	var all []Cost
	for i := range c.Steps {
		st := &c.Steps[i]
		if st.Want.Backend != "" {
			run.pools.backends[st.Want.Backend] = true
		}
		run.facts.fixed = nil
		o := x.Do(ctx, st)
		if o.Asked == 0 || o.Fault != "" {
			continue
		}
		name := c.Name
		if len(c.Steps) > 1 {
			name = fmt.Sprintf("%s, step %d", c.Name, i+1)
		}
		cost := Cost{Name: name, Hook: st.Hook, Fuel: o.Fuel}
		x.measure(ctx, st, b.each, &cost)
		all = append(all, cost)
	}
	return all
}

// measure asks the same again and again. The facts are known before, and have no digest, so
// that no verdict is remembered and the guest is asked each time.
func (x *Session) measure(ctx context.Context, st *cases.Step, each time.Duration, cost *Cost) {
	r := x.run
	c := x.command(st)
	if st.SQL != "" {
		r.facts.fixed = unnamed(r.facts.find(c))
	}
	o := &Outcome{}
	once := func() {
		r.asked = r.asked[:0]
		c.Reset(x.s, c.Code, c.SQL, c.Size, st.Cut)
		*o = Outcome{}
		x.again(ctx, st, c, o)
	}
	for range 100 {
		once()
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const batch = 64
	n, best := 0, time.Duration(1<<62)
	for start := time.Now(); time.Since(start) < each; n += batch {
		begin := time.Now()
		for range batch {
			once()
		}
		best = min(best, time.Since(begin))
	}
	runtime.ReadMemStats(&after)
	cost.Nanos = float64(best.Nanoseconds()) / batch
	cost.Allocs = float64(after.Mallocs-before.Mallocs) / float64(n)
	if len(r.asked) > 0 { // that of a guest at work, not of one that has just begun
		cost.Fuel = r.asked[0].Fuel
	}
}

// again asks the one hook that a step is about.
func (x *Session) again(ctx context.Context, st *cases.Step, c *core.Command, o *Outcome) {
	f := x.run.filter
	switch st.Hook {
	case abi.HookSession, abi.HookSessionEnd, abi.HookTick:
		x.ask(ctx, st, o)
	case abi.HookColumns, abi.HookError, abi.HookDone:
		x.answered(ctx, st, c, o, st.Hook)
	default:
		if x.run.hooks.Has(coreHook(st.Hook)) {
			o.take(f.OnCommand(ctx, c))
		} else {
			x.answered(ctx, st, c, o, abi.HookQuery)
		}
	}
}

// WriteCosts writes a table of costs.
func WriteCosts(out io.Writer, all []Cost) {
	fmt.Fprintf(out, "  %-*s %-14s %10s %8s %9s\n", widthOfNames, "case", "hook", "ns a call", "allocs", "fuel")
	for _, c := range all {
		ns := fmt.Sprintf("%.0f", c.Nanos)
		fmt.Fprintf(out, "  %-*s %-14s %10s %8.1f %9s\n", widthOfNames, shown(c.Name, widthOfNames), c.Hook, ns, c.Allocs, number(int(c.Fuel)))
	}
}

package wasm

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/guest"
)

// SlowFuel is the fuel of one hook, about half a millisecond, from which on a filter leaves
// the event loop for good.
const SlowFuel = 250_000

// Filter asks a guest what a chain asks it. It has the hooks that the guest has. Any number
// of sessions may ask it at once, and several chains one after another.
type Filter struct {
	name     string
	program  *guest.Program
	monitor  bool
	switches bool
	key      *counts // under which sessions keep what is the filter's; outlives generations
	counts   *counts
	memory   *memory
	calls    sync.Pool // of *guest.Call, for questions about commands before they run
	others   sync.Pool // of *guest.Call, for those with columns, errors and outcomes
	slow     atomic.Bool
	log      *slog.Logger
	told     bucket // of lines about verdicts of a monitor
	traced   bucket // of lines about faults
	asked    func(Asked)
	clock    func() time.Time
	tick     time.Duration
	stop     context.CancelFunc // of the timer
	ticking  sync.WaitGroup
}

// Asked is one question that a guest was asked. Verdict is an op of abi; of a hook that broke
// Err says how.
type Asked struct {
	Hook      abi.Hook
	Verdict   uint8
	Cacheable bool
	Fuel      uint64
	Err       error
}

func newFilter(p *guest.Program, l *loading) *Filter {
	f := &Filter{
		name: l.src.Name, program: p, monitor: l.o.Monitor, counts: l.d.counts, memory: newMemory(),
		log: l.d.Log, asked: l.d.Asked, clock: l.d.Clock, tick: l.e.tick,
	}
	if f.counts == nil {
		f.counts = &counts{}
	}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	if f.clock == nil {
		f.clock = time.Now
	}
	f.log = f.log.With("filter", f.name)
	f.key = f.counts
	f.calls.New = func() any { return new(guest.Call) }
	f.others.New = f.calls.New
	const behindLogin = 1<<abi.HookQuery | 1<<abi.HookPrepare | 1<<abi.HookExecute
	f.switches = !f.monitor && l.e.granted(abi.CapRoute) && p.Hooks()&behindLogin != 0
	return f
}

// Hooks are the chain's hooks that the guest has something for. A guest that wants to hear of
// USE sees queries, which may be one.
func (f *Filter) Hooks() core.HookSet {
	var set core.HookSet
	for guests, chains := range map[abi.Hook]core.HookSet{
		abi.HookSession:    core.Hooks(core.HookConnect),
		abi.HookInitDB:     core.Hooks(core.HookInitDB, core.HookQuery, core.HookPrepare),
		abi.HookQuery:      core.Hooks(core.HookQuery),
		abi.HookPrepare:    core.Hooks(core.HookPrepare),
		abi.HookExecute:    core.Hooks(core.HookExecute),
		abi.HookColumns:    core.Hooks(core.HookColumns),
		abi.HookDone:       core.Hooks(core.HookDone),
		abi.HookError:      core.Hooks(core.HookError),
		abi.HookSessionEnd: core.Hooks(core.HookEnd),
	} {
		if f.program.Has(guests) {
			set |= chains
		}
	}
	return set
}

// SwitchesPools says that the filter may send the commands of one session to several pools:
// it may route, and is asked about commands.
func (f *Filter) SwitchesPools() bool { return f.switches }

// ReadsParams says that the guest reads the parameters of executes.
func (f *Filter) ReadsParams() bool { return f.program.Has(abi.HookExecute) && f.program.WantsParams() }

// Slow says that a hook has used more than SlowFuel.
func (f *Filter) Slow() bool { return f.slow.Load() }

// Stats are the program's figures now.
func (f *Filter) Stats() guest.Stats { return f.program.Stats() }

// Close ends the timer and gives the program back once its calls have ended.
func (f *Filter) Close() error {
	if f.stop != nil {
		f.stop()
		f.ticking.Wait()
	}
	return f.program.Close()
}

// Tick asks on_tick once; it does nothing if the guest has no such hook. For tests of a
// filter; in a process a timer does it.
func (f *Filter) Tick(ctx context.Context) error {
	if !f.program.Has(abi.HookTick) {
		return nil
	}
	call := f.call()
	defer f.others.Put(call)
	return f.ask(ctx, abi.HookTick, 0, call)
}

// start begins the timer, once.
func (f *Filter) start() {
	if f.stop != nil || !f.program.Has(abi.HookTick) {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	f.stop = stop
	f.ticking.Go(func() {
		t := time.NewTicker(f.tick)
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
				_ = f.Tick(ctx) // counted and told
			}
		}
	})
}

// call gives a Call that holds no question.
func (f *Filter) call() *guest.Call {
	c := f.others.Get().(*guest.Call)
	c.Reset()
	return c
}

// ask asks the guest and counts. Its error is a *core.Fault where the guest broke.
func (f *Filter) ask(ctx context.Context, h abi.Hook, arg uint32, c *guest.Call) error {
	f.counts.calls[h].Add(1)
	err := f.program.Call(ctx, h, arg, c)
	f.counts.fuel.Add(c.Fuel)
	if c.Fuel > SlowFuel && h != abi.HookTick && !f.slow.Swap(true) {
		f.log.Warn("filter is slow, its sessions leave the event loop", "hook", h.String(), "fuel", c.Fuel)
	}
	if err != nil {
		err = f.broke(h, err)
	}
	if f.asked != nil {
		f.asked(Asked{h, c.Verdict.Op, c.Verdict.Cacheable, c.Fuel, err})
	}
	if err != nil && f.monitor { // it shall do no harm, nor by breaking
		c.Verdict = guest.Verdict{}
		return nil
	}
	return err
}

// broke counts a failure of the guest, and tells what its author needs to know.
func (f *Filter) broke(h abi.Hook, err error) error {
	var fault *guest.Fault
	if !errors.As(err, &fault) {
		return err
	}
	f.counts.faults[fault.Kind].Add(1)
	if f.traced.take(f.clock(), linesPerSecond) {
		f.log.Error("guest broke", "hook", h.String(), "kind", fault.Kind.String(), "reason", fault.Text, "trace", fault.Trace)
	}
	return &core.Fault{Reason: fault.Text}
}

// refuse counts a verdict that can't be followed.
func (f *Filter) refuse(h abi.Hook, reason string) error {
	return f.broke(h, &guest.Fault{Kind: guest.BadVerdict, Hook: h, Text: reason})
}

package guest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/service"
)

// ErrClosed is the error of a call after Close.
var ErrClosed = errors.New("the program is closed")

// Program is one generation of a filter: its code and its instances. Any number of
// goroutines may call it.
type Program struct {
	name    string
	limits  Limits
	granted map[string]bool
	config  config
	environ string
	began   time.Time
	code    *code
	budget  *Budget
	held    atomic.Int64 // linear memory of all instances
	clock   clock
	lines   *lines
	store   *service.Store
	metrics service.Metrics
	sets    sets
	users   names
	schemas names
	found

	pool
}

// Load checks a module, compiles it, starts a first instance and configures it. Its errors
// are sentences for the filter's author. It may take seconds; ctx ends its waiting for the
// compiler, not the guest.
func Load(ctx context.Context, o Options) (*Program, error) {
	p := &Program{name: o.Name, limits: o.Limits.orDefault(), granted: map[string]bool{}, budget: o.Budget,
		store: o.Store, metrics: o.Metrics}
	for _, g := range o.Grants {
		p.granted[g] = true
	}
	var err error
	if p.config, err = newConfig(o.Config); err != nil {
		return nil, err
	}
	p.pool.prepare(p.limits.Instances)
	p.clock.set, p.clock.done = o.Clock, p.done
	p.began = p.clock.now()
	p.environ = p.environment()
	p.lines = newLines(o.Log, o.Name, p.limits.LogLines)
	if p.store == nil {
		p.store = service.NewStore(service.Bounds{}, o.Clock)
	}
	if p.code, err = o.Compiler.compile(ctx, o.Module, o.Caps, o.Interpret, p.granted); err != nil {
		return nil, err
	}
	if err := p.begin(); err != nil {
		p.code.close()
		return nil, err
	}
	return p, nil
}

// begin makes the first instance and checks what it wants.
func (p *Program) begin() error {
	if p.code.memory > int64(p.limits.Memory) {
		return fmt.Errorf("it needs %s of memory from its start, its limit is %s", core.Size(p.code.memory), p.limits.Memory)
	}
	in, f, err := p.newInstance(0)
	if err != nil {
		return err
	}
	if err := p.permit(f); err != nil {
		in.close()
		return err
	}
	p.found = f
	p.pool.first(in)
	return nil
}

// permit compares hooks and wants with the capabilities.
func (p *Program) permit(f found) error {
	need := func(what, capability string) error {
		return fmt.Errorf("it wants %s, which needs the capability %s: grant it in the config", what, capability)
	}
	switch {
	case f.hooks == 0:
		return fmt.Errorf("%s says that it uses none of its hooks", abi.ExportHooks)
	case f.hooks&(1<<abi.HookColumns) != 0 && !p.granted[abi.CapRows]:
		return need(abi.HookColumns.String(), abi.CapRows)
	case f.params && !p.granted[abi.CapParams]:
		return need("parameters", abi.CapParams)
	case f.text > 0 && !p.granted[abi.CapSQL]:
		return need("the statements' text", abi.CapSQL)
	}
	return nil
}

// Hooks has bit 1<<h for each hook that the guest has and wants.
func (p *Program) Hooks() uint16 { return p.hooks }

// Has says whether the guest has the hook.
func (p *Program) Has(h abi.Hook) bool { return p.hooks&(1<<h) != 0 }

// WantsParams says that the guest reads the parameters of executes.
func (p *Program) WantsParams() bool { return p.params }

// Cached says that the machine code came from the compiler's cache.
func (p *Program) Cached() bool { return p.code.hit }

// Call asks the guest. The verdict is in c. An error is a *Fault, ErrClosed, or ctx's while
// it waited for an instance. Calling a hook that the guest does not have is a pass.
func (p *Program) Call(ctx context.Context, hook abi.Hook, arg uint32, c *Call) error {
	c.Fuel, c.ranged = 0, false
	if c.Verdict.Op != abi.OpPass || c.Verdict.Cacheable {
		c.Verdict = Verdict{}
	}
	if hook >= abi.Hooks || !p.Has(hook) {
		return nil
	}
	in, err := p.borrow(ctx, c, hook)
	if err != nil {
		return err
	}
	if err := in.run(hook, arg, c); err != nil {
		var fault *Fault
		_ = errors.As(err, &fault) // it is one always
		p.discard(in, fault.Kind)
		return err
	}
	p.put(in)
	return nil
}

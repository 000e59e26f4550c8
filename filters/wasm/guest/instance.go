package guest

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/module"
	"github.com/dbmesh/dbmesh/filters/wasm/service"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// instance is a guest that can be asked. One goroutine uses it at a time. It is the context
// of its own calls too, which is how host functions find it.
type instance struct {
	context.Context // says where the memory comes from while the instance is made
	program         *Program
	slot            int
	module          api.Module
	memory          *memory
	fuel            api.MutableGlobal
	hooks           [abi.Hooks]api.Function // found when first used: each has a stack of its own
	block           uint32
	text            uint32 // bytes of SQL that it wants: what an instance says of itself may differ

	call      *Call  // the question at hand
	host      string // the host function that runs
	configure bool   // dbmesh_configure runs
	early     uint64 // fuel that the start function spent in host functions
	compiled  int    // calls of match_new
	sets      []*shared
	metrics   []metric
	output    output
	scratch   []byte // for texts that host functions put together
}

type metric struct {
	service.Metric
	kind int
}

// found is what a guest said of itself when it started.
type found struct {
	hooks  uint16
	text   uint32 // bytes of SQL that it wants in its block
	params bool
}

// newInstance makes an instance and starts it. The error is a sentence without the filter's
// name.
func (p *Program) newInstance(slot int) (*instance, found, error) {
	in := &instance{program: p, slot: slot, output: output{lines: p.lines}}
	var err error
	if in.memory, err = newMemory(p.code.memory, int64(p.limits.Memory)/pageSize*pageSize, p.budget, &p.held); err != nil {
		return nil, found{}, err
	}
	in.Context = experimental.WithMemoryAllocator(context.Background(), in.memory)
	in.module, err = p.code.runtime.InstantiateModule(in, p.code.compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	in.Context = context.Background()
	if err != nil {
		in.close()
		return nil, found{}, fmt.Errorf("it can't be instantiated: %w", in.fault("its start function", p.limits.InitFuel, err))
	}
	in.fuel = in.module.ExportedGlobal(module.FuelExport).(api.MutableGlobal)
	in.fuel.Set(p.limits.InitFuel)
	f, err := in.start()
	if err != nil {
		in.close()
		return nil, found{}, err
	}
	in.text = f.text
	return in, f, nil
}

// start runs the guest's own beginning and reads what it says of itself.
func (in *instance) start() (f found, err error) {
	if _, err := in.export(abi.ExportInitialize); err != nil {
		return f, err
	}
	minor, err := in.export(abi.ExportVersion)
	if err != nil {
		return f, err
	}
	if uint32(minor) > abi.Minor {
		return f, fmt.Errorf("it needs %s with minor revision %d or later, this dbmesh has %d: use a newer dbmesh or an older SDK",
			abi.Module, uint32(minor), abi.Minor)
	}
	block, err := in.export(abi.ExportBlock)
	if err != nil {
		return f, err
	}
	capacity, err := in.checkBlock(uint32(block))
	if err != nil {
		return f, err
	}
	if err := in.configured(); err != nil {
		return f, err
	}
	return in.describe(capacity)
}

// export calls an export of the guest's beginning, if there is one.
func (in *instance) export(name string) (uint64, error) {
	f := in.module.ExportedFunction(name)
	if f == nil {
		return 0, nil
	}
	var stack [1]uint64
	if err := f.CallWithStack(in, stack[:]); err != nil {
		fault := in.fault(name, in.program.limits.InitFuel, err)
		if fault.Trace != "" {
			return 0, fmt.Errorf("%w; it said: %s", fault, fault.Trace)
		}
		return 0, fault
	}
	return stack[0], nil
}

func (in *instance) checkBlock(address uint32) (capacity uint32, err error) {
	head, ok := in.memory.view(address, abi.HeaderSize)
	if !ok {
		return 0, fmt.Errorf("%s gave %d: a header of %d bytes does not fit into its memory of %d there",
			abi.ExportBlock, address, abi.HeaderSize, len(in.memory.bytes))
	}
	capacity = binary.LittleEndian.Uint32(head[abi.AtTextCapacity:])
	if capacity > abi.MaxText {
		return 0, fmt.Errorf("its text area is %d bytes large, at most %d are allowed", capacity, abi.MaxText)
	}
	if _, ok := in.memory.view(address, abi.HeaderSize+capacity); !ok {
		return 0, fmt.Errorf("its text area of %d bytes goes beyond its memory of %d", capacity, len(in.memory.bytes))
	}
	in.block = address
	return capacity, nil
}

func (in *instance) configured() error {
	in.configure = true
	answer, err := in.export(abi.ExportConfigure)
	in.configure = false
	if err != nil || answer == 0 {
		return err
	}
	text, ok := in.memory.view(uint32(answer>>32), uint32(answer)>>8)
	if !ok || byte(answer) != abi.OpDeny {
		return fmt.Errorf("%s gave %#x, which is neither 0 nor a message", abi.ExportConfigure, answer)
	}
	return fmt.Errorf("it refuses its config: %s", strings.ToValidUTF8(cut(text, abi.MaxMessage), "?"))
}

// describe asks for hooks and wants. Without dbmesh_hooks the guest has the hooks that it exports.
func (in *instance) describe(capacity uint32) (f found, err error) {
	f.hooks = in.program.code.exported
	if !in.program.code.describes {
		return f, nil
	}
	bits, err := in.export(abi.ExportHooks)
	if err != nil {
		return f, err
	}
	f.hooks &= uint16(bits & abi.WantHooksMask)
	f.params = bits&abi.WantParams != 0
	f.text = min(uint32(bits>>abi.WantTextShift), capacity)
	return f, nil
}

// run asks the guest and reads its verdict into c. After an error, always a *Fault, the
// instance must be closed.
func (in *instance) run(hook abi.Hook, arg uint32, c *Call) error {
	f := in.hooks[hook]
	if f == nil {
		f = in.module.ExportedFunction(hook.String())
		in.hooks[hook] = f
	}
	if len(in.output.said) > 0 {
		in.output.said = in.output.said[:0]
	}
	if in.memory.refused != "" { // an earlier hook got over it
		in.memory.refused = ""
	}
	in.ask(hook, c)
	in.call = c
	fuel := in.program.limits.Fuel
	in.fuel.Set(fuel)
	c.params[0] = uint64(arg)
	err := f.CallWithStack(in, c.params[:])
	in.call = nil
	c.Fuel = fuel - min(fuel, uint64(max(0, int64(in.fuel.Get()))))
	if err != nil {
		fault := in.fault(hook.String(), fuel, err)
		fault.Hook = hook
		return fault
	}
	if c.State != nil {
		c.State.slot = *(*[abi.SlotSize]byte)(in.memory.bytes[in.block+abi.AtSlot:])
	}
	if verdict := c.params[0]; verdict != abi.OpPass {
		return in.read(hook, verdict, c)
	}
	return nil
}

// close gives everything back. The instance must not run.
func (in *instance) close() {
	in.output.flush()
	if in.module != nil {
		_ = in.module.Close(context.Background()) // frees the memory; can't fail without files
	}
	in.memory.Free()
	in.program.sets.drop(in.sets)
	in.sets = nil
}

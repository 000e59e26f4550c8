package guest

import (
	"context"
	"errors"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
)

// ErrClosed is the error of a call after Close.
var ErrClosed = errors.New("the program is closed")

// Compiler turns modules into machine code, one at a time for the whole process, and keeps
// the code in a private directory.
type Compiler struct{ dir string }

// NewCompiler makes a compiler whose cache is in dir, which it creates; "" is no cache. The
// machine code in there is trusted, so a directory in which others can write is refused.
func NewCompiler(dir string) (*Compiler, error) { return &Compiler{dir: dir}, nil }

// Compile puts a module's machine code into the cache and says what it found out. The guest
// does not run. hit says that it was there already.
func (c *Compiler) Compile(ctx context.Context, source []byte) (hit bool, err error) {
	return false, errors.ErrUnsupported
}

// Program is one generation of a filter: its code and its instances. Any number of
// goroutines may call it.
type Program struct{}

// Load checks a module, compiles it, starts a first instance and configures it. Its errors
// are sentences for the filter's author. It may take seconds; ctx ends its waiting for the
// compiler, not the guest.
func Load(ctx context.Context, o Options) (*Program, error) { return nil, errors.ErrUnsupported }

// Hooks has bit 1<<h for each hook that the guest has and wants.
func (p *Program) Hooks() uint16 { return 0 }

// Has says whether the guest has the hook.
func (p *Program) Has(h abi.Hook) bool { return p.Hooks()&(1<<h) != 0 }

// WantsParams says that the guest reads the parameters of executes.
func (p *Program) WantsParams() bool { return false }

// Cached says that the machine code came from the compiler's cache.
func (p *Program) Cached() bool { return false }

// Call asks the guest. The verdict is in c. An error is a *Fault, ErrClosed, or ctx's while
// it waited for an instance. Calling a hook that the guest does not have is a pass.
func (p *Program) Call(ctx context.Context, hook abi.Hook, arg uint32, c *Call) error {
	return errors.ErrUnsupported
}

// Close gives everything back once the calls in flight have ended: at once if there are none,
// else when the last one returns. Calls that come later get ErrClosed.
func (p *Program) Close() error { return nil }

// Done is closed when Close has given everything back.
func (p *Program) Done() <-chan struct{} { return nil }

// Stats are a program's figures now.
type Stats struct {
	Instances int           // that exist
	Idle      int           // of them
	Memory    core.Size     // their linear memory
	Faults    [Kinds]uint64 // since Load
	Replaced  uint64        // instances made in the place of broken ones
	Refused   uint64        // instances that could not be made
	LogLines  uint64        // lines that were dropped over the limit
}

// Stats gives them.
func (p *Program) Stats() Stats { return Stats{} }

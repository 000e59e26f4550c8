package guest

import (
	"encoding/json"
	"log/slog"
	"runtime"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/module"
	"github.com/dbmesh/dbmesh/filters/wasm/service"
)

// Options say what to load and what it may do. Nothing in them may be changed afterwards.
type Options struct {
	Name   string // the filter's, for its log lines, its errors and session_str
	Module []byte // the module as its author made it; not needed after Load
	Grants []string
	Config json.RawMessage // the filter's whole config; nil is {}
	Limits Limits          // zero fields take their defaults

	Caps     module.Caps  // of the module; zero is module.DefaultCaps
	Compiler *Compiler    // required; one per process
	Budget   *Budget      // required; one per process
	Log      *slog.Logger // nil drops the guest's lines

	// Store and Metrics outlive the generation: those of the filter. A nil Store is a new one
	// of default bounds; without Metrics the guest's metrics go nowhere.
	Store   *service.Store
	Metrics service.Metrics

	Clock func() time.Time // nil is time.Now; what guests take the time from
	// Interpret allows wazero's interpreter where it has no compiler for the machine: 40 to
	// 120 times slower. Otherwise Load refuses there.
	Interpret bool
}

// Limits bound one program. A zero field takes the default.
type Limits struct {
	Fuel      uint64        // of one hook
	InitFuel  uint64        // of an instance's start: _initialize to dbmesh_hooks, together
	Memory    core.Size     // of one instance's linear memory, whole pages of 64 KiB
	Instances int           // of the program at once
	LogLines  int           // per second, of the program
	Wait      time.Duration // for an instance when all are busy
}

// The defaults of Limits. There are twice as many instances as GOMAXPROCS.
//
// DefaultFuel takes a loop 6 ms; one that waits for main memory at each step takes most of a
// second. It is too little for the garbage collection of a guest of stock Go that keeps more than
// some ten thousand objects: one with 20,000 took 4 million, 2 to 5 ms, once in many calls. More for
// all would let recursion take more stack and hold up this process's own collections for longer.
//
// DefaultInitFuel bounds a pause too, whenever an instance is made. Stock Go begins with 0.4
// million; with fmt, JSON, twenty regular expressions and a map of a thousand entries it takes 15 million.
const (
	DefaultFuel     = 2_000_000
	DefaultInitFuel = 50_000_000
	DefaultMemory   = 16 << 20
	DefaultLogLines = 100
	DefaultWait     = time.Second
)

// BareGrants are the capabilities of a module about which nobody said anything.
func BareGrants() []string { return []string{abi.CapSQL, abi.CapLog} }

func (l Limits) orDefault() Limits {
	if l.Fuel == 0 {
		l.Fuel = DefaultFuel
	}
	if l.InitFuel == 0 {
		l.InitFuel = DefaultInitFuel
	}
	if l.Memory == 0 {
		l.Memory = DefaultMemory
	}
	if l.Instances == 0 {
		l.Instances = 2 * runtime.GOMAXPROCS(0)
	}
	if l.LogLines == 0 {
		l.LogLines = DefaultLogLines
	}
	if l.Wait == 0 {
		l.Wait = DefaultWait
	}
	return l
}

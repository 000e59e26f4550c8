package guest

import (
	"github.com/dbmesh/dbmesh/core/abi"
)

// Kind says how a guest broke.
type Kind uint8

// The kinds of faults. After each of them but Busy the instance is gone.
const (
	OutOfFuel     Kind = iota
	OutOfMemory        // memory.grow was refused and the guest gave up
	StackOverflow      // of wazero's own stack
	Trap               // unreachable, out of bounds, division by zero; panics of most languages
	Exit               // it called proc_exit
	BadVerdict         // its verdict can't be read or is not the hook's to give
	NotGranted         // its verdict needs a capability that it does not have
	HostPanic          // a host function broke: a bug in dbmesh
	Busy               // no instance was free in time, or none could be made
	Kinds              // how many there are
)

var kindNames = [Kinds]string{"out_of_fuel", "out_of_memory", "stack_overflow", "trap", "exit", "bad_verdict",
	"not_granted", "host_panic", "busy"}

// String is the kind as metrics and logs name it.
func (k Kind) String() string {
	if k < Kinds {
		return kindNames[k]
	}
	return "unknown"
}

// Fault is the error of a hook that broke. Its text names the limit or what the guest did,
// and the hook, but not the filter.
type Fault struct {
	Kind Kind
	Hook abi.Hook
	Text string
	// Trace is the guest's own panic text and the names of its functions, innermost first;
	// for the log, not for clients.
	Trace string
}

func (f *Fault) Error() string { return f.Text }

// Package module reads guests in WebAssembly's binary format, refuses what dbmesh does not
// run, and rewrites the rest so that it counts its own fuel.
//
// Read checks all that the rewriting rests on, on the module as it came: after the pass a
// wrong index could mean the fuel counter. It does not check types: the runtime does so when
// it compiles what Meter gives, and the code that Meter adds makes no wrong code right.
package module

import (
	"strings"

	"github.com/dbmesh/dbmesh/core/abi"
)

// Module is a module that Read accepted: what inspect shows of it, and what Meter needs. It
// keeps the bytes it was read from, which must not change. Nobody writes to it.
type Module struct {
	Size      int
	Imports   []Import // all are functions
	Exports   []Export
	Memory    Memory
	Functions int // without imports
	Loops     int
	Charges   int // debits that Meter adds
	Tables    int
	Globals   int
	Segments  []Segment // data, as they came
	DataBytes int       // in all of them
	Start     bool      // a function runs when it is instantiated
	Customs   []Custom

	b        []byte
	sections [maxID + 1]span // payloads of the sections by id
	bodies   []body
	charges  []charge // of all bodies, by offset
	fuel     uint32   // the fuel counter's index: how many globals there are
}

// Type is the type of a function.
type Type struct {
	Params, Results []abi.ValueType
}

// String writes it as "(i32, i32) -> i64".
func (t Type) String() string {
	text := "(" + list(t.Params) + ") -> "
	if len(t.Results) == 1 {
		return text + valueName(t.Results[0])
	}
	return text + "(" + list(t.Results) + ")"
}

func list(types []abi.ValueType) string {
	all := make([]string, len(types))
	for i, t := range types {
		all[i] = valueName(t)
	}
	return strings.Join(all, ", ")
}

// Import is a function that the guest wants from the host.
type Import struct {
	Module, Name string
	Type         Type
}

// Kind says what an export is.
type Kind byte

// The kinds, numbered as in the binary format.
const (
	KindFunction Kind = iota
	KindTable
	KindMemory
	KindGlobal
)

// String names it.
func (k Kind) String() string {
	return [...]string{"function", "table", "memory", "global"}[k&3]
}

// Export is what the guest gives the host.
type Export struct {
	Name  string
	Kind  Kind
	Index uint32
	Type  Type // of a function
}

// Memory tells the size of the guest's memory in pages of 64 KiB.
type Memory struct {
	There   bool
	Min     uint32
	Max     uint32 // if Bounded
	Bounded bool
}

// Segment is a data segment: bytes written to an address when the module is instantiated.
type Segment struct {
	Address uint32
	Length  int
	from    int // in the module
}

// Custom is a custom section.
type Custom struct {
	Name   string
	Length int // of the payload in bytes
}

// Export gives the export of that name.
func (m *Module) Export(name string) (Export, bool) {
	for _, e := range m.Exports {
		if e.Name == name {
			return e, true
		}
	}
	return Export{}, false
}

// span is b[from:to].
type span struct{ from, to int }

// body is a function: its instructions and what Meter needs to know of its locals.
type body struct {
	span          // of the instructions
	groups   span // of the declarations of its locals, without their number
	declared int  // how many declarations
	locals   int  // parameters counted
	charges  span // of Module.charges
	bulk     bool // some are charges for the bytes of a bulk instruction
}

package module

const (
	opUnreachable  = 0x00
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opSelectTyped  = 0x1c
	opMemorySize   = 0x3f
	opMemoryGrow   = 0x40
	opPrefix       = 0xfc

	subMemoryInit = 0x08
	subDataDrop   = 0x09
	subMemoryCopy = 0x0a
	subMemoryFill = 0x0b
	subTableInit  = 0x0c
	subElemDrop   = 0x0d
	subTableCopy  = 0x0e
	subTableGrow  = 0x0f
	subTableSize  = 0x10
	subTableFill  = 0x11
)

// Units say how long instructions take, roughly, at their worst: a load may miss the caches.
const (
	unitsPlain  = 1
	unitsAccess = 4    // stores, and tables; rounding and conversion of floats
	unitsLoad   = 32   // one that waits for the load before it, and for main memory
	unitsDivide = 16   // and square roots
	unitsCall   = 64   // covers a callee without a debit of its own
	unitsLeave  = 2048 // leaves the guest's code for the runtime's
	unitsBulk   = 64   // beside what the number of bytes costs
	unitsGrow   = 4096 // may move the memory
)

// numeric tells of an instruction without immediates that works on the stack alone: how it
// changes the stack's height, and its units.
func numeric(op byte) (height, units int, ok bool) {
	switch {
	case op == 0x01: // nop
		return 0, unitsPlain, true
	case op == 0x1a: // drop
		return -1, unitsPlain, true
	case op == 0x1b: // select
		return -2, unitsPlain, true
	case op == 0x45, op == 0x50: // eqz
		return 0, unitsPlain, true
	case op <= 0x45, op > 0xc4:
		return 0, 0, false
	case op <= 0x66: // comparisons
		return -1, unitsPlain, true
	case op <= 0x69, op >= 0x79 && op <= 0x7b: // counts of bits
		return 0, unitsPlain, true
	case op >= 0x6d && op <= 0x70, op >= 0x7f && op <= 0x82, op == 0x95, op == 0xa3: // division
		return -1, unitsDivide, true
	case op == 0x91, op == 0x9f: // square root
		return 0, unitsDivide, true
	case op <= 0x8a: // integer arithmetic
		return -1, unitsPlain, true
	case op <= 0x90, op >= 0x99 && op <= 0x9e: // abs, neg and rounding of floats
		return 0, unitsAccess, true
	case op <= 0xa6: // float arithmetic
		return -1, unitsAccess, true
	case op <= 0xbf: // conversions
		return 0, unitsAccess, true
	}
	return 0, unitsPlain, true // sign extension
}

// unsupported says of an unknown instruction what it belongs to.
func unsupported(op byte) string {
	switch {
	case op >= 0x06 && op <= 0x0a, op == 0x18, op == 0x19, op == 0x1f:
		return "exceptions"
	case op == 0x12, op == 0x13, op == 0x15:
		return "tail calls"
	case op == 0x14, op >= 0xd3 && op <= 0xd6:
		return "typed function references"
	case op == 0xfb:
		return "garbage-collected types"
	case op == 0xfd:
		return "vectors (SIMD)"
	case op == 0xfe:
		return "threads"
	}
	return ""
}

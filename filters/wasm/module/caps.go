package module

// Caps bounds what Read accepts, so that neither reading nor compiling a module takes more
// time and memory than its size lets one expect. DefaultCaps fit modules of stock Go.
type Caps struct {
	Bytes       int // of the module
	Functions   int // imports not counted
	Body        int // bytes of one function
	Nesting     int // blocks inside blocks
	Locals      int // of one function, parameters counted
	Types       int
	Params      int // of one function type
	Results     int // of one function type
	Imports     int
	Exports     int
	Tables      int
	Entries     int // of all tables together, and of one that grows at its most
	Globals     int
	Elements    int // element segments, and functions in all of them
	Segments    int // data segments
	Customs     int // custom sections
	MemoryPages int // of 64 KiB that the memory has at least
	Charges     int // places where the fuel pass puts a debit
	Effort      int // of compiling, in steps of about 8 ns
	BodyEffort  int // of compiling one function, which takes memory too
	Accesses    int // loads and stores of one function: 5 KB of the compiler's memory each
	Labels      int // of all br_table of one function: 2 KB each
}

// DefaultCaps are the caps where the operator sets none.
//
// Stock Go decides some: each point where a function can be resumed is a block of its own
// around all before it. With fmt, regexp and encoding/json its largest function nests 549
// blocks and has 50 KiB, and the module takes an effort of 400 million. Twice as many nested
// blocks take four times as long to compile.
func DefaultCaps() Caps {
	return Caps{
		Bytes:       4 << 20,
		Functions:   20_000,
		Body:        256 << 10,
		Nesting:     1_000,
		Locals:      2_000,
		Types:       5_000,
		Params:      128,
		Results:     16,
		Imports:     256,
		Exports:     4_096,
		Tables:      8,
		Entries:     65_536,
		Globals:     1_000,
		Elements:    65_536,
		Segments:    200_000,
		Customs:     64,
		MemoryPages: 256,
		Charges:     200_000,
		Effort:      1_000_000_000,
		BodyEffort:  200_000_000,
		Accesses:    16_000,
		Labels:      10_000,
	}
}

// CapsFor gives the default caps, widened where needed to the size of a module that its
// operator lets be so long. Whoever loads a module and whoever compiles it ahead must use
// the same ones: they are part of what compiled code is found by.
func CapsFor(b []byte) Caps {
	c := DefaultCaps()
	return c.WithBytes(max(c.Bytes, len(b)))
}

// WithBytes gives caps for modules of up to n bytes: above the default, those of the whole
// module grow with it, those of one function stay.
func (c Caps) WithBytes(n int) Caps {
	if n > c.Bytes {
		for _, most := range []*int{&c.Functions, &c.Elements, &c.Segments, &c.Charges, &c.Effort} {
			*most = int(float64(*most) * float64(n) / float64(c.Bytes))
		}
	}
	c.Bytes = n
	return c
}

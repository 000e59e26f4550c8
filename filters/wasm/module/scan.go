package module

// What the fuel pass charges. A fuel is worth unitsPerFuel units. On each way through the code
// there is a debit after at most unitsPerDebit units and at each loop's head, and it pays for
// the longest way from the debits before it: so no code runs unpaid, whichever way it takes.
const (
	unitsPerFuel  = 64
	unitsPerDebit = 512
	unitsAhead    = 32 // what a loop's head takes over from the code before it; more is paid there
	unitsLeaf     = 64 // a function without loop or call that takes no more is paid by its callers
	fuelEntry     = 16 // of a function, so that endless recursion ends before it takes much memory
	slotsPerFuel  = 4  // of its stack frame, for the same reason

	bytesShift   = 4 // memory.copy and memory.fill: 16 bytes a fuel
	entriesShift = 1 // tables: 2 entries a fuel
)

// charge is a debit ahead of the instruction at an offset: of a fixed amount, or of the i32 on
// the stack shifted to the right.
type charge struct {
	at    uint32
	fuel  uint32 // 0 for none
	shift byte   // not 0: of the i32 on the stack
}

// scan is the state of going over one function.
type scan struct {
	parser *parser
	frames []frame // blocks that are open; the first is the function
	locals int
	units  int  // since the last debit, on the longest way to here
	dead   bool // no way leads here
	paid   bool // the function needs no debit at its entry: no loop, call or debit so far
	height int  // of the operand stack
	top    int  // the most that it was

	blocks, accesses, labels int // how many
}

// frame is an open block.
type frame struct {
	op      byte
	dead    bool // no way leads to its beginning
	units   int  // at the beginning
	branch  int  // the most units of a branch to its label, -1 without one
	charge  int  // of a loop's head, in charges
	height  int  // below its parameters
	params  int
	results int
}

func (s *scan) begin(p *parser, locals int, t Type) {
	frames := append(s.frames[:0], frame{op: opBlock, branch: -1, results: len(t.Results)})
	*s = scan{parser: p, frames: frames, locals: locals, paid: true}
	s.charge(p.at, 0)
}

// run reads to the function's end.
func (s *scan) run(b *body) {
	p := s.parser
	entry := len(p.m.charges) - 1
	for p.refusal == nil && len(s.frames) > 0 {
		at := p.at
		s.instruction(at, p.byte())
		if !s.dead && s.units >= unitsPerDebit && len(s.frames) > 0 && p.refusal == nil {
			s.charge(p.at, s.units)
			s.units = 0
		}
	}
	if p.refusal != nil {
		return
	}
	if p.left() > 0 {
		p.fail(p.at, "%d bytes follow the function's end", p.left())
	}
	s.weigh(b.from, len(p.m.charges)-entry)
	if s.paid && len(p.m.charges) == entry+1 && s.units <= unitsLeaf {
		p.m.charges = p.m.charges[:entry]
		return
	}
	p.m.charges[entry].fuel = uint32(fuelEntry + (s.locals+s.top)/slotsPerFuel + s.units/unitsPerFuel)
	for _, c := range p.m.charges[entry:] {
		b.bulk = b.bulk || c.shift != 0
	}
}

// weigh bounds how long compiling takes and how much memory. The time grows with the square
// of the blocks and, for each block, with the square of the locals: measured at about 8 ns a
// step on one core. A debit is two blocks.
func (s *scan) weigh(at, debits int) {
	p := s.parser
	blocks := s.blocks + 2*debits
	steps := blocks * (s.locals*s.locals + 6*blocks)
	p.effort += steps
	switch {
	case s.accesses > p.caps.Accesses:
		p.fail(at, "%d loads and stores are more than the %d allowed in one function", s.accesses, p.caps.Accesses)
	case s.labels > p.caps.Labels:
		p.fail(at, "%d labels of br_table are more than the %d allowed in one function", s.labels, p.caps.Labels)
	case steps > p.caps.BodyEffort:
		p.fail(at, "its %d blocks with %d locals would take too long to compile", s.blocks, s.locals)
	case p.effort > p.caps.Effort:
		p.fail(at, "all functions up to here would take too long to compile")
	}
}

// cost takes account of an instruction's units and of what it does to the stack.
func (s *scan) cost(units, height int) {
	if s.dead {
		return
	}
	s.units += units
	s.height += height
	s.top = max(s.top, s.height)
}

// charge notes a debit of units.
func (s *scan) charge(at, units int) {
	s.note(charge{at: uint32(at), fuel: uint32((units + unitsPerFuel - 1) / unitsPerFuel)})
}

// bulk notes a debit of the number on the stack.
func (s *scan) bulk(at int, shift byte) {
	if !s.dead {
		s.note(charge{at: uint32(at), shift: shift})
	}
}

func (s *scan) note(c charge) {
	p := s.parser
	if len(p.m.charges) >= p.caps.Charges {
		p.fail(int(c.at), "loops and functions need more debits of fuel than the %d allowed", p.caps.Charges)
		return
	}
	p.m.charges = append(p.m.charges, c)
}

package module

// control reads an instruction that says where the code goes on. It is false for numbers in
// between that are not known.
func (s *scan) control(at int, op byte) bool {
	p := s.parser
	switch op {
	case opUnreachable:
		s.dead = true
	case opBlock, opLoop, opIf:
		s.open(at, op)
	case opElse:
		s.otherwise(at)
	case opEnd:
		s.shut()
	case opBr:
		s.cost(unitsPlain, 0)
		s.branch(p.index(len(s.frames), "label"))
		s.dead = true
	case opBrIf:
		s.cost(unitsPlain, -1)
		s.branch(p.index(len(s.frames), "label"))
	case opBrTable:
		s.cost(unitsAccess, -1)
		n := p.count(p.caps.Body, "labels")
		s.labels += n + 1
		for range n + 1 {
			s.branch(p.index(len(s.frames), "label"))
		}
		s.dead = true
	case opReturn:
		s.cost(unitsPlain, 0)
		s.branch(uint32(len(s.frames) - 1))
		s.dead = true
	case opCall:
		f := p.index(len(p.functions), "function")
		if p.refusal == nil {
			s.call(p.types[p.functions[f]], 0)
		}
	case opCallIndirect:
		t := p.index(len(p.types), "type")
		p.index(len(p.tables), "table")
		if p.refusal == nil {
			s.call(p.types[t], 1)
		}
	default:
		return false
	}
	return true
}

func (s *scan) call(t Type, taken int) {
	s.cost(unitsCall, len(t.Results)-len(t.Params)-taken)
	s.paid = false
}

// branch takes note of a way to a label; 0 is the innermost.
func (s *scan) branch(label uint32) {
	if s.dead || s.parser.refusal != nil {
		return
	}
	f := &s.frames[len(s.frames)-1-int(label)]
	f.branch = max(f.branch, s.units)
}

func (s *scan) open(at int, op byte) {
	p := s.parser
	f := frame{op: op, dead: s.dead, branch: -1}
	f.params, f.results = s.blockType()
	if len(s.frames) > p.caps.Nesting {
		p.fail(at, "more than the %d blocks allowed inside each other", p.caps.Nesting)
	}
	if p.refusal != nil {
		return
	}
	s.blocks++
	if op == opIf {
		s.cost(unitsPlain, -1)
	} else {
		s.cost(unitsPlain, 0)
	}
	f.height = s.height - f.params
	if op == opLoop {
		p.m.Loops++
		s.paid = false
		if !s.dead && s.units > unitsAhead {
			s.charge(at, s.units)
			s.units = 0
		}
		f.charge = len(p.m.charges)
		s.charge(p.at, 0)
		f.units, s.units = s.units, 0
	}
	if op == opIf {
		f.units = s.units
	}
	s.frames = append(s.frames, f)
}

// blockType reads how many values a block takes and leaves.
func (s *scan) blockType() (params, results int) {
	p := s.parser
	start := p.at
	if p.left() > 0 && p.b[start]&0xc0 == 0x40 { // one byte, negative: no type, or a value's
		if t := p.byte(); t != blockNoType {
			p.checkValue(t)
			return 0, 1
		}
		return 0, 0
	}
	i := p.signed(33)
	if p.refusal == nil && (i < 0 || i >= int64(len(p.types))) {
		p.fail(start, "there is no type %d, only %d", i, len(p.types))
	}
	if p.refusal != nil {
		return 0, 0
	}
	return len(p.types[i].Params), len(p.types[i].Results)
}

// otherwise goes from an if's first branch to its second.
func (s *scan) otherwise(at int) {
	f := &s.frames[len(s.frames)-1]
	if f.op != opIf {
		s.parser.fail(at, "an else without an if")
		return
	}
	s.branch(0)
	f.op = opElse
	s.dead, s.units, s.height = f.dead, f.units, f.height+f.params
}

// shut ends a block: what follows is reached from its last instruction and its branches.
func (s *scan) shut() {
	f := s.frames[len(s.frames)-1]
	s.frames = s.frames[:len(s.frames)-1]
	if f.op == opLoop {
		// The head pays for what came before it and for the longest way back to it.
		s.parser.m.charges[f.charge].fuel = uint32(1 + (f.units+max(f.branch, 0))/unitsPerFuel)
	} else {
		if f.op == opIf && !f.dead {
			f.branch = max(f.branch, f.units)
		}
		if s.dead {
			s.units = 0
		}
		s.dead = s.dead && f.branch < 0
		s.units = max(s.units, f.branch)
	}
	s.height = f.height + f.results
	s.top = max(s.top, s.height)
}

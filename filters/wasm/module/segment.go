package module

const (
	opEnd      = 0x0b
	opGetGlob  = 0x23
	opI32Const = 0x41
	opRefNull  = 0xd0
	opRefFunc  = 0xd2
)

// constant reads a constant expression and gives its value if it is an i32.
func (p *parser) constant() (value int32, isI32 bool) {
	start := p.at
	switch op := p.byte(); {
	case p.refusal != nil:
		return 0, false
	case op == opI32Const:
		value, isI32 = int32(p.signed(32)), true
	case op == opI32Const+1:
		p.signed(64)
	case op == opI32Const+2:
		p.skip(4, "a constant")
	case op == opI32Const+3:
		p.skip(8, "a constant")
	case op == opRefNull:
		p.refType()
	case op == opRefFunc:
		p.index(len(p.functions), "function")
	case op == opGetGlob:
		p.fail(start, "a constant is taken from a global, but no global is imported")
	default:
		p.fail(start, "the instruction %#x is not allowed in a constant", op)
	}
	if end := p.byte(); p.refusal == nil && end != opEnd {
		p.fail(p.at-1, "a constant of more than one instruction is not supported")
	}
	return value, isI32
}

func (p *parser) refType() {
	if t := p.byte(); p.refusal == nil && t != typeFunc {
		p.fail(p.at-1, "a reference of the type %#x is not supported", t)
	}
}

// elementSection reads how tables are filled. Its segments stay as they are.
func (p *parser) elementSection() {
	n := p.count(p.caps.Elements, "element segments")
	for range n {
		p.element()
		if p.refusal != nil {
			return
		}
		p.elements++
	}
}

// element reads one of the eight forms: bit 0 passive or declared, bit 1 a table's index or
// declared, bit 2 expressions instead of indices.
func (p *parser) element() {
	start := p.at
	flags := p.unsigned()
	if flags > 7 {
		p.fail(start, "an element segment with the flags %#x is not supported", flags)
		return
	}
	if flags&1 == 0 {
		at := 0
		if flags&2 != 0 {
			at = int(p.index(len(p.tables), "table"))
		}
		if p.refusal == nil && at >= len(p.tables) {
			p.fail(start, "there is no table for an element segment")
		}
		if _, ok := p.constant(); p.refusal == nil && !ok {
			p.fail(start, "an element segment's place is not an i32")
		}
	}
	if flags&3 != 0 {
		if flags&4 != 0 {
			p.refType()
		} else if kind := p.byte(); p.refusal == nil && kind != 0 {
			p.fail(p.at-1, "elements of the kind %#x are not supported", kind)
		}
	}
	n := p.count(p.caps.Elements-p.functionRefs, "functions in element segments")
	p.functionRefs += n
	for range n {
		if flags&4 != 0 {
			p.constant()
		} else {
			p.index(len(p.functions), "function")
		}
		if p.refusal != nil {
			return
		}
	}
}

// dataSection reads what the memory begins with. Only active segments with a constant
// address are taken, as all that Meter does is to write the same bytes with fewer of them.
func (p *parser) dataSection() {
	n := p.count(p.caps.Segments, "data segments")
	p.m.Segments = make([]Segment, 0, n)
	for range n {
		start := p.at
		flags := p.unsigned()
		switch {
		case p.refusal != nil:
		case flags == 1:
			p.fail(start, "passive data segments are not supported")
		case flags == 2:
			p.index(1, "memory")
		case flags > 2:
			p.fail(start, "a data segment with the flags %#x is not supported", flags)
		}
		at, ok := p.constant()
		if p.refusal == nil && !ok {
			p.fail(start, "a data segment's address is not an i32")
		}
		length := p.unsigned()
		from := p.skip(length, "a data segment")
		size := uint64(p.m.Memory.Min) << 16
		if p.refusal == nil && uint64(uint32(at))+uint64(length) > size {
			p.fail(start, "a data segment of %d bytes at %d lies outside of the memory's first %d bytes", length, uint32(at), size)
		}
		if p.refusal != nil {
			return
		}
		p.m.Segments = append(p.m.Segments, Segment{Address: uint32(at), Length: int(length), from: from})
		p.m.DataBytes += int(length)
	}
	if p.refusal == nil && n > 0 && !p.m.Memory.There {
		p.fail(p.at, "there are data segments but no memory")
	}
}

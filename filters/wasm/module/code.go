package module

// codeSection goes over all functions' instructions once: it checks each index against what
// the module declares and notes where debits go.
func (p *parser) codeSection() {
	start := p.at
	declared := len(p.functions) - len(p.m.Imports)
	n := p.count(p.caps.Functions, "functions")
	if p.refusal == nil && n != declared {
		p.fail(start, "%d functions are declared, %d have code", declared, n)
	}
	p.m.bodies = make([]body, 0, n)
	end := p.end
	for i := range n {
		p.function = len(p.m.Imports) + i
		size := p.unsigned()
		if p.refusal == nil && uint64(size) > uint64(p.caps.Body) {
			p.fail(p.at, "it has %d bytes, more than the %d allowed", size, p.caps.Body)
		}
		from := p.skip(size, "a function")
		if p.refusal != nil {
			return
		}
		p.at, p.end = from, from+int(size)
		p.body(p.types[p.functions[p.function]])
		if p.refusal != nil {
			return
		}
		p.end = end
	}
	p.function = -1
	p.m.Functions, p.m.Charges = n, len(p.m.charges)
}

// body reads one function.
func (p *parser) body(t Type) {
	b := body{locals: len(t.Params)}
	b.declared = p.count(p.caps.Locals, "declarations of locals")
	b.groups.from = p.at
	for range b.declared {
		n := p.unsigned()
		if p.refusal == nil && uint64(n) > uint64(p.caps.Locals-b.locals) {
			p.fail(p.at, "it has more locals than the %d allowed", p.caps.Locals)
		}
		p.value()
		if p.refusal != nil {
			return
		}
		b.locals += int(n)
	}
	b.groups.to, b.from = p.at, p.at
	b.charges.from = len(p.m.charges)
	p.scan.begin(p, b.locals, t)
	p.scan.run(&b)
	b.to, b.charges.to = p.at, len(p.m.charges)
	p.m.bodies = append(p.m.bodies, b)
}

// instruction reads one instruction and gives what it does to the scan's counts.
func (s *scan) instruction(at int, op byte) {
	p := s.parser
	if height, units, ok := numeric(op); ok {
		s.cost(units, height)
		return
	}
	switch {
	case op <= opCallIndirect && s.control(at, op):
	case op == opSelectTyped:
		if n := p.unsigned(); p.refusal == nil && n != 1 {
			p.fail(at, "a select of %d types", n)
		}
		p.value()
		s.cost(unitsPlain, -2)
	case op >= 0x20 && op <= 0x22: // local get, set, tee
		p.index(s.locals, "local")
		s.cost(unitsPlain, [...]int{1, -1, 0}[op-0x20])
	case op == 0x23 || op == 0x24: // global get, set
		p.index(int(p.m.fuel), "global")
		s.cost(unitsPlain, [...]int{1, -1}[op-0x23])
	case op == 0x25 || op == 0x26: // table get, set
		p.index(len(p.tables), "table")
		s.cost(unitsAccess, [...]int{0, -2}[op-0x25])
	case op >= 0x28 && op <= 0x3e:
		s.access(at, op)
	case op == opMemorySize || op == opMemoryGrow:
		p.index(p.memories(), "memory")
		if op == opMemorySize {
			s.cost(unitsPlain, 1)
		} else {
			s.cost(unitsGrow, 0)
		}
	case op >= 0x41 && op <= 0x44:
		s.literal(op)
		s.cost(unitsPlain, 1)
	case op == opRefNull:
		p.refType()
		s.cost(unitsPlain, 1)
	case op == opRefNull+1:
		s.cost(unitsPlain, 0)
	case op == opRefFunc:
		p.index(len(p.functions), "function")
		s.cost(unitsLeave, 1)
	case op == opPrefix:
		s.prefixed(at)
	default:
		if what := unsupported(op); what != "" {
			p.fail(at, "the instruction %#02x: %s are not supported", op, what)
		} else {
			p.fail(at, "the instruction %#02x is unknown", op)
		}
	}
}

func (s *scan) literal(op byte) {
	switch op {
	case 0x41:
		s.parser.signed(32)
	case 0x42:
		s.parser.signed(64)
	case 0x43:
		s.parser.skip(4, "a constant")
	case 0x44:
		s.parser.skip(8, "a constant")
	}
}

// access is a load or store. Its alignment says how many bytes it is aligned to as a power of
// two, at most its own width; higher bits would be a memory's index.
func (s *scan) access(at int, op byte) {
	const widths = "\x02\x03\x02\x03\x00\x00\x01\x01\x00\x00\x01\x01\x02\x02\x02\x03\x02\x03\x00\x01\x00\x01\x02"
	p := s.parser
	align := p.unsigned()
	p.unsigned()
	switch {
	case p.refusal != nil:
	case align > uint32(widths[op-0x28]):
		p.fail(at, "a load or store of the alignment %d, as one of several memories has, is not supported", align)
	case !p.m.Memory.There:
		p.fail(at, "there is no memory")
	}
	s.accesses++
	if op < 0x36 {
		s.cost(unitsLoad, 0)
	} else {
		s.cost(unitsAccess, -2)
	}
}

// prefixed reads an instruction of two numbers. Those that work on many bytes or entries are
// noted with how many of them a unit of fuel pays for, as a shift.
func (s *scan) prefixed(at int) {
	p := s.parser
	sub := p.unsigned()
	height, units, shift := -3, unitsBulk, byte(0)
	switch {
	case p.refusal != nil:
		return
	case sub < subMemoryInit: // saturating conversions
		height, units = 0, unitsAccess
	case sub == subMemoryInit, sub == subDataDrop:
		p.fail(at, "memory.init and data.drop are not supported, as passive data segments are not")
	case sub == subMemoryCopy:
		p.index(p.memories(), "memory")
		p.index(p.memories(), "memory")
		shift = bytesShift
	case sub == subMemoryFill:
		p.index(p.memories(), "memory")
		shift = bytesShift
	case sub == subTableInit:
		p.index(p.elements, "element segment")
		p.index(len(p.tables), "table")
		shift = entriesShift
	case sub == subElemDrop:
		p.index(p.elements, "element segment")
		height = 0
	case sub == subTableCopy:
		p.index(len(p.tables), "table")
		p.index(len(p.tables), "table")
		shift = entriesShift
	case sub == subTableGrow:
		if t := p.index(len(p.tables), "table"); p.refusal == nil && !p.tables[t].growable {
			p.fail(at, "table.grow of a table without a maximum of at most %d", p.caps.Entries)
		}
		height, units, shift = -1, unitsLeave, entriesShift
	case sub == subTableSize:
		p.index(len(p.tables), "table")
		height, units = 1, unitsPlain
	case sub == subTableFill:
		p.index(len(p.tables), "table")
		shift = entriesShift
	default:
		p.fail(at, "the instruction 0xfc %#02x is unknown", sub)
	}
	if shift != 0 {
		s.bulk(at, shift)
	}
	s.cost(units, height)
}

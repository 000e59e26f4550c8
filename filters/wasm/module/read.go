package module

import (
	"github.com/dbmesh/dbmesh/core/abi"
)

const (
	idCustom = iota
	idType
	idImport
	idFunction
	idTable
	idMemory
	idGlobal
	idExport
	idStart
	idElement
	idCode
	idData
	idDataCount
	maxID = idDataCount
)

// sectionName names a section in refusals.
func sectionName(id byte) string {
	return [...]string{"custom", "type", "import", "function", "table", "memory", "global",
		"export", "start", "element", "code", "data", "data count"}[id]
}

// parser is a module in the making: what later sections are checked against.
type parser struct {
	reader
	caps         Caps
	m            *Module
	types        []Type
	functions    []uint32 // types of all functions, imports first
	tables       []table
	entries      int // of all tables
	elements     int // segments
	functionRefs int // in element segments
	dataCount    int // as the data count section tells, else -1
	names        map[string]bool
	scan         scan
	effort       int // of compiling what was read
}

// table is what is needed to know of a table.
type table struct {
	growable bool // to no more entries than allowed
}

// Read checks a module and tells what is in it. It refuses, with a *Refusal, what is not
// well-formed, over a cap, or of no use to a guest: threads, exceptions, several memories,
// 64-bit memories, vectors, garbage-collected types, tail calls, passive data, imports of
// anything but functions, and exports with the reserved prefix. The module keeps b.
func Read(b []byte, caps Caps) (*Module, error) {
	p := &parser{caps: caps, m: &Module{Size: len(b), b: b}, dataCount: -1, names: map[string]bool{}}
	p.reader = reader{b: b, end: len(b), section: whole, function: -1}
	if len(b) > caps.Bytes {
		p.fail(0, "it has %d bytes, more than the %d allowed", len(b), caps.Bytes)
	} else {
		p.module()
	}
	if p.refusal != nil {
		p.refusal.Name = p.nameOf(p.refusal.Function)
		return nil, p.refusal
	}
	p.m.Tables, p.m.Globals = len(p.tables), int(p.m.fuel)
	return p.m, nil
}

func (p *parser) module() {
	if len(p.b) < len(magic) || string(p.b[:len(magic)]) != magic {
		p.fail(0, "it does not begin as a WebAssembly module of version 1 does")
		return
	}
	p.at = len(magic)
	last := 0
	for p.at < len(p.b) && p.refusal == nil {
		start := p.at
		id, size := p.byte(), p.unsigned()
		from := p.skip(size, "a section")
		if p.refusal != nil {
			return
		}
		if id > maxID {
			p.fail(start, "there is no section with the number %d%s", id, unknownSection(id))
			return
		}
		if id != idCustom {
			if position(id) <= last {
				p.fail(start, "the %s section is there twice or too late", sectionName(id))
				return
			}
			last = position(id)
			p.m.sections[id] = span{from, p.at}
		}
		p.at = from
		p.inside(id, from+int(size))
	}
	p.counts()
}

// inside reads one section, which must fill its length.
func (p *parser) inside(id byte, end int) {
	p.section, p.end = sectionName(id), end
	p.content(id)
	if p.refusal == nil && p.at != end {
		p.fail(p.at, "%d bytes are left at its end", end-p.at)
	}
	if p.refusal == nil {
		p.section, p.end = whole, len(p.b)
	}
}

func (p *parser) content(id byte) {
	switch id {
	case idCustom:
		p.custom()
	case idType:
		p.typeSection()
	case idImport:
		p.importSection()
	case idFunction:
		p.functionSection()
	case idTable:
		p.tableSection()
	case idMemory:
		p.memorySection()
	case idGlobal:
		p.globalSection()
	case idExport:
		p.exportSection()
	case idStart:
		f := p.index(len(p.functions), "function")
		p.m.Start = true
		if p.refusal == nil {
			if t := p.types[p.functions[f]]; len(t.Params)+len(t.Results) > 0 {
				p.fail(p.at, "the start function takes or gives values")
			}
		}
	case idElement:
		p.elementSection()
	case idDataCount:
		p.dataCount = int(p.unsigned())
	case idCode:
		p.codeSection()
	case idData:
		p.dataSection()
	}
}

// counts compares what two sections tell of the same thing.
func (p *parser) counts() {
	if p.refusal != nil {
		return
	}
	if n := len(p.functions) - len(p.m.Imports); n != len(p.m.bodies) {
		p.fail(len(p.b), "%d functions are declared, %d have code", n, len(p.m.bodies))
	} else if p.dataCount >= 0 && p.dataCount != len(p.m.Segments) {
		p.fail(len(p.b), "%d data segments are declared, %d are there", p.dataCount, len(p.m.Segments))
	}
}

// custom takes note of a custom section. Those of dbmesh are there once, and a signature
// has nothing behind it: else it would not be clear what was signed.
func (p *parser) custom() {
	start := p.at
	name := p.name("a section's name")
	if p.refusal != nil {
		return
	}
	if len(p.m.Customs) >= p.caps.Customs {
		p.fail(start, "there are more custom sections than the %d allowed", p.caps.Customs)
		return
	}
	if name == abi.ManifestSection || name == abi.SignatureSection {
		for _, c := range p.m.Customs {
			if c.Name == name {
				p.fail(start, "%s is there twice", name)
			}
		}
	}
	if name == abi.SignatureSection && p.end != len(p.b) {
		p.fail(start, "something follows the signature")
	}
	p.m.Customs = append(p.m.Customs, Custom{Name: name, Length: p.left()})
	p.at = p.end
}

const magic = "\x00asm\x01\x00\x00\x00"

// position is a section's place in the order: data count comes before code.
func position(id byte) int {
	switch {
	case id == idDataCount:
		return idCode
	case id >= idCode:
		return int(id) + 1
	}
	return int(id)
}

func unknownSection(id byte) string {
	if id == 13 {
		return ": exceptions are not supported"
	}
	return ""
}

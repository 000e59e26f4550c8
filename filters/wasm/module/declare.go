package module

import (
	"strings"

	"github.com/dbmesh/dbmesh/core/abi"
)

const (
	typeF32     = 0x7d
	typeV128    = 0x7b
	typeFunc    = 0x70
	typeExtern  = 0x6f
	formFunc    = 0x60
	blockNoType = 0x40
)

func valueName(t abi.ValueType) string {
	switch t {
	case abi.I32:
		return "i32"
	case abi.I64:
		return "i64"
	case typeF32:
		return "f32"
	case abi.F64:
		return "f64"
	case typeFunc:
		return "funcref"
	}
	return "unknown"
}

// value reads a value type.
func (p *parser) value() abi.ValueType {
	t := p.byte()
	p.checkValue(t)
	return abi.ValueType(t)
}

func (p *parser) checkValue(t byte) {
	switch t {
	case byte(abi.I32), byte(abi.I64), typeF32, byte(abi.F64), typeFunc:
	case typeV128:
		p.fail(p.at-1, "vectors (SIMD) are not supported")
	case typeExtern:
		p.fail(p.at-1, "references to things of the host (externref) are not supported")
	default:
		p.fail(p.at-1, "the type %#x is not supported", t)
	}
}

func (p *parser) typeSection() {
	n := p.count(p.caps.Types, "types")
	for range n {
		if form := p.byte(); form != formFunc {
			p.fail(p.at-1, "the type form %#x is not a function's: garbage-collected types are not supported", form)
		}
		t := Type{Params: p.values(p.caps.Params, "parameters"), Results: p.values(p.caps.Results, "results")}
		if p.refusal != nil {
			return
		}
		p.types = append(p.types, t)
	}
}

func (p *parser) values(most int, what string) []abi.ValueType {
	n := p.count(most, what)
	if n == 0 {
		return nil
	}
	all := make([]abi.ValueType, n)
	for i := range all {
		all[i] = p.value()
	}
	return all
}

func (p *parser) importSection() {
	n := p.count(p.caps.Imports, "imports")
	for range n {
		i := Import{Module: p.name("an import's module"), Name: p.name("an import's name")}
		if kind := p.byte(); p.refusal == nil && kind != byte(KindFunction) {
			p.fail(p.at-1, "%s.%s is imported but is no function", i.Module, i.Name)
		}
		t := p.index(len(p.types), "type")
		if p.refusal != nil {
			return
		}
		i.Type = p.types[t]
		p.m.Imports = append(p.m.Imports, i)
		p.functions = append(p.functions, t)
	}
}

func (p *parser) functionSection() {
	n := p.count(p.caps.Functions, "functions")
	for range n {
		t := p.index(len(p.types), "type")
		if p.refusal != nil {
			return
		}
		p.functions = append(p.functions, t)
	}
}

// limits reads how small and how large a memory or table may be.
func (p *parser) limits(what string) (minimum, maximum uint32, bounded bool) {
	start := p.at
	switch flags := p.byte(); {
	case p.refusal != nil:
	case flags&^1 == 2:
		p.fail(start, "a shared %s is not supported", what)
	case flags > 1:
		p.fail(start, "a %s with the flags %#x, such as 64-bit addresses, is not supported", what, flags)
	default:
		minimum, bounded = p.unsigned(), flags == 1
	}
	if bounded {
		maximum = p.unsigned()
	}
	if p.refusal == nil && bounded && maximum < minimum {
		p.fail(start, "a %s of at least %d and at most %d is impossible", what, minimum, maximum)
	}
	return minimum, maximum, bounded
}

func (p *parser) tableSection() {
	n := p.count(p.caps.Tables, "tables")
	for range n {
		if t := p.byte(); p.refusal == nil && t != typeFunc {
			p.fail(p.at-1, "a table of the type %#x is not supported, only one of functions", t)
		}
		minimum, maximum, bounded := p.limits("table")
		if p.entries += int(minimum); p.refusal == nil && p.entries > p.caps.Entries {
			p.fail(p.at, "%d table entries are more than the %d allowed", p.entries, p.caps.Entries)
		}
		if p.refusal != nil {
			return
		}
		p.tables = append(p.tables, table{growable: bounded && uint64(maximum) <= uint64(p.caps.Entries)})
	}
}

func (p *parser) memorySection() {
	n := p.count(p.caps.Bytes, "memories")
	if n > 1 {
		p.fail(p.at, "%d memories: only one is supported", n)
	}
	if n != 1 || p.refusal != nil {
		return
	}
	start := p.at
	minimum, maximum, bounded := p.limits("memory")
	if uint64(minimum) > uint64(p.caps.MemoryPages) {
		p.fail(start, "its memory begins with %d pages of 64 KiB, more than the %d allowed", minimum, p.caps.MemoryPages)
	}
	if bounded && maximum > 1<<16 {
		p.fail(start, "a memory of %d pages is impossible", maximum)
	}
	p.m.Memory = Memory{There: true, Min: minimum, Max: maximum, Bounded: bounded}
}

func (p *parser) globalSection() {
	n := p.count(p.caps.Globals, "globals")
	for range n {
		p.value()
		if mutable := p.byte(); p.refusal == nil && mutable > 1 {
			p.fail(p.at-1, "a global is neither constant nor variable but %#x", mutable)
		}
		p.constant()
		if p.refusal != nil {
			return
		}
		p.m.fuel++
	}
}

func (p *parser) exportSection() {
	n := p.count(p.caps.Exports, "exports")
	for range n {
		start := p.at
		e := Export{Name: p.name("an export's name"), Kind: Kind(p.byte())}
		switch {
		case p.refusal != nil:
		case p.names[e.Name]:
			p.fail(start, "%q is exported twice", e.Name)
		case strings.HasPrefix(e.Name, abi.ReservedPrefix):
			p.fail(start, "%q is exported, but names that begin with %s are dbmesh's own", e.Name, abi.ReservedPrefix)
		case e.Kind == KindFunction:
			if e.Index = p.index(len(p.functions), "function"); p.refusal == nil {
				e.Type = p.types[p.functions[e.Index]]
			}
		case e.Kind == KindTable:
			e.Index = p.index(len(p.tables), "table")
		case e.Kind == KindMemory:
			e.Index = p.index(p.memories(), "memory")
		case e.Kind == KindGlobal:
			e.Index = p.index(int(p.m.fuel), "global")
		default:
			p.fail(start, "%q is exported as something unknown, %d", e.Name, e.Kind)
		}
		if p.refusal != nil {
			return
		}
		p.names[e.Name] = true
		p.m.Exports = append(p.m.Exports, e)
	}
}

func (p *parser) memories() int {
	if p.m.Memory.There {
		return 1
	}
	return 0
}

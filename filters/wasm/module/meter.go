package module

import (
	"encoding/binary"
	"fmt"

	"github.com/dbmesh/dbmesh/core/abi"
)

const (
	// Version is part of the keys of what is made from Meter's output: it changes when the
	// same module would be metered otherwise.
	Version = "2"

	// FuelExport is the export of the fuel counter, a variable i64. The host sets it before
	// each call and takes from it what host functions cost; a guest that traps with the
	// counter below 0 has used up its fuel.
	FuelExport = abi.ReservedPrefix + "fuel"

	// StartFuel is in the counter of a fresh instance, for its start function: the runtime
	// calls that before the host can set anything.
	StartFuel = 5_000_000

	// growth bounds how many times larger Meter may make a module, beside 1 MiB. Real ones grow
	// by less than half.
	growth = 3
)

// Meter gives the module with debits of fuel, with few data segments, and without custom
// sections but the functions' names. It is valid if and only if the module is. Each call
// makes the same bytes anew. Its only error is a *Refusal of a module that would grow too much.
func (m *Module) Meter() ([]byte, error) {
	out := append(make([]byte, 0, m.Size+m.Size/4), magic...)
	for id := byte(idType); id <= idData; id++ {
		switch id {
		case idGlobal:
			out = appendSection(out, id, m.extended(idGlobal, m.counter()))
		case idExport:
			entry := append([]byte{byte(len(FuelExport))}, FuelExport...)
			entry = binary.AppendUvarint(append(entry, byte(KindGlobal)), uint64(m.fuel))
			out = appendSection(out, id, m.extended(idExport, entry))
		case idCode:
			if len(m.bodies) > 0 {
				out = appendSection(out, id, m.code())
			}
		case idData: // the count ahead of it is only needed by instructions that Read refuses
			if len(m.Segments) > 0 {
				out = appendSection(out, id, m.merged())
			}
		default:
			if s := m.sections[id]; s.to > 0 {
				out = appendSection(out, id, m.b[s.from:s.to])
			}
		}
	}
	out = appendNames(out, m.b)
	if most := growth*m.Size + 1<<20; len(out) > most {
		return nil, &Refusal{Section: whole, Function: -1, Offset: m.Size,
			Reason: fmt.Sprintf("it would grow from %d to %d bytes by counting its fuel: it has very many loops", m.Size, len(out))}
	}
	return out, nil
}

// counter is the fuel's entry in the global section.
func (m *Module) counter() []byte {
	return append(appendSigned([]byte{byte(abi.I64), 1, 0x42}, StartFuel), opEnd)
}

// extended gives a section's payload with one more entry.
func (m *Module) extended(id byte, entry []byte) []byte {
	s := m.sections[id]
	if s.to == 0 {
		return append([]byte{1}, entry...)
	}
	r := reader{b: m.b, at: s.from, end: s.to}
	out := binary.AppendUvarint(nil, uint64(r.unsigned())+1)
	return append(append(out, m.b[r.at:s.to]...), entry...)
}

// code gives the code section with the debits.
func (m *Module) code() []byte {
	s := m.sections[idCode]
	out := make([]byte, 0, s.to-s.from+20*len(m.charges))
	out = binary.AppendUvarint(out, uint64(len(m.bodies)))
	var one []byte
	for i := range m.bodies {
		one = m.function(one[:0], &m.bodies[i])
		out = binary.AppendUvarint(out, uint64(len(one)))
		out = append(out, one...)
	}
	return out
}

// function writes one function. Where it has debits it gets a local for the fuel that is
// left, and one for the number of bytes of bulk instructions.
func (m *Module) function(out []byte, b *body) []byte {
	charges := m.charges[b.charges.from:b.charges.to]
	declared := b.declared
	var more []byte
	if len(charges) > 0 {
		declared++
		more = append(more, 1, byte(abi.I64))
	}
	if b.bulk {
		declared++
		more = append(more, 1, byte(abi.I32))
	}
	out = binary.AppendUvarint(out, uint64(declared))
	out = append(out, m.b[b.groups.from:b.groups.to]...)
	out = append(out, more...)
	at := b.from
	for _, c := range charges {
		out = append(out, m.b[at:c.at]...)
		out = m.debit(out, c, uint64(b.locals))
		at = int(c.at)
	}
	return append(out, m.b[at:b.to]...)
}

// debit takes from the counter and traps if it falls below 0. It leaves the stack as it was.
func (m *Module) debit(out []byte, c charge, left uint64) []byte {
	const (
		get, tee         = 0x20, 0x22
		getGlob, setGlob = 0x23, 0x24
		i64Const         = 0x42
		extend, shift    = 0xad, 0x88
		sub, less        = 0x7d, 0x53
	)
	local := func(op byte, i uint64) { out = binary.AppendUvarint(append(out, op), i) }
	if c.shift != 0 {
		local(tee, left+1)
	}
	local(getGlob, uint64(m.fuel))
	if c.shift != 0 {
		local(get, left+1)
		out = append(out, extend, i64Const, c.shift, shift)
	} else {
		out = appendSigned(append(out, i64Const), int64(c.fuel))
	}
	out = append(out, sub)
	local(tee, left)
	local(setGlob, uint64(m.fuel))
	local(get, left)
	return append(out, i64Const, 0, less, opIf, blockNoType, opUnreachable, opEnd)
}

func appendSection(out []byte, id byte, payload []byte) []byte {
	out = binary.AppendUvarint(append(out, id), uint64(len(payload)))
	return append(out, payload...)
}

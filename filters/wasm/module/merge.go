package module

import (
	"encoding/binary"
	"slices"
)

// gap is how many zeros may be written to make one data segment of two, in bytes. The memory
// is zero before, so it changes nothing; each segment costs the runtime more than that.
const gap = 256

// stretch is a piece of memory that merged segments fill.
type stretch struct{ from, to uint64 }

// merged gives the data section's payload with the same bytes in fewer segments. Stock Go's
// linker writes tens of thousands.
func (m *Module) merged() []byte {
	stretches := m.stretches()
	out := binary.AppendUvarint(nil, uint64(len(stretches)))
	places := make([]int, len(stretches)) // where each one's bytes are in out
	for i, s := range stretches {
		out = append(out, 0, opI32Const)
		out = appendSigned(out, int64(int32(uint32(s.from))))
		out = append(out, opEnd)
		out = binary.AppendUvarint(out, s.to-s.from)
		places[i] = len(out)
		out = append(out, make([]byte, s.to-s.from)...)
	}
	for _, d := range m.Segments { // in their order: later ones overwrite earlier ones
		i, found := slices.BinarySearchFunc(stretches, uint64(d.Address), func(s stretch, at uint64) int {
			return int(int64(s.from) - int64(at))
		})
		if !found {
			i--
		}
		if d.Length > 0 {
			at := places[i] + int(uint64(d.Address)-stretches[i].from)
			copy(out[at:], m.b[d.from:d.from+d.Length])
		}
	}
	return out
}

// stretches finds what the segments fill, with gaps closed as long as the zeros for it are
// not more than the module itself.
func (m *Module) stretches() []stretch {
	var all []stretch
	for _, d := range m.Segments {
		if d.Length > 0 {
			all = append(all, stretch{uint64(d.Address), uint64(d.Address) + uint64(d.Length)})
		}
	}
	slices.SortFunc(all, func(a, b stretch) int { return int(int64(a.from) - int64(b.from)) })
	for closed := uint64(gap); ; closed /= 2 {
		joined, zeros := join(all, closed)
		if zeros <= uint64(m.Size) || closed == 0 {
			return joined
		}
	}
}

func join(all []stretch, closed uint64) (joined []stretch, zeros uint64) {
	for _, s := range all {
		last := len(joined) - 1
		if last < 0 || s.from > joined[last].to+closed {
			joined = append(joined, s)
			continue
		}
		if s.from > joined[last].to {
			zeros += s.from - joined[last].to
		}
		joined[last].to = max(joined[last].to, s.to)
	}
	return joined, zeros
}

// appendSigned appends LEB128 with a sign.
func appendSigned(out []byte, n int64) []byte {
	for {
		low := byte(n & 0x7f)
		if n >>= 7; n == 0 && low&0x40 == 0 || n == -1 && low&0x40 != 0 {
			return append(out, low)
		}
		out = append(out, low|0x80)
	}
}

package compress

import "github.com/dbmesh/dbmesh/core/wire"

// frames follows the frames in one direction of a hop.
type frames struct {
	left      int  // payload bytes of the frame at hand that are still to come
	length    int  // what is known of the next frame's length
	got       int  // bytes of the next header in hand, at most 3
	full      bool // the frame at hand is continued by the next one
	untouched bool // no byte of the packet at hand has come
	first     byte // the first byte of the packet at hand, 0 if it has none
}

// seek passes over b from an index on and returns the index of the next frame's sequence
// number, or -1 if b ends before it. The frame begins with take.
func (f *frames) seek(b []byte, from int) int {
	for i := from; i < len(b); {
		if f.left > 0 {
			if f.untouched {
				f.first, f.untouched = b[i], false
			}
			k := min(f.left, len(b)-i)
			f.left -= k
			i += k
			continue
		}
		if f.got == wire.HeaderLen-1 {
			return i
		}
		f.length |= int(b[i]) << (8 * f.got)
		f.got++
		i++
	}
	return -1
}

// continues says whether the frame that seek found belongs to the packet before it.
func (f *frames) continues() bool { return f.full }

// take begins the frame that seek found.
func (f *frames) take() {
	if !f.full {
		f.untouched, f.first = f.length > 0, 0
	}
	f.left, f.full = f.length, f.length == wire.MaxPayload
	f.length, f.got = 0, 0
}

// leave forgets the header that seek found: it comes again.
func (f *frames) leave() { f.length, f.got = 0, 0 }

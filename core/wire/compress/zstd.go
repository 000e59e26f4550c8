package compress

import (
	"encoding/binary"
	"fmt"
	"io"
)

// zstdFrame reads the one frame of a payload for the decoder. The decoder makes a window
// as long as the frame's header asks for; zstdFrame sees to it that this is no longer than
// what the packet claims to hold, and that no second frame follows with another header.
type zstdFrame struct {
	r    io.Reader
	size int // what the packet claims

	head  [18]byte // the header as the decoder gets it
	n     int      // its length
	given int
	block [3]byte // the header of the next block
	got   int
	left  int // bytes of the block at hand, and of the checksum behind the last one
	last  bool
	check int // length of the checksum

}

// frameMagic begins a frame.
const frameMagic = 0xFD2FB528

// Read gives the header, then block by block.
func (f *zstdFrame) Read(p []byte) (int, error) {
	if f.n == 0 {
		if err := f.header(); err != nil {
			return 0, err
		}
	}
	if f.given < f.n {
		k := copy(p, f.head[f.given:f.n])
		f.given += k
		return k, nil
	}
	if f.left == 0 && f.last {
		return 0, io.EOF
	}
	if f.left > 0 {
		n, err := f.r.Read(p[:min(len(p), f.left)])
		f.left -= n
		return n, err
	}
	n, err := f.r.Read(p[:min(len(p), len(f.block)-f.got)])
	f.got += copy(f.block[f.got:], p[:n])
	if f.got == len(f.block) {
		f.begin()
	}
	return n, err
}

// begin takes the block's length out of its header.
func (f *zstdFrame) begin() {
	v := int(f.block[0]) | int(f.block[1])<<8 | int(f.block[2])<<16
	f.got, f.left, f.last = 0, v>>3, v&1 != 0
	if v>>1&3 == 1 { // one byte, repeated
		f.left = 1
	}
	if f.last {
		f.left += f.check
	}
}

// header reads the frame's header and makes the window fit the packet.
func (f *zstdFrame) header() error {
	if _, err := io.ReadFull(f.r, f.head[:5]); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(f.head[:]) != frameMagic {
		return fmt.Errorf("%w: it is no zstd frame", ErrMalformed)
	}
	flags := f.head[4]
	single := flags&(1<<5) != 0
	dict := [4]int{0, 1, 2, 4}[flags&3]
	content := [4]int{0, 2, 4, 8}[flags>>6]
	window := 1
	if single {
		window = 0
		content = max(content, 1)
	}
	n := 5 + window + dict + content
	if _, err := io.ReadFull(f.r, f.head[5:n]); err != nil {
		return err
	}
	if window > 0 {
		f.head[5] = min(f.head[5], shortest(f.size))
	}
	if content > 0 {
		var wide [8]byte
		copy(wide[:], f.head[n-content:n])
		claim := binary.LittleEndian.Uint64(wide[:])
		if content == 2 {
			claim += 256
		}
		if claim != uint64(f.size) {
			return fmt.Errorf("%w: its zstd frame holds %d bytes, not %d", ErrMalformed, claim, f.size)
		}
	}
	if flags&(1<<2) != 0 {
		f.check = 4
	}
	f.n = n
	return nil
}

// shortest is the window descriptor of the shortest window that holds size bytes: five
// bits of exponent from 1 KiB on, three of eighths.
func shortest(size int) byte {
	for exp := range 32 {
		base := 1 << (10 + exp)
		for eighths := range 8 {
			if base+base/8*eighths >= size {
				return byte(exp<<3 | eighths)
			}
		}
	}
	return 255
}

package module

import (
	"fmt"
	"unicode/utf8"
)

// reader goes through b once. The first thing wrong stays in refusal; from then on the
// reader is at its end and gives zeros, so that callers look at refusal at the end of a
// vector's loop and not behind each number.
type reader struct {
	b        []byte
	at, end  int // what is left is b[at:end]
	section  string
	function int
	refusal  *Refusal
}

func (r *reader) fail(at int, format string, args ...any) {
	if r.refusal == nil {
		r.refusal = &Refusal{Section: r.section, Function: r.function, Offset: at, Reason: fmt.Sprintf(format, args...)}
	}
	r.at = r.end
}

func (r *reader) left() int { return r.end - r.at }

func (r *reader) byte() byte {
	if r.at >= r.end {
		r.fail(r.at, "it ends too early")
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

// unsigned reads LEB128 of at most 32 bits, as strictly as the specification: five bytes at
// most, and no bits beyond the 32.
func (r *reader) unsigned() uint32 {
	if r.at < r.end && r.b[r.at] < 0x80 {
		r.at++
		return uint32(r.b[r.at-1])
	}
	start := r.at
	n := uint64(0)
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if n > 1<<32-1 {
				break
			}
			return uint32(n)
		}
	}
	r.fail(start, "a number does not fit into 32 bits")
	return 0
}

// signed reads LEB128 of bits (32, 33 or 64) with a sign.
func (r *reader) signed(bits int) int64 {
	start, n, shift := r.at, int64(0), 0
	for shift < bits {
		b := r.byte()
		if rest := bits - shift; rest < 7 { // the last byte: its spare bits repeat the sign
			sign := int8(b<<1) >> rest // all ones or all zeros
			if b >= 0x80 || sign != 0 && sign != -1 {
				break
			}
		}
		n |= int64(b&0x7f) << shift
		shift += 7
		if b < 0x80 {
			if shift < 64 {
				n = n << (64 - shift) >> (64 - shift)
			}
			return n
		}
	}
	r.fail(start, "a number does not fit into %d bits", bits)
	return 0
}

// skip goes over n bytes and gives where they began.
func (r *reader) skip(n uint32, what string) int {
	start := r.at
	if uint64(n) > uint64(r.left()) {
		r.fail(start, "%s has %d bytes, but only %d are left", what, n, r.left())
		return start
	}
	r.at += int(n)
	return start
}

// count reads the length of a vector, each of whose entries has at least one byte.
func (r *reader) count(most int, what string) int {
	start := r.at
	n := r.unsigned()
	if uint64(n) > uint64(most) {
		r.fail(start, "%d %s are more than the %d allowed", n, what, most)
	} else if uint64(n) > uint64(r.left()) {
		r.fail(start, "%d %s do not fit into the %d bytes left", n, what, r.left())
	}
	if r.refusal != nil {
		return 0
	}
	return int(n)
}

// index reads an index into something of which there are n.
func (r *reader) index(n int, what string) uint32 {
	start := r.at
	i := r.unsigned()
	if r.refusal == nil && uint64(i) >= uint64(n) {
		r.fail(start, "there is no %s %d, only %d", what, i, n)
		return 0
	}
	return i
}

// name reads a text, which must be UTF-8.
func (r *reader) name(what string) string {
	start := r.at
	n := r.unsigned()
	if n > maxName {
		r.fail(start, "%s has %d bytes, more than the %d allowed", what, n, maxName)
		return ""
	}
	from := r.skip(n, what)
	if r.refusal != nil {
		return ""
	}
	text := r.b[from:r.at]
	if !utf8.Valid(text) {
		r.fail(from, "%s is not UTF-8", what)
		return ""
	}
	return string(text)
}

// maxName bounds names of imports, exports, functions and sections, in bytes.
const maxName = 4096

package wasm

import (
	"encoding/binary"
	"errors"
)

// header is a module's magic number and version.
const header = "\x00asm\x01\x00\x00\x00"

var errNoModule = errors.New("it is no WebAssembly module, or only the beginning of one")

// custom is a custom section: where it begins in the module, and its payload.
type custom struct {
	name    string
	at, end int
	payload []byte
}

// customs finds the custom sections of a module, in order. It looks at the frame of the
// sections only, and refuses what is cut off.
func customs(module []byte) ([]custom, error) {
	if len(module) < len(header) || string(module[:len(header)]) != header {
		return nil, errNoModule
	}
	var all []custom
	for at := len(header); at < len(module); {
		size, n := uleb(module[at+1:])
		from := at + 1 + n
		if n == 0 || size > uint64(len(module)-from) {
			return nil, errNoModule
		}
		end := from + int(size)
		if module[at] == 0 {
			length, n := uleb(module[from:end])
			if n == 0 || length > uint64(end-from-n) {
				return nil, errNoModule
			}
			name := from + n + int(length)
			all = append(all, custom{string(module[from+n : name]), at, end, module[name:end]})
		}
		at = end
	}
	return all, nil
}

// uleb reads a number of at most 32 bits; n is 0 if there is none.
func uleb(b []byte) (v uint64, n int) {
	v, n = binary.Uvarint(b[:min(len(b), 5)])
	return v, max(n, 0)
}

package wasmtest

import (
	"encoding/binary"
	"math"
	"strings"
)

// Code is instructions in the binary format. Pieces are joined with +, so that a function's
// body reads in the order in which it runs; anything else that a test wants there, valid or
// not, is written as "\xfe\x01".
type Code string

// U is an unsigned number in LEB128, as indices and lengths are written.
func U(n uint64) Code {
	return Code(binary.AppendUvarint(nil, n))
}

// S is a signed number in LEB128, as constants are written.
func S(n int64) Code {
	var b []byte
	for {
		low := byte(n & 0x7f)
		n >>= 7
		if n == 0 && low&0x40 == 0 || n == -1 && low&0x40 != 0 {
			return Code(append(b, low))
		}
		b = append(b, low|0x80)
	}
}

// Padded is n in LEB128 of exactly width bytes, as linkers write numbers that they patch.
func Padded(n uint64, width int) Code {
	b := make([]byte, width)
	for i := range b {
		b[i] = byte(n&0x7f) | 0x80
		n >>= 7
	}
	b[width-1] &= 0x7f
	return Code(b)
}

// Bytes is a vector of bytes: its length, then itself. Names are written so.
func Bytes[T ~string | ~[]byte](b T) Code { return U(uint64(len(b))) + Code(b) }

// I32 puts a constant on the stack.
func I32(n int32) Code { return "\x41" + S(int64(n)) }

// I64 puts a constant on the stack.
func I64(n int64) Code { return "\x42" + S(n) }

// F32 puts a constant on the stack.
func F32(f float32) Code {
	return "\x43" + Code(binary.LittleEndian.AppendUint32(nil, math.Float32bits(f)))
}

// F64 puts a constant on the stack.
func F64(f float64) Code {
	return "\x44" + Code(binary.LittleEndian.AppendUint64(nil, math.Float64bits(f)))
}

// Get puts a local on the stack; parameters are the first ones.
func Get(local uint32) Code { return "\x20" + U(uint64(local)) }

// Set takes a local's new value from the stack.
func Set(local uint32) Code { return "\x21" + U(uint64(local)) }

// Tee sets a local and leaves the value on the stack.
func Tee(local uint32) Code { return "\x22" + U(uint64(local)) }

// GetGlobal puts a global on the stack.
func GetGlobal(global uint32) Code { return "\x23" + U(uint64(global)) }

// SetGlobal takes a global's new value from the stack.
func SetGlobal(global uint32) Code { return "\x24" + U(uint64(global)) }

// Call calls a function; imports have the first indices.
func Call(function uint32) Code { return "\x10" + U(uint64(function)) }

// CallIndirect calls the function whose number in the table is on the stack.
func CallIndirect(signature, table uint32) Code {
	return "\x11" + U(uint64(signature)) + U(uint64(table))
}

// Block is a block without a value; Br to it goes behind it.
func Block(body ...Code) Code { return "\x02\x40" + join(body) + End }

// BlockOf is a block that leaves one value.
func BlockOf(t Type, body ...Code) Code { return "\x02" + Code([]byte{byte(t)}) + join(body) + End }

// Loop is a loop without a value; Br to it goes to its start.
func Loop(body ...Code) Code { return "\x03\x40" + join(body) + End }

// If runs then if the i32 on the stack is not 0.
func If(then ...Code) Code { return "\x04\x40" + join(then) + End }

// IfElse is If with another branch.
func IfElse(then, otherwise Code) Code { return "\x04\x40" + then + Else + otherwise + End }

// IfOf is IfElse whose branches leave a value.
func IfOf(t Type, then, otherwise Code) Code {
	return "\x04" + Code([]byte{byte(t)}) + then + Else + otherwise + End
}

// Br goes to the label that is depth blocks out; 0 is the innermost.
func Br(depth uint32) Code { return "\x0c" + U(uint64(depth)) }

// BrIf is Br if the i32 on the stack is not 0.
func BrIf(depth uint32) Code { return "\x0d" + U(uint64(depth)) }

// BrTable goes to the label that the i32 on the stack chooses, or to the last one.
func BrTable(last uint32, labels ...uint32) Code {
	code := "\x0e" + U(uint64(len(labels)))
	for _, l := range labels {
		code += U(uint64(l))
	}
	return code + U(uint64(last))
}

// At is where an access to memory goes, behind its instruction, as in Load32+At(8).
func At(offset uint32) Code { return "\x00" + U(uint64(offset)) }

// RefFunc puts a reference to a function on the stack.
func RefFunc(function uint32) Code { return "\xd2" + U(uint64(function)) }

func join(codes []Code) Code {
	var all strings.Builder
	for _, c := range codes {
		all.WriteString(string(c))
	}
	return Code(all.String())
}

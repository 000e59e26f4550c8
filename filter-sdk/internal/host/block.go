// Package host is how the SDK reaches dbmesh: the block of facts and the host functions. In
// a WebAssembly module they are dbmesh's own; in a native test those of package fake.
package host

import (
	"unsafe"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
)

// Header is the block's header, field by field as package abi places them. WebAssembly is
// little-endian, so that reading a fact is one load.
type Header struct {
	Layout, Hook              uint16
	Flags                     uint32
	Kind, Access              uint8
	Tables, Params, Columns   uint16
	SQLLength, TextLength     uint32
	Digest, Session, Sequence uint64
	User, Schema              uint32
	Address                   [16]byte
	Port                      uint16
	Statement, Statements     uint16
	ErrorCode                 uint16
	Time                      int64
	StatementID               uint32
	TextCapacity              uint32
	Rows, Affected            uint64
	Latency, Bytes            uint32
	Functions                 uint16
	_                         [6]byte
	Slot                      [abi.SlotSize]byte
	_                         [abi.HeaderSize - abi.AtSlot - abi.SlotSize]byte
}

// Block is the header in force, with the text area behind it. Only Lay moves it.
var Block = new(Header)

// Lay makes the block with a text area of room bytes and gives its address. The collector
// does not move memory, and Block keeps it.
func Lay(room uint32) unsafe.Pointer {
	words := make([]uint64, (abi.HeaderSize+room+7)/8) // words, for the alignment
	at := unsafe.Pointer(&words[0])
	Block = (*Header)(at)
	Block.TextCapacity = room
	return at
}

// Text is what stands in the text area, as it stands there.
func Text() string {
	if Block.TextLength == 0 {
		return ""
	}
	return unsafe.String((*byte)(unsafe.Add(unsafe.Pointer(Block), abi.HeaderSize)), Block.TextLength)
}

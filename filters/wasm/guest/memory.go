package guest

import (
	"fmt"
	"sync/atomic"
	"syscall"

	"github.com/dbmesh/dbmesh/core"
	"github.com/tetratelabs/wazero/experimental"
)

const pageSize = 64 << 10

// memory is an instance's linear memory. Its whole range of addresses is reserved once, so it
// never moves, lies outside of Go's heap, and goes back to the system when it is freed. Only what
// the guest has grown to takes memory and is charged to the budget.
type memory struct {
	budget  *Budget
	held    *atomic.Int64 // by all instances of the program
	area    []byte        // reserved: the most that it can have
	bytes   []byte        // what the guest has
	refused string        // the limit that it ran into, "" for none
}

// newMemory makes a memory of first bytes that can grow to limit; both are whole pages.
func newMemory(first, limit int64, b *Budget, held *atomic.Int64) (*memory, error) {
	area, err := syscall.Mmap(-1, 0, int(limit), syscall.PROT_NONE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return nil, fmt.Errorf("no room for its memory: %w", err)
	}
	m := &memory{budget: b, held: held, area: area}
	if m.Reallocate(uint64(first)) == nil {
		defer m.Free()
		return nil, fmt.Errorf("it needs %s of memory: %s", core.Size(first), m.refused)
	}
	return m, nil
}

// Allocate hands the memory to wazero, once.
func (m *memory) Allocate(_, _ uint64) experimental.LinearMemory { return m }

// Reallocate grows the memory. nil makes the guest's memory.grow fail.
func (m *memory) Reallocate(size uint64) []byte {
	have := len(m.bytes)
	more := int64(size) - int64(have)
	switch {
	case size > uint64(len(m.area)):
		m.refused = "its limit is " + core.Size(len(m.area)).String()
		return nil
	case more < 0:
		return nil
	case !m.budget.take(more):
		m.refused = "the limit of all filters together is " + m.budget.Max().String()
		return nil
	case more > 0:
		if err := syscall.Mprotect(m.area[have:size], syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
			m.budget.give(more)
			m.refused = "the system has no more: " + err.Error()
			return nil
		}
	}
	m.held.Add(more)
	m.bytes = m.area[:size:size] // never nil, which would mean failure
	return m.bytes
}

// Free gives everything back. Nobody may use the memory afterwards. It may be called again.
func (m *memory) Free() {
	if m.area == nil {
		return
	}
	m.budget.give(int64(len(m.bytes)))
	m.held.Add(-int64(len(m.bytes)))
	_ = syscall.Munmap(m.area) // can't fail: it was mapped
	m.area, m.bytes = nil, nil
}

// view gives n bytes of the guest's memory at address, false if they are not all within it.
// It is valid until the guest runs again.
func (m *memory) view(address, n uint32) ([]byte, bool) {
	end := uint64(address) + uint64(n)
	if end > uint64(len(m.bytes)) {
		return nil, false
	}
	return m.bytes[address:end:end], true
}

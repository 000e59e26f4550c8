package wasm

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
)

// Bounds of what one generation of a filter remembers.
const (
	rooms       = 16
	roomSize    = 512   // verdicts per room
	maxKept     = 1024  // bytes of one judgement's reply; a larger one is asked for again
	maxNumbered = 65536 // names of users and schemas
)

// memory has the verdicts that rest on digest, user, schema and kind only. It is safe for
// concurrent use.
type memory struct {
	rooms [rooms]room
	any   atomic.Bool // a verdict was kept: most filters never give one

	mu      sync.RWMutex
	numbers map[string]uint32
}

// room is one part of the memory, by the facts' address.
type room struct {
	mu    sync.RWMutex
	known map[question]*judgement
	_     [64]byte // the next room's lock is on another cache line
}

// question is what such a verdict rests on. Facts stand for the digest: equal statements have
// the same ones as long as the cache of facts holds them, and a key keeps its facts alive, so
// that no others can come to their address.
type question struct {
	facts *core.Facts
	who   uint64
	hook  abi.Hook
}

func newMemory() *memory {
	m := &memory{numbers: map[string]uint32{}}
	for i := range m.rooms {
		m.rooms[i].known = map[question]*judgement{}
	}
	return m
}

func (m *memory) room(q question) *room {
	return &m.rooms[uintptr(unsafe.Pointer(q.facts))>>8%rooms]
}

// empty says that there is nothing to be found.
func (m *memory) empty() bool { return !m.any.Load() }

// get finds a judgement, which may be nil, to go on.
func (m *memory) get(q question) (j *judgement, known bool) {
	r := m.room(q)
	r.mu.RLock()
	j, known = r.known[q]
	r.mu.RUnlock()
	return j, known
}

// put keeps a judgement; in a full room some other gives way.
func (m *memory) put(q question, j *judgement) {
	if m.empty() {
		m.any.Store(true)
	}
	r := m.room(q)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.known) >= roomSize {
		for other := range r.known { // Go's maps begin at a random place
			delete(r.known, other)
			break
		}
	}
	r.known[q] = j
}

// number stands for a name, from 1; 0 if there are too many.
func (m *memory) number(name string) uint32 {
	m.mu.RLock()
	n := m.numbers[name]
	m.mu.RUnlock()
	if n != 0 {
		return n
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := m.numbers[name]; n != 0 {
		return n
	}
	if len(m.numbers) >= maxNumbered {
		return 0
	}
	m.numbers[name] = uint32(len(m.numbers) + 1)
	return m.numbers[name]
}

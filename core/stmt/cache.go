package stmt

import (
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/dbmesh/dbmesh/core"
)

const (
	shards = 64
	doors  = 128 // places per shard where the first sight of
	sights = 4   // shapes each is remembered: the last ones
)

// cache holds the facts of shapes that were seen twice, up to a number of bytes. It is safe
// for concurrent use.
type cache struct {
	seed   maphash.Seed
	limit  int // bytes per shard
	shards [shards]shard
}

// shard is one part of the cache, by hash.
type shard struct {
	mu      sync.RWMutex
	entries map[uint64]*entry
	ring    []*entry // the same, for the clock
	hand    int
	bytes   int
	door    [doors][sights]uint32 // what was seen once, by hash

	hits, misses atomic.Uint64
	_            [64]byte // the next shard's lock is on another cache line
}

// entry is one shape. Two shapes with one hash are told apart by their text, so that a
// collision costs time and never gives a statement the facts of another.
type entry struct {
	hash  uint64
	mode  Mode
	shape string
	facts *core.Facts
	size  int
	used  atomic.Bool // since the hand came by
}

func newCache(bytes int) *cache {
	c := &cache{seed: maphash.MakeSeed(), limit: bytes / shards}
	for i := range c.shards {
		c.shards[i].entries = map[uint64]*entry{}
	}
	return c
}

func (c *cache) hash(m Mode, shape []byte) uint64 {
	return maphash.Bytes(c.seed, shape) ^ m.bits()*0x9e3779b97f4a7c15
}

// get finds the facts of a shape, nil if they are not there.
func (c *cache) get(hash uint64, m Mode, shape []byte) *core.Facts {
	s := &c.shards[hash%shards]
	s.mu.RLock()
	e := s.entries[hash]
	s.mu.RUnlock()
	if e == nil || e.shape != string(shape) || e.mode != m {
		s.misses.Add(1)
		return nil
	}
	if !e.used.Load() {
		e.used.Store(true)
	}
	s.hits.Add(1)
	return e.facts
}

// put keeps the facts of a shape that comes for the second time. A shape that is never
// seen again, as of programs that write literals where names stand, costs no room.
func (c *cache) put(hash uint64, m Mode, shape []byte, f *core.Facts) {
	s := &c.shards[hash%shards]
	size := sizeOf(shape, f)
	if size > c.limit/4 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries[hash] != nil { // it came meanwhile, or another one has its hash
		return
	}
	place, sign := &s.door[hash/shards%doors], uint32(hash>>32)|1
	if !slices.Contains(place[:], sign) {
		copy(place[1:], place[:])
		place[0] = sign
		return
	}
	for s.bytes+size > c.limit && len(s.ring) > 0 {
		s.evict()
	}
	e := &entry{hash: hash, mode: m, shape: string(shape), facts: f, size: size}
	s.entries[hash] = e
	s.ring = append(s.ring, e)
	s.bytes += size
}

// evict drops the next entry that was not used since the clock's hand came by.
func (s *shard) evict() {
	for {
		if s.hand >= len(s.ring) {
			s.hand = 0
		}
		e := s.ring[s.hand]
		if e.used.Swap(false) {
			s.hand++
			continue
		}
		end := len(s.ring) - 1
		s.ring[s.hand], s.ring[end] = s.ring[end], nil
		s.ring = s.ring[:end]
		delete(s.entries, e.hash)
		s.bytes -= e.size
		return
	}
}

// sizeOf estimates the bytes that an entry takes.
func sizeOf(shape []byte, f *core.Facts) int {
	const perEntry, perFacts, perItem = 200, 600, 80
	n := perEntry + len(shape) + perFacts + len(f.DigestText)
	n += perItem * (len(f.Tables) + len(f.Functions) + len(f.UserVarsRead) + len(f.UserVarsSet) +
		len(f.SystemVarsRead) + len(f.SystemVarsSet) + len(f.Assignments) + len(f.Pins))
	for _, t := range f.Tables {
		n += len(t.Schema) + len(t.Name)
	}
	for _, a := range f.Assignments {
		n += len(a.Name) + len(a.Value)
	}
	for _, p := range f.Parts {
		n += sizeOf(nil, p)
	}
	return n
}

// Stats are the cache's figures.
type Stats struct {
	Entries, Bytes int
	Hits, Misses   uint64 // lookups since the start
}

func (c *cache) stats() Stats {
	var t Stats
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.RLock()
		t.Entries += len(s.ring)
		t.Bytes += s.bytes
		s.mu.RUnlock()
		t.Hits += s.hits.Load()
		t.Misses += s.misses.Load()
	}
	return t
}

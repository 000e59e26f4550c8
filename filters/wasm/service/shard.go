package service

import (
	"sync"
	"time"
)

type kind byte

const (
	kindValue kind = iota
	kindBucket
)

type name struct {
	kind kind
	key  string
}

// entry is one key. Entries hang in a ring in the order of their last use.
type entry struct {
	name       name
	prev, next *entry
	expires    int64 // Unix nanoseconds; 0 never
	size       int

	value   []byte
	counter bool // n holds the value
	n       int64
	tokens  float64
	filled  int64
}

// overhead is what an entry takes beside key and value: itself, and its share of the map.
const overhead = 192

const minBytes = 4096

// sweepEvery bounds how often a full shard is searched for expired entries.
const sweepEvery = int64(time.Second)

// shard is a part of a store with its own lock and its own share of the bounds.
type shard struct {
	mu         sync.Mutex
	entries    map[name]*entry
	ring       entry // next was used last, prev longest ago
	bytes      int
	maxEntries int
	maxBytes   int
	swept      int64
	evicted    uint64
}

func (s *shard) prepare(entries, bytes int) {
	s.entries, s.maxEntries, s.maxBytes = map[name]*entry{}, entries, bytes
	s.ring.next, s.ring.prev = &s.ring, &s.ring
}

// find gives the live entry and notes its use.
func (s *shard) find(k kind, key []byte, now int64) *entry {
	e := s.entries[name{k, string(key)}] // does not copy the key
	if e == nil {
		return nil
	}
	if e.expires != 0 && e.expires <= now {
		s.remove(e)
		return nil
	}
	if s.ring.next != e {
		e.unlink()
		s.link(e)
	}
	return e
}

// obtain gives the entry, a new one if there is none, with room for size bytes of value;
// nil if that is more than a shard may hold.
func (s *shard) obtain(k kind, key []byte, size int, now int64) *entry {
	total := overhead + len(key) + size
	if total > s.maxBytes {
		return nil
	}
	e := s.find(k, key, now)
	if e == nil {
		e = &entry{name: name{k, string(key)}}
		s.entries[e.name] = e
		s.link(e)
	}
	s.resize(e, size)
	s.makeRoom(e, now)
	return e
}

func (s *shard) resize(e *entry, size int) {
	if size == 0 || size < cap(e.value)/2 {
		e.value = nil
	}
	s.bytes -= e.size
	e.size = overhead + len(e.name.key) + size
	s.bytes += e.size
}

func (s *shard) full() bool { return len(s.entries) > s.maxEntries || s.bytes > s.maxBytes }

// makeRoom drops entries until the shard is within its bounds again, but never e.
func (s *shard) makeRoom(e *entry, now int64) {
	if s.full() && now-s.swept >= sweepEvery {
		s.swept = now
		for old := s.ring.prev; old != &s.ring; {
			before := old.prev
			if old != e && old.expires != 0 && old.expires <= now {
				s.remove(old)
			}
			old = before
		}
	}
	for s.full() && s.ring.prev != e {
		if old := s.ring.prev; old.expires == 0 || old.expires > now {
			s.evicted++
		}
		s.remove(s.ring.prev)
	}
}

func (s *shard) remove(e *entry) {
	delete(s.entries, e.name)
	s.bytes -= e.size
	e.unlink()
}

func (s *shard) link(e *entry) {
	e.prev, e.next = &s.ring, s.ring.next
	e.prev.next, e.next.prev = e, e
}

func (e *entry) unlink() { e.prev.next, e.next.prev = e.next, e.prev }

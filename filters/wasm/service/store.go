package service

import (
	"hash/maphash"
	"strconv"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// Store keeps values, counters and token buckets under short keys, for any number of
// goroutines. It is bounded: when it is full, what has expired goes first, then what was
// not touched for longest. So a filter must not take a key that is gone for one that was
// never there where that would open a door.
type Store struct {
	seed   maphash.Seed
	now    func() time.Time
	shards [shards]shard
}

const shards = 16

// Bounds of a store; zero fields take the defaults.
type Bounds struct {
	Entries int       // 65536
	Bytes   core.Size // 16 MiB, keys and bookkeeping with it
}

// The defaults of Bounds.
const (
	DefaultEntries = 1 << 16
	DefaultBytes   = 16 << 20
)

// NewStore makes one. clock nil is time.Now.
func NewStore(b Bounds, clock func() time.Time) *Store {
	if b.Entries == 0 {
		b.Entries = DefaultEntries
	}
	if b.Bytes == 0 {
		b.Bytes = DefaultBytes
	}
	if clock == nil {
		clock = time.Now
	}
	s := &Store{seed: maphash.MakeSeed(), now: clock}
	for i := range s.shards {
		s.shards[i].prepare(max(1, b.Entries/shards), max(minBytes, int(b.Bytes)/shards))
	}
	return s
}

// lock gives the key's shard, locked, and the time.
func (s *Store) lock(key []byte) (*shard, int64) {
	now := s.now().UnixNano()
	sh := &s.shards[maphash.Bytes(s.seed, key)%shards]
	sh.mu.Lock()
	return sh, now
}

// Read copies the value of key from off on into dst, as much as fits, and gives the value's
// full length; false if there is none. A counter reads as decimal digits.
func (s *Store) Read(key, dst []byte, off int) (int, bool) {
	sh, now := s.lock(key)
	defer sh.mu.Unlock()
	e := sh.find(kindValue, key, now)
	if e == nil {
		return 0, false
	}
	value := e.value
	if e.counter {
		var digits [20]byte
		value = strconv.AppendInt(digits[:0], e.n, 10)
	}
	if off < len(value) {
		copy(dst, value[off:])
	}
	return len(value), true
}

// Set keeps a copy of value; it is gone after ttl, 0 for never. It says false if the value is
// too large to be kept at all.
func (s *Store) Set(key, value []byte, ttl time.Duration) bool {
	sh, now := s.lock(key)
	defer sh.mu.Unlock()
	e := sh.obtain(kindValue, key, len(value), now)
	if e == nil {
		return false
	}
	e.value, e.counter, e.n = append(e.value[:0], value...), false, 0
	e.expires = expiry(now, ttl)
	return true
}

// Incr adds delta to the counter under key and gives it. A new counter begins at 0, lives for
// ttl, 0 for ever, and stays at the ends of its range. A value that was Set and is a
// decimal number goes on as a counter with the ttl that it has; any other is replaced.
func (s *Store) Incr(key []byte, delta int64, ttl time.Duration) int64 {
	sh, now := s.lock(key)
	defer sh.mu.Unlock()
	e := sh.find(kindValue, key, now)
	if e == nil {
		if e = sh.obtain(kindValue, key, 0, now); e == nil {
			return delta
		}
		e.counter, e.n, e.expires = true, 0, expiry(now, ttl)
	}
	if !e.counter {
		n, err := strconv.ParseInt(string(e.value), 10, 64)
		if err != nil {
			n, e.expires = 0, expiry(now, ttl)
		}
		e.counter, e.n = true, n
		sh.resize(e, 0)
	}
	sum := e.n + delta
	if (sum > e.n) != (delta > 0) && delta != 0 {
		sum = 1<<63 - 1
		if delta < 0 {
			sum = -1 << 63
		}
	}
	e.n = sum
	return sum
}

// Delete forgets key and says whether it was there.
func (s *Store) Delete(key []byte) bool {
	sh, now := s.lock(key)
	defer sh.mu.Unlock()
	e := sh.find(kindValue, key, now)
	if e == nil {
		return false
	}
	sh.remove(e)
	return true
}

// Take takes one token from the bucket under key, which holds at most limit and fills up
// within per, and says whether there was one. A bucket begins full. Buckets and values don't
// share keys. A limit or time below 1 has no tokens.
func (s *Store) Take(key []byte, limit int, per time.Duration) bool {
	if limit < 1 || per < 1 {
		return false
	}
	sh, now := s.lock(key)
	defer sh.mu.Unlock()
	e := sh.find(kindBucket, key, now)
	if e == nil {
		if e = sh.obtain(kindBucket, key, 0, now); e == nil {
			return false
		}
		e.tokens, e.filled = float64(limit), now
	}
	e.tokens = min(float64(limit), e.tokens+float64(max(0, now-e.filled))*float64(limit)/float64(per))
	e.filled, e.expires = now, expiry(now, per)
	if e.tokens < 1 {
		return false
	}
	e.tokens--
	return true
}

// Len is how many keys are held, expired ones with them.
func (s *Store) Len() int {
	n := 0
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		n += len(sh.entries)
		sh.mu.Unlock()
	}
	return n
}

// Evicted is how many keys had to go before their time.
func (s *Store) Evicted() uint64 {
	n := uint64(0)
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		n += sh.evicted
		sh.mu.Unlock()
	}
	return n
}

func expiry(now int64, ttl time.Duration) int64 {
	if ttl <= 0 || now+int64(ttl) < now {
		return 0
	}
	return now + int64(ttl)
}

package fake

import (
	"math"
	"strconv"
	"time"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
)

// Store keeps values, counters and tokens, with their expiry by the test's clock.
type Store struct {
	values  map[string]entry
	buckets map[string]bucket
}

type entry struct {
	text    string
	expires time.Time // zero for never
}

type bucket struct {
	tokens float64
	filled time.Time
}

// Get is a value that has not expired.
func (s *Store) Get(key string, now time.Time) (string, bool) {
	e, ok := s.values[key]
	if !ok || !e.expires.IsZero() && !now.Before(e.expires) {
		delete(s.values, key)
		return "", false
	}
	return e.text, true
}

// Set keeps a value.
func (s *Store) Set(key, text string, ttl time.Duration, now time.Time) int32 {
	if len(key) > abi.MaxKey || len(text) > abi.MaxValue {
		return abi.TooLarge
	}
	s.put(key, entry{text, expiry(now, ttl)})
	return 0
}

// Incr adds to a counter, which stays at the ends of its range. Its ttl counts from its creation.
func (s *Store) Incr(key string, delta int64, ttl time.Duration, now time.Time) int64 {
	if len(key) > abi.MaxKey {
		return abi.TooLarge
	}
	text, there := s.Get(key, now)
	n, err := strconv.ParseInt(text, 10, 64)
	e := s.values[key]
	if !there || err != nil {
		n, e = 0, entry{expires: expiry(now, ttl)}
	}
	switch sum := n + delta; {
	case delta > 0 && sum < n:
		n = math.MaxInt64
	case delta < 0 && sum > n:
		n = math.MinInt64
	default:
		n = sum
	}
	e.text = strconv.FormatInt(n, 10)
	s.put(key, e)
	return n
}

// Delete forgets a value.
func (s *Store) Delete(key string, now time.Time) int32 {
	if _, ok := s.Get(key, now); !ok {
		return 0
	}
	delete(s.values, key)
	return 1
}

// Take takes a token from the bucket of the key, which begins full.
func (s *Store) Take(key string, limit int32, per time.Duration, now time.Time) int32 {
	if limit < 1 || per < 1 || len(key) > abi.MaxKey {
		return 0
	}
	b, ok := s.buckets[key]
	if !ok {
		b = bucket{float64(limit), now}
	}
	back := float64(now.Sub(b.filled)) * float64(limit) / float64(per)
	b = bucket{min(float64(limit), b.tokens+max(0, back)), now}
	answer := int32(0)
	if b.tokens >= 1 {
		b.tokens--
		answer = 1
	}
	if s.buckets == nil {
		s.buckets = map[string]bucket{}
	}
	s.buckets[key] = b
	return answer
}

func (s *Store) put(key string, e entry) {
	if s.values == nil {
		s.values = map[string]entry{}
	}
	s.values[key] = e
}

func expiry(now time.Time, ttl time.Duration) time.Time {
	if ttl <= 0 {
		return time.Time{}
	}
	return now.Add(ttl)
}

package service

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"time"
)

// clock is a time that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Unix(1_700_000_000, 0)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func read(s *Store, key string) (string, bool) {
	buf := make([]byte, 100)
	n, ok := s.Read([]byte(key), buf, 0)
	return string(buf[:min(n, len(buf))]), ok
}

func TestValuesAreKeptUntilTheyExpire(t *testing.T) {
	c := newClock()
	s := NewStore(Bounds{}, c.now)
	s.Set([]byte("a"), []byte("one"), time.Second)
	s.Set([]byte("b"), []byte("two"), 0)
	c.pass(time.Second - 1)
	if v, ok := read(s, "a"); !ok || v != "one" {
		t.Fatalf("got %q, %v before it expires", v, ok)
	}
	c.pass(1)
	if v, ok := read(s, "a"); ok {
		t.Fatalf("got %q at its end", v)
	}
	c.pass(1000 * time.Hour)
	if v, _ := read(s, "b"); v != "two" {
		t.Fatalf("a value without a ttl became %q", v)
	}
	if !s.Delete([]byte("b")) || s.Delete([]byte("b")) {
		t.Fatal("a value is there to be deleted once")
	}
}

func TestReadGivesPartsAndTheFullLength(t *testing.T) {
	s := NewStore(Bounds{}, nil)
	s.Set([]byte("a"), []byte("abcdef"), 0)
	for _, c := range []struct {
		room, off int
		want      string
	}{{2, 0, "ab"}, {2, 5, "f\x00"}, {3, 2, "cde"}, {2, 6, "\x00\x00"}, {2, 1 << 30, "\x00\x00"}, {0, 0, ""}} {
		dst := make([]byte, c.room)
		if n, ok := s.Read([]byte("a"), dst, c.off); n != 6 || !ok || string(dst) != c.want {
			t.Errorf("room %d, offset %d: got %q, %d, %v", c.room, c.off, dst, n, ok)
		}
	}
}

func TestCountersCountExpireAndSaturate(t *testing.T) {
	c := newClock()
	s := NewStore(Bounds{}, c.now)
	k := []byte("n")
	if n := s.Incr(k, 5, time.Second); n != 5 {
		t.Fatalf("got %d", n)
	}
	c.pass(900 * time.Millisecond)
	if n := s.Incr(k, -2, time.Second); n != 3 {
		t.Fatalf("got %d", n)
	}
	if v, _ := read(s, "n"); v != "3" {
		t.Fatalf("a counter reads %q", v)
	}
	c.pass(100 * time.Millisecond)
	if n := s.Incr(k, 1, 0); n != 1 {
		t.Fatalf("got %d: the ttl counts from the counter's creation", n)
	}
	if n := s.Incr(k, math.MaxInt64, 0); n != math.MaxInt64 {
		t.Fatalf("got %d", n)
	}
	s.Set(k, []byte("-40"), 0)
	if n := s.Incr(k, math.MinInt64, 0); n != math.MinInt64 {
		t.Fatalf("got %d", n)
	}
	s.Set(k, []byte("word"), 0)
	if n := s.Incr(k, 7, 0); n != 7 {
		t.Fatalf("got %d: what is no number is replaced", n)
	}
}

func TestBucketsGiveTheirTokensBack(t *testing.T) {
	c := newClock()
	s := NewStore(Bounds{}, c.now)
	take := func(n int) (got int) {
		for range n {
			if s.Take([]byte("u"), 10, time.Second) {
				got++
			}
		}
		return got
	}
	if n := take(20); n != 10 {
		t.Fatalf("a full bucket gave %d of 10", n)
	}
	c.pass(300 * time.Millisecond)
	if n := take(20); n != 3 {
		t.Fatalf("got %d tokens after 300 ms", n)
	}
	c.pass(time.Hour)
	if n := take(20); n != 10 {
		t.Fatalf("got %d tokens after an hour", n)
	}
	if s.Take([]byte("x"), 0, time.Second) || s.Take([]byte("x"), 1, 0) || s.Take([]byte("x"), -1, time.Second) {
		t.Fatal("a bucket without tokens gave one")
	}
	if _, ok := read(s, "u"); ok {
		t.Fatal("a bucket can be read as a value")
	}
}

func TestAFullStoreDropsTheExpiredThenTheLongestUntouched(t *testing.T) {
	c := newClock()
	s := &Store{now: c.now, seed: NewStore(Bounds{}, nil).seed}
	for i := range s.shards {
		s.shards[i].prepare(8, 1<<20)
	}
	for i := range 1000 {
		s.Set(fmt.Appendf(nil, "short %d", i), nil, time.Second)
	}
	if n := s.Len(); n > 8*shards {
		t.Fatalf("%d keys are held", n)
	}
	c.pass(2 * time.Second)
	before := s.Evicted()
	for i := range shards * 2 {
		s.Set(fmt.Appendf(nil, "long %d", i), nil, 0)
	}
	if s.Evicted() != before {
		t.Fatal("live keys went though there were expired ones")
	}
	s.Set([]byte("loved"), nil, 0)
	for i := range 1000 {
		if _, ok := read(s, "loved"); !ok {
			t.Fatal("a key in use went before others")
		}
		s.Set(fmt.Appendf(nil, "more %d", i), nil, 0)
	}
	if s.Evicted() == before {
		t.Fatal("nothing was evicted")
	}
}

func TestAStoreStaysWithinItsBytes(t *testing.T) {
	s := NewStore(Bounds{Bytes: 1 << 20}, nil)
	value := make([]byte, 10_000)
	for i := range 1000 {
		s.Set(fmt.Appendf(nil, "%d", i), value[:i*10], 0)
	}
	total := 0
	for i := range s.shards {
		sum := 0
		for _, e := range s.shards[i].entries {
			sum += overhead + len(e.name.key) + len(e.value)
		}
		if sum != s.shards[i].bytes {
			t.Fatalf("a shard counts %d bytes and has %d", s.shards[i].bytes, sum)
		}
		total += sum
	}
	if total > 1<<20 {
		t.Fatalf("it holds %d bytes", total)
	}
	if s.Set([]byte("big"), make([]byte, 1<<20), 0) {
		t.Fatal("it took a value larger than a shard")
	}
}

func TestTheStoreDoesNotAllocateForWhatIsThere(t *testing.T) {
	s := NewStore(Bounds{}, nil)
	k, v, buf := []byte("a key"), []byte("a value"), make([]byte, 10)
	for name, f := range map[string]func(){
		"Read": func() { s.Read(k, buf, 0) },
		"Set":  func() { s.Set(k, v, time.Hour) },
		"Incr": func() { s.Incr([]byte("count"), 1, time.Hour) },
		"Take": func() { s.Take(k, 10, time.Second) },
	} {
		f()
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func TestCountersAreExactUnderConcurrency(t *testing.T) {
	s := NewStore(Bounds{}, nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 1000 {
				s.Incr([]byte("n"), 1, 0)
				s.Set(fmt.Appendf(nil, "%d", i), nil, time.Millisecond)
			}
		})
	}
	wg.Wait()
	if v, _ := read(s, "n"); v != "8000" {
		t.Fatalf("counted %s of 8000", v)
	}
}

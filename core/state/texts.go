package state

import (
	"bytes"
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// Text is what was prepared, shared by all who have prepared the same. It is not changed.
type Text struct {
	Meaning
	SQL []byte // whole

	hash  uint64
	held  int   // statements of sessions that have it
	there int   // connections that have it
	next  *Text // of the same hash
}

// Texts are the texts that are prepared in the process. Those that only connections have
// stay, so that the next session to prepare one finds it there. Safe for concurrent use.
type Texts struct {
	seed    maphash.Seed
	tellers atomic.Uint64

	mu   sync.Mutex
	max  int
	held int // texts that sessions have
	all  map[uint64]*Text
}

// NewTexts makes room for max different texts of sessions' statements.
func NewTexts(max int) *Texts {
	return &Texts{seed: maphash.MakeSeed(), max: max, all: map[uint64]*Text{}}
}

// SetMax changes the number of texts for which there is room. Those that are there stay.
func (t *Texts) SetMax(max int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.max = max
}

// Len is how many different texts the statements of all sessions have.
func (t *Texts) Len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held
}

// Hold gives the text for one statement of a session, until Release. It copies sql if it is
// new. It returns nil if there is no room for another.
func (t *Texts) Hold(m Meaning, sql []byte) *Text {
	hash := t.hash(m, sql)
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.all[hash]
	for x != nil && !(x.Meaning.Equal(m) && bytes.Equal(x.SQL, sql)) {
		x = x.next
	}
	if (x == nil || x.held == 0) && t.held >= t.max {
		return nil
	}
	if x == nil {
		x = &Text{Meaning: m, SQL: bytes.Clone(sql), hash: hash, next: t.all[hash]}
		t.all[hash] = x
	}
	if x.held++; x.held == 1 {
		t.held++
	}
	return x
}

// Release takes back one Hold.
func (t *Texts) Release(x *Text) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if x.held--; x.held == 0 {
		t.held--
		t.forget(x)
	}
}

// keep notes that one more connection has the text, which a session holds; drop takes it back.
func (t *Texts) keep(x *Text) {
	t.mu.Lock()
	defer t.mu.Unlock()
	x.there++
}

func (t *Texts) drop(x *Text) {
	t.mu.Lock()
	defer t.mu.Unlock()
	x.there--
	t.forget(x)
}

// forget lets go of a text that nobody has any more.
func (t *Texts) forget(x *Text) {
	if x.held > 0 || x.there > 0 {
		return
	}
	first := t.all[x.hash]
	if first == x {
		if x.next == nil {
			delete(t.all, x.hash)
		} else {
			t.all[x.hash] = x.next
		}
		return
	}
	for first.next != x {
		first = first.next
	}
	first.next = x.next
}

func (t *Texts) hash(m Meaning, sql []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(t.seed)
	_, _ = h.Write(sql)
	_, _ = h.WriteString(m.Schema)
	for _, v := range m.set.all() {
		_ = h.WriteByte(0)
		_, _ = h.WriteString(v.name)
		_ = h.WriteByte(0)
		_, _ = h.WriteString(v.value)
	}
	return h.Sum64()
}

// teller is a number that no other statement has.
func (t *Texts) teller() uint64 { return t.tellers.Add(1) }

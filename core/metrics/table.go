package metrics

import (
	"maps"
	"sync"
	"sync/atomic"
)

// table holds values by key, made when first asked for. Reading takes no lock. The zero
// table is empty.
type table[K comparable, V any] struct {
	current atomic.Pointer[map[K]*V]
	mu      sync.Mutex // held to change it
}

// all must not be changed.
func (t *table[K, V]) all() map[K]*V {
	if m := t.current.Load(); m != nil {
		return *m
	}
	return nil
}

func (t *table[K, V]) get(k K, fresh func() *V) *V {
	if v, ok := t.all()[k]; ok {
		return v
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.all()
	if v, ok := old[k]; ok {
		return v
	}
	next := maps.Clone(old)
	if next == nil {
		next = make(map[K]*V)
	}
	v := fresh()
	next[k] = v
	t.current.Store(&next)
	return v
}

func (t *table[K, V]) retain(keep func(K, *V) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	next := maps.Clone(t.all())
	maps.DeleteFunc(next, func(k K, v *V) bool { return !keep(k, v) })
	t.current.Store(&next)
}

// zero is the usual way to make a value.
func zero[V any]() *V { return new(V) }

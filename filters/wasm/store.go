package wasm

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/watch"
	"github.com/dbmesh/dbmesh/filters/wasm/guest"
	"github.com/dbmesh/dbmesh/filters/wasm/service"
	"github.com/prometheus/client_golang/prometheus"
)

// poll is how often directories are looked at where the kernel tells of no change.
const poll = 5 * time.Second

// StoreOptions are what a Store is made of.
type StoreOptions struct {
	Dir      string                       // relative paths in configs start here; "" is the current directory
	Cache    string                       // directory for machine code; "" for none
	Memory   core.Size                    // of all guests together; 0 is guest.DefaultBudget
	Log      *slog.Logger                 // nil for none
	Metrics  prometheus.Registerer        // nil for none
	Classify func(sql []byte) *core.Facts // for manifests' cases; nil leaves them out
}

// Store keeps the user filters of a process from one generation of its chains to the next. A
// filter whose files and settings have not changed goes on with its instances.
//
// Building chains is bracketed by Begin and Commit, one building at a time; the methods of
// the view may be called by anybody.
type Store struct {
	o       StoreOptions
	deps    Deps
	watcher *watch.Watcher
	total   totals

	mu        sync.Mutex
	entries   map[string]*entry // loaded, or on the way, by key
	known     map[identity]*filterState
	force     map[linkID]*plan // in force
	pending   map[linkID]*plan // of the building at hand
	tried     watch.State      // what the building at hand has read
	again     bool
	tidying   bool
	lastError string // why the last change of a directory could not be put in force
}

// linkID names a link.
type linkID struct{ chain, link string }

// identity names a filter, whatever its generation.
type identity struct {
	linkID
	name string
}

// filterState is what outlives a filter's generations.
type filterState struct {
	counts     counts
	store      *service.Store
	metrics    *guestMetrics
	generation uint64
	since      time.Time // of the generation
}

// entry is a loaded filter with the number of those who use it.
type entry struct {
	key    string
	state  *filterState
	source Source
	ready  chan struct{} // closed once the rest is there
	filter *Filter
	report *Report
	err    error
	users  int // of Store.mu
}

// NewStore makes a store. It opens the cache of machine code and runs nothing.
func NewStore(o StoreOptions) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	compiler, err := guest.NewCompiler(o.Cache)
	if err != nil {
		return nil, err
	}
	s := &Store{
		o: o, watcher: watch.NewEvery(o.Log, poll),
		deps:    Deps{Compiler: compiler, Budget: guest.NewBudget(o.Memory), Log: o.Log, Classify: o.Classify},
		entries: map[string]*entry{}, known: map[identity]*filterState{}, force: map[linkID]*plan{},
	}
	if o.Metrics != nil {
		o.Metrics.MustRegister(collector{s})
	}
	return s, nil
}

// state finds what outlives the generations of a filter, or begins it.
func (s *Store) state(id identity) *filterState {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.known[id]
	if st == nil {
		st = &filterState{store: service.NewStore(service.Bounds{}, nil), metrics: newGuestMetrics()}
		s.known[id] = st
	}
	return st
}

// acquire gives a filter that is loaded, or loads it. The caller releases the entry, also one
// with an error.
func (s *Store) acquire(id identity, src Source, o Options) *entry {
	st := s.state(id)
	key := keyOf(id, &src, &o)
	s.mu.Lock()
	e := s.entries[key]
	if e != nil {
		e.users++
		s.mu.Unlock()
		<-e.ready
		return e
	}
	e = &entry{key: key, state: st, source: src, ready: make(chan struct{}), users: 1}
	s.entries[key] = e
	s.mu.Unlock()
	d := s.deps
	d.Log = s.o.Log.With("chain", id.chain, "link", id.link)
	d.store, d.metrics, d.counts = st.store, st.metrics, &st.counts
	e.filter, e.report, e.err = Load(context.Background(), src, o, d)
	e.report.Module = nil // large, and shown by nobody here
	s.total.loaded(e.err)
	close(e.ready)
	s.tidy()
	return e
}

// tidyAfter is how long after a module came or went its memory is given back.
const tidyAfter = 3 * time.Second

// tidy gives the system back what compiling and old generations took, once for all changes
// that come together. Go's runtime would keep it for minutes in a process that is otherwise
// at rest.
func (s *Store) tidy() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tidying {
		return
	}
	s.tidying = true
	time.AfterFunc(tidyAfter, func() {
		s.mu.Lock()
		s.tidying = false
		s.mu.Unlock()
		debug.FreeOSMemory()
	})
}

// release ends one use. After the last one the filter closes.
func (s *Store) release(e *entry) {
	s.mu.Lock()
	e.users--
	last := e.users == 0
	if last {
		delete(s.entries, e.key)
	}
	s.mu.Unlock()
	if last && e.filter != nil {
		_ = e.filter.Close() // never fails
		s.tidy()
	}
}

// keyOf stands for all that makes one generation of a filter differ from another.
func keyOf(id identity, src *Source, o *Options) string {
	parts, err := json.Marshal([]any{id.chain, id.link, id.name, src.Hash(), src.Manifest, src.Settings, src.Signature, o})
	if err != nil { // a value that has no JSON: Load says so
		parts = append(parts, err.Error()...)
	}
	sum := sha256.Sum256(parts)
	return string(sum[:])
}

// lease is a filter in one chain. The chain's end releases it.
type lease struct {
	*Filter
	store *Store
	entry *entry
	once  sync.Once
}

// Close releases the filter, which may go on in another chain.
func (l *lease) Close() error {
	l.once.Do(func() { l.store.release(l.entry) })
	return nil
}

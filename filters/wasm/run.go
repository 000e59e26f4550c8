package wasm

import (
	"context"
	"maps"

	"github.com/dbmesh/dbmesh/core/watch"
)

// Run watches the files of the filters in force until ctx ends. What changes is loaded on this
// goroutine, while the old generation serves; then rebuild is called, which shall build the
// chains of the config in force anew, bracketed by Begin(true) and Commit.
func (s *Store) Run(ctx context.Context, rebuild func() error) {
	s.watcher.Run(ctx, s.loaded, func() { s.change(rebuild) })
}

// loaded is what the files of the filters in force held.
func (s *Store) loaded() watch.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := watch.State{}
	for _, p := range s.force {
		maps.Copy(all, p.files)
	}
	return all
}

// change loads what has changed and has it put in force.
func (s *Store) change(rebuild func() error) {
	s.mu.Lock()
	force := maps.Clone(s.force)
	s.lastError = ""
	s.mu.Unlock()
	changed := false
	next := map[linkID]*plan{}
	for id, old := range force {
		p, err := s.plan(id, old.config, old, true)
		if err != nil {
			s.failed(err)
			continue
		}
		defer s.drop(p) // when the new chains hold them
		next[id] = p
		changed = changed || !p.same(old)
	}
	if !changed {
		s.adopt(force, next)
		return
	}
	if err := rebuild(); err != nil {
		s.failed(err)
	}
}

// adopt notes that the plans in force are up to date with their files.
func (s *Store) adopt(force, next map[linkID]*plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, p := range next {
		if s.force[id] == force[id] {
			s.force[id].files = p.files
		}
	}
}

func (s *Store) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastError = err.Error()
	s.total.refused.Add(1)
	s.o.Log.Error("filters changed and can't be put in force, the old ones stay", "error", err)
}

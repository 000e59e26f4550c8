package wasm

import (
	"maps"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/watch"
)

// Kind makes wasm links, whose filters the store keeps.
func Kind(s *Store) core.Kind {
	return core.Kind{Members: func(chain, name string, decode core.Decode) ([]core.Member, error) {
		var c config
		if err := decode(&c); err != nil {
			return nil, err
		}
		if err := c.check(); err != nil {
			return nil, err
		}
		c.resolve(s.o.Dir)
		return s.build(linkID{chain, name}, &c)
	}}
}

// Begin opens the building of all chains of a config. again says that it is the config in
// force: then a filter that can't be loaded any more keeps its last good form, where it would
// be an error in a new config that names it.
func (s *Store) Begin(again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.again, s.pending, s.tried = again, map[linkID]*plan{}, watch.State{}
}

// build makes the filters of one link.
func (s *Store) build(id linkID, c *config) ([]core.Member, error) {
	s.mu.Lock()
	if s.pending == nil { // nobody brackets: a check of one chain
		s.pending, s.tried = map[linkID]*plan{}, watch.State{}
	}
	old, again := s.force[id], s.again
	s.mu.Unlock()
	p, err := s.plan(id, c, old, again)
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(s.tried, p.files)
	if err != nil {
		return nil, err
	}
	s.pending[id] = p
	return s.links(p), nil
}

// Tried are the files that the building at hand, or the last one, has read: when one of them
// changes, a config that was refused for its sake may be tried again.
func (s *Store) Tried() watch.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.tried)
}

// Refusals are those of the building at hand: what it leaves out or keeps in its last good
// form, by the link's or the member's name.
func (s *Store) Refusals() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]string{}
	for _, p := range s.pending {
		if p.kept != nil {
			all[p.id.link] = p.kept.Reason
		}
		for _, m := range p.members {
			if m.refused != nil {
				all[m.target.member] = m.refused.Reason
			}
		}
	}
	return all
}

// Commit says that the chains which were built since Begin are in force.
func (s *Store) Commit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.force
	s.force, s.pending, s.again, s.lastError = s.pending, nil, false, ""
	used := map[identity]bool{}
	for id, p := range s.force {
		if p.kept != nil && (old[id] == nil || p.kept != old[id].kept) {
			s.o.Log.Error("filters kept as they were", "chain", id.chain, "link", id.link, "reason", p.kept.Reason)
		}
		if p.kept == nil && old[id] != nil && old[id].kept != nil {
			s.o.Log.Info("filters are what their files say again", "chain", id.chain, "link", id.link)
		}
		for _, m := range p.members {
			who := p.identity(m.target.name)
			used[who] = true
			if m.entry != nil {
				s.known[who] = m.entry.state
			}
			s.tell(p, m, old[id].member(m.target.name))
		}
	}
	for id, p := range old {
		for _, m := range p.members {
			if m.entry != nil && s.force[id].member(m.target.name) == nil {
				s.o.Log.Info("filter removed", "chain", id.chain, "link", id.link, "filter", m.target.name)
			}
		}
	}
	maps.DeleteFunc(s.known, func(who identity, _ *filterState) bool { return !used[who] })
	s.watcher.Kick() // the directories may be others now
}

// tell logs what became of one filter, and begins its generation.
func (s *Store) tell(p *plan, m, before *member) {
	log := s.o.Log.With("chain", p.id.chain, "link", p.id.link, "filter", m.target.name)
	if m.refused != nil && (before == nil || before.refused != m.refused) {
		s.total.refused.Add(1)
		log.Error("filter refused", "reason", m.refused.Reason, "hash", m.refused.Hash, "last_good_in_force", m.entry != nil)
	}
	if m.entry == nil {
		return
	}
	m.entry.filter.start()
	if before != nil && before.entry == m.entry {
		if before.refused != nil && m.refused == nil {
			log.Info("filter is what its files say again", "generation", m.entry.state.generation)
		}
		return
	}
	st := m.entry.state
	st.generation++
	st.since = time.Now()
	r := m.entry.report
	log.Info("filter in force", "generation", st.generation, "hash", r.Hash, "hooks", r.Hooks, "grants", r.Grants,
		"load", r.Load, "cached", r.Cached)
}

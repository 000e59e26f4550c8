package wasm

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/watch"
)

// plan is what a link stands for.
type plan struct {
	id      linkID
	config  *config
	files   watch.State // that it was made from
	members []*member   // in order; those that were left out too
	kept    *Refusal    // why it is still that of before, nil if it is not
}

// member is one filter of a plan.
type member struct {
	target  target
	entry   *entry // nil if it was left out
	source  Source // that it was loaded from; zero if it never was
	refused *Refusal
}

// Refusal tells why what stands in the files is not in force.
type Refusal struct {
	Reason string    `json:"reason"`
	Hash   string    `json:"hash"` // of the refused module, "" if it could not be read
	At     time.Time `json:"at"`
}

// plan makes a link's filters anew. Of a link that is in force already a filter that can't be
// loaded keeps its last good form; keep says that this holds for one that the config names too,
// else it is an error. On an error nothing is held.
func (s *Store) plan(id linkID, c *config, old *plan, keep bool) (*plan, error) {
	p := &plan{id: id, config: c, files: watch.State{}}
	targets, err := c.targets(id.link, p.files)
	if err != nil && keep && old != nil {
		return s.keep(p, old, err), nil
	}
	var errs []error
	if err != nil {
		errs = append(errs, err)
	}
	for _, t := range targets {
		m, err := s.member(p, t, old, keep)
		if err != nil {
			errs = append(errs, t.explain(err))
			continue
		}
		p.members = append(p.members, m)
	}
	if len(errs) > 0 {
		s.drop(p)
		return p, errors.Join(errs...)
	}
	return p, nil
}

// keep makes a plan like the old one where the directory itself can't be read.
func (s *Store) keep(p, old *plan, err error) *plan {
	p.kept = refusal(old.kept, "", err)
	for _, m := range old.members {
		next := &member{target: m.target, source: m.source, refused: m.refused}
		if m.entry != nil {
			next.entry = s.acquire(p.identity(m.target.name), m.source, m.target.options)
		}
		p.members = append(p.members, next)
	}
	return p
}

func (s *Store) member(p *plan, t target, old *plan, keep bool) (*member, error) {
	id := p.identity(t.name)
	last := old.member(t.name)
	m := &member{target: t}
	var hash string
	src, err := t.read(p.files)
	if err == nil {
		hash = src.Hash()
		m.entry = s.acquire(id, src, t.options)
		if err = m.entry.err; err == nil {
			m.source = m.entry.source
			return m, nil
		}
		s.release(m.entry)
		m.entry = nil
	}
	if t.named() && !keep {
		return nil, err
	}
	var before *Refusal
	if last != nil {
		before = last.refused
	}
	m.refused = refusal(before, hash, err)
	if last == nil || last.source.Module == nil {
		if t.named() {
			return nil, err
		}
		return m, nil
	}
	if m.entry = s.acquire(id, last.source, t.options); m.entry.err == nil {
		m.source = m.entry.source
		return m, nil
	}
	err = errors.Join(err, m.entry.err)
	s.release(m.entry)
	m.entry = nil
	if t.named() {
		return nil, err
	}
	return m, nil
}

// refusal keeps the time of one that has not changed.
func refusal(before *Refusal, hash string, err error) *Refusal {
	r := &Refusal{Reason: strings.ReplaceAll(err.Error(), "\n", "; "), Hash: hash, At: time.Now()}
	if before != nil && before.Reason == r.Reason && before.Hash == r.Hash {
		return before
	}
	return r
}

// drop releases what a plan holds.
func (s *Store) drop(p *plan) {
	for _, m := range p.members {
		if m.entry != nil {
			s.release(m.entry)
		}
	}
}

// member finds one by its name; of no plan there is none.
func (p *plan) member(name string) *member {
	if p == nil {
		return nil
	}
	i := slices.IndexFunc(p.members, func(m *member) bool { return m.target.name == name })
	if i < 0 {
		return nil
	}
	return p.members[i]
}

func (p *plan) identity(name string) identity { return identity{p.id, name} }

// same says that a plan leads to the same filters in the same order, refused for the same
// reasons.
func (p *plan) same(o *plan) bool {
	return p.kept == o.kept && slices.EqualFunc(p.members, o.members, func(a, b *member) bool {
		return a.target.name == b.target.name && a.entry == b.entry && a.refused == b.refused
	})
}

// links are the plan's filters as a chain takes them. Each holds what the plan held.
func (s *Store) links(p *plan) []core.Member {
	var all []core.Member
	for _, m := range p.members {
		if m.entry != nil {
			all = append(all, core.Member{Name: m.target.member, Filter: &lease{Filter: m.entry.filter, store: s, entry: m.entry}})
		}
	}
	return all
}

package wasm

import (
	"cmp"
	"slices"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// FilterView is a filter in force, or one that should be, as it is shown.
type FilterView struct {
	Chain          string    `json:"chain"`
	Link           string    `json:"link"`
	Name           string    `json:"name"`
	Position       int       `json:"position"` // in its link, from 0
	State          string    `json:"state"`    // running, held or left_out
	Mode           string    `json:"mode"`     // enforce or monitor
	Generation     uint64    `json:"generation"`
	Since          time.Time `json:"since,omitzero"` // of the generation
	Hash           string    `json:"hash"`           // SHA-256 of the module in force
	Version        string    `json:"version"`        // as the manifest says
	Signed         string    `json:"signed"`         // id of the key that signed it, "" if that was not checked
	Size           int       `json:"size_bytes"`     // of the module
	Hooks          []string  `json:"hooks"`
	Capabilities   []string  `json:"capabilities"`
	Fuel           uint64    `json:"fuel"`         // of one hook
	Memory         core.Size `json:"memory_bytes"` // that one instance may have
	MaxInstances   int       `json:"max_instances"`
	Instances      int       `json:"instances"`
	InstanceMemory core.Size `json:"instances_memory_bytes"` // of all of them now
	Slow           bool      `json:"slow"`
	Refused        *Refusal  `json:"refused"` // why what its files hold is not in force, null if it is
}

// The states of a filter. One that is held is in its last good form, for what its files hold
// now can't be loaded.
const (
	Running = "running"
	Held    = "held"
	LeftOut = "left_out"
)

// shown is a member of a plan in force as it stands at one moment.
type shown struct {
	id         identity
	position   int
	member     *member
	entry      *entry // the member's, nil if it was left out
	kept       *Refusal
	generation uint64
	since      time.Time
}

func (f *shown) refused() *Refusal { return cmp.Or(f.member.refused, f.kept) }

// shown are the filters in force, by chain, link and position.
func (s *Store) shown() []shown {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []shown
	for _, p := range s.force {
		for i, m := range p.members {
			one := shown{id: p.identity(m.target.name), position: i, member: m, entry: m.entry, kept: p.kept}
			if m.entry != nil {
				one.generation, one.since = m.entry.state.generation, m.entry.state.since
			}
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b shown) int {
		return cmp.Or(cmp.Compare(a.id.chain, b.id.chain), cmp.Compare(a.id.link, b.id.link), cmp.Compare(a.position, b.position))
	})
	return all
}

// Filters are the filters in force, and those that are left out.
func (s *Store) Filters() []FilterView {
	all := []FilterView{}
	for _, f := range s.shown() {
		all = append(all, f.view())
	}
	return all
}

// LastError is why the last change of a directory could not be put in force, "" if it was.
func (s *Store) LastError() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lastError
}

func (f *shown) view() FilterView {
	v := FilterView{
		Chain: f.id.chain, Link: f.id.link, Name: f.id.name, Position: f.position,
		State: LeftOut, Mode: "enforce", Refused: f.refused(), Generation: f.generation, Since: f.since,
	}
	if f.member.target.options.Monitor {
		v.Mode = "monitor"
	}
	if f.entry == nil {
		return v
	}
	v.State = Running
	if v.Refused != nil {
		v.State = Held
	}
	r, stats := f.entry.report, f.entry.filter.Stats()
	v.Slow, v.Hash, v.Size, v.Signed, v.Hooks, v.Capabilities = f.entry.filter.Slow(), r.Hash, r.Size, r.Signed, r.Hooks, r.Grants
	v.Fuel, v.Memory, v.MaxInstances, v.Instances, v.InstanceMemory = r.Fuel, r.Memory, r.Instances, stats.Instances, stats.Memory
	if r.Manifest != nil {
		v.Version = r.Manifest.Version
	}
	return v
}

package guest

import (
	"errors"
	"sync"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/service"
)

// shared is a set of patterns that instances have in common.
type shared struct {
	*service.Set
	key   setKey
	users int
}

type setKey struct {
	kind     int
	patterns string
}

// maxSets bounds the memory of all compiled sets of a program.
const maxSets = 64 << 20

var errTooMany = errors.New("too many patterns")

// sets compiles each set of patterns once for all instances that ask for it.
type sets struct {
	mu     sync.Mutex
	all    map[setKey]*shared
	memory int
}

func (s *sets) take(kind int, patterns []byte) (*shared, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := setKey{kind, string(patterns)}
	if one := s.all[key]; one != nil {
		one.users++
		return one, nil
	}
	set, err := service.NewSet(kind, patterns)
	if err != nil {
		return nil, err
	}
	if s.memory+set.Memory() > maxSets {
		return nil, errTooMany
	}
	if s.all == nil {
		s.all = map[setKey]*shared{}
	}
	one := &shared{set, key, 1}
	s.all[key], s.memory = one, s.memory+set.Memory()
	return one, nil
}

// drop gives sets back that an instance took.
func (s *sets) drop(taken []*shared) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range taken {
		if one.users--; one.users == 0 {
			delete(s.all, one.key)
			s.memory -= one.Memory()
		}
	}
}

func matchNew(in *instance, s []uint64) {
	kind := int(int32(s[0]))
	if !in.configure {
		answer(s, abi.OutOfPlace)
		return
	}
	patterns := in.input(s, s[1], s[2], abi.MaxPatterns)
	if patterns == nil {
		return
	}
	if in.compiled++; in.compiled > abi.MaxMatchSets { // failed ones too: they take as long
		answer(s, abi.TooLarge)
		return
	}
	in.spend(uint64(len(patterns)) * 100)
	one, err := in.program.sets.take(kind, patterns)
	switch {
	case errors.Is(err, errTooMany):
		answer(s, abi.TooLarge)
	case err != nil:
		in.output.write(2, []byte("match_new: "+err.Error()+"\n"))
		answer(s, abi.Invalid)
	default:
		in.sets = append(in.sets, one)
		answer(s, len(in.sets)-1)
	}
}

// set gives the set that the first argument numbers, nil if there is none.
func (in *instance) set(s []uint64) *shared {
	if i := uint32(s[0]); uint64(i) < uint64(len(in.sets)) {
		return in.sets[i]
	}
	return nil
}

func match(in *instance, s []uint64) {
	set, subject := in.set(s), uint32(s[1])
	if set == nil || subject > abi.SubjectTables || subject != abi.SubjectTables && set.Kind() == abi.MatchTable {
		answer(s, abi.Invalid)
		return
	}
	answer(s, abi.NotThere)
	switch f := in.facts(); {
	case in.call == nil:
	case subject == abi.SubjectSQL:
		in.match(s, set, in.call.SQL)
	case f == nil:
	case subject == abi.SubjectDigestText:
		in.spend(uint64(len(f.DigestText) / 16))
		in.scratch = append(in.scratch[:0], f.DigestText...)
		in.match(s, set, in.scratch)
	default:
		best := -1
		for i := range f.Tables {
			in.match(s, set, in.named(f.Tables[i].Schema, f.Tables[i].Name))
			if found := int(int32(s[0])); found >= 0 && (best < 0 || found < best) {
				best = found
			}
		}
		answer(s, best)
	}
}

func matchBytes(in *instance, s []uint64) {
	set := in.set(s)
	if set == nil {
		answer(s, abi.Invalid)
		return
	}
	in.match(s, set, in.bytes(s[1], s[2]))
}

// match pays before it works, for the host's work can't be stopped.
func (in *instance) match(s []uint64, set *shared, text []byte) {
	answer(s, set.Match(text, in))
}

// Pay implements service.Payer.
func (in *instance) Pay(fuel uint64) { in.spend(fuel) }

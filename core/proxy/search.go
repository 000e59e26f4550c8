package proxy

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
)

const (
	// askWait bounds how long a command waits for an answer about positions.
	askWait = time.Second
	// lookEvery is how often it is looked whether a replica has caught up.
	lookEvery = 5 * time.Millisecond
)

// search finds a backend of the pool that has what the command at hand must see. It runs on
// a goroutine. Without one the result says why, "" if there are no positions to compare.
func (s *session) search(f *flow, pool string) (*core.Backend, string) {
	ctx, cancel := context.WithTimeout(s.srv.ctx, askWait)
	defer cancel()
	marks, err := s.askHome(ctx)
	switch {
	case errors.Is(err, backend.ErrNoPositions):
		return nil, ""
	case err != nil:
		return nil, readUnknown
	}
	return s.firstOf(f, s.candidates(pool), marks)
}

// candidates are the backends of a pool that may be used, in an order of the session's own.
func (s *session) candidates(pool string) []*backend.Source {
	var all []*backend.Source
	if p := s.Pools.Pool(pool); p != nil {
		for i := range p.Backends {
			b := p.Backends[(i+int(s.ID))%len(p.Backends)]
			if src := s.srv.backends.Source(b); src != nil && b.Usable() && b.Weight > 0 {
				all = append(all, src)
			}
		}
	}
	return all
}

var errNobodyHome = errors.New("no server of the session's own pool can be asked")

// askHome finds out what the command at hand must see.
func (s *session) askHome(ctx context.Context) ([]mark, error) {
	global := s.cmd.Consistency == core.ConsistencyGlobal
	marks := s.causal.marks
	// Of a server that was removed nobody can be asked but who took its place.
	if global || slices.ContainsFunc(marks, func(m mark) bool { return s.srv.backends.Source(m.src.Backend) == nil }) {
		marks = nil
		for _, src := range s.candidates(s.homePool) {
			marks = append(marks, mark{server: src.Server(), src: src, dirty: true})
		}
		if len(marks) == 0 {
			return nil, errNobodyHome
		}
	}
	for i := range marks {
		m := &marks[i]
		if !m.dirty {
			continue
		}
		at, err := s.srv.backends.Source(m.src.Backend).Ask(ctx)
		if err != nil {
			return nil, err
		}
		if at.Written == nil {
			return nil, backend.ErrNoPositions
		}
		m.at, m.dirty = at, false
	}
	if !global {
		s.causal.marks = marks
	}
	return marks, nil
}

// found is what became of one backend that was asked.
type found struct {
	src    *backend.Source
	result string // replica or waited if it has all
	blind  bool
}

// firstOf asks all candidates until one of them has what is marked, or patience is over.
func (s *session) firstOf(f *flow, all []*backend.Source, marks []mark) (*core.Backend, string) {
	patience := s.cmd.Patience
	limit := patience
	if limit <= 0 {
		limit = askWait
	}
	ctx, cancel := context.WithTimeout(s.srv.ctx, limit)
	var asking sync.WaitGroup
	defer asking.Wait()
	defer cancel()
	answers := make(chan found, len(all))
	for _, src := range all {
		asking.Go(func() { answers <- follow(ctx, src, marks, patience > 0) })
	}
	late, blind := false, len(all) > 0
	var enough <-chan time.Time
	for range all {
		select {
		case a := <-answers:
			switch a.result {
			case readReplica, readWaited:
				return a.src.Backend, a.result
			case readLate:
				late = true
			}
			blind = blind && a.blind
		case <-enough:
			return nil, readLate
		case <-f.gone:
			return nil, readUnknown
		}
		if late && patience <= 0 && enough == nil {
			enough = time.After(lookEvery) // one that is slower to say so need not be waited for
		}
	}
	switch {
	case late:
		return nil, readLate
	case blind:
		return nil, ""
	}
	return nil, readUnknown
}

// follow asks one backend until it has what is marked; once only for who does not wait.
func follow(ctx context.Context, src *backend.Source, marks []mark, waits bool) found {
	at, err := src.Ask(ctx)
	if err != nil {
		return found{src, readUnknown, errors.Is(err, backend.ErrNoPositions)}
	}
	if covers(at, marks) {
		return found{src, readReplica, false}
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for waits {
		select {
		case <-ctx.Done():
			return found{src, readLate, false}
		case now := <-tick.C:
			if at, err = src.Lately(ctx, now.Add(-lookEvery)); err == nil && covers(at, marks) {
				return found{src, readWaited, false}
			}
		}
	}
	return found{src, readLate, false}
}

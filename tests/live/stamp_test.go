package live

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/dbmesh/dbmesh/core"
)

// ledger checks what the filters of all generations see. It is the test's oracle: a
// command must meet filters of one generation only, in OnCommand and in OnDone, and no
// filter may be used after its Close or closed twice.
type ledger struct {
	mu       sync.Mutex
	faults   []string
	commands atomic.Int64
	made     atomic.Int64
	closed   atomic.Int64
	seen     sync.Map // *core.Command -> generation, from the first link to the last
}

func (l *ledger) fault(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.faults) < 20 {
		l.faults = append(l.faults, fmt.Sprintf(format, args...))
	}
}

// kind is a filter that notes the generation of its config at each hook.
func (l *ledger) kind() core.Kind {
	return core.Kind{New: func(name string, decode core.Decode) (core.Filter, error) {
		var c struct {
			Generation int    `koanf:"generation"`
			Place      string `koanf:"place"`
			Refuse     bool   `koanf:"refuse"`
		}
		if err := decode(&c); err != nil {
			return nil, err
		}
		if c.Refuse {
			return nil, errors.New("this filter refuses its config")
		}
		l.made.Add(1)
		return &stamp{ledger: l, name: name, generation: c.Generation, place: c.Place}, nil
	}}
}

type stamp struct {
	ledger      *ledger
	name, place string
	generation  int
	inside      atomic.Int64 // commands between OnCommand and OnDone
	closed      atomic.Bool
}

// OnConnect only checks that the filter is alive.
func (s *stamp) OnConnect(context.Context, *core.Session) (core.Verdict, error) {
	s.alive("OnConnect")
	return core.Continue(), nil
}

// OnCommand notes the generation in the command's slot, and compares it with what the
// first link of the same chain noted.
func (s *stamp) OnCommand(_ context.Context, c *core.Command) (core.Verdict, error) {
	s.alive("OnCommand")
	s.inside.Add(1)
	c.Slot().N = uint64(s.generation)
	if s.place == "first" {
		s.ledger.commands.Add(1)
		s.ledger.seen.Store(c, s.generation)
		return core.Continue(), nil
	}
	s.compare("OnCommand", c)
	return core.Continue(), nil
}

// OnDone must meet the generation that OnCommand noted.
func (s *stamp) OnDone(c *core.Command, _ *core.Outcome) {
	s.alive("OnDone")
	s.inside.Add(-1)
	if got := c.Slot().N; got != uint64(s.generation) {
		s.ledger.fault("%s of generation %d ends a command of generation %d", s.name, s.generation, got)
	}
	s.compare("OnDone", c)
}

func (s *stamp) compare(hook string, c *core.Command) {
	if first, ok := s.ledger.seen.Load(c); !ok || first != s.generation {
		s.ledger.fault("%s: links of generations %v and %d in one command", hook, first, s.generation)
	}
}

func (s *stamp) alive(hook string) {
	if s.closed.Load() {
		s.ledger.fault("%s of a closed filter of generation %d", hook, s.generation)
	}
}

// Close must come once, when no command is inside.
func (s *stamp) Close() error {
	if s.closed.Swap(true) {
		s.ledger.fault("a filter of generation %d was closed twice", s.generation)
	}
	if n := s.inside.Load(); n != 0 {
		s.ledger.fault("a filter of generation %d was closed with %d commands inside", s.generation, n)
	}
	s.ledger.closed.Add(1)
	return nil
}

// kinds are the ledger's filters under two names: hooks of the second may be slow, so that
// sessions run them on goroutines.
func (l *ledger) kinds() core.Registry {
	slow := l.kind()
	slow.Slow = true
	return core.Registry{"stamp": l.kind(), "slow-stamp": slow}
}

// stamped are two links that both carry a generation, around the usual ones. Each fourth
// generation has a slow one.
func stamped(generation int) string {
	last := "stamp"
	if generation%4 == 0 {
		last = "slow-stamp"
	}
	return fmt.Sprintf("{kind: stamp, name: first, generation: %d, place: first}\n%s{kind: %s, name: last, generation: %d, place: last}\n",
		generation, usualLinks, last, generation)
}

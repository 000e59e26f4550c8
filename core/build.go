package core

import (
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// Builder makes chains. One per process: it numbers the generations.
type Builder struct {
	Registry Registry
	// Observe makes the Observer of one link; nil for none.
	Observe func(chain, link, kind string) Observer
	Log     *slog.Logger // nil for none

	built atomic.Uint64
}

// Build makes a chain of the specs, all or nothing: on an error whatever was made is
// closed. The caller owns the chain until it hands it to Live.Swap, or calls Discard.
func (b *Builder) Build(name string, specs []Spec) (*Chain, error) {
	start := time.Now()
	ch := &Chain{
		name: name, generation: b.built.Add(1), log: b.Log,
		clock: func() time.Duration { return time.Since(start) },
	}
	if ch.log == nil {
		ch.log = slog.New(slog.DiscardHandler)
	}
	ch.users.Store(1)
	for _, s := range specs {
		if err := b.add(ch, s); err != nil {
			ch.close()
			return nil, fmt.Errorf("chain %q: %w", name, err)
		}
	}
	if err := ch.checkPools(); err != nil {
		ch.close()
		return nil, fmt.Errorf("chain %q: %w", name, err)
	}
	return ch, nil
}

// LinkError is a link that can't be built. Link is the link's name, so that a config can
// point at its line.
type LinkError struct {
	Link string
	Err  error
}

func (e *LinkError) Error() string { return fmt.Sprintf("link %q: %v", e.Link, e.Err) }

// Unwrap gives the filter's own error.
func (e *LinkError) Unwrap() error { return e.Err }

func (b *Builder) add(ch *Chain, s Spec) error {
	kind, ok := b.Registry[s.Kind]
	if !ok {
		return &LinkError{s.Name, fmt.Errorf("there is no filter kind %q", s.Kind)}
	}
	for _, n := range ch.names {
		if n == s.Name {
			return &LinkError{s.Name, fmt.Errorf("two links have this name")}
		}
	}
	f, err := kind.build(s)
	if err != nil {
		return &LinkError{s.Name, err}
	}
	l := &link{name: s.Name, index: len(ch.links), filter: f, policy: s.OnFailure, observe: nobody{}}
	if b.Observe != nil {
		l.observe = b.Observe(ch.name, s.Name, s.Kind)
	}
	ch.links = append(ch.links, l)
	ch.names = append(ch.names, s.Name)
	ch.slow = ch.slow || kind.Slow
	return ch.sort(l)
}

// build makes the filter. A panic is an error, for a reload must not end the process.
func (k Kind) build(s Spec) (f Filter, err error) {
	defer catch(&err)
	return k.New(s.Name, s.Decode)
}

// sort files the link's hooks. A filter without any hook is a programming error that must
// show at start, not as a link that silently does nothing.
func (ch *Chain) sort(l *link) error {
	hooks := 0
	if h, ok := l.filter.(Connector); ok {
		ch.connect = append(ch.connect, connectHook{l, h})
		hooks++
	}
	if h, ok := l.filter.(Commander); ok {
		ch.command = append(ch.command, commandHook{l, h})
		l.asked = true
		hooks++
	}
	if w, ok := l.filter.(Switcher); ok && w.SwitchesPools() {
		ch.switches = true
	}
	if h, ok := l.filter.(Finisher); ok {
		ch.done = append(ch.done, doneHook{l, h})
		hooks++
	}
	if hooks == 0 {
		return &LinkError{l.name, fmt.Errorf("filter %T has no hook", l.filter)}
	}
	return nil
}

// checkPools refuses a chain whose clients prove themselves to one backend while another
// link would send some commands elsewhere, where nobody could log in for them.
func (ch *Chain) checkPools() error {
	for _, l := range ch.links {
		a, ok := l.filter.(Authenticator)
		if !ok || !a.Passthrough() {
			continue
		}
		for _, other := range ch.links {
			if s, ok := other.filter.(Switcher); ok && s.SwitchesPools() {
				return &LinkError{other.name, fmt.Errorf(
					"its rules may send one session to several pools, which needs passwords that a passthrough login (link %q) never learns; route by listener, user, schema or attribute, or use mode list", l.name)}
			}
		}
	}
	return nil
}

type nobody struct{}

func (nobody) Observe(Decision, time.Duration) {}

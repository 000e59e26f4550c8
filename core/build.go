package core

import (
	"fmt"
	"log/slog"
	"slices"
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
	if err := b.fill(ch, specs); err != nil {
		ch.close()
		return nil, fmt.Errorf("chain %q: %w", name, err)
	}
	return ch, nil
}

func (b *Builder) fill(ch *Chain, specs []Spec) error {
	for i, s := range specs {
		// A link that stands for several may have none by its own name.
		if slices.ContainsFunc(specs[:i], func(other Spec) bool { return other.Name == s.Name }) {
			return &LinkError{s.Name, fmt.Errorf("two links have this name")}
		}
		if err := b.add(ch, s); err != nil {
			return err
		}
	}
	return ch.checkPools()
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
	members, err := kind.build(ch.name, s)
	if err != nil {
		return &LinkError{s.Name, err}
	}
	var bad error
	for _, m := range members { // all of them: what is in the chain gets closed with it
		l := &link{name: m.Name, of: s.Name, index: len(ch.links), filter: m.Filter, policy: s.OnFailure, observe: nobody{}}
		taken := slices.Contains(ch.names, m.Name)
		ch.links = append(ch.links, l)
		ch.names = append(ch.names, m.Name)
		switch {
		case bad != nil:
		case taken:
			bad = &LinkError{s.Name, fmt.Errorf("two links have the name %q", m.Name)}
		default:
			bad = ch.sort(l)
		}
		if b.Observe != nil {
			l.observe = b.Observe(ch.name, m.Name, s.Kind)
		}
	}
	ch.slow = ch.slow || kind.Slow
	return bad
}

// build makes the filters. A panic is an error, for a reload must not end the process.
func (k Kind) build(chain string, s Spec) (all []Member, err error) {
	defer catch(&err)
	if k.Members != nil {
		return k.Members(chain, s.Name, s.Decode)
	}
	f, err := k.New(s.Name, s.Decode)
	return []Member{{s.Name, f}}, err
}

// sort files the link's hooks. A filter without any hook is a programming error that must
// show at start, not as a link that silently does nothing; one that says itself that it
// has none knows why.
func (ch *Chain) sort(l *link) error {
	has := HookSet(1<<hooks - 1)
	selective, ok := l.filter.(Selective)
	if ok {
		has = selective.Hooks()
	}
	n := len(ch.connect)
	if h, ok := l.filter.(Connector); ok && has.Has(HookConnect) {
		ch.connect = append(ch.connect, connectHook{l, h})
	}
	if h, ok := l.filter.(Commander); ok {
		for at := HookInitDB; at <= HookOther; at++ {
			if has.Has(at) {
				ch.command[at] = append(ch.command[at], commandHook{l, h})
				l.asked |= 1 << at
			}
		}
	}
	found := len(ch.connect) > n || l.asked != 0
	found = ch.sortAnswers(l, has) || found
	if w, ok := l.filter.(Switcher); ok && w.SwitchesPools() {
		ch.switches = true
	}
	if p, ok := l.filter.(ParamReader); ok && p.ReadsParams() {
		ch.params = true
	}
	if f, ok := l.filter.(Sluggish); ok {
		ch.sluggish = append(ch.sluggish, f)
	}
	if !found && selective == nil {
		return &LinkError{l.of, fmt.Errorf("filter %q (%T) has no hook", l.name, l.filter)}
	}
	return nil
}

// sortAnswers files the hooks behind the command.
func (ch *Chain) sortAnswers(l *link, has HookSet) (found bool) {
	if h, ok := l.filter.(ColumnReader); ok && has.Has(HookColumns) {
		ch.columns = append(ch.columns, columnHook{l, h})
		found = true
	}
	if h, ok := l.filter.(ErrorReader); ok && has.Has(HookError) {
		ch.errors = append(ch.errors, errorHook{l, h})
		found = true
	}
	if h, ok := l.filter.(Finisher); ok && has.Has(HookDone) {
		ch.done = append(ch.done, doneHook{l, h})
		found = true
	}
	if h, ok := l.filter.(Ender); ok && has.Has(HookEnd) {
		ch.end = append(ch.end, endHook{l, h})
		found = true
	}
	return found
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
				return &LinkError{other.of, fmt.Errorf(
					"it may send one session to several pools, which needs passwords that a passthrough login (link %q) never learns: use mode list there, or, in a router, rules by listener, user, schema or attribute alone", l.name)}
			}
		}
	}
	return nil
}

type nobody struct{}

func (nobody) Observe(Decision, time.Duration) {}

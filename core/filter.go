package core

import (
	"context"
	"fmt"
)

// Filter is a value that has one or more of the hooks below. Build sorts a chain's
// filters into one list per hook, so a hook that a filter doesn't have costs nothing.
// A filter that is an io.Closer is closed once, after its generation's last use.
type Filter any

// Connector asks "may this client in, and as whom?". OnConnect runs once per session and
// link, after the login packet and before a backend is dialled; the password is not yet
// proved. A link that came with a swap gets it before its first OnCommand of an old session.
type Connector interface {
	OnConnect(ctx context.Context, s *Session) (Verdict, error)
}

// Commander asks "what about this command?". It must not wait: a kind that may take more
// than about 100 us says so by Kind.Slow.
type Commander interface {
	OnCommand(ctx context.Context, c *Command) (Verdict, error)
}

// Finisher hears how a command ended, exactly once for each command whose chain pass
// reached the link, in reverse order, like defer.
type Finisher interface {
	OnDone(c *Command, o *Outcome)
}

// Switcher is a filter that may send commands of one session to several pools. A chain
// that lets clients prove themselves to the backend can't have such a link.
type Switcher interface {
	SwitchesPools() bool
}

// Authenticator is a filter that decides how clients prove themselves.
type Authenticator interface {
	Passthrough() bool
}

// Decode fills a filter's own config struct; an unknown key is an error that names it.
type Decode func(into any) error

// Kind is one sort of filter. It outlives generations: metrics and whatever filters of
// several generations share are made once, with the kind.
type Kind struct {
	// New makes the filter of one link. All that can fail must fail here.
	New func(name string, decode Decode) (Filter, error)
	// Members makes the filters of a link that stands for any number of them, such as a
	// directory. A kind has it in the place of New. The members are links of their own, in
	// the link's place and with its policy; on an error it has closed what it made.
	Members func(chain, name string, decode Decode) ([]Member, error)
	// Slow marks a kind whose hooks may wait or take more than about 100 us. Sessions
	// whose chain has such a link run its hooks on a goroutine of their own.
	Slow bool
}

// Member is one filter of a link that stands for several. Its Name is unique in the chain:
// the link's, a slash and its own, or the link's alone where there is only one.
type Member struct {
	Name   string
	Filter Filter
}

// Fault is a filter's failure whose reason may be told to clients: a limit that it went
// over, a verdict that makes no sense. Other errors are in the log only.
type Fault struct {
	Reason string // such as "out of fuel (2000000 per hook)"
}

func (f *Fault) Error() string { return f.Reason }

// Registry names the kinds that a config may use.
type Registry map[string]Kind

// Spec is one link as the config declares it.
type Spec struct {
	Name, Kind string
	OnFailure  Policy
	Decode     Decode
}

// Policy says what happens when a link's filter breaks: returns an error or panics.
type Policy uint8

// The policies. Closed refuses the command, Open goes on without the link, Quarantine
// goes on too and leaves the link out for QuarantineTime.
const (
	Closed Policy = iota
	Open
	Quarantine
)

// ParsePolicy reads a policy's name; "" is Closed.
func ParsePolicy(name string) (Policy, error) {
	switch name {
	case "", "closed":
		return Closed, nil
	case "open":
		return Open, nil
	case "quarantine":
		return Quarantine, nil
	}
	return Closed, fmt.Errorf("on_failure is %q, want closed, open or quarantine", name)
}

package core

import (
	"log/slog"
	"net/netip"
	"slices"
)

// Session is what filters see of a client's connection. It is owned by one goroutine at a
// time, the one that runs the hook at hand; nobody else may touch it.
type Session struct {
	ID         uint32 // the connection id that the client saw in the greeting
	Listener   string
	Client     netip.AddrPort // invalid for a client on a unix socket
	User       string
	Schema     string            // the default schema; "" for none
	Attributes map[string]string // connection attributes, nil if the client sent none
	TLS        bool              // the client's hop is encrypted
	Account    *Account          // set by OnConnect of an authenticating link
	Pool       string            // the pool of this session; starts as the listener's
	Backend    *Backend          // the backend to dial at login; set by a balancing link
	Pools      Pools             // the data sources in force
	Log        *slog.Logger      // carries the session's id and client
	Classifier Classifier        // finds the facts about its statements; nil in tests
	Decoder    ParamDecoder      // finds the parameters of executes; nil in tests
	Attributed AttributeFinder   // finds the attributes of queries; nil in tests
	Status     uint16            // server status flags of the last response
	Commands   uint64            // how many commands have begun

	bound []*Backend // backends that the session holds a connection to, one per pool
	seen  []string   // names of the links that had their OnConnect, see Chain.Connect
	// missed are those of seen that were in quarantine instead.
	missed []string
	kept   []kept
}

// kept is what a filter keeps with the session.
type kept struct{ key, value any }

// Keep keeps a value with the session until the end of its login (a change of user is one),
// under a key that is the filter's own, such as a pointer that outlives generations. A nil
// value forgets it.
func (s *Session) Keep(key, value any) {
	at := slices.IndexFunc(s.kept, func(k kept) bool { return k.key == key })
	switch {
	case value == nil && at >= 0:
		s.kept = slices.Delete(s.kept, at, at+1)
	case at >= 0:
		s.kept[at].value = value
	case value != nil:
		s.kept = append(s.kept, kept{key, value})
	}
}

// Kept gives what was kept under the key, nil if there is nothing.
func (s *Session) Kept(key any) any {
	for i := range s.kept {
		if s.kept[i].key == key {
			return s.kept[i].value
		}
	}
	return nil
}

// Classifier finds facts about a command's text, by the server and the settings of the
// command's session. It is asked by the goroutine that owns the session.
type Classifier interface {
	Classify(c *Command) *Facts
	Ranges(c *Command) (Ranges, bool)
	Texts(c *Command) ([]Range, bool)
}

// AttributeFinder finds a query attribute of the command at hand, see Command.Attribute. It
// is asked by the goroutine that owns the session.
type AttributeFinder interface {
	Attribute(c *Command, name string) ([]byte, bool)
}

// Bound is the backend to which the session holds a connection in the named pool, nil if
// it holds none.
func (s *Session) Bound(pool string) *Backend {
	for _, b := range s.bound {
		if b.Pool == pool {
			return b
		}
	}
	return nil
}

// Bind notes that the session holds a connection to b. For the proxy.
func (s *Session) Bind(b *Backend) { s.bound = append(s.bound, b) }

// Unbind forgets every backend of the session. For the proxy.
func (s *Session) Unbind() { s.bound = s.bound[:0] }

// Met says whether a chain was asked about the session, so that its end matters to it.
func (s *Session) Met() bool { return len(s.seen) > 0 }

// Forget makes the session new to every link: each is asked OnConnect again before the next
// command, and finds nothing kept. For the proxy, when a login ends; see Chain.End.
func (s *Session) Forget() {
	s.seen, s.missed, s.kept = nil, nil, nil
}

// Renew makes the session as new for the chain, as after a change of user: see Forget. It
// is bound to nothing, so that links choose as at a login; the proxy binds it again to what
// it keeps.
func (s *Session) Renew() {
	s.Forget()
	s.Account, s.Backend = nil, nil
	s.bound = nil // not cut short: a copy from before, to go back to, shares the array
}

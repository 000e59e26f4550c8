package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// handshakeCaps shape the connection phase of the client's hop alone, where dbmesh is the
// server, so they are offered whatever the backend does.
const handshakeCaps = wire.Protocol41 | wire.SecureConn | wire.PluginAuth | wire.ConnectAttrs |
	wire.AuthLenenc | wire.ConnectWithDB

// errRefused ends a login whose client was told why.
var errRefused = errors.New("login refused")

// login is the connection phase of one session, from the greeting to the final OK.
func (s *session) login(f *flow) error {
	c := wire.NewConn(stream{f, &s.client})
	greeting, err := s.greet(c)
	if err != nil {
		return err
	}
	l, err := s.readLogin(f, c)
	if err != nil {
		return err
	}
	s.caps = l.Caps & (greeting.Caps | wire.LongPassword)
	s.User, s.Schema, s.collation = l.User, l.Schema, l.Collation
	s.Attributes, err = attributes(l.Attrs)
	if err != nil {
		return s.deny(c, malformed(err))
	}
	if err := s.admit(f, c); err != nil {
		return err
	}
	if s.Account.Passthrough {
		err = s.passthrough(f, c, l)
	} else {
		err = s.prove(f, c, proof{plugin: pluginOf(l, greeting), answer: bytes.Clone(l.Auth), challenge: greeting.Scramble})
		if err == nil {
			err = s.listLogin(f, c, l)
		}
	}
	if err != nil {
		return err
	}
	s.packClient(c)
	s.keep(c)
	return nil
}

// keep takes over what the client sent behind its login.
func (s *session) keep(c *wire.Conn) {
	if ahead := c.Buffered(); len(ahead) > 0 {
		s.in.need(s.in.len() + len(ahead))
		s.in.w += copy(s.in.free(), ahead)
	}
}

func pluginOf(l *wire.Login, g *wire.Greeting) string {
	if l.Caps.Has(wire.PluginAuth) {
		return l.Plugin
	}
	return g.Plugin
}

// greet sends the greeting, in the manner of the pool's backends.
func (s *session) greet(c *wire.Conn) (*wire.Greeting, error) {
	set := s.lis.settings()
	like, ok := s.srv.backends.Greeting(set.Pool)
	if !ok {
		return nil, s.deny(c, &core.Error{Code: noBackend, State: "HY000", Message: fmt.Sprintf(
			"dbmesh: no backend of pool %q has answered yet; see dbmesh's log and /api/v1/backends", set.Pool)})
	}
	g := &wire.Greeting{
		Version: like.Version, ConnectionID: s.ID, Scramble: wire.NewScramble(),
		Caps: like.Caps&wire.Relayable | handshakeCaps | offered(set.Compression), Collation: like.Collation, Status: like.Status,
		Plugin: wire.Native,
	}
	if s.lis.readsColumns() {
		g.Caps &^= wire.CacheMetadata // what was told once could not be changed by a mask
	}
	if s.srv.backends.Shares(set.Pool) { // the connection that was told may be another one's now
		g.Caps &^= wire.CacheMetadata
	}
	if like.Plugin == wire.SHA2 {
		g.Plugin = wire.SHA2
	}
	if set.ServerVersion != "" {
		g.Version = set.ServerVersion
	}
	if s.lis.tls() != nil {
		g.Caps |= wire.SSL
	}
	return g, c.WritePacket(g.Append(nil))
}

// readLogin reads the client's login packet, behind a PROXY header from a trusted network
// and inside TLS if the client asks for it.
func (s *session) readLogin(f *flow, c *wire.Conn) (*wire.Login, error) {
	if s.lis.trusts(s.Client.Addr()) {
		if err := s.readProxyHeader(c); err != nil {
			return nil, err
		}
	}
	l, tls, err := s.readLoginPacket(c)
	if err != nil {
		return nil, err
	}
	set := s.lis.settings()
	if tls {
		cfg := s.lis.tls()
		if cfg == nil {
			return nil, s.deny(c, malformed(errors.New("the client asks for TLS, which was not offered")))
		}
		st := stream{f, &s.client}
		if err := st.serveTLS(cfg, c.Reset(st)); err != nil {
			return nil, fmt.Errorf("TLS with the client: %w", err)
		}
		s.TLS = true
		if l, tls, err = s.readLoginPacket(c); err == nil && tls {
			err = s.deny(c, malformed(errors.New("TLS inside TLS")))
		}
		return l, err
	}
	if set.TLS.Mode == "require" && s.Client.IsValid() {
		return nil, s.deny(c, &core.Error{Code: 3159, State: "08004", Message: "dbmesh: connections without TLS are refused by this listener (tls.mode is require)"})
	}
	return l, nil
}

func (s *session) readLoginPacket(c *wire.Conn) (*wire.Login, bool, error) {
	p, err := c.ReadPacket()
	if err != nil {
		if errors.Is(err, wire.ErrTooLarge) || errors.Is(err, wire.ErrSequence) {
			return nil, false, s.deny(c, malformed(err))
		}
		return nil, false, err
	}
	l, tls, err := wire.ParseLogin(p)
	if err != nil {
		return nil, false, s.deny(c, malformed(err))
	}
	l.Auth, l.Attrs = bytes.Clone(l.Auth), bytes.Clone(l.Attrs)
	return l, tls, nil
}

// readProxyHeader takes the client's real address from a PROXY header, if there is one.
func (s *session) readProxyHeader(c *wire.Conn) error {
	for n := 1; ; n++ {
		b, err := c.Peek(n)
		if err != nil {
			return err
		}
		match, more := wire.HasProxyPrefix(b)
		if match {
			break
		}
		if !more {
			return nil
		}
	}
	for n := 16; ; n++ {
		b, err := c.Peek(n)
		if err != nil {
			return err
		}
		h, used, err := wire.ParseProxyHeader(b)
		if err != nil {
			return fmt.Errorf("PROXY header: %w", err)
		}
		if used > 0 {
			c.Discard(used)
			if h.Source.IsValid() {
				s.setClient(h.Source)
			}
			return nil
		}
	}
}

func (s *session) setClient(a netip.AddrPort) {
	s.Client = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	s.log = s.srv.log.With("session", s.ID, "client", s.Client)
	s.Log = s.log
}

// admit asks the chain whether the client may come in, and checks the limits.
func (s *session) admit(f *flow, c *wire.Conn) error {
	ch := s.lis.chain()
	if ch == nil {
		return errGone
	}
	defer ch.Release()
	s.Pool = s.lis.settings().Pool
	v, err := s.askConnect(ch, f)
	if err != nil {
		return err
	}
	if v.Denied() {
		return s.deny(c, v.Reply().Err)
	}
	if s.Account == nil {
		return s.deny(c, s.accessDenied(true))
	}
	limit := s.lis.settings().MaxSessionsPerUser
	if n := s.Account.MaxSessions; n > 0 && (limit == 0 || n < limit) {
		limit = n
	}
	if !s.srv.registry.enter(s, limit) {
		return s.deny(c, &core.Error{Code: 1226, State: "42000", Message: fmt.Sprintf(
			"User '%s' has exceeded the 'max_user_connections' resource (current value: %d)", s.User, limit)})
	}
	return nil
}

// deny tells the client why and ends the login.
func (s *session) deny(c *wire.Conn, e *core.Error) error {
	caps := s.caps
	if c.Seq > 0 {
		caps |= wire.Protocol41
	}
	_ = c.WritePacket(appendError(nil, e, caps))
	return fmt.Errorf("%w: %w", errRefused, e)
}

func malformed(err error) *core.Error {
	return &core.Error{Code: 1043, State: "08S01", Message: "Bad handshake: " + err.Error()}
}

// accessDenied is the one answer to every login that fails for its credentials.
func (s *session) accessDenied(password bool) *core.Error {
	using := "NO"
	if password {
		using = "YES"
	}
	host := "localhost"
	if s.Client.IsValid() {
		host = s.Client.Addr().String()
	}
	return &core.Error{Code: 1045, State: "28000", Message: fmt.Sprintf(
		"Access denied for user '%s'@'%s' (using password: %s)", s.User, host, using)}
}

// maxAttributes is how many attributes of a session links get to see; backends get all.
// Clients send about ten, and a map of many small ones would take 20 times their bytes.
const maxAttributes = 512

func attributes(block []byte) (map[string]string, error) {
	if len(block) == 0 {
		return nil, nil
	}
	m := map[string]string{}
	err := wire.EachAttr(block, func(name, value string) {
		if len(m) < maxAttributes {
			m[name] = value
		}
	})
	return m, err
}

// refusedLogin reports a login that failed, once.
func (s *session) refusedLogin(err error) {
	switch {
	case errors.Is(err, errTime):
		s.srv.reporter.Login(s.Listener, "timeout")
	case errors.Is(err, errRefused):
		s.srv.reporter.Login(s.Listener, "refused")
		s.farewellRead()
	default:
		s.srv.reporter.Login(s.Listener, "failed")
	}
	s.log.Info("login failed", "user", s.User, "error", err)
}

// farewellRead lets the client read why it was refused: bytes of its that nobody read
// would make the kernel reset the connection and drop what was sent.
func (s *session) farewellRead() {
	s.in.need(smallBuffer)
	_, _ = s.client.read(s.in.free())
	_ = unix.Shutdown(s.client.fd, unix.SHUT_WR)
	_, _ = s.client.read(s.in.free())
}

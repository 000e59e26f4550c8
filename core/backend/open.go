package backend

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// Hello is what the login to a backend says.
type Hello struct {
	User, Schema string
	Password     core.Secret // not used by Open alone
	Caps         wire.Caps   // what the client agreed to, end to end
	Collation    byte
	MaxPacket    uint32
	Attrs        []byte // the client's connection attributes, a block of pairs
	// Own says that the account is dbmesh's, not the client's: the attributes _proxy and
	// proxy_client_addr then tell the server who is behind it.
	Own    bool
	Client netip.AddrPort // for proxy_client_addr; invalid for none
	// Compression is asked for if the server has it: zlib, zstd, or none for "" and "off".
	// If Link.Caps have it, all bytes behind the final OK must be compressed.
	Compression string
	// ProxyHeader is a PROXY protocol header to send first, nil for none.
	ProxyHeader []byte
	// Plugin is the authentication plugin to claim and Answer what goes with it; a plugin
	// that no server knows (Passthrough) makes the server ask by an auth switch for the
	// account's own. Login doesn't use them.
	Plugin string
	Answer []byte
}

// Passthrough is a plugin name that no server has.
const Passthrough = "dbmesh_passthrough"

// Link is a connection to a backend in its connection phase, later in its command phase.
// It is owned by one goroutine at a time.
type Link struct {
	Conn     *wire.Conn
	Greeting *wire.Greeting
	Caps     wire.Caps // agreed with this backend
	TLS      bool

	plugin    string // whose challenge is in force
	challenge []byte
}

// Errors of a handshake that the peer's bytes caused or that the settings forbid.
var (
	ErrNoTLS      = errors.New("the backend offers no TLS and tls.mode forbids to go on without")
	ErrStuffed    = errors.New("the backend sent plain bytes behind the switch to TLS")
	ErrTLS        = errors.New("TLS with the backend")
	ErrTooOld     = errors.New("the backend speaks a protocol before 4.1")
	ErrClear      = errors.New("the backend wants the password in clear over a connection without TLS")
	ErrFullAuth   = errors.New("caching_sha2_password wants a full exchange, which needs TLS or the pool's public_key")
	ErrPlugin     = errors.New("the backend wants an authentication plugin that dbmesh can't answer")
	ErrUnexpected = errors.New("unexpected packet in the connection phase")
)

// maxAttrs bounds the attributes with dbmesh's own ones: servers take 64 KiB.
const maxAttrs = 60 << 10

// Open starts the connection phase: PROXY header, greeting, TLS as the mode says, and the
// login packet with h.Answer for h.Plugin. Nothing about the account is sent before
// TLS is up and, in mode verify, the server has proved itself. A server that refuses at
// once gives its *wire.Err, wrapped.
func Open(st Stream, src *Source, h Hello) (*Link, error) {
	return open(st, src, h, func(l *Link) ([]byte, error) {
		l.plugin = h.Plugin
		return h.Answer, nil
	})
}

// open is Open with the answer that goes into the login packet.
func open(st Stream, src *Source, h Hello, answer func(*Link) ([]byte, error)) (*Link, error) {
	l, err := greet(st, src, h.ProxyHeader)
	if err != nil {
		return nil, err
	}
	if err := l.encrypt(st, src, h); err != nil {
		return nil, err
	}
	auth, err := answer(l)
	if err != nil {
		return nil, err
	}
	login := l.login(h)
	login.Auth, login.Plugin = auth, l.plugin
	if err := l.Conn.WritePacket(login.Append(nil)); err != nil {
		return nil, fmt.Errorf("send the login: %w", err)
	}
	return l, nil
}

// greet sends the PROXY header and reads the greeting.
func greet(st Stream, src *Source, header []byte) (*Link, error) {
	if len(header) > 0 {
		if _, err := st.Write(header); err != nil {
			return nil, fmt.Errorf("send the PROXY header: %w", err)
		}
	}
	conn := wire.NewConn(st)
	p, err := conn.ReadPacket()
	if err != nil {
		return nil, fmt.Errorf("read the greeting: %w", err)
	}
	g, err := wire.ParseGreeting(p)
	if err != nil {
		return nil, err
	}
	if !g.Caps.Has(wire.Protocol41 | wire.SecureConn) {
		return nil, ErrTooOld
	}
	src.SawGreeting(g)
	return &Link{Conn: conn, Greeting: g, challenge: g.Scramble}, nil
}

// encrypt switches to TLS if the mode and the server say so.
func (l *Link) encrypt(st Stream, src *Source, h Hello) error {
	mode, cfg := src.TLS()
	l.agree(h)
	if mode == TLSOff {
		return nil
	}
	if !l.Greeting.Caps.Has(wire.SSL) {
		if mode != TLSPrefer {
			l.leave()
			return ErrNoTLS
		}
		src.report.Unencrypted(src.Backend)
		return nil
	}
	l.Caps |= wire.SSL
	if err := l.Conn.WritePacket(l.login(h).AppendSSLRequest(nil)); err != nil {
		return fmt.Errorf("ask for TLS: %w", err)
	}
	if len(l.Conn.Buffered()) > 0 {
		return ErrStuffed
	}
	if err := st.StartTLS(cfg); err != nil {
		return fmt.Errorf("%w: %w", ErrTLS, err)
	}
	l.Conn.Reset(st)
	l.TLS = true
	return nil
}

// agree works out the capabilities: end to end what both sides have and dbmesh can relay,
// and what shapes the connection phase of this hop alone.
func (l *Link) agree(h Hello) {
	has := l.Greeting.Caps
	l.Caps = h.Caps.Class() & wire.Relayable & has
	// Without it the server takes the client for one that speaks MariaDB's extensions; that
	// depends on the client alone, and MariaDB doesn't offer it.
	l.Caps |= h.Caps & wire.LongPassword
	if l.Caps.Has(wire.LongPassword) {
		l.Caps &= 1<<32 - 1
	}
	hop := wire.Protocol41 | wire.SecureConn | wire.PluginAuth | wire.AuthLenenc | wire.ConnectAttrs
	if h.Schema != "" {
		hop |= wire.ConnectWithDB
	}
	switch h.Compression {
	case "zlib":
		hop |= wire.Compress
	case "zstd":
		hop |= wire.Zstd
	}
	l.Caps |= hop & has
}

// zstdLevel is how thoroughly a server shall compress: the usual level.
const zstdLevel = 3

// login makes the login packet without its answer.
func (l *Link) login(h Hello) *wire.Login {
	attrs := h.Attrs
	if h.Own && len(attrs) < maxAttrs {
		attrs = wire.AppendAttr(attrs[:len(attrs):len(attrs)], "_proxy", "dbmesh")
		if h.Client.IsValid() {
			attrs = wire.AppendAttr(attrs, "proxy_client_addr", h.Client.String())
		}
	}
	return &wire.Login{
		Caps: l.Caps, MaxPacket: h.MaxPacket, Collation: h.Collation,
		User: h.User, Schema: h.Schema, Attrs: attrs, Zstd: zstdLevel,
	}
}

package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/wire"
)

// passthrough lets the client prove itself to the backend. The backend is told a plugin
// that no server has, so that it asks by an auth switch for the account's own plugin;
// that switch, and whatever follows, is relayed.
func (s *session) passthrough(f *flow, c *wire.Conn, l *wire.Login) error {
	if !l.Caps.Has(wire.PluginAuth) {
		return s.deny(c, &core.Error{Code: 1251, State: "08004", Message: "dbmesh: a passthrough login needs a client that can switch authentication plugins (CLIENT_PLUGIN_AUTH)"})
	}
	k, open, err := s.connect(f, func(st backend.Stream, src *backend.Source) (*backend.Link, error) {
		h := s.hello(l, src)
		h.User, h.Plugin, h.Answer = l.User, backend.Passthrough, blank(l.Auth)
		return backend.Open(st, src, h)
	})
	if err != nil {
		return s.denyBackend(c, err)
	}
	if err := s.fits(open); err != nil {
		s.discard(k)
		return s.deny(c, err)
	}
	relay := relay{s: s, f: f, client: c, backend: open.Conn, src: k.src, safe: open.TLS || k.isUnix()}
	final, err := relay.run()
	if err != nil {
		// A login that is cut short may count against the host, and to the server dbmesh's
		// host stands for all clients: enough of them that vanish here would have it blocked.
		if !relay.over {
			f.expired.Store(false)
			s.timeout(declineTimeout)
			open.Decline()
		}
		s.discard(k)
		return err
	}
	s.packBackend(&k.sock, open.Caps)
	s.attach(k, open)
	s.Status = final.Status
	return nil
}

// blank has an answer's length and nothing else of it: a server that refuses a login
// without asking for an answer says whether there was one.
func blank(answer []byte) []byte { return make([]byte, len(answer)) }

// hello is what every login to a backend says of the client.
func (s *session) hello(l *wire.Login, src *backend.Source) backend.Hello {
	h := backend.Hello{
		Schema: s.Schema, Caps: s.caps, Collation: l.Collation, MaxPacket: l.MaxPacket,
		Attrs: l.Attrs, Client: s.Client, Compression: src.Pool.Compression,
	}
	version := map[string]int{"v1": 1, "v2": 2}[src.Pool.ProxyProtocol]
	if version != 0 {
		h.ProxyHeader = wire.AppendProxyHeader(nil, version, s.Client, s.lis.local())
	}
	return h
}

// fits refuses a backend that does not have what the client agreed to with dbmesh.
func (s *session) fits(open *backend.Link) *core.Error {
	if missing := s.caps.Class() &^ open.Caps.Class(); missing != 0 {
		return &core.Error{Code: 1105, State: "HY000", Message: fmt.Sprintf(
			"dbmesh: the backend (%s) lacks capabilities %#x that its pool's other backends have; a pool's servers should be of one version", open.Greeting.Version, uint64(missing))}
	}
	return nil
}

// Plugins that are relayed but not known any closer.
const (
	parsec = "parsec"
	sm3    = "tidb_sm3_password"
)

// maxExchange bounds the packets with which a backend may draw a login out. Plugins that ask
// several questions stay far below it.
const maxExchange = 64

// declineTimeout bounds the wait for a backend's answer to a login that was given up.
const declineTimeout = time.Second

// relay passes an authentication exchange through.
type relay struct {
	s               *session
	f               *flow
	client, backend *wire.Conn
	src             *backend.Source
	safe            bool // nobody can read the hop to the backend
	over            bool // the backend has ended the exchange

	plugin    string
	challenge []byte
}

// run relays until the backend says OK or ERR, which the client has got then.
func (r *relay) run() (wire.OK, error) {
	for range maxExchange {
		p, err := r.backend.ReadPacket()
		if err != nil {
			r.over = true
			return wire.OK{}, r.s.denyBackend(r.client, fmt.Errorf("authentication: %w", err))
		}
		if len(p) == 0 {
			return wire.OK{}, r.s.denyBackend(r.client, wire.ErrMalformed)
		}
		r.over = p[0] == wire.HeaderOK || p[0] == wire.HeaderErr
		switch p[0] {
		case wire.HeaderOK:
			ok, err := wire.ParseOK(p, r.s.caps)
			if err != nil {
				return ok, r.s.denyBackend(r.client, err)
			}
			return ok, r.client.WritePacket(p)
		case wire.HeaderErr:
			_ = r.client.WritePacket(p)
			e, _ := wire.ParseErr(p)
			return wire.OK{}, fmt.Errorf("%w by the backend: %w", errRefused, e)
		case wire.HeaderEOF:
			err = r.switched(p)
		case wire.HeaderMoreData:
			err = r.moreData(p)
		default:
			err = r.s.denyBackend(r.client, wire.ErrMalformed)
		}
		if err != nil {
			return wire.OK{}, err
		}
	}
	return wire.OK{}, r.s.denyBackend(r.client, fmt.Errorf("authentication comes to no end: %w", wire.ErrMalformed))
}

// switched relays an auth switch, unless the answer to it would be a password in clear
// that somebody could read.
func (r *relay) switched(p []byte) error {
	sw, err := wire.ParseSwitch(p)
	if err != nil {
		return r.s.denyBackend(r.client, err)
	}
	r.plugin, r.challenge = sw.Plugin, bytes.Clone(sw.Data)
	switch sw.Plugin {
	case wire.Native, wire.SHA2, wire.Ed25519, parsec, sm3:
	default:
		if !r.safe || !r.clientSafe() {
			return r.s.deny(r.client, &core.Error{Code: 1045, State: "28000", Message: fmt.Sprintf(
				"dbmesh: the account of '%s' uses plugin %s, which may send the password in clear; dbmesh relays it only if both the client and the backend connection use TLS", r.s.User, sw.Plugin)})
		}
	}
	return r.exchange(p)
}

func (r *relay) clientSafe() bool { return r.s.TLS || !r.s.Client.IsValid() }

// exchange passes a packet to the client and its answer back.
func (r *relay) exchange(p []byte) error {
	if err := r.client.WritePacket(p); err != nil {
		return err
	}
	answer, err := r.client.ReadPacket()
	if err != nil {
		return err
	}
	return r.backend.WritePacket(answer)
}

func (r *relay) moreData(p []byte) error {
	switch {
	case len(p) == 2 && p[1] == wire.SHA2FastOK && (r.plugin == wire.SHA2 || r.plugin == sm3):
		return r.client.WritePacket(p)
	case len(p) >= 2 && p[1] == wire.SHA2Full && r.plugin == wire.SHA2:
		return r.full(p)
	case r.clientSafe() && !r.safe && r.plugin != parsec:
		// What this makes the client send is for its plugin to say. Inside TLS that may be
		// the password as it is, and whoever sits on the other hop could ask for it so.
		return r.s.deny(r.client, &core.Error{Code: 1045, State: "28000", Message: fmt.Sprintf(
			"dbmesh: the backend asks '%s' for more than dbmesh relays from a client inside TLS to a backend without; use TLS to the backend", r.s.User)})
	}
	return r.exchange(p) // such as the backend's public key
}

// full relays caching_sha2_password's exchange of the password itself. Where one hop is
// encrypted and the other is not, the password must be put into the other hop's form.
func (r *relay) full(p []byte) error {
	switch {
	case r.clientSafe() == r.safe:
		return r.exchange(p)
	case r.safe: // the client encrypts with dbmesh's key
		password, err := r.s.fullExchange(r.f, r.client, r.challenge)
		if err != nil {
			return err
		}
		return r.backend.WritePacket(append([]byte(password), 0))
	}
	key := r.src.PublicKey()
	if key == nil {
		return r.s.deny(r.client, &core.Error{Code: 1045, State: "28000", Message: fmt.Sprintf(
			"dbmesh: '%s' must send its password to the backend (caching_sha2_password, not cached there), and that hop has no TLS; use TLS to the backend or set the pool's public_key", r.s.User)})
	}
	password, err := r.s.fullExchange(r.f, r.client, r.challenge)
	if err != nil {
		return err
	}
	secret, err := wire.EncryptPassword(password, r.challenge, key)
	if err != nil {
		return err
	}
	return r.backend.WritePacket(secret)
}

// denyBackend tells the client that no backend could be had, or what the backend or dbmesh's
// own queue said.
func (s *session) denyBackend(c *wire.Conn, err error) error {
	if errors.Is(err, errRefused) || errors.Is(err, errGone) {
		return err
	}
	return s.deny(c, s.reason(s.Pool, err))
}

// noBackend is the error code of a session that gets no backend, by its name in servers
// ER_CONNECT_TO_FOREIGN_DATA_SOURCE. Codes from 2000 are the client libraries' own: some
// take a server that sends one for a broken one.
const noBackend = 1429

func unreachable(pool string, err error) *core.Error {
	return &core.Error{Code: noBackend, State: "HY000", Message: fmt.Sprintf(
		"dbmesh: can't connect to a backend of pool %q: %v", pool, err)}
}

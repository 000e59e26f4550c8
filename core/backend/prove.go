package backend

import (
	"errors"
	"fmt"

	"github.com/dbmesh/dbmesh/core/wire"
)

// maxSteps bounds the packets of one login that a server may draw out: the longest honest
// one is switch, more data, and the final OK.
const maxSteps = 8

// Login is Open and Prove. The answer to the greeting's challenge goes out with the login
// packet if its plugin can be answered, which saves a round trip where it is the account's.
func Login(st Stream, src *Source, h Hello) (*Link, wire.OK, error) {
	l, err := open(st, src, h, func(l *Link) ([]byte, error) {
		l.plugin = l.Greeting.Plugin
		switch l.plugin {
		case "":
			l.plugin = wire.Native
		case wire.Native, wire.SHA2, wire.Ed25519:
		default:
			// Never a clear password on the strength of a greeting: a switch must ask for it.
			l.plugin = wire.Native
			return nil, nil
		}
		return l.answer(h)
	})
	if err != nil {
		return nil, wire.OK{}, err
	}
	ok, err := l.Prove(h, src)
	if err != nil {
		return nil, wire.OK{}, err
	}
	return l, ok, nil
}

// Prove goes on after Open until the server accepts or refuses. It proves h.Password by
// the plugin that the server asks for. A refusal is the server's *wire.Err; after any error
// the connection must be closed. Afterwards Conn.Seq is to be set for the first command.
func (l *Link) Prove(h Hello, src *Source) (wire.OK, error) {
	for range maxSteps {
		p, err := l.Conn.ReadPacket()
		if err != nil {
			return wire.OK{}, fmt.Errorf("read the answer to the login: %w", err)
		}
		if len(p) == 0 {
			return wire.OK{}, fmt.Errorf("login: %w: it is empty", ErrUnexpected)
		}
		switch p[0] {
		case wire.HeaderOK:
			ok, err := wire.ParseOK(p, l.Caps)
			if err != nil {
				return wire.OK{}, fmt.Errorf("login: %w", err)
			}
			ok.Info, ok.Track = append([]byte(nil), ok.Info...), append([]byte(nil), ok.Track...)
			return ok, nil
		case wire.HeaderErr:
			e, err := wire.ParseErr(p)
			if err != nil {
				return wire.OK{}, fmt.Errorf("login: %w", err)
			}
			return wire.OK{}, e
		case wire.HeaderEOF:
			err = l.switched(p, h)
		case wire.HeaderMoreData:
			err = l.more(p[1:], h, src)
		default:
			err = fmt.Errorf("login: %w: it begins with %#02x", ErrUnexpected, p[0])
		}
		if err != nil {
			if isRefusal(err) {
				l.Decline()
			}
			return wire.OK{}, err
		}
	}
	return wire.OK{}, fmt.Errorf("login: %w: the backend comes to no end", ErrUnexpected)
}

// switched answers an auth switch request.
func (l *Link) switched(p []byte, h Hello) error {
	s, err := wire.ParseSwitch(p)
	if err != nil {
		return err
	}
	l.plugin, l.challenge = s.Plugin, append([]byte(nil), s.Data...)
	answer, err := l.answer(h)
	if err != nil {
		return err
	}
	return l.send(answer)
}

// answer computes what proves the password to the plugin in force.
func (l *Link) answer(h Hello) ([]byte, error) {
	switch l.plugin {
	case wire.Native, wire.SHA2, wire.Ed25519:
	case wire.Clear:
		if !l.TLS {
			return nil, ErrClear
		}
	default:
		return nil, fmt.Errorf("%w: %q", ErrPlugin, l.plugin)
	}
	return wire.AnswerChallenge(l.plugin, l.challenge, h.Password.Reveal())
}

// Decline ends a login that won't be gone through with, once the login packet is sent: an
// answer that is wrong has the server deny it. A handshake that is cut short may count
// against the host (see knock). The connection is to be closed afterwards.
func (l *Link) Decline() {
	if l.send([]byte{0}) == nil {
		_, _ = l.Conn.ReadPacket()
	}
}

// isRefusal says whether it is dbmesh that won't go through with a login.
func isRefusal(err error) bool {
	return errors.Is(err, ErrClear) || errors.Is(err, ErrPlugin) || errors.Is(err, ErrFullAuth) || errors.Is(err, ErrNoTLS)
}

// more handles a more-data packet, which only caching_sha2_password sends.
func (l *Link) more(data []byte, h Hello, src *Source) error {
	if l.plugin != wire.SHA2 || len(data) != 1 {
		return fmt.Errorf("login: %w: more data from %q", ErrUnexpected, l.plugin)
	}
	switch data[0] {
	case wire.SHA2FastOK:
		return nil // the final OK follows
	case wire.SHA2Full:
		return l.full(h, src)
	}
	return fmt.Errorf("login: %w: caching_sha2_password says %#02x", ErrUnexpected, data[0])
}

// full gives the server the password itself: inside TLS, or encrypted with the key that
// the config pins. A key that the server offers on the spot is never asked for, for whoever
// sits in between could offer its own. A unix socket counts as TLS does in the server,
// which takes nothing but the clear password there, and no network carries it.
func (l *Link) full(h Hello, src *Source) error {
	if a, ok := src.Addr(); l.TLS || ok && a.IsUnix() {
		return l.send(append([]byte(h.Password.Reveal()), 0))
	}
	key := src.PublicKey()
	if key == nil {
		return ErrFullAuth
	}
	sealed, err := wire.EncryptPassword(h.Password.Reveal(), l.challenge, key)
	if err != nil {
		return fmt.Errorf("login: %w", err)
	}
	return l.send(sealed)
}

func (l *Link) send(p []byte) error {
	if err := l.Conn.WritePacket(p); err != nil {
		return fmt.Errorf("send the answer: %w", err)
	}
	return nil
}

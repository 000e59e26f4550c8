package proxy

import (
	"bytes"
	"fmt"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// proof is a client's answer to a challenge.
type proof struct {
	plugin    string
	answer    []byte
	challenge []byte
}

// prove verifies the client's password against the session's Account. The OK is not sent
// here. Every way to fail ends in the same error.
func (s *session) prove(f *flow, c *wire.Conn, p proof) error {
	a := s.Account
	if want := a.Plugin; p.plugin != want {
		p.plugin, p.challenge = want, wire.NewScramble()
		if err := c.WritePacket(wire.Switch{Plugin: want, Data: p.challenge}.Append(nil)); err != nil {
			return err
		}
		answer, err := c.ReadPacket()
		if err != nil {
			return err
		}
		p.answer = bytes.Clone(answer)
	}
	if len(p.answer) == 1 && p.answer[0] == 0 { // how some clients send an empty password
		p.answer = nil
	}
	ok, err := s.verify(f, c, p)
	if err != nil {
		return err
	}
	if !ok {
		return s.deny(c, s.accessDenied(len(p.answer) > 0))
	}
	return nil
}

func (s *session) verify(f *flow, c *wire.Conn, p proof) (bool, error) {
	a := s.Account
	if len(p.answer) == 0 {
		return a.NoPassword, nil
	}
	switch p.plugin {
	case wire.Native:
		return wire.VerifyNative(p.answer, p.challenge, a.Native), nil
	case wire.SHA2:
		if wire.VerifySHA2(p.answer, p.challenge, a.SHA2Known()) {
			return true, c.WritePacket([]byte{wire.HeaderMoreData, wire.SHA2FastOK})
		}
		// As in a server, a quick answer that does not fit is no refusal: some drivers
		// compute it with the NUL that closes the challenge. The password itself decides.
		password, err := s.fullExchange(f, c, p.challenge)
		if err != nil {
			return false, err
		}
		return has(a, password), nil
	}
	return false, fmt.Errorf("account of user %q asks for plugin %q, which dbmesh can't verify", s.User, p.plugin)
}

// has says whether the password is the account's.
func has(a *core.Account, password string) bool {
	if a.Native == nil {
		return wire.SameHash(wire.SHA2Hash(password), a.SHA2)
	}
	if !wire.SameHash(wire.NativeHash(password), a.Native) {
		return false
	}
	if a.SHA2 == nil {
		a.LearnSHA2(wire.SHA2Hash(password))
	}
	return true
}

// fullExchange gets the password itself from the client: inside TLS as it is, else
// encrypted with dbmesh's key.
func (s *session) fullExchange(f *flow, c *wire.Conn, challenge []byte) (string, error) {
	if err := c.WritePacket([]byte{wire.HeaderMoreData, wire.SHA2Full}); err != nil {
		return "", err
	}
	p, err := c.ReadPacket()
	if err != nil {
		return "", err
	}
	if s.TLS || !s.Client.IsValid() { // a unix socket counts as safe too
		return string(bytes.TrimSuffix(p, []byte{0})), nil
	}
	var keys *wire.KeyPair
	if err := f.away(func() (err error) { keys, err = s.srv.keys(); return err }); err != nil {
		return "", err
	}
	if len(p) == 1 && p[0] == wire.SHA2KeyWanted {
		if err := c.WritePacket(append([]byte{wire.HeaderMoreData}, keys.PEM()...)); err != nil {
			return "", err
		}
		if p, err = c.ReadPacket(); err != nil {
			return "", err
		}
	}
	secret := bytes.Clone(p)
	var password string
	err = f.away(func() (err error) { password, err = keys.Decrypt(secret, challenge); return err })
	if err != nil {
		return "", s.deny(c, s.accessDenied(true))
	}
	return password, nil
}

package proxy

import (
	"errors"
	"fmt"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/wire"
)

// listLogin logs in to a backend for a client that has proved itself to dbmesh, and sends
// the final OK.
func (s *session) listLogin(f *flow, c *wire.Conn, l *wire.Login) error {
	s.hop = &wire.Login{Caps: l.Caps, MaxPacket: l.MaxPacket, Collation: l.Collation, Attrs: l.Attrs}
	ok, err := s.settleIn(f)
	if err != nil {
		return s.denyAccount(c, err)
	}
	return c.WritePacket(wire.AppendOK(nil, ok, s.caps))
}

// settleIn gets the session its connection at home or, if it shares them, what a login there
// is like.
func (s *session) settleIn(f *flow) (wire.OK, error) {
	s.startSharing()
	if s.shares {
		return s.shareLogin(f)
	}
	k, open, ok, err := s.loginTo(f, s.Pool, s.Backend)
	if err != nil {
		return ok, err
	}
	s.attach(k, open)
	s.Status = ok.Status
	return ok, nil
}

// loginTo dials a backend of the pool and logs in with the session's backend account.
func (s *session) loginTo(f *flow, pool string, first *core.Backend) (*link, *backend.Link, wire.OK, error) {
	var ok wire.OK
	k, open, err := s.connectTo(f, pool, first, func(st backend.Stream, src *backend.Source) (open *backend.Link, err error) {
		h := s.hello(s.hop, src)
		h.User, h.Password, h.Own = s.Account.BackendUser, s.Account.BackendPassword, true
		open, ok, err = s.logIn(st, src, h)
		return open, err
	})
	if err != nil {
		return nil, nil, ok, err
	}
	if e := s.fits(open); e != nil {
		s.discard(k)
		return nil, nil, ok, e
	}
	ok.Info, ok.Track = nil, nil
	return k, open, ok, nil
}

// denyAccount explains a backend's refusal of dbmesh's account: the client's own password
// was right.
func (s *session) denyAccount(c *wire.Conn, err error) error {
	return s.denyBackend(c, s.explain(err))
}

func (s *session) explain(err error) error {
	var said *wire.Err
	if errors.As(err, &said) && (said.Code == 1045 || said.Code == 1698) {
		return &wire.Err{Code: said.Code, State: said.State, Message: fmt.Sprintf(
			"dbmesh: the backend refused account '%s', to which user '%s' is mapped: %s", s.Account.BackendUser, s.User, said.Message)}
	}
	return err
}

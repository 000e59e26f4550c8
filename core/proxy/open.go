package proxy

import (
	"context"
	"errors"
	"net/netip"

	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/wire"
)

// openShared opens a connection by a permission of the lending.
func (s *session) openShared(f *flow, src *backend.Source, le *lending) error {
	k, err := s.dialShared(f, src, s.Schema)
	if s.loginOver && s.Schema != "" && refusesSchema(err) { // somebody has dropped it, which does not end a session
		k, err = s.dialShared(f, src, "")
	}
	if err != nil {
		le.Failed(s.kind)
		return err
	}
	k.lending = le
	k.at.Store(s.loop)
	src.Backend.AddSession(1)
	le.Opened(k, s.kind, s.loop.index, s.loop.clock())
	le.saw(s.kind, k.status, loginAs{s.Account, s.caps, s.hop})
	if k.worn.Schema != "" {
		le.chose(s.kind, k.worn.Schema)
	}
	s.hold(k)
	return nil
}

// refusesSchema says that a server does not let the account choose the schema, or has none of
// that name.
func refusesSchema(err error) bool {
	var said *wire.Err
	return errors.As(err, &said) && (said.Code == unknownSchema || said.Code == forbiddenSchema)
}

const (
	forbiddenSchema = 1044
	unknownSchema   = 1049
)

// dialShared logs in as the session's account, in nobody's name.
func (s *session) dialShared(f *flow, src *backend.Source, schema string) (*link, error) {
	var ok wire.OK
	k, open, err := s.dial(f, src.Backend, func(st backend.Stream, src *backend.Source) (open *backend.Link, err error) {
		h := s.hello(s.hop, src)
		h.Schema = schema
		h.User, h.Password, h.Own = s.Account.BackendUser, s.Account.BackendPassword, true
		h.Attrs, h.Client = nil, netip.AddrPort{}
		open, ok, err = s.logIn(st, src, h)
		return open, err
	})
	if err != nil {
		return nil, err
	}
	if e := s.fits(open); e != nil {
		s.discard(k)
		return nil, e
	}
	k.caps, k.id, k.status, k.greeting = open.Caps, open.Greeting.ConnectionID, ok.Status, open.Greeting
	k.worn.Schema, k.bare = schema, len(src.Pool.Variables) > 0
	k.report = s.srv.reporter.Commands(src.Backend.Pool, src.Backend.Name)
	k.handles.Begin(s.srv.texts, src.Pool.Pooling.MaxStatements)
	return k, nil
}

// adopt brings a connection to the session's loop. It returns false for one that is of no
// use.
func (s *session) adopt(f *flow, k *link) bool {
	if k.loop() != s.loop {
		moved := make(chan struct{})
		err := f.away(func() error {
			from := k.loop()
			if !from.post(func() {
				from.give(&k.sock)
				k.at.Store(s.loop) // here: what comes to this loop from now on is passed on
				close(moved)
			}) {
				return errGone
			}
			select {
			case <-moved:
				return nil
			case <-s.srv.ctx.Done():
				return context.Cause(s.srv.ctx)
			}
		})
		if err != nil {
			return false
		}
		k.sock.readable = true // perhaps: events on the way to the other loop reach nobody
		k.Lease().Loop = s.loop.index
		if err := s.loop.watch(&k.sock, s); err != nil {
			return false
		}
	}
	s.loop.hand(&k.sock, s)
	return k.alive(s.loop.clock()) && k.quiet() && k.fresh(s.srv)
}

// bury takes leave of a connection in whose place another one shall be opened, and waits
// until the server has closed it.
func (s *session) bury(f *flow, k *link) error {
	gone := false
	s.srv.closeIdle(k, func() {
		s.loop.post(func() {
			gone = true
			if s.flow == f && !f.busy {
				s.guard(s.step)
			}
		})
	})
	for !gone {
		if err := f.wait(); err != nil {
			return err
		}
	}
	return nil
}

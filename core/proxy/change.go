package proxy

import (
	"bytes"
	"context"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/wire"
)

// changeUser serves COM_CHANGE_USER: the chain is asked as at a login, and the client
// proves itself anew, in the way of the new user's account.
func (s *session) changeUser() want {
	payload := s.in.bytes()[wire.HeaderLen:s.held]
	u, err := wire.ParseUserChange(payload, s.caps)
	if err != nil || s.in.len() > s.held || !s.frames.Ended() {
		return s.answer(&core.Reply{Err: &core.Error{Code: 1043, State: "08S01", Message: "Bad handshake: malformed COM_CHANGE_USER"}})
	}
	s.sentAt = s.loop.clock()
	s.timeout(s.lis.settings().LoginTimeout)
	return s.startFlow(func(f *flow) error {
		c := wire.NewConn(stream{f, &s.client})
		c.Seq = 1
		was := s.Session
		if err := s.become(f, c, u); err != nil && !s.reverts(f, was, err) {
			return err
		}
		s.keep(c)
		return nil
	}, s.becameUser)
}

// becameUser ends the command. A client whose change failed is disconnected: who it is
// can't be said any more.
func (s *session) becameUser(err error) want {
	s.timeout(0)
	if err != nil {
		s.log.Info("change of user failed", "error", err)
		s.outcome.Side = core.Client
		return wantEnd
	}
	s.beginState()
	if s.link == nil {
		s.sentAt = 0
		return s.settle()
	}
	s.link.src.Backend.Begin() // which report ends
	s.report()
	if s.shares {
		s.letGo()
	}
	return s.settle()
}

func (s *session) become(f *flow, c *wire.Conn, u *wire.UserChange) error {
	was := s.Account
	s.srv.registry.leave(s)
	if err := s.endLogin(f); err != nil {
		return err
	}
	s.Renew()
	s.User, s.Schema = u.User, u.Schema
	if u.Collation != 0 {
		s.collation = byte(u.Collation)
	}
	var err error
	if s.Attributes, err = attributes(u.Attrs); err != nil {
		return s.deny(c, malformed(err))
	}
	if err := s.admit(f, c); err != nil {
		return err
	}
	if s.Account.Passthrough {
		if !was.Passthrough {
			return s.deny(c, s.accessDenied(true))
		}
		return s.relayChange(f, c, u)
	}
	// The client's answer was made for a challenge that is spent; ask again.
	if err := s.prove(f, c, proof{}); err != nil {
		return err
	}
	return s.changeAccount(f, c, u)
}

// relayChange lets the client prove its new identity to the backend.
func (s *session) relayChange(f *flow, c *wire.Conn, u *wire.UserChange) error {
	k := s.link
	// Whatever the rules say of the new user: one backend for the session's whole life.
	s.Pool = k.src.Backend.Pool
	s.Bind(k.src.Backend)
	b := wire.NewConn(stream{f, &k.sock})
	attrs := u.Attrs
	asked := wire.UserChange{User: u.User, Schema: u.Schema, Collation: u.Collation, Plugin: backend.Passthrough, Auth: blank(u.Auth), Attrs: attrs}
	if err := b.WritePacket(asked.Append(nil, k.caps)); err != nil {
		return s.denyBackend(c, err)
	}
	r := relay{s: s, f: f, client: c, backend: b, src: k.src, safe: k.sock.tls != nil || k.isUnix()}
	final, err := r.run()
	if err != nil {
		return err
	}
	k.schema, s.Status = u.Schema, final.Status
	return nil
}

// changeAccount puts a new backend connection, of the new account, in the place of the
// session's old ones.
func (s *session) changeAccount(f *flow, c *wire.Conn, u *wire.UserChange) error {
	hop := *s.hop // others of the former kind log in by the old one
	hop.Collation, hop.Attrs = byte(u.Collation), bytes.Clone(u.Attrs)
	s.hop = &hop
	ok, err := s.settleAnew(f)
	if err != nil {
		return s.denyAccount(c, err)
	}
	if u.Schema != "" { // a login says nothing of its schema, a change of user does
		ok.Track = wire.SchemaTrack(u.Schema)
	}
	return c.WritePacket(wire.AppendOK(nil, ok, s.caps))
}

// settleAnew is settleIn for another account; what the session had until now is closed.
func (s *session) settleAnew(f *flow) (wire.OK, error) {
	if s.shares && s.link != nil {
		if s.stuck() == "" {
			s.giveBack()
		} else {
			s.forsake(s.release())
		}
	}
	old := s.links
	s.links = nil
	s.clearSharing()
	ok, err := s.settleIn(f)
	for _, k := range old {
		s.shut(&k.sock)
		k.src.Backend.AddSession(-1)
	}
	return ok, err
}

// askConnect runs the chain's connection hooks on the right goroutine.
func (s *session) askConnect(ch *core.Chain, f *flow) (v core.Verdict, err error) {
	if !ch.Slow() {
		return ch.Connect(context.Background(), &s.Session), nil
	}
	err = f.away(func() error { v = ch.Connect(context.Background(), &s.Session); return nil })
	return v, err
}

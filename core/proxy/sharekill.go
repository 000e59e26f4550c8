package proxy

import (
	"context"
	"errors"
	"fmt"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/defect"
	"github.com/dbmesh/dbmesh/core/wire"
)

// target is the session that a KILL is for, as it was at one moment.
type target struct {
	session *session
	user    string
	src     *backend.Source // nil while it has no connection
	id      uint32          // the backend's id of that
}

// aim finds the session for a KILL. The connection that it has borrowed will not be lent
// again: a KILL may strike late, and whoever has it then.
func (r *registry) aim(id uint32) (target, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.byID[id]
	if !ok || e.user == "" {
		return target{}, false
	}
	if e.link != nil && e.link.lending != nil {
		e.link.killed.Store(!defect.Is(defect.ReusedAfterKill))
	}
	return target{e.session, e.user, e.src, e.id}, true
}

// shareKill serves a KILL of a session that shares connections.
func (s *session) shareKill(id uint32, query bool, t target) (w want, done bool) {
	if t.session == s { // goes the usual way, to its own connection
		return wantNothing, false
	}
	if t.src != nil {
		return s.killFrom(t, id, query)
	}
	if t.user != s.User {
		return s.notOwner(id), true
	}
	if !query {
		t.session.end()
	}
	return s.answer(&core.Reply{}), true
}

func (s *session) notOwner(id uint32) want {
	s.outcome.Side = core.Client
	return s.answer(&core.Reply{Err: &core.Error{Code: 1095, State: "HY000", Message: fmt.Sprintf("You are not owner of thread %d", id)}})
}

// killFrom sends the KILL over a connection of its own, as the account of the session that
// asks for it: those that sessions share may all be waiting for what is to be killed.
func (s *session) killFrom(t target, id uint32, query bool) (w want, done bool) {
	as := s.Account
	if as.Passthrough && (!t.src.HasControl() || t.user != s.User) {
		return s.notOwner(id), true
	}
	return s.startFlow(func(f *flow) error {
		return f.away(func() error {
			if as.Passthrough {
				return s.srv.sendKill(t.src, t.id, query)
			}
			return s.srv.sendKillAs(t.src, as, t.id, query)
		})
	}, func(err error) want {
		s.mode = atCommand
		var said *wire.Err
		switch {
		case errors.As(err, &said) && said.Code == noSuchThread: // it has ended meanwhile
		case errors.As(err, &said) && said.Code == notOwner:
			return s.notOwner(id)
		case err != nil:
			return s.answer(&core.Reply{Err: s.reason(t.src.Backend.Pool, err)})
		}
		if !query && t.session != nil {
			t.session.end()
		}
		return s.answer(&core.Reply{})
	}), true
}

// Errors of a server's KILL, and of a statement whose connection is killed.
const (
	noSuchThread     = 1094
	notOwner         = 1095
	lacksPrivilege   = 1227 // TiDB's way to say that a connection is somebody else's
	connectionKilled = 1927
)

// wasKilled ends the session behind the answer that says that its connection was killed,
// perhaps by its own KILL CONNECTION_ID(): a client that has heard so expects the end.
func (s *session) wasKilled() {
	s.farewell = true
	s.link.killed.Store(true)
}

// end ends the session soon: at once if it does nothing, else behind its command. From any
// goroutine.
func (s *session) end() {
	s.loop.post(func() {
		s.guard(func() {
			s.farewell = true
			if s.mode != atCommand || s.flow != nil || s.chain != nil {
				return
			}
			if s.sendLate(); !s.due { // else it ends behind the reply
				s.close("killed")
			}
		})
	})
}

// killsItself puts the id of the session's own connection into its KILL.
func (s *session) killsItself() {
	if id, _, at, ok := s.killed(); ok && id == s.ID {
		s.renumber(at, s.link.id)
		s.link.killed.Store(true)
	}
}

func (s *Server) sendKillAs(src *backend.Source, as *core.Account, id uint32, query bool) error {
	ctx, cancel := context.WithTimeout(s.ctx, killTimeout)
	defer cancel()
	return src.KillAs(ctx, as.BackendUser, as.BackendPassword, id, query)
}

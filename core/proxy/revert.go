package proxy

import (
	"errors"
	"strings"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// reverts says whether a passthrough session goes on as who it was after the backend has
// refused a change of user, and makes it so. MariaDB keeps such a session; other servers
// end it or leave it to nobody, and so it ends here.
func (s *session) reverts(f *flow, was core.Session, refusal error) bool {
	var said *wire.Err
	like, known := s.srv.backends.Greeting(was.Pool)
	if !errors.As(refusal, &said) || !known || !strings.Contains(like.Version, "MariaDB") {
		return false
	}
	s.srv.registry.leave(s)
	if s.endLogin(f) != nil { // of the login that was refused
		return false
	}
	s.Session = was
	s.Forget() // the links were told that this login had ended, before
	s.srv.registry.enter(s, 0)
	s.Status = s.Status&^wire.StatusInTrans | wire.StatusAutocommit // all else of it is reset
	s.outcome.Err = &core.Error{Code: said.Code, State: said.State, Message: said.Message}
	s.outcome.Side = core.Server
	return true
}

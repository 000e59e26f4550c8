package proxy

import (
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/core/wire"
)

// Classify finds the facts about the command at hand, as the session's server reads it. A
// prepared statement has those of its prepare, whatever was set since.
func (s *session) Classify(c *core.Command) *core.Facts {
	if c.Code == core.Query || c.Code == core.Prepare {
		return s.srv.facts.Classify(s.state.Mode(s.Status), c.SQL, c.Truncated())
	}
	if id, ok := s.statementID(); ok {
		if st, ok := s.state.Statement(id); ok {
			if st.Facts == nil {
				st.Facts = s.srv.facts.Classify(st.Mode, st.SQL, st.Truncated)
			}
			return st.Facts
		}
	}
	return s.srv.facts.Classify(stmt.Mode{}, nil, true) // the server knows no such statement either
}

// Ranges says where the parts of the command's text stand.
func (s *session) Ranges(c *core.Command) (core.Ranges, bool) {
	return stmt.FindRanges(s.state.Mode(s.Status), c.SQL, c.Statement())
}

// Texts says where the statements of the command's text stand.
func (s *session) Texts(c *core.Command) ([]core.Range, bool) {
	return stmt.FindTexts(s.state.Mode(s.Status), c.SQL, c.Statement())
}

// beginState makes the session's state that of a new one.
func (s *session) beginState() {
	s.Classifier, s.Decoder, s.Attributed = s, s, s
	l := state.Login{Collation: s.collation, Tracks: s.caps.Has(wire.SessionTrack)}
	if g, ok := s.srv.backends.Greeting(s.Pool); ok {
		l.Version = g.Version
	}
	if s.shares {
		l.Texts = s.srv.texts
	}
	s.state.Begin(l)
	s.clearSharing()
	s.inserted, s.unfit = "", nil
}

// Mode tells how a session's server reads its statements now, and its default schema. It
// says false for a session that is not there or does not answer within the limit.
func (s *Server) Mode(id uint32, limit time.Duration) (m stmt.Mode, schema string, ok bool) {
	type answer struct {
		mode   stmt.Mode
		schema string
	}
	answers := make(chan answer, len(s.loops))
	asked := make(chan struct{}, len(s.loops))
	for _, l := range s.loops {
		if !l.post(func() {
			for x := range l.sessions {
				if x.ID == id && x.loginOver && (x.flow == nil || !x.flow.busy) {
					answers <- answer{x.state.Mode(x.Status), x.Schema}
				}
			}
			asked <- struct{}{}
		}) {
			asked <- struct{}{}
		}
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for range s.loops {
		select {
		case <-asked:
		case <-timer.C:
			return m, "", false
		}
	}
	select {
	case a := <-answers:
		return a.mode, a.schema, true
	default:
		return m, "", false
	}
}

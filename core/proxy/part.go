package proxy

import "github.com/dbmesh/dbmesh/core"

// part runs the links' last hooks: of the command that was under way, on its chain, and of
// the session's end, on the chain in force. Whoever runs them owns the session, and its
// buffer of what the client sent, at which the hooks may look.
func (s *session) part() {
	end := s.endChain()
	hooks := func() {
		if ch := s.chain; ch != nil {
			ch.Done(&s.cmd, &s.outcome)
			s.chain = nil
			ch.Release()
		}
		s.forgetParams()
		s.in.release()
		if end != nil {
			end.End(&s.Session)
			end.Release()
		}
	}
	if s.chain != nil && s.chain.Slow() || end != nil && end.Slow() {
		s.srv.jobs.Go(hooks)
		return
	}
	hooks()
}

// endChain is the chain that must be told of the end of the session's login, acquired; nil
// if nobody minds.
func (s *session) endChain() *core.Chain {
	if !s.Met() {
		return nil
	}
	ch := s.lis.chain()
	if ch != nil && !ch.HearsEnds() {
		ch.Release()
		return nil
	}
	return ch
}

// endLogin tells the links that who the client was has left, before it becomes somebody else.
func (s *session) endLogin(f *flow) error {
	ch := s.endChain()
	if ch == nil {
		return nil
	}
	defer ch.Release()
	if !ch.Slow() {
		ch.End(&s.Session)
		return nil
	}
	return f.away(func() error { ch.End(&s.Session); return nil })
}

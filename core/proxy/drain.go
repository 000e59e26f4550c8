package proxy

import (
	"context"
	"math"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/dbmesh/dbmesh/core/wire"
)

// Drain refuses new sessions and lets the present ones go, each when its statement and
// its transaction have ended. It returns when none is left, or cuts the rest off when ctx
// ends; cut is how many. Close must follow.
func (s *Server) Drain(ctx context.Context) (cut int) {
	s.draining.Store(true)
	s.mu.Lock()
	for addr, a := range s.acceptors {
		delete(s.acceptors, addr)
		s.loops[0].post(a.close)
	}
	s.mu.Unlock()
	for _, l := range s.loops {
		l.post(func() { l.leave(nobodyYet) })
	}
	for s.sessions.Load() > 0 {
		select {
		case <-s.idle:
		case <-ctx.Done():
			cut = int(s.sessions.Load())
			return cut
		}
	}
	return 0
}

// Draining says whether Drain was called.
func (s *Server) Draining() bool { return s.draining.Load() }

// Sessions is how many sessions are open.
func (s *Server) Sessions() int { return int(s.sessions.Load()) }

// Close ends every session and waits until all goroutines have ended and all filters have
// closed.
func (s *Server) Close() {
	s.draining.Store(true)
	s.stop()
	s.mu.Lock()
	for addr, a := range s.acceptors {
		delete(s.acceptors, addr)
		s.loops[0].post(a.close)
	}
	s.mu.Unlock()
	s.endSessions()
	for _, l := range s.loops {
		l.post(l.endShared)
		l.close()
	}
	s.running.Wait()
	s.jobs.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, live := range s.lives {
		live.Close()
	}
	for _, live := range s.retired {
		live.Close()
	}
	s.lives, s.retired = nil, nil
}

// endSessions returns when every session has ended, those that a goroutine works for too.
// No session and so no job begins from then on.
func (s *Server) endSessions() {
	var told sync.WaitGroup
	for _, l := range s.loops {
		told.Add(1)
		if !l.post(func() { l.end(); told.Done() }) {
			told.Done()
		}
	}
	told.Wait()
	for s.sessions.Load() > 0 {
		select {
		case <-s.idle:
		case <-time.After(sweepEvery): // a Drain under way may have had the news
		}
	}
}

// end closes every session of the loop.
func (l *loop) end() {
	for x := range l.sessions {
		x.guard(func() { x.close("shutdown") })
	}
}

// nobodyYet is a patience that no session has tried.
const nobodyYet = time.Duration(math.MaxInt64)

// leave closes the sessions that shall end and are at a point where they can, and those
// whose backend was removed longer ago than patience. It gives how many are left that shall
// end.
func (l *loop) leave(patience time.Duration) (left int) {
	for x := range l.sessions {
		x.shed()
		if x.flow == nil || !x.flow.busy {
			x.guard(x.sendLate)
		}
		switch {
		case !x.leaving():
		case x.link != nil && x.link.src.DrainingFor() >= patience:
			x.guard(func() { x.close("backend removed") })
		case !x.loginOver && x.User == "" && x.srv.draining.Load(): // has not said who it is
			x.guard(func() { x.close("drained") })
		case x.mode == atCommand && !x.due && x.in.len() == 0 && !x.client.readable && x.quiet():
			x.guard(func() { x.close("drained") })
		default:
			left++
		}
	}
	return left
}

// leaving says that the session shall end at its next quiet point.
func (s *session) leaving() bool {
	return s.srv.draining.Load() || s.link != nil && s.link.src.Draining()
}

// quiet says that the session shall end and may: no transaction is open.
func (s *session) quiet() bool {
	return s.leaving() && s.loginOver && s.Status&wire.StatusInTrans == 0
}

// release closes the listening socket, and removes a unix socket's file.
func (a *acceptor) release() {
	_ = unix.Close(a.sock.fd)
	if a.path != "" {
		_ = os.Remove(a.path)
	}
}

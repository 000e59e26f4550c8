package proxy

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// Next is a configuration that was prepared and is not in force yet. It holds open
// listening sockets and built chains until Commit or Discard.
type Next struct {
	srv       *Server
	set       *core.Settings
	listeners map[string]*listenerState
	opened    map[string]*acceptor
	chains    map[string]*core.Chain
}

// Prepare does all of a change that can fail: it opens new listening sockets and reads
// certificates. chains are the built chains by name, which Next owns if the error is nil.
// One change at a time: the caller serializes Prepare and Commit.
func (s *Server) Prepare(set *core.Settings, chains map[string]*core.Chain) (*Next, error) {
	if s.draining.Load() {
		return nil, errors.New("dbmesh is shutting down")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := &Next{srv: s, set: set, listeners: map[string]*listenerState{}, opened: map[string]*acceptor{}, chains: chains}
	var errs []error
	for _, ls := range set.Listeners {
		if err := n.listener(ls); err != nil {
			errs = append(errs, &ListenerError{ls.Name, err})
		}
	}
	if len(errs) > 0 {
		n.closeOpened()
		return nil, errors.Join(errs...)
	}
	return n, nil
}

// ListenerError is a listener that can't be had.
type ListenerError struct {
	Listener string
	Err      error
}

func (e *ListenerError) Error() string { return fmt.Sprintf("listener %q: %v", e.Listener, e.Err) }

// Unwrap gives the reason.
func (e *ListenerError) Unwrap() error { return e.Err }

func (n *Next) listener(ls core.ListenerSettings) error {
	if n.chains[ls.Chain] == nil {
		return fmt.Errorf("chain %q was not built", ls.Chain)
	}
	st, err := newListenerState(ls)
	if err != nil {
		return err
	}
	n.listeners[ls.Name] = st
	if n.srv.acceptors[ls.Address] != nil {
		return nil
	}
	a, err := listen(ls.Address, n.srv)
	if err != nil {
		return err
	}
	n.opened[ls.Address] = a
	return nil
}

func (n *Next) closeOpened() {
	for _, a := range n.opened {
		a.release()
	}
}

// Discard gives a prepared configuration up.
func (n *Next) Discard() {
	n.closeOpened()
	for _, ch := range n.chains {
		ch.Discard()
	}
}

// Commit puts a prepared configuration in force. It can't fail. The pools that it names
// must be in force already. Sessions go on: commands that begin from now on run on the new
// chains, a removed listener's sessions keep the settings they have.
func (s *Server) Commit(n *Next) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inspect.v.Store(int64(n.set.Limits.InspectLimit))
	s.maxStatements.Store(int64(n.set.Limits.MaxStatements))
	s.texts.SetMax(n.set.Limits.MaxAllStatements)
	s.maxLogins.Store(int64(n.set.Limits.MaxLogins))
	s.drainTimeout.Store(int64(n.set.DrainTimeout))
	for name, ch := range n.chains {
		if live := s.lives[name]; live != nil {
			live.Swap(ch)
		} else {
			s.lives[name] = core.NewLive(ch)
		}
	}
	wanted := map[string]bool{}
	for _, ls := range n.set.Listeners {
		wanted[ls.Address] = true
		s.commitListener(n, ls)
	}
	for addr, a := range s.acceptors {
		if !wanted[addr] {
			delete(s.acceptors, addr)
			s.loops[0].post(a.close)
		}
	}
	s.lendings.renew(s.backends.Sources())
	s.retire(n)
	s.wakeAll()
}

func (s *Server) commitListener(n *Next, ls core.ListenerSettings) {
	st := n.listeners[ls.Name]
	st.live = s.lives[ls.Chain]
	a := n.opened[ls.Address]
	fresh := a != nil
	if !fresh {
		a = s.acceptors[ls.Address]
	}
	if tcp, ok := a.addr.(*net.TCPAddr); ok {
		st.local = tcp.AddrPort()
	}
	lis := s.listeners[ls.Name]
	if lis == nil {
		lis = &Listener{}
		s.listeners[ls.Name] = lis
	}
	lis.state.Store(st)
	a.lis.Store(lis)
	if fresh {
		s.acceptors[ls.Address] = a
		s.loops[0].post(a.start)
	}
}

// retire takes out what the configuration no longer names. A removed chain stays in force
// for the sessions of removed listeners as long as there are any, and closes at the first
// change of config after that.
func (s *Server) retire(n *Next) {
	for name, lis := range s.listeners {
		if n.listeners[name] == nil {
			delete(s.listeners, name)
			lis.removed = time.Now()
			s.removed = append(s.removed, lis)
		}
	}
	s.removed = slices.DeleteFunc(s.removed, (*Listener).deserted)
	for name, live := range s.lives {
		if n.chains[name] == nil {
			delete(s.lives, name)
			s.retired = append(s.retired, live)
		}
	}
	s.retired = slices.DeleteFunc(s.retired, func(live *core.Live) bool {
		used := slices.ContainsFunc(s.removed, func(l *Listener) bool { return l.state.Load().live == live })
		if !used {
			s.jobs.Go(live.Close)
		}
		return !used
	})
}

// deserted says that a removed listener has no sessions, nor connections that its loop has
// accepted and not yet opened.
func (l *Listener) deserted() bool {
	return l.sessions.Load() == 0 && time.Since(l.removed) > time.Second
}

// start begins to accept. On loop 0.
func (a *acceptor) start() {
	if err := a.srv.loops[0].watch(&a.sock, a); err != nil {
		a.srv.log.Error("watch a listener", "address", a.addr, "error", err)
		a.closed = true
		a.release()
		return
	}
	a.srv.log.Info("listening", "address", a.addr.String())
}

// close ends accepting. Connections that the kernel has already taken are served. On loop 0.
func (a *acceptor) close() {
	if a.closed {
		return
	}
	a.closed = true
	for {
		fd, sa, err := accept(a.sock.fd)
		if err != nil {
			break
		}
		a.take(fd, sa)
	}
	a.srv.loops[0].forget(&a.sock)
	a.release()
}

// Addr is where a listener listens, nil if there is none of this name. For a port that
// the kernel chose.
func (s *Server) Addr(name string) net.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	lis := s.listeners[name]
	for _, a := range s.acceptors {
		if lis != nil && a.lis.Load() == lis {
			return a.addr
		}
	}
	return nil
}

// wakeAll has every loop look for sessions that must end because their backend was
// removed; for those that go on in a transaction, again when the drain time is over.
func (s *Server) wakeAll() {
	timeout := time.Duration(s.drainTimeout.Load())
	for _, l := range s.loops {
		l.post(func() {
			if l.leave(nobodyYet) > 0 {
				l.later(timeout, func() { l.leave(timeout) })
			}
		})
	}
}

package proxy

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/defect"
	"github.com/dbmesh/dbmesh/core/lease"
	"github.com/dbmesh/dbmesh/core/wire"
)

// A session that shares has a connection only while a statement or a transaction needs it.
// It borrows one from the lending of a server, has it made what it left its last one like
// (replay.go), and gives it back when nothing of its own is on it that can't be made anew.

// grant is what a lending gave.
type grant struct {
	link   *link
	answer lease.Answer
}

// take borrows a connection to the pool if that needs neither waiting nor talking.
func (s *session) take(pool string) (ready bool) {
	b := s.chosen(pool)
	if b == nil {
		return false
	}
	src := s.srv.backends.Source(b)
	if src == nil {
		return false
	}
	le := s.srv.lendings.of(src)
	k, answer := le.Take(s.kind, s.loop.index, s.loop.clock(), s.last.of(le))
	return s.accept(src, grant{k, answer})
}

// accept makes what was given the session's connection, if that needs no talking. If it does,
// obtain goes on with it.
func (s *session) accept(src *backend.Source, g grant) (ready bool) {
	if k := g.link; g.answer == lease.Use && k.loop() == s.loop && k.fresh(s.srv) && k.alive(s.loop.clock()) {
		s.hold(k)
		return !s.behind(k)
	}
	s.granted, s.grantedBy = g, src
	return false
}

// mustWait says that take found no connection, and that another would have to come back first.
func (s *session) mustWait() bool {
	return s.link == nil && s.grantedBy != nil && s.granted.answer == lease.Wait
}

// chosen is the backend of the pool where the command goes: the one that a link chose,
// else any.
func (s *session) chosen(pool string) *core.Backend {
	if b := s.cmd.Backend; b != nil && b.Pool == pool {
		return b
	}
	return s.pick(pool, nil, nil)
}

// obtain is take that waits: in the queue, for a login, for the answers to a replay. When the
// connection dies during the replay, the client has nothing on it yet: another one will do.
func (s *session) obtain(f *flow, pool string, first *core.Backend) error {
	for again := true; ; again = false {
		if s.link == nil { // else take had it, but for the replay
			if err := s.find(f, pool, first); err != nil {
				return err
			}
		}
		err := s.dressed(f, pool)
		if err == nil || !again || final(err) || errors.Is(err, errTime) || s.link == nil || s.stuck() != "" {
			return err
		}
		s.log.Warn("a connection died while it was made ready, another is taken", "backend", s.link.src.Backend.Name, "error", err)
		s.forsake(s.release())
	}
}

// find borrows a connection to one of the pool's servers.
func (s *session) find(f *flow, pool string, first *core.Backend) error {
	var last error
	var tried []*core.Backend
	src, g := s.grantedBy, s.granted
	s.grantedBy, s.granted = nil, grant{}
	for len(tried) < maxDials {
		b := first
		if src != nil {
			b = src.Backend
		} else if b == nil || slices.Contains(tried, b) {
			b = s.pick(pool, nil, tried)
		}
		if b == nil {
			break
		}
		if src == nil {
			src = s.srv.backends.Source(b)
		}
		tried = append(tried, b)
		if src == nil {
			last = fmt.Errorf("backend %q was removed from the config", b.Name)
			continue
		}
		err := s.borrow(f, src, g)
		src, g = nil, grant{}
		if err == nil || final(err) {
			return err
		}
		s.log.Warn("backend can't be reached", "backend", b.Name, "address", b.Address, "error", err)
		last = fmt.Errorf("backend %q: %w", b.Name, err)
	}
	if last == nil {
		last = errors.New("none is usable; see /api/v1/backends")
	}
	return last
}

// dressed makes the connection that was borrowed the session's, unless its server begins
// sessions in another way than the session's own does: then the command goes home.
func (s *session) dressed(f *flow, pool string) error {
	k := s.link
	if !s.misfits(k) {
		return s.replay(f, k)
	}
	s.unfit = append(s.unfit, pool)
	s.log.Warn("a server begins sessions with another autocommit or sql_mode than the session's own; the session stays at home",
		"pool", pool, "backend", k.src.Backend.Name)
	s.giveBack()
	return s.obtain(f, s.homePool, nil)
}

// misfits says that what the session has not set is another thing there than at home.
func (s *session) misfits(k *link) bool {
	return k.src.Backend.Pool != s.homePool && (k.status^s.freshStatus)&settings != 0
}

// final says that another backend would not do better.
func final(err error) bool {
	var said *wire.Err
	var own *core.Error
	return errors.As(err, &said) || errors.As(err, &own) || errors.Is(err, errGone) || errors.Is(err, errRefused)
}

// maxStale bounds the connections in a row that turn out to be dead when they are taken.
const maxStale = 64

// borrow gets a connection to one server, beginning with what was granted already.
func (s *session) borrow(f *flow, src *backend.Source, g grant) error {
	le := s.srv.lendings.of(src)
	for range maxStale {
		if g.answer == lease.Wait && g.link == nil {
			g.link, g.answer = le.Take(s.kind, s.loop.index, s.loop.clock(), s.last.of(le))
		}
		if g.answer == lease.Wait {
			var err error
			if g, err = s.await(f, src, le); err != nil {
				return err
			}
		}
		k := g.link
		switch g.answer {
		case lease.Use, lease.Change:
			if !s.adopt(f, k) {
				s.forsake(k)
				g = grant{}
				continue
			}
			if g.answer == lease.Use {
				s.hold(k)
				return nil
			}
			s.pending = k
			if s.keepsCollation(k) || k.losesModes() || s.beginsOtherwise(f, k) {
				s.pending = nil
				if err := s.bury(f, k); err != nil {
					return err
				}
				le.Drop(k)
				g = grant{}
				continue
			}
			err := s.changeLogin(f, k, s.Schema)
			s.pending = nil
			if err == nil {
				le.Changed(k, s.kind)
				s.hold(k)
				return nil
			}
			s.forsake(k)
			if final(err) {
				return err
			}
			g = grant{}
		case lease.Replace:
			if err := s.bury(f, k); err != nil {
				le.Failed(s.kind)
				return err
			}
			return s.openShared(f, src, le)
		case lease.Dial:
			return s.openShared(f, src, le)
		default:
			return errors.New("it was removed from the config")
		}
	}
	return errors.New("its connections are all dead")
}

// hold makes a borrowed connection the session's present one.
func (s *session) hold(k *link) {
	k.owner, k.account = s, s.Account
	s.loop.hand(&k.sock, s)
	s.links = append(s.links[:0], k)
	s.link, s.past.others = k, true
	s.Bind(k.src.Backend)
	s.srv.registry.bind(s.ID, k)
	if s.caps.Has(wire.SessionTrack) {
		s.resp.Track = s.tracked
	}
}

// giveBack returns the session's connection, which must be in step and clean of what can't
// be made otherwise by replay.
func (s *session) giveBack() {
	k := s.release()
	if !defect.Is(defect.ReusedAfterAbort) && (!k.quiet() || !k.fresh(s.srv)) {
		s.forsake(k)
		return
	}
	s.last = borrowed{k, k.Uses()}
	s.loop.hand(&k.sock, k)
	k.restingSince = s.loop.clock()
	if !k.lending.Put(k, k.restingSince) {
		k.leave(nil)
	}
}

// release takes the connection off the session.
func (s *session) release() *link {
	k := s.link
	if s.lingers {
		s.lingers = false
		k.lending.Unlinger(k)
	}
	k.owner = nil
	s.links, s.link = s.links[:0], nil
	s.Unbind()
	s.srv.registry.unbind(s.ID)
	return k
}

// forsake closes a borrowed connection, on which no command of the client's runs.
func (s *session) forsake(k *link) {
	open := s.Status&wire.StatusInTrans != 0 || s.xa || s.unclear || s.pins.Held() != 0
	switch {
	case k.loop() != s.loop:
		s.srv.closeIdle(k, nil)
	case open && k.tainted != "":
		k.cut()
	default: // the server reads the farewell behind whatever dbmesh has asked
		k.open = open
		k.leave(nil)
	}
}

// closeIdle takes leave of a connection that nobody uses. From any loop.
func (s *Server) closeIdle(k *link, then func()) {
	k.loop().post(func() { k.leave(then) }) // a loop that has ended has closed all that it had
}

// borrowed is the connection that a session had last, and how often it had been lent then:
// if that is as before, nobody else has touched what the session left there.
type borrowed struct {
	link *link
	uses uint64
}

// of is the connection if it is one of that lending's, which knows no others.
func (b borrowed) of(le *lending) *link {
	if b.link == nil || b.link.lending != le {
		return nil
	}
	return b.link
}

// untouched says that the connection still is as the session left it.
func (b borrowed) untouched() bool { return b.link != nil && b.link.Uses() == b.uses }

package proxy

import (
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/wire"
)

// A read that leaves home must see what was written there: of this session, or of all. The
// position of home's server is asked for when such a read comes, not at each write, for then
// one question serves many sessions; and it is asked after the write, so that it covers it.

// causal is what a session knows of its own writes at home.
type causal struct {
	marks   []mark
	wroteAt time.Duration // when the last one ended, on the loop's clock
	writing bool          // one is under way
}

// mark is what a session has written on one server.
type mark struct {
	server any // its identity
	src    *backend.Source
	dirty  bool // written since at was asked for
	at     *backend.Standing
}

// ReadReporter is a Reporter that also hears of reads for which consistency was asked.
type ReadReporter interface {
	// ConsistentRead counts one for the pool where it was to run. The result is replica or
	// waited if it ran there; late if it ran at home because no backend of the pool had in
	// time what it must see, or unknown if that could not be told.
	ConsistentRead(pool, result string)
}

const (
	readReplica = "replica"
	readWaited  = "waited"
	readLate    = "late"
	readUnknown = "unknown"
)

// writes says whether the command may write something, or end a transaction that did.
func writes(c *core.Command) bool {
	switch c.Code {
	case core.Query, core.Execute, core.BulkExecute:
		f := c.Known()
		return f == nil || !f.ReadSafe
	case core.CreateDB, core.DropDB:
		return true
	}
	return false
}

// beginWrite notes that the command at hand is about to be sent.
func (s *session) beginWrite() {
	src := s.link.src
	if src.Backend.Pool != s.homePool || !writes(&s.cmd) {
		return
	}
	s.causal.writing = true
	for i := range s.causal.marks {
		if m := &s.causal.marks[i]; m.server == src.Server() {
			m.src, m.dirty = src, true
			return
		}
	}
	s.causal.marks = append(s.causal.marks, mark{server: src.Server(), src: src, dirty: true})
}

// endWrite notes that the command at hand has ended.
func (s *session) endWrite() {
	if s.causal.writing {
		s.causal.writing, s.causal.wroteAt = false, s.loop.clock()
	}
}

// mustSee says whether the command at hand has to find something in the pool that was
// written at home. What goes on elsewhere, such as a transaction, saw it when it began.
func (s *session) mustSee(pool string) bool {
	return s.cmd.Consistency != core.ConsistencyOff && pool == s.cmd.Pool && pool != s.homePool &&
		s.Status&wire.StatusInTrans == 0 && s.stuck() == ""
}

// heed gives the pool where a command runs that must see something: the given one, then
// cmd.Backend is a backend that has it, or home. It says false if a server must be asked.
func (s *session) heed(pool string) (to string, known bool) {
	global := s.cmd.Consistency == core.ConsistencyGlobal
	switch {
	case !global && len(s.causal.marks) == 0:
		return s.anywhere(pool), true
	case s.blind(pool):
		return s.byTime(pool), true
	case global:
		return "", false
	}
	for i := range s.causal.marks {
		if s.causal.marks[i].dirty {
			return "", false
		}
	}
	b := s.caughtUp(pool)
	if b == nil {
		return "", false
	}
	s.cmd.Backend = b
	s.count(pool, readReplica)
	return pool, true
}

// caughtUp is a backend of the pool that is known to have what the session has written, nil
// if none is. The one that the session is on comes first, then the one that a link chose.
func (s *session) caughtUp(pool string) *core.Backend {
	for _, b := range []*core.Backend{s.Bound(pool), s.cmd.Backend} {
		if b != nil && b.Pool == pool && b.Usable() && s.hasAll(b, s.causal.marks) {
			return b
		}
	}
	p := s.Pools.Pool(pool)
	if p == nil {
		return nil
	}
	for i := range p.Backends {
		b := p.Backends[(i+int(s.ID))%len(p.Backends)]
		if b.Usable() && b.Weight > 0 && s.hasAll(b, s.causal.marks) {
			return b
		}
	}
	return nil
}

// hasAll says whether a backend is known to have what is marked.
func (s *session) hasAll(b *core.Backend, marks []mark) bool {
	src := s.srv.backends.Source(b)
	if src == nil {
		return false
	}
	at := src.Standing()
	return at != nil && covers(at, marks)
}

func covers(at *backend.Standing, marks []mark) bool {
	for i := range marks {
		if marks[i].at == nil || !at.Has(marks[i].at) {
			return false
		}
	}
	return true
}

// blind says that there are no positions to compare, at home or in the whole pool.
func (s *session) blind(pool string) bool {
	for _, name := range []string{s.homePool, pool} {
		p := s.Pools.Pool(name)
		if p == nil {
			continue
		}
		all := true
		for _, b := range p.Backends {
			src := s.srv.backends.Source(b)
			all = all && (src == nil || src.Blind())
		}
		if all {
			return true
		}
	}
	return false
}

// byTime is heed where there is nothing but time to go by.
func (s *session) byTime(pool string) string {
	s.endWrite() // of a command that was cut off
	if s.cmd.Consistency == core.ConsistencySession {
		if p := s.Pools.Pool(pool); p != nil && len(p.Backends) > 0 {
			src := s.srv.backends.Source(p.Backends[0])
			if src != nil && src.Pool.Replication.Window > 0 && s.loop.clock()-s.causal.wroteAt >= src.Pool.Replication.Window {
				return s.anywhere(pool)
			}
		}
	}
	return s.stayHome(pool, readUnknown)
}

// anywhere lets the command at hand run on any backend of the pool.
func (s *session) anywhere(pool string) string {
	s.cmd.Consistency = core.ConsistencyOff
	s.count(pool, readReplica)
	return pool
}

// stayHome has the command at hand run in the session's own pool.
func (s *session) stayHome(pool, result string) string {
	s.cmd.Pool, s.cmd.Backend, s.cmd.Consistency = s.homePool, nil, core.ConsistencyOff
	s.count(pool, result)
	return s.homePool
}

func (s *session) count(pool, result string) {
	if s.srv.reads != nil && s.cmd.Code != core.Prepare {
		s.srv.reads.ConsistentRead(pool, result)
	}
}

// seen says whether a backend may be taken in the place of another one that can't be had.
func (s *session) seen(pool string, b *core.Backend) bool {
	return !s.mustSee(pool) || s.cmd.Consistency == core.ConsistencySession && s.hasAll(b, s.causal.marks)
}

// catchUp is heed that asks and waits. The command goes on afterwards.
func (s *session) catchUp(pool string) want {
	started := s.loop.clock()
	var found *core.Backend
	var result string
	return s.startFlow(func(f *flow) error {
		return f.away(func() error {
			found, result = s.search(f, pool)
			return nil
		})
	}, func(err error) want {
		s.mode = atCommand
		s.outcome.Wait += s.loop.clock() - started
		switch {
		case err != nil:
			return wantEnd
		case found != nil:
			s.cmd.Backend = found
			s.count(pool, result)
		case result == "":
			pool = s.byTime(pool)
		default:
			pool = s.stayHome(pool, result)
		}
		return s.goTo(pool)
	})
}

// goTo sends the command at hand to a pool.
func (s *session) goTo(pool string) want {
	if s.shares {
		return s.shareTo(pool)
	}
	if k := s.link; k.src.Backend.Pool != pool || s.lags(k) {
		return s.move(pool)
	}
	return s.dispatch()
}

// lags says that the command at hand should not run over a connection away from home that
// the session has: what it must see is on another server, or this one is too far behind and
// another one is not.
func (s *session) lags(k *link) bool {
	pool := k.src.Backend.Pool
	if pool == s.homePool || pool != s.cmd.Pool || s.Status&wire.StatusInTrans != 0 || s.stuck() != "" {
		return false
	}
	if s.cmd.Consistency == core.ConsistencyOff || s.cmd.Backend == nil {
		return k.src.Backend.Behind() && s.pick(pool, nil, nil) != nil
	}
	src := s.srv.backends.Source(s.cmd.Backend)
	return src != nil && src.Server() != k.src.Server()
}

// retreat says whether a command that could not get to its pool runs at home instead.
func (s *session) retreat(pool string, err error) bool {
	if err == nil || !s.mustSee(pool) || final(err) {
		return false
	}
	s.stayHome(pool, readUnknown)
	return true
}

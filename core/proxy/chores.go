package proxy

import (
	"time"

	"github.com/dbmesh/dbmesh/core/lease"
	"github.com/dbmesh/dbmesh/core/wire"
)

// chores is a loop's part in looking after the connections that nobody has borrowed.
type chores struct {
	on    bool
	srv   *Server
	next  time.Duration
	work  lease.Work[*link]
	pings map[*link]time.Duration // under way, with their deadlines
	// leaving are the connections that were taken leave of, with the deadlines for their servers.
	leaving map[*link]time.Duration
}

const (
	choresEvery = time.Second
	pingTimeout = 5 * time.Second
)

// share has the loop look after connections from now on.
func (l *loop) share(srv *Server) {
	if !l.chores.on {
		l.chores = chores{on: true, srv: srv, pings: map[*link]time.Duration{}, leaving: map[*link]time.Duration{}}
		l.timed++ // the sweep must come even if no session has a deadline
	}
}

// lookAfter closes, pings and opens connections that sessions share, and has those given
// back that linger for too long.
func (l *loop) lookAfter(now time.Duration) {
	c := &l.chores
	if !c.on {
		return
	}
	for s := range l.sessions {
		if s.lingers && now-s.lingerSince >= s.link.src.Pool.Pooling.Linger {
			s.guard(func() { s.yieldLink(s.link) })
		}
	}
	for k, until := range c.pings {
		if now >= until || k.tainted != "" {
			delete(c.pings, k)
			k.shut()
			k.lending.Drop(k)
		}
	}
	for k, until := range c.leaving {
		if now >= until {
			if k.open {
				c.srv.log.Warn("a server takes too long to undo what was open on a connection; its place is free nevertheless",
					"backend", k.src.Backend.Name, "connection", k.id)
			}
			k.open = false
			k.gone()
		}
	}
	if now < c.next {
		return
	}
	c.next = now + choresEvery
	c.srv.lendings.each(func(le *lending) {
		c.work = le.Sweep(l.index, now, c.work)
		for _, k := range c.work.Close {
			k.leave(nil)
		}
		for _, k := range c.work.Ping {
			c.pings[k] = now + pingTimeout
			k.ping()
		}
		for _, kind := range c.work.Open {
			l.openIdle(le, kind)
		}
	})
}

func (l *loop) pinged(k *link) { delete(l.chores.pings, k) }

// openIdle opens a connection for whoever will need one.
func (l *loop) openIdle(le *lending, kind lease.Kind) {
	srv := l.chores.srv
	who, src := le.account(kind), srv.sourceOf(le)
	if who == nil || src == nil || srv.draining.Load() {
		le.Failed(kind)
		return
	}
	s := &session{srv: srv, loop: l, client: socket{fd: -1}, log: srv.log, caps: who.caps, hop: who.hop}
	s.kind, s.Account, s.Pools = kind, who.account, srv.backends
	l.openers[s] = struct{}{}
	s.startFlow(func(f *flow) error {
		k, err := s.dialShared(f, src, s.Schema)
		if err != nil {
			le.Failed(kind)
			return err
		}
		k.lending, k.account = le, who.account
		k.at.Store(l)
		src.Backend.AddSession(1)
		le.Opened(k, kind, l.index, l.clock())
		if k.bare {
			if err := k.dress(wire.NewConn(stream{f, &k.sock})); err != nil {
				s.forsake(k)
				return err
			}
		}
		l.hand(&k.sock, k)
		if !le.Put(k, l.clock()) {
			k.leave(nil)
		}
		return nil
	}, func(err error) want {
		if err != nil {
			s.log.Warn("an idle connection can't be opened", "backend", src.Backend.Name, "error", err)
		}
		s.timeout(0)
		delete(l.openers, s)
		s.mode = ended
		return wantNothing
	})
	s.guard(s.step)
}

// endShared ends what the loop does for nobody in particular.
func (l *loop) endShared() {
	for s := range l.openers {
		s.guard(func() { s.close("shutdown") })
	}
	for i := range l.slots {
		if k, ok := l.slots[i].handler.(*link); ok && k != nil {
			k.leaving = nil
			k.shut()
		}
	}
	for k := range l.chores.leaving {
		k.leaving = nil
		k.shut()
	}
	if l.chores.on {
		l.chores.on = false
		l.timed--
	}
}

package proxy

import (
	"errors"
	"slices"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/defect"
	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/core/wire"
)

// home is the connection to the session's first pool, which it keeps for life. Whatever
// the session sets is set there.
func (s *session) home() *link { return s.links[0] }

// destination is the pool that takes the command at hand: the one that the links chose, if
// nothing can be missed there, else the session's own. A transaction stays where it began;
// SHOW WARNINGS goes where the statement before it ran, and LAST_INSERT_ID() where the last
// one did that gave an id.
func (s *session) destination() string {
	home, away := s.home().src.Backend.Pool, s.cmd.Pool
	switch {
	case s.cmd.Code == core.ResetConnection: // ends a transaction
		return home
	case s.Status&wire.StatusInTrans != 0, s.cmd.Code == core.Query && state.AsksOfLast(s.cmd.SQL, s.cmd.Statement()):
		return s.link.src.Backend.Pool
	case s.linked(s.inserted) && s.cmd.Code == core.Query && state.AsksOfInsert(s.cmd.Statement()):
		return s.inserted
	case away != home && s.mayLeave():
		return away
	}
	return home
}

// linked says whether the session has a connection to the pool.
func (s *session) linked(pool string) bool {
	return slices.ContainsFunc(s.links, func(k *link) bool { return k.src.Backend.Pool == pool })
}

// mayLeave says whether the command at hand may run away from home: nothing but a schema
// and a character set was set, it sets nothing else, and it reads none of the tables that
// are another server's there.
func (s *session) mayLeave() bool {
	return s.cmd.Code == core.Query && !s.Account.Passthrough && s.Status&wire.StatusAutocommit != 0 &&
		!slices.Contains(s.unfit, s.cmd.Pool) && portable(s.Schema) && s.state.Pin() == "" && !s.state.Pins(s.cmd.Statement()) && !stmt.BoundIn(s.Schema, s.cmd.Statement()) &&
		s.Pools.Pool(s.cmd.Pool) != nil
}

// settings are the status flags that must be the same wherever the session's statements
// run: each would be read in another way, or begin a transaction.
const settings = wire.StatusAutocommit | wire.StatusNoBackslash | wire.StatusANSIQuotes

// move sends the command at hand to another pool: over the connection that the session
// has there, or a new one, on which schema and character set are first made equal.
func (s *session) move(pool string) want {
	started := s.loop.clock()
	var first *core.Backend // as a link chose it, unless it did for another pool
	if pool == s.cmd.Pool {
		first = s.cmd.Backend
	}
	return s.startFlow(func(f *flow) error {
		return s.moveTo(f, pool, first)
	}, func(err error) want {
		s.mode = atCommand
		s.outcome.Wait += s.loop.clock() - started
		if s.retreat(pool, err) {
			return s.goTo(s.homePool)
		}
		if err != nil {
			s.outcome.Side, s.outcome.Cause = core.Server, err
			return s.answer(&core.Reply{Err: s.reason(pool, err)})
		}
		return s.dispatch()
	})
}

func (s *session) moveTo(f *flow, pool string, first *core.Backend) error {
	at := slices.IndexFunc(s.links, func(k *link) bool { return k.src.Backend.Pool == pool })
	if at == 0 {
		if err := s.align(f, s.home()); err != nil {
			return err
		}
		s.use(s.home())
		return nil
	}
	if at > 0 {
		k := s.links[at]
		if !k.sock.hup && !k.src.Draining() && !s.lags(k) {
			err := s.align(f, k)
			if err == nil {
				s.use(k)
				return nil
			}
			var said *wire.Err
			if errors.As(err, &said) || errors.Is(err, errGone) {
				return err
			}
		}
		s.unlink(k) // the server has ended it while it was idle: a new one serves as well
	}
	k, open, ok, err := s.loginTo(f, pool, first)
	if err != nil {
		return s.explain(err)
	}
	if (ok.Status^s.Status)&settings != 0 {
		s.discard(k)
		s.unfit = append(s.unfit, pool)
		s.log.Warn("a server begins sessions with another autocommit or sql_mode than the session's own; the session stays at home",
			"pool", pool, "backend", k.src.Backend.Name)
		return s.moveTo(f, s.home().src.Backend.Pool, nil)
	}
	s.attach(k, open)
	if err := s.align(f, k); err != nil {
		s.unlink(k)
		return err
	}
	return nil
}

// use has the session's commands go over k.
func (s *session) use(k *link) {
	s.link = k
	s.srv.registry.bind(s.ID, k)
}

// unlink closes a connection away from home.
func (s *session) unlink(k *link) {
	s.shut(&k.sock)
	k.src.Backend.AddSession(-1)
	s.links = slices.DeleteFunc(s.links, func(l *link) bool { return l == k })
	s.Unbind()
	for _, l := range s.links {
		s.Bind(l.src.Backend)
	}
	if s.link == k {
		s.use(s.home())
	}
}

// strayed says that the session is away from home and nothing is lost if its connection
// there is.
func (s *session) strayed() bool {
	return s.link != s.home() && s.Status&wire.StatusInTrans == 0
}

// shed closes idle connections to removed backends away from home.
func (s *session) shed() {
	if len(s.links) < 2 || s.mode != atCommand {
		return
	}
	for _, k := range slices.Clone(s.links[1:]) {
		if k.src.Draining() && (k != s.link || s.strayed()) {
			s.unlink(k)
		}
	}
}

// reset takes back what is known of the session's state, after COM_RESET_CONNECTION, which
// the connections away from home have not heard of.
func (s *session) reset() {
	s.state.Reset()
	if s.shares {
		if s.outlasts(s.link) {
			s.link.tainted = "a reset does not leave it as its login did"
		}
		if !defect.Is(defect.WornKeptAfterReset) {
			s.link.worn.Forget()
		}
		s.link.lastID, s.link.reset = 0, true
		if s.state.Mode(s.Status).Flavour == stmt.TiDB { // goes back to what came by a command, another session's perhaps
			s.Schema, s.link.worn.Schema = s.entrySchema, noSchema
		}
		s.link.handles.Clear()
		s.link.bare = len(s.link.src.Pool.Variables) > 0
		schema := s.pins.Held() & core.EffectSchema
		s.clearSharing()
		s.pins.Add(schema, "it may have another default schema, which a reset leaves")
		return
	}
	s.inserted = ""
	s.link.names = ""
	for _, k := range slices.Clone(s.links[1:]) {
		s.unlink(k)
	}
}

// align repeats on a connection what the session has set elsewhere.
func (s *session) align(f *flow, k *link) error {
	c := wire.NewConn(stream{f, &k.sock})
	if k.schema != s.Schema && s.Schema != "" {
		if err := simple(c, core.InitDB, []byte(s.Schema)); err != nil {
			return err
		}
		k.schema = s.Schema
	}
	names := s.state.Names()
	if names == k.names {
		return nil
	}
	if err := simple(c, core.Query, []byte(names)); err != nil {
		return err
	}
	k.names = names
	return nil
}

// reason is what the client is told of a failed login or move.
func (s *session) reason(pool string, err error) *core.Error {
	var said *wire.Err
	var own *core.Error
	switch {
	case errors.As(err, &said):
		return &core.Error{Code: said.Code, State: said.State, Message: said.Message}
	case errors.As(err, &own):
		return own
	}
	return unreachable(pool, err)
}

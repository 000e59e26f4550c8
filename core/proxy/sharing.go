package proxy

import (
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/defect"
	"github.com/dbmesh/dbmesh/core/lease"
	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/core/wire"
)

// sharing is what a session that shares connections keeps between its statements.
type sharing struct {
	sharesNow   atomic.Bool // shares, for other goroutines
	shares      bool        // connections are borrowed; else there is one to each pool for life
	kind        lease.Kind  // of the connections that it may use
	homePool    string      // the pool where it is at home
	freshStatus uint16      // status flags after a login there
	fresh       bool        // freshStatus is known
	entrySchema string      // the last that no statement chose: TiDB's reset goes back to it

	pins      state.Pins
	shadow    state.Shadow
	xa        bool         // an XA transaction is between START and its end
	unclear   bool         // a statement failed outside of autocommit: whether a transaction is open is not known
	saved     bool         // a savepoint may be there of which the status flag does not tell
	drawn     []core.Table // the sequences that the session has drawn from, with their schemas
	assigns   []string     // the variables that the command at hand sets
	heldBegin []byte       // a BEGIN that was answered and not yet sent

	granted     grant // what accept could not use as it was, for obtain
	grantedBy   *backend.Source
	seat        *seat // where the command at hand waits for a connection, in mode queueing
	last        borrowed
	lingers     bool
	lingerSince time.Duration
	past        past
	scratch     [64]byte
}

// startSharing decides whether the session borrows connections: its pool says so, dbmesh
// logs in for it, and nothing was agreed with the client that ties it to one connection.
func (s *session) startSharing() {
	s.homePool, s.entrySchema = s.Pool, s.Schema
	s.shares = !s.Account.Passthrough && s.srv.backends.Shares(s.Pool) && !s.caps.Has(wire.CacheMetadata) && portable(s.Schema)
	s.sharesNow.Store(s.shares)
	s.past = unasked()
	if defect.Is(defect.OldUserKept) && s.kind.User != "" {
		return
	}
	s.kind = lease.Kind{User: s.Account.BackendUser, Class: uint64(s.caps.Class()), Collation: s.hop.Collation}
}

// clearSharing forgets what was set, after the server has.
func (s *session) clearSharing() {
	s.pins.Clear()
	s.shadow.Clear()
	s.drawn = nil
	s.xa, s.unclear, s.saved, s.heldBegin, s.past = false, false, false, nil, unasked()
	s.dropStatements()
}

// stuck is why the session can't give its connection back, "" if it can.
func (s *session) stuck() string {
	_, why := s.firstTie()
	return why
}

// portable says that a schema can be chosen by its name on any connection: how a server reads
// another one depends on the character set in force there.
func portable(schema string) bool {
	for i := range len(schema) {
		if schema[i] >= 0x80 {
			return false
		}
	}
	return true
}

// shareRoute sends the command at hand over a borrowed connection.
func (s *session) shareRoute() want {
	s.assigns = nil
	var f *core.Facts
	if runs(s.cmd.Code) || s.cmd.Code == core.Prepare {
		f = s.cmd.Statement()
		if runs(s.cmd.Code) && f.Kind == core.StatementSet {
			s.assigns, _ = state.Assigned(f, s.state.Mode(s.Status))
		}
	}
	if w, done := s.shareStatement(); done {
		return w
	}
	if w, done := s.ownOnly(f); done {
		return w
	}
	if w, done := s.recall(f); done {
		return w
	}
	pool := s.shareDestination(f)
	if s.mustSee(pool) {
		to, known := s.heed(pool)
		if !known {
			return s.catchUp(pool)
		}
		pool = to
	}
	return s.shareTo(pool)
}

// shareTo sends the command at hand to a pool.
func (s *session) shareTo(pool string) want {
	if k := s.link; k != nil && (k.src.Backend.Pool == pool && !s.lags(k) || s.stuck() != "") {
		if s.lingers {
			s.lingers = false
			k.lending.Unlinger(k)
		}
		if !s.behind(k) {
			return s.dispatch()
		}
	} else if k != nil {
		if s.past.open() {
			return s.slowly(pool)
		}
		s.giveBack()
	}
	if s.link == nil {
		if s.take(pool) {
			return s.dispatch()
		}
		if s.mustWait() {
			return s.enqueue(pool)
		}
	}
	return s.slowly(pool)
}

// slowly is the rest of shareRoute where it takes answers from a server.
func (s *session) slowly(pool string) want {
	started := s.loop.clock()
	var first *core.Backend
	if pool == s.cmd.Pool {
		first = s.cmd.Backend
	}
	return s.startFlow(func(f *flow) error {
		if k := s.link; k != nil && (k.src.Backend.Pool != pool || s.lags(k)) {
			s.capture(f)
			s.giveBack()
		}
		return s.obtain(f, pool, first)
	}, func(err error) want {
		s.mode = atCommand
		s.outcome.Wait += s.loop.clock() - started
		return s.obtained(pool, err)
	})
}

// obtained goes on with the command at hand when it has a connection, or has got none.
func (s *session) obtained(pool string, err error) want {
	if s.link == nil && s.retreat(pool, err) {
		return s.shareTo(s.homePool)
	}
	if err != nil {
		return s.notServed(pool, err)
	}
	return s.dispatch()
}

// notServed answers a command that got no connection, or none that is as it should be.
func (s *session) notServed(pool string, err error) want {
	s.outcome.Side, s.outcome.Cause = core.Server, err
	lost := false
	if k := s.link; k != nil && k.tainted != "" {
		lost = s.stuck() != ""
		s.release()
		s.forsake(k)
	} else {
		s.letGo()
	}
	if errors.Is(err, errGone) {
		return wantEnd
	}
	s.farewell = s.farewell || lost
	return s.answer(&core.Reply{Err: s.reason(pool, s.explain(err))})
}

// shareDestination is the pool that takes the command at hand.
func (s *session) shareDestination(f *core.Facts) string {
	away := s.cmd.Pool
	switch {
	case s.stuck() != "":
		return s.link.src.Backend.Pool
	case away == s.homePool || f == nil || len(s.heldBegin) > 0 || s.Status&wire.StatusAutocommit == 0:
		return s.homePool
	case s.unfitFor(away) || s.Pools.Pool(away) == nil || stmt.BoundIn(s.Schema, f):
		return s.homePool
	case f.Creates&core.Lasting != 0 && !(f.Kind == core.StatementUse && f.Creates&core.Lasting == core.EffectSchema):
		return s.homePool
	}
	return away
}

// shareLearn takes from the response at hand what decides whether the connection can be
// given back.
func (s *session) shareLearn() {
	r := &s.resp
	f := s.cmd.Known()
	held := s.pins.Held()
	defer func() { s.srv.countPins(s.pins.Held() &^ held) }()
	if runs(s.cmd.Code) {
		if r.Err != nil && f != nil && (state.Refused(f, r.Err.Code) || s.unrun(f)) {
			s.assigns = nil
		} else {
			s.pins.Ran(f, s.assigns != nil)
		}
		if f == nil {
			s.pins.Add(core.EffectUnknown, "nobody looked at the statement")
		} else if f.Kind == core.StatementXA || f.Kind == core.StatementMulti {
			s.followXA(f, r.Err != nil)
		}
		if f != nil {
			s.followSavepoint(f)
		}
		if r.Err == nil && f != nil {
			s.pins.Succeeded(f)
			s.noteDrawn(f)
			if setsGlobals(f) {
				s.link.lending.begunAnew()
			}
			if f.Hangup { // its end comes behind the answer: nobody else may get the connection
				s.farewell, s.link.tainted = true, "its server ends it (RELEASE)"
			}
		}
	}
	switch {
	case r.Err != nil:
		s.unclear = s.unclear || s.Status&wire.StatusAutocommit == 0
	case s.cmd.Code == core.Prepare || s.cmd.Code == core.Statistics: // their answers have no status
	default:
		s.unclear = false
		s.pins.Answered(r.Status&wire.StatusInTrans != 0)
	}
	switch s.cmd.Code {
	case core.SetOption, core.Debug, core.ProcessInfo:
		s.pins.Add(core.EffectUnknown, s.cmd.Code.String())
	}
	s.past.note(s, f)
	s.learnStatement()
}

// unrun says that the command at hand has failed and done nothing for sure.
func (s *session) unrun(f *core.Facts) bool {
	c, e := &s.cmd, s.resp.Err
	return c.Code == core.Query && !c.Truncated() && state.Unrun(f, c.SQL, s.Schema, e.Code, e.Message)
}

// followXA notes whether an XA transaction is between its START and its end: once it is
// prepared the status flag does not tell.
func (s *session) followXA(f *core.Facts, failed bool) {
	for _, part := range f.Statements() {
		switch {
		case part.Kind != core.StatementXA:
		case part.Creates.Has(core.EffectTransaction):
			s.xa = true
		case part.Releases.Has(core.EffectTransaction) && !failed:
			s.xa = false
		}
	}
}

// shareFinish ends the command at hand on the connection: values are read back, and the
// connection is given back, if it may be.
func (s *session) shareFinish() want {
	k := s.link
	if k == nil {
		return s.settle()
	}
	if k.reset {
		k.reset = false
		return s.startFlow(func(f *flow) error {
			if s.beginsOtherwise(f, k) {
				k.tainted = "its server's init_connect was not run since the reset"
			}
			return nil
		}, func(error) want { s.letGo(); return s.settle() })
	}
	if len(s.assigns) > 0 || s.past.open() && k.src.Pool.Pooling.Linger == 0 && s.stuck() == "" || s.past.idLost && s.past.idMade {
		return s.startFlow(func(f *flow) error { return s.readBack(f, k) }, func(err error) want {
			if err != nil {
				s.log.Warn("the backend does not tell what was set", "backend", k.src.Backend.Name, "error", err)
				return wantEnd
			}
			s.letGo()
			return s.settle()
		})
	}
	s.letGo()
	return s.settle()
}

// readBack asks the server for the values that a SET has left, also one that failed: a part
// of it may have been done.
func (s *session) readBack(f *flow, k *link) error {
	names := s.assigns
	s.assigns = nil
	s.capture(f)
	if k.tainted != "" {
		return errors.New(k.tainted)
	}
	if len(names) == 0 {
		return nil
	}
	values, ok, err := askValues(wire.NewConn(stream{f, &k.sock}), k, names)
	if err != nil {
		return err
	}
	if ok && s.resp.Err != nil {
		ok = s.shadow.Unchanged(&k.worn, names, values) // else a part of it was done
	}
	if !ok || !s.shadow.Learn(&k.worn, names, values) {
		s.pins.Add(core.EffectSystemVar, "it sets variables to values that can't be set again elsewhere")
	}
	return nil
}

// letGo gives the connection back, unless something holds it.
func (s *session) letGo() {
	k := s.link
	switch {
	case k == nil || s.stuck() != "":
	case s.past.open():
		s.lingers, s.lingerSince = true, s.loop.clock()
		k.lending.Linger(k, s.lingerSince)
	default:
		s.giveBack()
	}
}

// setsGlobals says that a login from now on may be another one than before.
func setsGlobals(f *core.Facts) bool {
	return slices.ContainsFunc(f.Assignments, func(a core.Assignment) bool { return a.Scope == core.ScopeGlobal })
}

// unfitFor says that the servers of a pool begin sessions with other settings.
func (s *session) unfitFor(pool string) bool { return slices.Contains(s.unfit, pool) }

package proxy

import (
	"errors"
	"strings"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/backend"
	"github.com/dbmesh/dbmesh/core/defect"
	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/core/wire"
)

// behind says whether the connection is not yet what the command at hand needs.
func (s *session) behind(k *link) bool {
	return s.misfits(k) || s.beganUnlike(k) || k.bare || k.worn.Schema != s.Schema || len(s.heldBegin) > 0 || s.past.lacksID(k) || s.past.wantClean ||
		s.lacks(k) || len(k.worn.Unknown(s.assigns)) > 0 || len(k.worn.Lacks(&s.shadow)) > 0 ||
		len(state.Difference(&s.shadow, &k.worn, s.scratch[:0])) > 0
}

// beganUnlike says that the connection's login has another autocommit than the session's own
// had: somebody has set the global variable since.
func (s *session) beganUnlike(k *link) bool {
	return s.fresh && (k.status^s.freshStatus)&wire.StatusAutocommit != 0 && !s.shadow.Has(autocommit)
}

const autocommit = "autocommit"

// keepAutocommit has the session go on as it began: what it writes must not wait for a COMMIT.
func (s *session) keepAutocommit() {
	value := "0"
	if s.freshStatus&wire.StatusAutocommit != 0 {
		value = "1"
	}
	s.shadow.Learn(&state.Worn{}, []string{autocommit}, []string{value})
}

// guise is what a connection shall look like to the statements that run there.
type guise struct {
	schema string
	shadow *state.Shadow
	ready  bool // for the command at hand, beyond schema and variables
}

// replay makes the connection what the command at hand needs.
func (s *session) replay(f *flow, k *link) error {
	if s.past.lacksID(k) && s.past.id == nil && s.flavour() == stmt.TiDB {
		if err := s.forgetID(f, k); err != nil {
			return err
		}
	}
	if s.beganUnlike(k) {
		s.keepAutocommit()
	}
	for range 2 {
		if err := s.provide(f, k); err != nil {
			return err
		}
		if err := s.dressForCommand(f, k); err != nil {
			return err
		}
		if !s.lacks(k) { // a change of login takes what is prepared there
			return nil
		}
	}
	return &core.Error{Code: needsPrepare, State: "HY000", Message: "Prepared statement needs to be re-prepared"}
}

// dressForCommand gives the connection the session's guise. Where the default schema is there no
// more, the session goes on without one, as on a connection of its own: most commands need none.
func (s *session) dressForCommand(f *flow, k *link) error {
	g := guise{s.Schema, &s.shadow, true}
	if len(s.heldBegin) > 0 && k.worn.Schema != g.schema {
		g.ready = false // a refused schema must not come to light inside the transaction
	}
	err := s.dressAs(f, k, g)
	if refusesSchema(err) && k.tainted == "" && k.worn.Schema != g.schema {
		g.schema = ""
		err = s.dressAs(f, k, g)
	}
	if err == nil && !g.ready {
		g.ready = true
		err = s.dressAs(f, k, g)
	}
	return err
}

// forgetID has TiDB answer LAST_INSERT_ID() with 0, which no statement can make it do. Where a
// reset would take too much away an INSERT finds the id of another session; a question does not.
func (s *session) forgetID(f *flow, k *link) error {
	if s.stuck() != "" {
		if asksID(s.cmd.Statement()) {
			return &core.Error{Code: 1105, State: "HY000", Message: "dbmesh: the last insert id can't be told in this transaction, for the session has made none yet; ask before it, or after an INSERT"}
		}
		return nil
	}
	if err := s.resetLink(f, k); err != nil {
		k.tainted = "it does not take a reset"
		return err
	}
	k.worn.Schema = noSchema
	return nil
}

// dressAs gives the connection a guise. What nobody has to look at before goes out together
// and costs one round trip.
func (s *session) dressAs(f *flow, k *link, g guise) error {
	c := wire.NewConn(stream{f, &k.sock})
	if g.schema == "" && k.worn.Schema != "" { // no command takes a default schema away
		if err := s.changeLogin(f, k, ""); err != nil {
			k.tainted = "change of user failed"
			return err
		}
	}
	if k.bare {
		if err := k.dress(c); err != nil {
			k.tainted = "the pool's variables can't be set"
			return err
		}
	}
	if err := s.learnBase(c, k, g); err != nil {
		return err
	}
	return s.sendReplay(f, c, k, g)
}

// dress sets the pool's variables on a connection that is as its login left it.
func (k *link) dress(c *wire.Conn) error {
	var sql []byte
	for i, v := range k.src.Pool.Variables {
		if sql = append(sql, ", "...); i == 0 {
			sql = append(sql[:0], "SET "...)
		}
		sql = append(append(append(append(sql, "SESSION "...), v.Name...), " = "...), v.Value...)
	}
	if len(sql) > 0 {
		if err := simple(c, core.Query, sql); err != nil {
			return explainVariables(k, err)
		}
	}
	k.bare = false
	return nil
}

func explainVariables(k *link, err error) error {
	var said *wire.Err
	if errors.As(err, &said) {
		return &core.Error{Code: said.Code, State: said.State,
			Message: "dbmesh: backend \"" + k.src.Backend.Name + "\" does not take pools[].variables of pool \"" + k.src.Backend.Pool + "\": " + said.Message}
	}
	return err
}

// learnBase asks for the login's values of what the session has set, or is about to set.
func (s *session) learnBase(c *wire.Conn, k *link, g guise) error {
	if lacks := k.worn.Lacks(g.shadow); len(lacks) > 0 {
		values, ok, err := askValues(c, k, lacks)
		if err != nil {
			return err
		}
		if !ok {
			return &core.Error{Code: 1193, State: "HY000", Message: "dbmesh: backend \"" + k.src.Backend.Name +
				"\" lacks what the session has set: " + strings.Join(lacks, ", ")}
		}
		k.worn.LearnBase(lacks, values)
	}
	if !g.ready {
		return nil
	}
	names := k.worn.Unknown(s.assigns)
	if len(names) == 0 {
		return nil
	}
	values, ok, err := askValues(c, k, names)
	if err != nil {
		return err
	}
	if !ok {
		s.assigns = nil // the SET itself says what is wrong with it, and what it leaves pins
		return nil
	}
	k.worn.LearnBase(names, values)
	return nil
}

// askValues says false if the server can't be asked for the variables, or not all of their
// values can be set again.
func askValues(c *wire.Conn, k *link, names []string) (values []string, ok bool, err error) {
	row, err := ask(c, k.caps, state.AskValues(nil, names))
	var said *wire.Err
	if errors.As(err, &said) {
		return nil, false, nil
	}
	if err != nil {
		k.tainted = "it can't be asked for variables"
		return nil, false, err
	}
	values, ok = state.ParseValues(names, row.columns, row.values)
	return values, ok, nil
}

// sendReplay sends what makes the connection the session's, all at once, and reads the answers.
func (s *session) sendReplay(f *flow, c *wire.Conn, k *link, g guise) error {
	var out []byte
	var done []func()
	add := func(code core.Code, arg []byte, then func()) {
		out, _ = wire.AppendFrame(out, append([]byte{byte(code)}, arg...), 0)
		done = append(done, then)
	}
	if k.worn.Schema != g.schema && !defect.Is(defect.SchemaNotReplayed) {
		add(core.InitDB, []byte(g.schema), func() {
			k.worn.Schema = g.schema
			k.lending.chose(s.kind, g.schema)
		})
	}
	if set := state.Difference(g.shadow, &k.worn, nil); len(set) > 0 {
		add(core.Query, set, func() { k.worn.Apply(g.shadow) })
	}
	if g.ready {
		s.addReady(add)
	}
	if len(done) == 0 {
		return nil
	}
	begins := g.ready && len(s.heldBegin) > 0 // by the last of them
	if _, err := (stream{f, &k.sock}).Write(out); err != nil {
		k.tainted = "it broke"
		return err
	}
	var first error
	for i, then := range done {
		c.Seq = 1
		err := acknowledged(c)
		var said *wire.Err
		switch {
		case err == nil:
			then()
			continue
		case !errors.As(err, &said):
			k.tainted = "it broke"
			return err
		case i > 0 || out[wire.HeaderLen] != byte(core.InitDB): // an unknown schema changes nothing
			k.tainted = "it does not take what the session has set"
		}
		if begins && i == len(done)-1 {
			s.heldBegin = nil // it has failed, as the client is told now
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// addReady adds what else the command at hand needs on its connection.
func (s *session) addReady(add func(code core.Code, arg []byte, then func())) {
	if k := s.link; s.past.lacksID(k) {
		add(core.Query, s.past.setID(), func() { k.lastID = s.past.idName })
	}
	if s.past.wantClean {
		add(core.Query, []byte(noWarnings), func() { s.past.wantClean, s.past.others = false, false })
	}
	if len(s.heldBegin) > 0 {
		add(core.Query, s.heldBegin, func() {
			s.heldBegin = nil
			s.Status |= wire.StatusInTrans // also if the command behind it fails, which tells no status
		})
	}
}

// changeLogin makes the connection's login the session's: account, collation, and no
// default schema or one. It takes away whatever was left on the connection.
func (s *session) changeLogin(f *flow, k *link, schema string) error {
	c := wire.NewConn(stream{f, &k.sock})
	k.worn.Forget()
	k.lastID = 0
	s.lostStatements(k)
	k.bare = len(k.src.Pool.Variables) > 0
	u := wire.UserChange{User: s.Account.BackendUser, Schema: schema, Collation: uint16(s.kind.Collation), Plugin: backend.Passthrough}
	if err := c.WritePacket(u.Append(nil, k.caps)); err != nil {
		return err
	}
	l := backend.Link{Conn: c, Greeting: k.greeting, Caps: k.caps, TLS: k.sock.tls != nil}
	ok, err := l.Prove(backend.Hello{User: u.User, Password: s.Account.BackendPassword}, k.src)
	if err != nil {
		return err
	}
	k.worn.Schema, k.status = schema, ok.Status
	k.lending.saw(s.kind, ok.Status, loginAs{s.Account, s.caps, s.hop})
	return nil
}

// keepsCollation says that a change of user leaves the connection with another collation than
// the session's login asks for: TiDB does not look at that part of the command.
func (s *session) keepsCollation(k *link) bool {
	return k.Kind.Collation != s.kind.Collation && stmt.ServerMode(k.greeting.Version).Flavour == stmt.TiDB
}

// outlasts says that something of the session would stay on the connection over a reset, or that
// the reset would take away what came with the login.
func (s *session) outlasts(k *link) bool { return s.pins.Outlasts() || k.losesModes() }

// losesModes says that the connection's capabilities chose modes at its login which a reset or a
// change of user takes away: MariaDB's sql_mode has no IGNORE_SPACE then, its wait_timeout is that
// of other clients.
func (k *link) losesModes() bool { return k.caps&(wire.IgnoreSpace|wire.Interactive) != 0 }

// beginsOtherwise says that a login there is more than a reset or a change of user leaves: the
// server runs its init_connect for new connections only.
func (s *session) beginsOtherwise(f *flow, k *link) bool {
	now := s.loop.clock()
	if until := time.Duration(k.lending.plain.Load()); now < until {
		return false
	}
	row, err := ask(wire.NewConn(stream{f, &k.sock}), k.caps, []byte("SELECT @@global.init_connect"+one))
	if err != nil && !errors.As(err, new(*wire.Err)) {
		return true
	}
	if err == nil && (len(row.values) != 1 || len(row.values[0]) > 0) {
		return true
	}
	k.lending.plain.Store(int64(now + plainFor)) // a server that does not know the variable has none
	return false
}

// plainFor is how long a server is believed to have no init_connect after it said so.
const plainFor = time.Second

// resetLink has the server forget what the session has left on the connection. The default
// schema stays.
func (s *session) resetLink(f *flow, k *link) error {
	k.worn.Forget()
	k.lastID = 0
	s.lostStatements(k)
	k.bare = len(k.src.Pool.Variables) > 0
	return simple(wire.NewConn(stream{f, &k.sock}), core.ResetConnection, nil)
}

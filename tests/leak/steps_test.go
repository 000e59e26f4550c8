package leak

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// kind is one kind of state that a session has. Its errors are leaks, or whatever the
// server or the connection said.
type kind interface {
	Set(*session) error   // makes the state
	Check(*session) error // finds it as it was made, and nothing else
	Undo(*session) error  // lets go of it
}

// entry is a kind in the list of kinds.
type entry struct {
	name string
	raw  bool // it takes packets that no driver sends
	pins bool // it may keep the session's connection
	// tied says that only a reset takes away for sure what keeps the connection.
	tied bool
	// tables says that it uses ordinary tables, and alone that while it is held nothing
	// else may do so.
	tables, alone bool
	make          func() kind
}

// extraChecks are checks that are of no one kind.
var extraChecks = []string{"portrait", "new session", "tag", "mischief"}

// step does one thing. It says whether the session goes on.
func (s *session) step() (bool, error) {
	switch n := s.rng.IntN(100); {
	case n < 20:
		return true, s.begin()
	case n < 60:
		return true, s.check()
	case n < 70:
		return true, s.portrait("portrait")
	case n < 80:
		return true, s.expect("tag", "1", "1")
	case n < 88:
		return true, s.undoOne()
	case n < 92:
		return s.renew()
	case n < 94 && s.w.shaking:
		return s.mischief()
	case s.holds:
		return s.release()
	}
	return true, nil
}

// begin makes some state that the session has not.
func (s *session) begin() error {
	e := s.w.kinds[s.rng.IntN(len(s.w.kinds))]
	for tries := 3; s.holds && !e.pins && tries > 0; tries-- {
		e = s.w.kinds[s.rng.IntN(len(s.w.kinds))]
	}
	if s.held[e.name] != nil || e.raw && s.raw == nil || s.clashes(e) {
		return nil
	}
	if e.pins && !s.holds {
		if !s.w.take() {
			return nil
		}
		s.holds = true
	}
	k := e.make()
	if err := k.Set(s); err != nil {
		return fmt.Errorf("%s: %w", e.name, err)
	}
	s.held[e.name], s.entries[e.name] = k, e
	s.tied = s.tied || e.tied
	if e.alone {
		s.alone = e.name
	}
	return s.look(e)
}

func (s *session) look(e entry) error {
	if err := s.held[e.name].Check(s); err != nil {
		return fmt.Errorf("%s: %w", e.name, err)
	}
	return nil
}

// clashes says whether a kind can't go with one that is held.
func (s *session) clashes(e entry) bool {
	if s.alone != "" && s.alone != e.name {
		return e.tables || e.alone
	}
	return false
}

// names are the held kinds, in the same order for the same random numbers.
func (s *session) names() []string { return slices.Sorted(maps.Keys(s.held)) }

// check looks at some state that the session has.
func (s *session) check() error {
	names := s.names()
	if len(names) == 0 {
		return s.portrait("portrait")
	}
	e := s.entries[names[s.rng.IntN(len(names))]]
	for tries := 3; s.holds && !e.pins && tries > 0; tries-- {
		e = s.entries[names[s.rng.IntN(len(names))]]
	}
	if s.clashes(e) {
		return nil
	}
	return s.look(e)
}

func (s *session) undoOne() error {
	names := s.names()
	if len(names) == 0 {
		return nil
	}
	if err := s.undo(names[s.rng.IntN(len(names))]); err != nil {
		return err
	}
	if s.holds && !s.tied && !s.pinned() {
		s.leave()
	}
	return nil
}

func (s *session) undo(name string) error {
	if s.clashes(s.entries[name]) {
		return nil
	}
	if err := s.held[name].Undo(s); err != nil {
		return fmt.Errorf("undo %s: %w", name, err)
	}
	s.forget(name)
	return nil
}

func (s *session) forget(name string) {
	delete(s.held, name)
	if s.alone == name {
		s.alone = ""
	}
}

// pinned says whether something that is held keeps the connection.
func (s *session) pinned() bool {
	for name := range s.held {
		if s.entries[name].pins {
			return true
		}
	}
	return false
}

// release lets go of all that keeps the connection, so that others may have theirs. A
// session that can't say so ends.
func (s *session) release() (bool, error) {
	if s.tied || s.rng.IntN(3) == 0 {
		return s.renew()
	}
	for _, name := range s.names() {
		if s.entries[name].pins {
			if err := s.undo(name); err != nil {
				return false, err
			}
		}
	}
	if s.pinned() {
		return s.renew()
	}
	s.leave()
	return true, nil
}

// renew makes the session a new one, as itself or as somebody else.
func (s *session) renew() (bool, error) {
	if s.raw == nil {
		return false, nil
	}
	before := s.now()
	var err error
	if s.rng.IntN(4) == 0 {
		// Connections of many kinds at once would be opened and closed all the time.
		to := "app"
		if s.rng.IntN(10) == 0 {
			to = "other"
		}
		s.history.add("[change user] " + to)
		s.login.user = to
		s.newcomer = newcomer(s.program, s.login)
		err = s.raw.changeUser(to)
		role := shown(s, roleColumn)
		s.afresh()
		s.settle(before, err)
		if err == nil {
			s.chosen = ""
			err = s.meet(roleColumn, role)
		}
	} else {
		err = s.reset()
	}
	if err != nil {
		return false, fmt.Errorf("renew: %w", err)
	}
	return true, s.pristine()
}

// meet looks whether what a column showed is still there, which is right too. MariaDB keeps
// the role in a reset and even when it changes the user, where a new connection has none;
// TiDB keeps the schema in a reset if it came with COM_INIT_DB.
func (s *session) meet(column, before string) error {
	got, err := s.ask("CONCAT(" + column + ")")
	if err == nil && got[0] == before {
		s.shows[column] = before
	}
	return err
}

// reset is COM_RESET_CONNECTION. MariaDB keeps the default schema.
func (s *session) reset() error {
	before := s.now()
	s.history.add("[reset connection]")
	err := s.raw.reset()
	s.settle(before, err)
	schema, role := shown(s, schemaColumn), shown(s, roleColumn)
	s.afresh()
	switch {
	case err != nil:
	case s.w.maria():
		s.shows[schemaColumn] = schema
		err = s.meet(roleColumn, role)
	default:
		err = s.meet(schemaColumn, s.chosen)
	}
	return err
}

// afresh forgets all state.
func (s *session) afresh() {
	clear(s.held)
	clear(s.shows)
	s.alone, s.tied = "", false
	s.leave()
}

// pristine looks for anything that a new session must not have.
func (s *session) pristine() error {
	if err := s.portrait("new session"); err != nil {
		return err
	}
	if err := s.expect("new session", "0", "LAST_INSERT_ID()"); err != nil {
		return err
	}
	if s.rng.IntN(4) > 0 || !s.w.take() {
		return nil
	}
	s.holds, s.tied = true, true // who asks for such things may have them afterwards
	for _, probe := range s.w.probes() {
		if err := probe(s); err != nil {
			return err
		}
	}
	if s.raw == nil {
		return nil
	}
	return s.reset()
}

func asLeak(err error) (*leak, bool) {
	var l *leak
	ok := errors.As(err, &l)
	return l, ok
}

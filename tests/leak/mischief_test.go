package leak

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dbmesh/dbmesh/core/wire"
)

// mischief is what one session does to itself or to a fellow. on says whether the session
// goes on after it.
type mischief struct {
	name string
	raw  bool
	on   bool
	do   func(*session) error
}

// mischiefs are done by sessions themselves; those that end by it leave their connection
// in the middle of something.
var mischiefs = []mischief{
	{"kill query", false, true, func(s *session) error { return s.kill("KILL QUERY %d") }},
	{"kill connection", false, true, func(s *session) error { return s.kill("KILL %d") }},
	{"kill packet", true, true, func(s *session) error { return s.kill("") }},
	{"vanish in a packet", true, false, (*session).vanishInPacket},
	{"vanish in a result", true, false, (*session).vanishInResult},
	{"vanish in a statement", true, false, (*session).vanishInStatement},
	{"vanish in a file", true, false, (*session).vanishInFile},
	{"vanish in a transaction", false, false, (*session).vanishInTransaction},
	{"vanish with state", false, false, func(s *session) error { return nil }},
	{"many at once", true, true, (*session).manyAtOnce},
}

func (s *session) mischief() (bool, error) {
	m := mischiefs[s.rng.IntN(len(mischiefs))]
	if m.raw && s.raw == nil {
		return true, nil
	}
	s.w.acts[m.name].Add(1)
	s.history.add("[" + m.name + "]")
	return m.on, m.do(s)
}

// kill stops the statement or the session of a fellow of the same user, while it does
// whatever it does.
func (s *session) kill(form string) error {
	victim := s.w.places[s.rng.IntN(sessions)].Load()
	if victim == nil || victim.raw == nil || victim == s || form != "KILL QUERY %d" && s.rng.IntN(4) > 0 {
		return nil
	}
	defer victim.struck()()
	before := s.now()
	var err error
	if form == "" {
		err = s.raw.kill(victim.raw.id)
	} else {
		_, err = s.do(fmt.Sprintf(form, victim.raw.id))
	}
	if form == "" && errno(err) == 1105 && !s.w.maria() { // TiDB has no such command
		return nil
	}
	switch errno(err) {
	case 0, 1094, 1095, 1227: // it has gone, or is another user's
		s.calm = before
		return nil
	}
	return err
}

// struck notes that somebody kills the session, until the returned function is called.
func (s *session) struck() func() {
	s.killing.Add(1)
	s.kills.Add(1)
	return func() {
		s.bruised.strike()
		s.kills.Add(1)
		s.killing.Add(-1)
	}
}

// vanishInPacket sends a part of a command, the rest of which never comes.
func (s *session) vanishInPacket() error {
	text := fmt.Sprintf("SELECT '%s', '%s'", s.tag, strings.Repeat("x", s.rng.IntN(100_000)))
	packet, _ := wire.AppendFrame(nil, append([]byte{comQuery}, text...), 0)
	_, err := s.raw.conn.Write(packet[:1+s.rng.IntN(len(packet)-1)])
	return err
}

func (s *session) vanishInResult() error {
	err := s.raw.command(comQuery, []byte(fmt.Sprintf("SELECT '%s', a.n, b.n, REPEAT('x', 100) FROM app.leak_numbers a, app.leak_numbers b WHERE a.n < 100", s.tag)))
	if err == nil {
		_ = s.raw.conn.SetReadDeadline(time.Now().Add(time.Second)) // somebody may kill it
		_, _ = io.CopyN(io.Discard, s.raw.in, int64(s.rng.IntN(1<<20)))
	}
	return err
}

func (s *session) vanishInStatement() error {
	return s.raw.command(comQuery, []byte(fmt.Sprintf("SELECT '%s', SLEEP(0.3)", s.tag)))
}

// vanishInFile begins to load rows, which the server must not keep.
func (s *session) vanishInFile() error {
	if s.alone != "" {
		return nil
	}
	if err := s.raw.command(comQuery, []byte("LOAD DATA LOCAL INFILE 'x' INTO TABLE app.leak_open")); err != nil {
		return err
	}
	p, err := s.raw.read()
	if err != nil {
		return err
	}
	if p[0] != localInfile {
		return refusal(p)
	}
	half, _ := wire.AppendFrame(nil, []byte(s.tag+"\t1\n"+s.tag+"\t2\n"+strings.Repeat("x", 50)), s.raw.seq)
	_, err = s.raw.conn.Write(half[:len(half)-20])
	return err
}

func (s *session) vanishInTransaction() error {
	if s.alone != "" || !s.holds && !s.w.take() {
		return nil
	}
	s.holds = true
	if err := s.exec("BEGIN"); err != nil {
		return err
	}
	s.serial++
	err := s.exec("INSERT INTO app.leak_open VALUES ('%s', %d)", s.tag, s.serial)
	if errno(err) == 1792 { // the session is read only
		return nil
	}
	return err
}

// manyAtOnce sends commands without waiting for answers, which must come in order.
func (s *session) manyAtOnce() error {
	n := 2 + s.rng.IntN(20)
	first := s.serial + 1
	var all []byte
	for range n {
		s.serial++
		all, _ = wire.AppendFrame(all, append([]byte{comQuery}, fmt.Sprintf("SELECT '%s', %d", s.tag, s.serial)...), 0)
	}
	before := s.now()
	s.raw.begin()
	if _, err := s.raw.conn.Write(all); err != nil {
		return err
	}
	for i := range n {
		s.raw.seq = 1
		found, err := s.raw.results(false)
		if err != nil {
			return err
		}
		row, err := found[0].only()
		if err != nil {
			return err
		}
		if row[0] != s.tag || row[1] != fmt.Sprint(first+i) {
			return leakf("answer %d of %d at once is %v, want %s %d", i, n, row, s.tag, first+i)
		}
		s.w.checked("mischief")
	}
	s.calm = before
	return nil
}

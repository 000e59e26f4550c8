package leak

import (
	"fmt"
	"strings"
)

// statements are prepared ones of the binary protocol, several with texts of their own.
type statements struct {
	open []own
}

// own is a statement and what it must give.
type own struct {
	prepared
	serial string
	schema string // where it was prepared
	told   bool   // the server knows the types of its parameters
}

func (k *statements) Set(s *session) error {
	for range 1 + s.rng.IntN(3) {
		if err := k.prepare(s); err != nil {
			return err
		}
	}
	return nil
}

func (k *statements) prepare(s *session) error {
	s.serial++
	o := own{serial: fmt.Sprint(s.serial), schema: shown(s, schemaColumn)}
	text := fmt.Sprintf("SELECT '%s', '%s', ?, origin%s FROM whoami WHERE origin <> ?", s.tag, o.serial, strings.Repeat(", 'more'", s.rng.IntN(3)))
	var err error
	before := s.now()
	s.history.add("[prepare] " + text)
	o.prepared, err = s.raw.prepare(text)
	s.settle(before, err)
	if err == nil {
		s.history.add(fmt.Sprintf("-> statement %d", o.id))
		k.open = append(k.open, o)
	}
	return err
}

func (k *statements) Check(s *session) error {
	if len(k.open) < 5 && s.rng.IntN(4) == 0 {
		if err := k.prepare(s); err != nil {
			return err
		}
	}
	o := &k.open[s.rng.IntN(len(k.open))]
	value := fmt.Sprintf("v%d", s.rng.IntN(1_000_000))
	told := !o.told || s.rng.IntN(2) == 0
	before := s.now()
	s.history.add(fmt.Sprintf("[execute %d, types told %v] %s", o.id, told, value))
	found, err := s.raw.execute(o.prepared, 0, told, texts(value, "y"))
	s.settle(before, err)
	if err != nil {
		return err
	}
	o.told = true
	row, err := found.only()
	if err != nil {
		return err
	}
	if len(row) != o.columns || row[0] != s.tag || row[1] != o.serial || row[2] != value || row[3] != o.schema {
		return leakf("statement %d gave %v, want %s %s %s %s and %d columns", o.id, row, s.tag, o.serial, value, o.schema, o.columns)
	}
	s.w.checked("statement id")
	if len(k.open) > 1 && s.rng.IntN(6) == 0 {
		return k.close(s)
	}
	return nil
}

// close closes one, after which its id must be unknown.
func (k *statements) close(s *session) error {
	last := k.open[len(k.open)-1]
	k.open = k.open[:len(k.open)-1]
	s.history.add(fmt.Sprintf("[close %d]", last.id))
	if err := s.raw.closeStatement(last.prepared); err != nil {
		return err
	}
	before := s.now()
	_, err := s.raw.execute(last.prepared, 0, true, texts("x", "y"))
	if err == nil {
		return leakf("a closed statement was executed")
	}
	if n := errno(err); n == 1243 || n == 1105 && strings.Contains(err.Error(), "1243") { // TiDB's own number is 1105
		s.calm = before
		return nil
	}
	return err
}

func (k *statements) Undo(s *session) error {
	for _, o := range k.open {
		if err := s.raw.closeStatement(o.prepared); err != nil {
			return err
		}
	}
	k.open = nil
	return nil
}

// cursor is a result of which the server keeps the rows until they are fetched.
type cursor struct {
	prepared
	next int
	top  int
}

func (k *cursor) Set(s *session) error {
	k.top = 20 + s.rng.IntN(500)
	k.next = 1
	before := s.now()
	text := fmt.Sprintf("SELECT '%s', CONCAT(n) FROM app.leak_numbers WHERE n <= %d ORDER BY n", s.tag, k.top)
	s.history.add("[cursor] " + text)
	var err error
	if k.prepared, err = s.raw.prepare(text); err == nil {
		_, err = s.raw.execute(k.prepared, cursorReadOnly, false, nil)
	}
	s.settle(before, err)
	return err
}

func (k *cursor) Check(s *session) error {
	if k.next > k.top { // from the start
		before := s.now()
		_, err := s.raw.execute(k.prepared, cursorReadOnly, false, nil)
		s.settle(before, err)
		if err != nil {
			return err
		}
		k.next = 1
	}
	n := 1 + s.rng.IntN(40)
	before := s.now()
	s.history.add(fmt.Sprintf("[fetch %d of %d]", n, k.id))
	found, err := s.raw.fetch(k.prepared, uint32(n))
	s.settle(before, err)
	if err != nil {
		return err
	}
	if want := min(n, k.top-k.next+1); len(found.rows) != want {
		return leakf("%d rows were fetched, want %d", len(found.rows), want)
	}
	for _, row := range found.rows {
		if row[0] != s.tag || row[1] != fmt.Sprint(k.next) {
			return leakf("the cursor gave %v, want %s %d", row, s.tag, k.next)
		}
		k.next++
	}
	s.w.checked("cursor")
	return nil
}

func (k *cursor) Undo(s *session) error {
	if s.rng.IntN(2) == 0 {
		before := s.now()
		err := s.raw.resetStatement(k.prepared)
		s.settle(before, err)
		if err != nil {
			return err
		}
	}
	return s.raw.closeStatement(k.prepared)
}

// pieces is a parameter that is sent bit by bit, with other statements between.
type pieces struct {
	prepared
	sent string
}

func (k *pieces) Set(s *session) error {
	before := s.now()
	text := fmt.Sprintf("SELECT '%s', ?, ?", s.tag)
	s.history.add("[long data] " + text)
	var err error
	if k.prepared, err = s.raw.prepare(text); err == nil {
		err = k.send(s)
	}
	s.settle(before, err)
	return err
}

func (k *pieces) send(s *session) error {
	s.serial++
	part := fmt.Sprintf("%s-%d%s.", s.tag, s.serial, strings.Repeat("x", s.rng.IntN(300)))
	k.sent += part
	s.history.add(fmt.Sprintf("[piece of %d]", k.id))
	return s.raw.piece(k.prepared, 0, part)
}

// Check sends one more piece, or uses them and begins anew.
func (k *pieces) Check(s *session) error {
	if s.rng.IntN(2) == 0 {
		return k.send(s)
	}
	value := fmt.Sprint(s.rng.IntN(1_000_000))
	before := s.now()
	s.history.add(fmt.Sprintf("[execute %d]", k.id))
	found, err := s.raw.execute(k.prepared, 0, true, []arg{{pieces: true}, {text: value}})
	s.settle(before, err)
	if err != nil {
		return err
	}
	row, err := found.only()
	if err != nil {
		return err
	}
	if row[0] != s.tag || row[1] != k.sent || row[2] != value {
		return leakf("pieces came back as %s, want %s", brief(fmt.Sprint(row)), brief(k.sent))
	}
	s.w.checked("long data")
	k.sent = ""
	return k.send(s)
}

func (k *pieces) Undo(s *session) error { return s.raw.closeStatement(k.prepared) }

package leak

import (
	"fmt"
	"strings"
)

// lastInsert is LAST_INSERT_ID(), which stays until the next insert that makes an id.
type lastInsert struct {
	id   string
	made moment // before the insert
	wild bool   // somebody was killing then
}

// given inserts a row with an id of its own, which the server tells in its OK and yet does
// not take for the last one.
func (k *lastInsert) given(s *session) error {
	s.serial++
	serial := s.serial
	err := s.exec("INSERT INTO app.leak_given (id, tag, serial) VALUES (%d, '%s', %d)", s.w.given.Add(1), s.tag, serial)
	s.w.ledger.note(s.tag, serial, err)
	return err
}

// returned has the id in a row: the OK does not tell it.
func (k *lastInsert) returned(s *session) error {
	s.serial++
	serial := s.serial
	text := fmt.Sprintf("INSERT INTO app.leak_serial (tag, serial) VALUES ('%s', %d) RETURNING id, tag", s.tag, serial)
	all, err := s.do(text)
	s.w.ledger.note(s.tag, serial, err)
	if err != nil {
		return err
	}
	row, err := all[0].only()
	if err != nil {
		return err
	}
	if row[1] != s.tag {
		return leakf("the row of another insert: %v", row)
	}
	k.id = row[0]
	return nil
}

func (k *lastInsert) Set(s *session) error {
	k.made, k.wild = s.now(), s.disturbed()
	if s.w.maria() && s.raw != nil && s.rng.IntN(5) == 0 {
		return k.returned(s)
	}
	s.serial++
	serial := s.serial
	all, err := s.do(fmt.Sprintf("INSERT INTO app.leak_serial (tag, serial) VALUES ('%s', %d)", s.tag, serial))
	s.w.ledger.note(s.tag, serial, err)
	if err != nil {
		return err
	}
	if k.id = fmt.Sprint(all[0].insertID); k.id == "0" {
		return leakf("an insert gave no id")
	}
	return nil
}

// Check asks, after which the id may be replaced by another insert's.
func (k *lastInsert) Check(s *session) error {
	if s.rng.IntN(4) == 0 {
		if err := k.given(s); err != nil {
			return err
		}
	}
	if err := k.expect(s, k.id, "CONCAT(LAST_INSERT_ID())"); err != nil {
		return err
	}
	if err := k.expect(s, s.tag, "tag", " FROM app.leak_serial WHERE id = LAST_INSERT_ID()"); err != nil {
		return err
	}
	if s.rng.IntN(2) == 0 {
		return k.Set(s)
	}
	return nil
}

// expect asks a question about the id. If the connection that alone knew it may have been killed
// since, an answer that says so is right, however late it comes; then there is another insert.
func (k *lastInsert) expect(s *session, want, column string, behind ...string) error {
	before := s.now()
	got, err := s.ask(column, behind...)
	if (k.wild || before != k.made) && s.forgotten(before, err) {
		return k.Set(s)
	}
	return s.compare("last insert id", want, column, got, err)
}

// Undo leaves the id, which nothing but a new session takes away.
func (k *lastInsert) Undo(s *session) error { return nil }

// counts are FOUND_ROWS() and ROW_COUNT(), which are of the statement before.
type counts struct{}

func (counts) Set(*session) error { return nil }

func (counts) Check(s *session) error {
	n := 3 + s.rng.IntN(500)
	if s.rng.IntN(2) == 0 {
		return rowCount(s)
	}
	text := "SELECT SQL_CALC_FOUND_ROWS n FROM app.leak_numbers WHERE n <= %d LIMIT 2"
	if !s.w.maria() { // TiDB counts what it sends only
		text = "SELECT n FROM app.leak_numbers WHERE n <= %d"
	}
	if _, err := s.do(fmt.Sprintf(text, n)); err != nil {
		return err
	}
	return s.expectNow("counts", fmt.Sprint(n), "FOUND_ROWS()")
}

// rowCount writes some of the rows that are this place's and asks how many they were.
func rowCount(s *session) error {
	n := 1 + s.rng.IntN(parts)
	if err := s.exec("UPDATE app.leak_rows SET touched = touched + 1 WHERE place = %d AND part < %d", s.place, n); err != nil {
		return err
	}
	return s.expectNow("counts", fmt.Sprint(n), "ROW_COUNT()")
}

// parts is how many rows of leak_rows each place has.
const parts = 5

func (counts) Undo(*session) error { return nil }

// warnings is what SHOW WARNINGS says of the statement before.
type warnings struct{}

func (warnings) Set(*session) error { return nil }

func (warnings) Check(s *session) error {
	if _, err := s.do(fmt.Sprintf("SELECT CAST('%sx' AS SIGNED)", s.tag)); err != nil {
		return err
	}
	if s.rng.IntN(2) == 0 {
		return s.expectNow("warnings", "1", "@@warning_count")
	}
	before := s.now()
	all, err := s.do("SHOW WARNINGS")
	if s.forgotten(before, err) {
		return nil
	}
	if err != nil {
		return err
	}
	row, err := all[0].only()
	if err != nil {
		return err
	}
	if !strings.Contains(row[2], "'"+s.tag+"x'") {
		return leakf("a warning to somebody else: %v", row)
	}
	s.w.checked("warnings")
	return nil
}

func (warnings) Undo(*session) error { return nil }

// timed is a limit of a statement's time, for one statement or for all.
type timed struct{}

func (timed) Set(*session) error { return nil }

func (timed) Check(s *session) error {
	before := s.now()
	_, err := s.do("SET STATEMENT max_statement_time = 0.005, group_concat_max_len = 2000 FOR SELECT SLEEP(2)")
	if errno(err) != 1969 && err != nil {
		return err
	}
	s.calm = before
	if err := s.expect("set statement", shown(s, "@@max_statement_time"), "CONCAT(@@max_statement_time)"); err != nil {
		return err
	}
	all, err := s.do("SET STATEMENT group_concat_max_len = 2000 FOR SELECT '" + s.tag + "', @@group_concat_max_len")
	if err != nil {
		return err
	}
	row, err := all[0].only()
	if err == nil && (row[0] != s.tag || row[1] != "2000") {
		return leakf("SET STATEMENT gave %v", row)
	}
	return err
}

func (timed) Undo(*session) error { return nil }

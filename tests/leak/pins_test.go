package leak

import (
	"fmt"
	"time"
)

// userVariable has the name that all sessions use.
type userVariable struct{ value string }

func (k *userVariable) Set(s *session) error {
	s.serial++
	k.value = fmt.Sprintf("%s-%d", s.tag, s.serial)
	forms := []string{"SET @v = '%s'", "SELECT @v := '%s'", "SELECT '%s' INTO @v"}
	if !s.w.maria() {
		forms = forms[:2]
	}
	form := forms[s.rng.IntN(len(forms))]
	if err := s.exec(form, k.value); err != nil {
		return err
	}
	s.shows["@v"] = k.value
	return nil
}

func (k *userVariable) Check(s *session) error {
	return s.expect("user variable", k.value, "@v")
}

func (k *userVariable) Undo(s *session) error {
	s.shows["@v"] = "NULL"
	return s.exec("SET @v = NULL")
}

// temporary is a temporary table, of a name that all sessions use.
type temporary struct{}

func (temporary) Set(s *session) error {
	if err := s.exec("CREATE TEMPORARY TABLE app.leak_temporary (tag VARCHAR(20))"); err != nil {
		return err
	}
	return s.exec("INSERT INTO app.leak_temporary VALUES ('%s')", s.tag)
}

func (temporary) Check(s *session) error {
	return s.expect("temporary table", s.tag, "tag", " FROM app.leak_temporary")
}

func (temporary) Undo(s *session) error { return s.exec("DROP TEMPORARY TABLE app.leak_temporary") }

// textPrepared is a statement of PREPARE, of a name that all sessions use.
type textPrepared struct{}

func (textPrepared) Set(s *session) error {
	return s.exec("PREPARE leak_statement FROM 'SELECT ''%s'', 42'", s.tag)
}

func (textPrepared) Check(s *session) error {
	all, err := s.do("EXECUTE leak_statement")
	if err != nil {
		return err
	}
	row, err := all[0].only()
	if err != nil {
		return err
	}
	if len(row) != 2 || row[0] != s.tag || row[1] != "42" {
		return leakf("another session's statement: %v", row)
	}
	s.w.checked("text prepared")
	return nil
}

func (textPrepared) Undo(s *session) error { return s.exec("DEALLOCATE PREPARE leak_statement") }

// namedLock is a lock whose holder the server tells to anybody who asks.
type namedLock struct{ name string }

func (k *namedLock) Set(s *session) error {
	s.serial++
	k.name = fmt.Sprintf("leak-%s-%d", s.tag, s.serial)
	return s.expectNow("named lock", "1", fmt.Sprintf("GET_LOCK('%s', 5)", k.name))
}

func (k *namedLock) Check(s *session) error {
	if err := s.expect("named lock", "1", fmt.Sprintf("IS_USED_LOCK('%s') = CONNECTION_ID()", k.name)); err != nil {
		return err
	}
	free, err := k.free(s)
	if err == nil && free && !s.disturbed() {
		return leakf("nobody holds the lock %s", k.name)
	}
	return nil
}

func (k *namedLock) Undo(s *session) error {
	column := fmt.Sprintf("RELEASE_LOCK('%s')", k.name)
	if s.w.maria() && s.rng.IntN(2) == 0 {
		column = "RELEASE_ALL_LOCKS()"
	}
	if err := s.expectNow("named lock", "1", column); err != nil {
		return err
	}
	free, err := k.free(s)
	if err == nil && !free {
		return leakf("somebody still holds the lock %s", k.name)
	}
	return nil
}

// free tries to get the lock by a connection that has nothing to do with the sessions'.
func (k *namedLock) free(s *session) (bool, error) {
	got, err := s.w.truth(fmt.Sprintf("SELECT IF(GET_LOCK('%[1]s', 0), RELEASE_LOCK('%[1]s'), 0)", k.name))
	return got == "1", err
}

// tableLock is LOCK TABLES: the session may use that table only.
type tableLock struct{ name string }

func (k *tableLock) Set(s *session) error {
	k.name = fmt.Sprintf("app.leak_locked%d", s.rng.IntN(holders))
	return s.exec("LOCK TABLES %s READ", k.name)
}

func (k *tableLock) Check(s *session) error {
	if err := s.expect("table lock", k.name[len(k.name)-1:], "n", " FROM "+k.name); err != nil {
		return err
	}
	return s.refused("table lock", "SELECT origin FROM app.whoami", 1100)
}

func (k *tableLock) Undo(s *session) error { return s.exec("UNLOCK TABLES") }

// transaction is one with a row that nobody else sees, and that is rolled back or stays.
type transaction struct{ rows int }

func (k *transaction) Set(s *session) error {
	begin := []string{"BEGIN", "START TRANSACTION", "START TRANSACTION READ WRITE"}[s.rng.IntN(3)]
	if err := s.exec("%s", begin); err != nil {
		return err
	}
	return k.insert(s)
}

func (k *transaction) insert(s *session) error {
	s.serial++
	k.rows++
	if err := s.exec("INSERT INTO app.leak_open VALUES ('%s', %d)", s.tag, s.serial); err != nil {
		return err
	}
	k.show(s, true)
	return nil
}

// show notes in what the session shows whether it is in a transaction.
func (k *transaction) show(s *session, in bool) {
	s.shows[inTransaction(s.w.server.Flavour)] = map[bool]string{true: "1", false: "0"}[in]
}

func (k *transaction) Check(s *session) error {
	if s.rng.IntN(3) == 0 {
		if err := k.insert(s); err != nil {
			return err
		}
	}
	got, err := s.ask("CONCAT(COUNT(*))", " FROM app.leak_open WHERE tag = '"+s.tag+"'")
	if err != nil {
		return err
	}
	if got[0] != fmt.Sprint(k.rows) {
		return leakf("%s rows of the transaction are there, want %d", got[0], k.rows)
	}
	s.w.checked("transaction")
	// Nobody else may see them.
	seen, err := s.w.truth("SELECT COUNT(*) FROM app.leak_open WHERE tag = ?", s.tag)
	if err == nil && seen != "0" {
		return leakf("%s rows of an open transaction are there for all", seen)
	}
	return nil
}

func (k *transaction) Undo(s *session) error {
	if err := s.exec("ROLLBACK"); err != nil {
		return err
	}
	k.show(s, false)
	k.rows = 0
	return nil
}

// nextTransaction is SET TRANSACTION, which holds for one transaction.
type nextTransaction struct{}

func (nextTransaction) Set(s *session) error { return s.exec("SET TRANSACTION READ ONLY") }

// Check uses it up and makes it anew.
func (nextTransaction) Check(s *session) error {
	if err := (nextTransaction{}).Undo(s); err != nil {
		return err
	}
	return s.exec("SET TRANSACTION READ ONLY")
}

func (nextTransaction) Undo(s *session) error {
	if err := s.exec("BEGIN"); err != nil {
		return err
	}
	if err := s.refused("next transaction", fmt.Sprintf("INSERT INTO app.leak_open VALUES ('%s', 0)", s.tag), 1792); err != nil {
		return err
	}
	return s.exec("ROLLBACK")
}

// handler is a table that is open for HANDLER.
type handler struct{}

func (handler) Set(s *session) error {
	return s.exec("HANDLER app.leak_numbers OPEN AS leak_handler")
}

func (handler) Check(s *session) error {
	n := 1 + s.rng.IntN(1000)
	all, err := s.do(fmt.Sprintf("HANDLER leak_handler READ `PRIMARY` = (%d)", n))
	if err != nil {
		return err
	}
	row, err := all[0].only()
	if err != nil {
		return err
	}
	if row[0] != fmt.Sprint(n) {
		return leakf("the handler gave %v, want %d", row, n)
	}
	s.w.checked("handler")
	return nil
}

func (handler) Undo(s *session) error { return s.exec("HANDLER leak_handler CLOSE") }

// clock is the session's own time, which statements and the binary log go by.
type clock struct{ at string }

func (k *clock) Set(s *session) error {
	k.at = fmt.Sprint(1_000_000_000 + s.rng.IntN(1_000_000))
	return s.exec("SET timestamp = %s", k.at)
}

func (k *clock) Check(s *session) error {
	return s.expect("timestamp", k.at, "CONCAT(UNIX_TIMESTAMP())")
}

func (k *clock) Undo(s *session) error {
	if err := s.exec("SET timestamp = DEFAULT"); err != nil {
		return err
	}
	got, err := s.ask("CONCAT(UNIX_TIMESTAMP())")
	if err != nil {
		return err
	}
	if got[0] < fmt.Sprint(time.Now().Add(-time.Hour).Unix()) {
		return leakf("the time is %s after it was set back", got[0])
	}
	return nil
}

// called is what a procedure leaves in the session that calls it.
type called struct{ n int }

func (k *called) Set(s *session) error {
	k.n = 5000 + s.rng.IntN(1000)
	if err := s.exec("CALL app.leak_set('%s', %d)", s.tag, k.n); err != nil {
		return err
	}
	s.shows["@called"], s.shows["@@max_sort_length"] = s.tag, fmt.Sprint(k.n)
	return nil
}

func (k *called) Check(s *session) error {
	if err := s.expect("procedure", s.tag, "tag", " FROM app.leak_called"); err != nil {
		return err
	}
	return s.portrait("procedure")
}

func (k *called) Undo(s *session) error {
	if err := s.exec("DROP TEMPORARY TABLE app.leak_called"); err != nil {
		return err
	}
	s.shows["@called"] = "NULL"
	delete(s.shows, "@@max_sort_length")
	if err := s.exec("SET @called = NULL"); err != nil {
		return err
	}
	return s.exec("SET max_sort_length = DEFAULT")
}

// half is a text of several statements of which the first is executed and the second fails.
type half struct{}

func (half) Set(s *session) error {
	const foreign = "SET @half = '%s'; SET net_read_timeout = 77; SELECT no_such_column"
	before := s.now()
	_, err := s.do(fmt.Sprintf(foreign, s.tag))
	if errno(err) != 1054 {
		if err == nil {
			return leakf("a column that is not there was found")
		}
		return err
	}
	s.calm = before
	s.shows["@half"], s.shows["@@net_read_timeout"] = s.tag, "77"
	return nil
}

func (half) Check(s *session) error {
	if err := s.expect("half a text", s.tag, "@half"); err != nil {
		return err
	}
	return s.expect("half a text", "77", "CONCAT(@@net_read_timeout)")
}

func (half) Undo(s *session) error {
	delete(s.shows, "@@net_read_timeout")
	s.shows["@half"] = "NULL"
	return s.exec("SET @half = NULL; SET net_read_timeout = DEFAULT")
}

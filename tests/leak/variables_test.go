package leak

import (
	"fmt"
	"strings"
)

// variable is a setting that a session shows as it set it.
type variable struct {
	statement string // with %s for the value
	column    string
	values    [][2]string // as written, as shown
	back      string      // the statement that sets it back; "" sets what a new session has
	shown     string
}

func (v *variable) Set(s *session) error {
	pick := v.values[s.rng.IntN(len(v.values))]
	if err := s.exec(v.statement, pick[0]); err != nil {
		return err
	}
	v.shown = pick[1]
	s.shows[v.column] = v.shown
	return nil
}

func (v *variable) Check(s *session) error {
	return s.expect(v.name(s), v.shown, "CONCAT("+v.column+")")
}

// name finds the kind's name, for the count.
func (v *variable) name(s *session) string {
	for name, k := range s.held {
		if k == kind(v) {
			return name
		}
	}
	return "portrait"
}

func (v *variable) Undo(s *session) error {
	delete(s.shows, v.column)
	if v.back != "" {
		return s.exec("%s", v.back)
	}
	return s.exec(v.statement, "'"+s.w.baseline[s.newcomer][v.column]+"'")
}

func same(values ...string) [][2]string {
	all := make([][2]string, len(values))
	for i, v := range values {
		all[i] = [2]string{"'" + v + "'", v}
	}
	return all
}

func number(name string, values ...string) func() kind {
	all := make([][2]string, len(values))
	for i, v := range values {
		all[i] = [2]string{v, v}
	}
	return func() kind {
		return &variable{statement: "SET " + name + " = %s", column: "@@" + name, values: all, back: "SET " + name + " = DEFAULT"}
	}
}

// flag is a variable that servers show as a number or as a word, unless one counts with it.
func flag(name, value string) func() kind {
	return func() kind {
		return &variable{statement: "SET " + name + " = %s", column: "@@" + name + " + 0", values: [][2]string{{value, value}}, back: "SET " + name + " = DEFAULT"}
	}
}

func sqlMode() kind {
	return &variable{statement: "SET SESSION sql_mode = %s", column: "@@sql_mode",
		values: same("", "STRICT_TRANS_TABLES", "PIPES_AS_CONCAT", "ANSI_QUOTES,NO_ZERO_DATE", "NO_BACKSLASH_ESCAPES", "PIPES_AS_CONCAT,ANSI_QUOTES")}
}

func timeZone() kind {
	return &variable{statement: "SET time_zone = %s", column: "@@time_zone", values: same("+03:00", "-07:30", "+00:00", "+11:00")}
}

func isolation() kind {
	return &variable{statement: "SET SESSION TRANSACTION ISOLATION LEVEL %s", column: "@@tx_isolation",
		values: [][2]string{{"READ COMMITTED", "READ-COMMITTED"}, {"REPEATABLE READ", "REPEATABLE-READ"}},
		back:   "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ"}
}

func readOnly() kind {
	return &variable{statement: "SET SESSION TRANSACTION %s", column: "@@tx_read_only + 0", values: [][2]string{{"READ ONLY", "1"}},
		back: "SET SESSION TRANSACTION READ WRITE"}
}

func role() kind {
	return &variable{statement: "SET ROLE %s", column: "CURRENT_ROLE()",
		values: [][2]string{{"leak_role", "leak_role"}, {"'leak_role2'", "leak_role2"}}, back: "SET ROLE NONE"}
}

func tidbRole() kind {
	return &variable{statement: "SET ROLE %s", column: "CURRENT_ROLE()",
		values: [][2]string{{"leak_role", "`leak_role`@`%`"}, {"'leak_role2'", "`leak_role2`@`%`"}}, back: "SET ROLE NONE"}
}

// charset is the character sets and the collation of the connection.
type charset struct{ set, collation string }

func (c *charset) Set(s *session) error {
	all := [][2]string{{"latin1", "latin1_bin"}, {"utf8mb4", "utf8mb4_bin"}, {"utf8mb4", "utf8mb4_unicode_ci"}}
	if s.w.maria() {
		all = append(all, [2]string{"latin1", "latin1_swedish_ci"}, [2]string{"ascii", "ascii_bin"})
	}
	pick := all[s.rng.IntN(len(all))]
	c.set, c.collation = pick[0], pick[1]
	if err := s.exec("SET NAMES %s COLLATE %s", c.set, c.collation); err != nil {
		return err
	}
	c.show(s, c.set, c.collation)
	return nil
}

func (c *charset) show(s *session, set, collation string) {
	for _, column := range []string{"@@character_set_client", "@@character_set_connection", "@@character_set_results"} {
		s.shows[column] = set
	}
	s.shows["@@collation_connection"] = collation
}

// Check has the server convert a letter: an answer tells which character set it used.
func (c *charset) Check(s *session) error {
	letter := map[string]string{"latin1": "\xe9", "utf8mb4": "é", "ascii": "?"}[c.set]
	if !s.w.maria() { // TiDB converts nothing to latin1
		letter = "é"
	}
	if err := s.expect("charset", letter, "CONVERT(_utf8mb4 0xC3A9 USING utf8mb4)"); err != nil {
		return err
	}
	return s.expect("charset", c.collation, "COLLATION('x')")
}

func (c *charset) Undo(s *session) error {
	was := s.w.baseline[s.newcomer]
	set, collation := was["@@character_set_client"], was["@@collation_connection"]
	if err := s.exec("SET NAMES %s COLLATE %s", set, collation); err != nil {
		return err
	}
	c.show(s, set, collation)
	return nil
}

// schema is the default schema: each has a table that names it.
type schema struct{ name string }

func (k *schema) Set(s *session) error {
	k.name = []string{"leak_a", "leak_b"}[s.rng.IntN(2)]
	return k.use(s, k.name)
}

func (k *schema) use(s *session, name string) error {
	var err error
	if s.raw != nil && s.rng.IntN(2) == 0 {
		before := s.now()
		s.history.add("[init db] " + name)
		s.chosen = name
		err = s.raw.use(name)
		s.settle(before, err)
	} else {
		err = s.exec("USE %s", name)
	}
	if err == nil {
		s.shows[schemaColumn] = name
	}
	return err
}

func (k *schema) Check(s *session) error {
	if s.alone != "" {
		return s.expect("schema", k.name, schemaColumn)
	}
	return s.expect("schema", k.name, "origin", " FROM whoami")
}

func (k *schema) Undo(s *session) error { return k.use(s, "app") }

// autocommit is autocommit = 0: what is written is gone with a rollback.
type autocommit struct{}

func (autocommit) Set(s *session) error {
	if err := s.exec("SET autocommit = 0"); err != nil {
		return err
	}
	s.shows["@@autocommit + 0"] = "0"
	return nil
}

func (autocommit) Check(s *session) error {
	if err := s.expect("autocommit", "0", "CONCAT(@@autocommit + 0)"); err != nil {
		return err
	}
	s.serial++
	if err := s.exec("INSERT INTO app.leak_open VALUES ('%s', %d)", s.tag, s.serial); err != nil {
		return err
	}
	own := fmt.Sprintf(" FROM app.leak_open WHERE tag = '%s'", s.tag)
	if err := s.expect("autocommit", "1", "CONCAT(COUNT(*))", own); err != nil {
		return err
	}
	if err := s.exec("ROLLBACK"); err != nil {
		return err
	}
	if err := s.expect("autocommit", "0", "CONCAT(COUNT(*))", own); err != nil {
		return err
	}
	return s.exec("ROLLBACK")
}

func (autocommit) Undo(s *session) error {
	delete(s.shows, "@@autocommit + 0")
	return s.exec("SET autocommit = 1")
}

// optimizerSwitch is one of many words; the others stay.
func optimizerSwitch() kind {
	return &oneSwitch{}
}

type oneSwitch struct{ word string }

func (k *oneSwitch) Set(s *session) error {
	k.word = []string{"index_merge", "mrr", "semijoin"}[s.rng.IntN(3)]
	return s.exec("SET optimizer_switch = '%s=%s'", k.word, k.other(s))
}

// other is the state that a new session does not have; with it the portrait shows the rest.
func (k *oneSwitch) other(s *session) string {
	const column = "@@optimizer_switch"
	base := s.w.baseline[s.newcomer][column]
	on, off := k.word+"=on", k.word+"=off"
	if hasWord(base, on) {
		s.shows[column] = swapWord(base, on, off)
		return "off"
	}
	s.shows[column] = swapWord(base, off, on)
	return "on"
}

func hasWord(list, word string) bool { return strings.Contains(","+list+",", ","+word+",") }

func swapWord(list, word, by string) string {
	return strings.Trim(strings.Replace(","+list+",", ","+word+",", ","+by+",", 1), ",")
}

func (k *oneSwitch) Check(s *session) error {
	return s.expect("optimizer switch", s.shows["@@optimizer_switch"], "CONCAT(@@optimizer_switch)")
}

func (k *oneSwitch) Undo(s *session) error {
	delete(s.shows, "@@optimizer_switch")
	return s.exec("SET optimizer_switch = DEFAULT")
}

// statementTime is far more than any statement takes.
func statementTime() kind {
	return &variable{statement: "SET max_statement_time = %s", column: "@@max_statement_time",
		values: [][2]string{{"30", "30.000000"}, {"41.5", "41.500000"}}, back: "SET max_statement_time = DEFAULT"}
}

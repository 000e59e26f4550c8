package leak

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// The columns of a portrait that a reset of the session leaves.
const (
	schemaColumn = "DATABASE()"
	roleColumn   = "CURRENT_ROLE()"
)

// columns are what a portrait of a session asks for: all that can differ between two
// sessions and be asked without touching it.
func columns(f servers.Flavour) []string {
	all := []string{schemaColumn, roleColumn, "CURRENT_USER()", "@v", "@half", "@called",
		"@@sql_mode", "@@time_zone", "@@tx_isolation", "@@autocommit + 0", "@@character_set_client",
		"@@character_set_connection", "@@character_set_results", "@@collation_connection",
		"@@foreign_key_checks + 0", "@@unique_checks + 0", "@@group_concat_max_len", "@@sql_select_limit", "@@lc_time_names",
		"@@default_week_format", "@@div_precision_increment", "@@innodb_lock_wait_timeout", "@@tx_read_only + 0", "@@sql_safe_updates + 0", "@@max_sort_length", "@@net_read_timeout"}
	if f == servers.FlavourTiDB {
		return append(all, inTransaction(f), "@@max_execution_time", "@@tidb_mem_quota_query", "@@tidb_opt_prefer_range_scan")
	}
	return append(all, inTransaction(f), "@@max_statement_time", "@@sql_log_bin + 0", "@@insert_id", "@@rand_seed1 * 0",
		"@@optimizer_switch", "@@lock_wait_timeout", "@@sort_buffer_size", "@@sql_warnings + 0", "@@low_priority_updates + 0")
}

// inTransaction is the column that says whether a transaction is open.
func inTransaction(f servers.Flavour) string {
	if f == servers.FlavourTiDB {
		return "@@tidb_current_ts > 0"
	}
	return "@@in_transaction + 0"
}

// portrait compares all that the session shows with what it should.
func (s *session) portrait(kind string) error {
	want := s.w.baseline[s.newcomer]
	all := columns(s.w.server.Flavour)
	got, err := s.ask("CONCAT(" + strings.Join(all, "), CONCAT(") + ")")
	if err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	if len(got) != len(all) {
		return leakf("%s: %d columns of %d", kind, len(got), len(all))
	}
	for i, c := range all {
		should, own := s.shows[c]
		if !own {
			should = want[c]
		}
		if got[i] != should {
			return leakf("%s: %s is %q, want %q (own %v)", kind, c, brief(got[i]), brief(should), own)
		}
	}
	s.w.checked(kind)
	return nil
}

// portray takes the portraits of new sessions that no dbmesh has touched.
func (w *world) portray(t *testing.T) {
	t.Helper()
	w.baseline = map[string]map[string]string{}
	for program := range goMySQL + 1 {
		for _, user := range []string{"app", "other"} {
			for _, collation := range []byte{45, latin1} {
				l := login{addr: w.server.Addr, user: user, schema: "app", collation: collation}
				w.baseline[newcomer(program, l)] = w.pose(t, program, l)
			}
		}
	}
}

func (w *world) pose(t *testing.T, program int, l login) map[string]string {
	t.Helper()
	c, err := open(program, l)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close(0)
	all := columns(w.server.Flavour)
	found, err := c.query("SELECT CONCAT(" + strings.Join(all, "), CONCAT(") + ")")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{}
	for i, name := range all {
		shown[name] = found[0].rows[0][i]
	}
	return shown
}

// probes look for state that only use brings to light, and after which the session may be
// tied to its connection.
func (w *world) probes() []func(*session) error {
	all := []func(*session) error{
		func(s *session) error { return s.refused("new session", "SELECT tag FROM leak_temporary", 1146) },
		func(s *session) error { return s.refused("new session", "EXECUTE leak_statement", 1243, 8111) },
		func(s *session) error { return s.expect("new session", "0", "RELEASE_ALL_LOCKS()") },
	}
	if w.server.Flavour == servers.FlavourMariaDB {
		all = append(all, func(s *session) error { return s.refused("new session", "HANDLER leak_handler READ FIRST", 1109) })
	}
	return all
}

// prepare makes the tables, accounts and programs that the kinds use.
func prepare(t *testing.T, b *servers.Backend) {
	t.Helper()
	for _, name := range []string{"app", "other"} {
		b.Create(t, servers.Account{Name: name, Password: name})
	}
	script := `CREATE DATABASE IF NOT EXISTS leak_a; CREATE DATABASE IF NOT EXISTS leak_b;
DROP ROLE IF EXISTS leak_role, leak_role2; CREATE ROLE leak_role, leak_role2;`
	for _, name := range []string{"app", "other"} {
		script += fmt.Sprintf("GRANT ALL ON leak_a.* TO %[1]s; GRANT ALL ON leak_b.* TO %[1]s; GRANT leak_role TO %[1]s; GRANT leak_role2 TO %[1]s;", name)
	}
	for _, schema := range []string{"app", "leak_a", "leak_b"} {
		script += fmt.Sprintf(`DROP TABLE IF EXISTS %[1]s.whoami; CREATE TABLE %[1]s.whoami (origin VARCHAR(20)); INSERT INTO %[1]s.whoami VALUES ('%[1]s');`, schema)
	}
	script += `USE app; DROP TABLE IF EXISTS leak_rows, leak_serial, leak_given, leak_open, leak_numbers;
CREATE TABLE leak_rows (place INT, part INT, touched INT, PRIMARY KEY (place, part));
CREATE TABLE leak_numbers (n INT PRIMARY KEY);
CREATE TABLE leak_serial (id INT AUTO_INCREMENT PRIMARY KEY, tag VARCHAR(20), serial INT, UNIQUE (tag, serial));
CREATE TABLE leak_given (id INT AUTO_INCREMENT PRIMARY KEY, tag VARCHAR(20), serial INT, UNIQUE (tag, serial));
CREATE TABLE leak_open (tag VARCHAR(20), serial INT, PRIMARY KEY (tag, serial));
INSERT INTO leak_numbers WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 1000) SELECT n FROM r;
INSERT INTO leak_rows SELECT a.n - 1, b.n - 1, 0 FROM leak_numbers a, leak_numbers b WHERE a.n <= ` + fmt.Sprint(sessions) + " AND b.n <= " + fmt.Sprint(parts) + ";"
	for slot := range holders {
		script += fmt.Sprintf("DROP TABLE IF EXISTS leak_locked%[1]d; CREATE TABLE leak_locked%[1]d (n INT); INSERT INTO leak_locked%[1]d VALUES (%[1]d);", slot)
	}
	b.SQL(t, script)
	if b.Flavour == servers.FlavourMariaDB {
		b.SQL(t, `USE app; DROP PROCEDURE IF EXISTS leak_set;
CREATE PROCEDURE leak_set(IN tag VARCHAR(20), IN n INT)
BEGIN
  SET @called = tag;
  SET SESSION max_sort_length = n;
  CREATE TEMPORARY TABLE leak_called (tag VARCHAR(20));
  INSERT INTO leak_called VALUES (tag);
END`)
	}
}

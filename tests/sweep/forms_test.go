package sweep

import (
	"context"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// forms are texts that set several variables, or one that changes others.
var forms = []struct {
	servers string
	sql     string
}{
	{"", "SET NAMES utf8mb4"},
	{"", "SET NAMES latin1"},
	{"", "SET NAMES utf8mb4 COLLATE utf8mb4_bin"},
	{"", "SET NAMES DEFAULT"},
	{"", "SET NAMES nonsense"},
	{"", "SET NAMES utf8mb4 COLLATE latin1_bin"},
	{"", "SET CHARACTER SET latin1"},
	{"", "SET CHARACTER SET DEFAULT"},
	{"", "SET character_set_results = NULL"},
	{"", "SET character_set_results = binary, character_set_client = latin1"},
	{"", "SET character_set_connection = latin1"},
	{"", "SET collation_connection = utf8mb4_bin"},
	{"", "SET character_set_server = latin1, character_set_database = latin1"},
	{"", "SET sql_mode = ''"},
	{"", "SET sql_mode = 'ANSI'; SET time_zone = '+01:00'"},
	{"", "SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'"},
	{"", "SET sql_mode = CONCAT(@@sql_mode, ',PIPES_AS_CONCAT'), time_zone = '-03:30'"},
	{"mariadb", "SET sql_mode = 'EMPTY_STRING_IS_NULL'"},
	{"mariadb", "SET sql_mode = 'ORACLE'"},
	{"mariadb", "SET sql_mode = 'MSSQL,IGNORE_SPACE'"},
	{"", "SET sql_select_limit = 0"},
	{"", "SET autocommit = 0"},
	{"", "SET autocommit = 0, sql_safe_updates = 1"},
	{"", "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"},
	{"", "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE"},
	{"", "SET SESSION TRANSACTION READ ONLY"},
	{"mariadb", "SET SESSION TRANSACTION READ ONLY, ISOLATION LEVEL SERIALIZABLE"},
	{"", "SET TRANSACTION ISOLATION LEVEL READ COMMITTED"},
	{"", "SET @@tx_isolation = 'READ-COMMITTED'"},
	{"", "SET @@session.tx_isolation = 'READ-COMMITTED', @@max_join_size = 1000000"},
	{"", "SET SQL_BIG_SELECTS = 0"},
	{"", "SET max_join_size = DEFAULT, sql_big_selects = 0"},
	{"mariadb", "SET optimizer_switch = 'mrr=on', join_cache_level = 4"},
	{"mariadb", "SET log_queries_not_using_indexes = 1, log_slow_admin_statements = 0"},
	{"mariadb", "SET log_slow_filter = 'admin', old_mode = 'NO_PROGRESS_INFO'"},
	{"mariadb", "SET tmp_memory_table_size = 100000, storage_engine = MyISAM, alter_algorithm = COPY"},
	{"mariadb", "SET STATEMENT max_statement_time = 10 FOR SET time_zone = '+02:00'"},
	{"", "SET time_zone = '+01:00', nonsense = 1"},
	{"", "SET time_zone = '+01:00', sql_mode = 'nonsense'"},
	{"", "SET time_zone = (SELECT '+04:00')"},
	{"", "SET time_zone = @@global.time_zone, wait_timeout = 30000"},
	{"", "SET time_zone = '+01:00', @a = 1"},
	{"", "SET GLOBAL max_connections = 4000, SESSION time_zone = '+01:00'"},
	{"", "SET SESSION sql_mode = '', GLOBAL max_connections = 4000"},
	{"", "/*!40101 SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO', NAMES latin1 */"},
	{"", "SET LOCAL unique_checks = 0, @@foreign_key_checks := OFF"},
	{"tidb", "SET tidb_prepared_plan_cache_size = 7, tidb_snapshot = ''"},
	{"tidb", "SET tidb_isolation_read_engines = 'tikv', tidb_replica_read = 'follower', tidb_mem_quota_query = 2000000"},
	{"tidb", "SET SESSION_STATES '{}'"},
}

// What a text of several SETs leaves is what it leaves on a connection of its own, after
// others have used the shared one, and nothing of it is left to others.
func TestFormsOfSETAreCarried(t *testing.T) {
	for _, flavour := range flavours {
		t.Run(string(flavour), func(t *testing.T) {
			p := at(t, flavour, "transaction")
			w := &sweep{place: p, portrait: p.study(), kept: map[string]bool{}, deep: true}
			w.join()
			for _, form := range forms {
				if form.servers == "" || form.servers == string(flavour) {
					w.form(form.sql)
				}
			}
			w.other.close()
		})
	}
}

// form runs one text in two ways and compares.
func (w *sweep) form(text string) {
	fresh := w.session(w.direct)
	w.fresh = fresh.show()
	fresh.close()
	direct, pooled := w.session(w.direct), w.session(w.pooled)
	defer direct.close()
	for _, sql := range strings.Split(text, "; ") {
		if want, got := direct.run(sql), pooled.run(sql); want != got {
			w.t.Errorf("%s: %+v, direct %+v", sql, got, want)
		}
		w.shake(text, 1)
	}
	const limit = " LIMIT 1"
	for _, name := range []string{"sql_mode", "time_zone", "character_set_client", "character_set_results", "character_set_connection",
		"collation_connection", "autocommit", "tx_isolation", "tx_read_only", "sql_select_limit", "max_join_size", "sql_big_selects"} {
		read := "SELECT @@session." + name + limit
		if want, got := direct.run(read), pooled.run(read); want != got {
			w.t.Errorf("%s; %s: %+v, direct %+v", text, read, got, want)
		}
	}
	for _, c := range []*client{direct, pooled} {
		c.run("SET sql_select_limit = DEFAULT, max_join_size = DEFAULT, character_set_results = utf8mb4")
	}
	w.shake(text, 1)
	if wrong := w.differ(direct.show(), pooled.show()); wrong != nil {
		w.t.Errorf("after %s these differ from direct: %v", text, wrong)
	}
	pooled.close()
	w.seesNothing(text)
}

// A transaction that SET TRANSACTION was for runs as it says, on one connection.
func TestSETTRANSACTIONReachesTheNextTransaction(t *testing.T) {
	p := at(t, servers.FlavourMariaDB, "transaction")
	w := &sweep{place: p, portrait: p.study(), kept: map[string]bool{}}
	w.join()
	defer w.other.close()
	w.other.must("CREATE TABLE IF NOT EXISTS sweep_tx (a INT)")
	c := p.session(p.pooled)
	defer c.close()
	const readOnly = 1792
	for _, between := range []string{"DO 0", "SELECT 1", "SHOW TABLES LIKE 'x'", "SET time_zone = '+02:00'"} {
		c.must("SET TRANSACTION READ ONLY")
		c.must(between)
		w.shake("SET TRANSACTION", 1)
		c.must("BEGIN")
		if got := c.run("INSERT INTO sweep_tx VALUES (1)"); got.code != readOnly {
			t.Errorf("after %s: %+v", between, got)
		}
		c.must("COMMIT")
		c.must("INSERT INTO sweep_tx VALUES (1)")
		if !w.shake("SET TRANSACTION", patience) {
			t.Errorf("after %s: the connection is kept beyond the transaction", between)
		}
	}
}

// A SET that was prepared in the binary protocol has its value in a parameter.
func TestASETWithParametersIsCarried(t *testing.T) {
	for _, flavour := range flavours {
		t.Run(string(flavour), func(t *testing.T) {
			p := at(t, flavour, "transaction")
			w := &sweep{place: p}
			w.join()
			defer w.other.close()
			c := p.session(p.pooled)
			defer c.close()
			ctx, cancel := context.WithTimeout(context.Background(), statementWait)
			defer cancel()
			set, err := c.conn.PrepareContext(ctx, "SET time_zone = ?, sql_mode = CONCAT(?, ',ANSI')")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = set.Close() }()
			for _, zone := range []string{"+01:00", "-02:00"} {
				if _, err := set.ExecContext(ctx, zone, "NO_ZERO_DATE"); err != nil {
					t.Fatal(err)
				}
				if !w.shake("time_zone by a parameter", patience) {
					t.Fatal("the connection is kept")
				}
				if got := c.must("SELECT @@time_zone, @@sql_mode LIKE '%ANSI%NO_ZERO_DATE%' OR @@sql_mode LIKE '%NO_ZERO_DATE%ANSI%'"); got != "\""+zone+"\"\t\"1\"\n" {
					t.Errorf("after %s: %s", zone, got)
				}
			}
		})
	}
}

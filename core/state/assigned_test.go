package state_test

import (
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/stmt"
)

func mode(version string) stmt.Mode {
	m := stmt.ServerMode(version)
	m.Charset = stmt.CharsetUTF8
	return m
}

// server names versions in the tables below.
func server(name string) stmt.Mode {
	switch name {
	case "maria":
		return mode("10.11.19-MariaDB")
	case "maria11":
		return mode("11.4.2-MariaDB")
	case "mysql":
		return mode("8.0.36")
	case "mysql56":
		return mode("5.6.51")
	}
	return mode("8.0.11-TiDB-v8.5.0")
}

func TestWhatASETChangesIsAskedBack(t *testing.T) {
	const names = "character_set_client character_set_results collation_connection"
	for _, tc := range []struct{ server, sql, want string }{
		{"maria", "SET sql_mode = 'ANSI'", "sql_mode"},
		{"maria", "SET @@session.sql_mode = CONCAT(@@sql_mode, ',ANSI'), b = 1, SESSION a := 2", "a b sql_mode"},
		{"maria", "SET autocommit = 0", "autocommit"},
		{"maria", "SET NAMES utf8mb4", names},
		{"tidb", "SET NAMES 'utf8mb4' COLLATE utf8mb4_bin", names},
		{"maria", "SET NAMES DEFAULT", names},
		{"maria", "SET CHARACTER SET latin1", names},
		{"maria", "SET character_set_results = NULL", names},
		{"maria", "SET character_set_connection = latin1, time_zone = '+01:00'", names + " time_zone"},
		{"maria", "SET character_set_server = latin1", "collation_server"},
		{"maria", "SET sql_big_selects = 1", "max_join_size sql_big_selects"},
		{"maria", "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY", "tx_isolation tx_read_only"},
		{"maria", "SET SESSION TRANSACTION READ ONLY", "tx_read_only"},
		{"maria11", "SET SESSION TRANSACTION READ ONLY", "transaction_read_only"},
		{"maria11", "SET tx_isolation = 'SERIALIZABLE'", "transaction_isolation"},
		{"tidb", "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "transaction_isolation"},
		{"tidb", "SET @@tx_isolation = 'READ-COMMITTED'", "transaction_isolation"},
		{"mysql", "SET transaction_isolation = 'SERIALIZABLE'", "transaction_isolation"},
		{"mysql56", "SET tx_isolation = 'SERIALIZABLE'", "tx_isolation"},
		{"maria", "SET storage_engine = MyISAM", "default_storage_engine"},
		{"maria", "SET log_slow_query_time = 1", "long_query_time"},
		{"maria", "SET GLOBAL max_connections = 5", ""},
		{"maria", "SET sql_auto_is_null = 0, sql_mode = ''", "sql_auto_is_null sql_mode"},
		{"maria", "SET max_statement_time = DEFAULT", "max_statement_time"},
	} {
		f := stmt.Analyze(server(tc.server), []byte(tc.sql))
		got, ok := state.Assigned(f, server(tc.server))
		if !ok || strings.Join(got, " ") != tc.want {
			t.Errorf("%s: %s: %v, %v, want %s", tc.server, tc.sql, got, ok, tc.want)
		}
	}
}

func TestWhatCantBeCarriedByValueIsTold(t *testing.T) {
	for _, tc := range []struct{ server, sql string }{
		{"maria", "SELECT 1"},
		{"maria", "SET @a = 1"},
		{"maria", "SET sql_mode = '', @a = 1"},
		{"maria", "SET sql_mode = (@a := 'ANSI')"},
		{"maria", "SET sql_mode = app.f()"},
		{"maria", "SET time_zone = '+01:00'; SET NAMES utf8"},
		{"maria", "SET TRANSACTION READ ONLY"},
		{"maria", "SET @@tx_isolation = 'SERIALIZABLE'"},
		{"maria", "SET ROLE r"},
		{"maria", "SET timestamp = 1"},
		{"maria", "SET sql_log_bin = 0"},
		{"maria", "SET insert_id = 5"},
		{"maria", "SET last_insert_id = 5"},
		{"maria", "SET rand_seed1 = 5"},
		{"maria", "SET pseudo_thread_id = 5"},
		{"maria", "SET gtid_domain_id = 5"},
		{"maria", "SET character_set_database = latin1"},
		{"maria", "SET profiling = 1"},
		{"maria", "SET error_count = 1"},
		{"maria", "SET last_gtid = ''"},
		{"maria", "SET sql_slave_skip_counter = 1"},
		{"maria", "SET sql_auto_is_null = 1"},
		{"maria", "SET sql_auto_is_null = @@global.sql_auto_is_null"},
		{"maria", "SET session_track_schema = 0"},
		{"maria", "SET x.key_buffer_size = 5"},
		{"maria", "SET system_versioning_asof = '2020-01-01'"},
		{"maria", "SET optimizer_trace = 'enabled=on'"},
		{"tidb", "SET SESSION_STATES '{}'"},
		{"tidb", "SET RESOURCE GROUP rg"},
		{"tidb", "SET tidb_snapshot = '2020-01-01'"},
		{"tidb", "SET tidb_skip_isolation_level_check = 1"},
		{"tidb", "SET TRANSACTION READ ONLY AS OF TIMESTAMP NOW()"},
		{"maria", "SET x"},
	} {
		f := stmt.Analyze(server(tc.server), []byte(tc.sql))
		if got, ok := state.Assigned(f, server(tc.server)); ok {
			t.Errorf("%s: %s is carried as %v", tc.server, tc.sql, got)
		}
	}
}

func TestAServerThatDoesNotKnowTheVariableHasSetNothing(t *testing.T) {
	for _, tc := range []struct {
		sql  string
		code uint16
		want bool
	}{
		{"SET nonsense = 1", 1193, true},
		{"SET max_connections = 1", 1229, true},
		{"SET error_count = 1", 1238, true},
		{"SET max_allowed_packet = 1", 1621, true},
		{"SET sql_mode = 'nonsense'", 1231, false},
		{"SET sql_mode = '', nonsense = 1", 1193, false},
		{"SET nonsense = (SELECT GET_LOCK('a', 1))", 1193, false},
		{"SET nonsense = app.f()", 1193, false},
		{"SET sql_mode = ''; SET nonsense = 1", 1193, false},
		{"SELECT @@nonsense", 1193, false},
	} {
		if got := state.Refused(facts(tc.sql), tc.code); got != tc.want {
			t.Errorf("%s, error %d: %v", tc.sql, tc.code, got)
		}
	}
}

// FuzzAssigned checks that what is carried is named plainly, that dbmesh's own statements
// for it are understood by its own analysis, and that what is not carried pins.
func FuzzAssigned(f *testing.F) {
	for _, sql := range []string{
		"SET a = 1", "SET NAMES utf8 COLLATE utf8_bin, SESSION `b` = 2, @@c = x", "SET GLOBAL a = 1, b = 2", "SET SESSION TRANSACTION READ ONLY",
		"SET @@session.`a``b` = 1", "SET a.b = 1", "SET @x = 1, a = 2", "SET STATEMENT a = 1 FOR SET b = 2", "SET ROLE r", "SET a = 1; SET b = 2",
	} {
		f.Add([]byte(sql), uint8(0))
		f.Add([]byte(sql), uint8(1))
	}
	f.Fuzz(func(t *testing.T, sql []byte, which uint8) {
		m := server([...]string{"maria", "maria11", "mysql", "mysql56", "tidb"}[which%5])
		known := stmt.Analyze(m, sql)
		names, ok := state.Assigned(known, m)
		var p state.Pins
		p.Ran(known, ok)
		if !ok {
			if known.Kind == core.StatementSet && known.Creates&core.Lasting != 0 && p.Held() == 0 {
				t.Fatalf("%q is not carried and does not hold the connection", sql)
			}
			return
		}
		if p.Held() != 0 {
			t.Fatalf("%q is carried and holds the connection: %s", sql, p.Reason())
		}
		if len(names) == 0 {
			return
		}
		values := make([]string, len(names))
		for i := range values {
			values[i] = "1"
		}
		ask := stmt.Analyze(m, state.AskValues(nil, names))
		if ask.Opaque || ask.Kind != core.StatementSelect || ask.Creates&core.Lasting != 0 {
			t.Fatalf("%q: asked by %s", sql, state.AskValues(nil, names))
		}
		var s state.Shadow
		s.Learn(&state.Worn{}, names, values)
		w := &state.Worn{}
		w.LearnBase(names, make([]string, len(names)))
		set := state.Difference(&s, w, nil)
		own := stmt.Analyze(m, set)
		if again, ok := state.Assigned(own, m); own.Kind != core.StatementSet || len(own.Assignments) != len(names) || ok && len(again) < len(names) {
			t.Fatalf("%q: set by %s, which assigns %v", sql, set, again)
		}
	})
}

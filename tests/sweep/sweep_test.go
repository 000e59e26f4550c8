package sweep

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// keeping are the variables that may keep a session on its connection; see the comments of
// core/state. All others never do.
var keeping = map[servers.Flavour][]string{
	servers.FlavourMariaDB: {
		"binlog_alter_two_phase", "binlog_annotate_row_events", "binlog_direct_non_transactional_updates", "binlog_format",
		"binlog_row_image", "character_set_client", "character_set_database", "collation_database", "completion_type",
		"default_master_connection", "gtid_domain_id", "gtid_seq_no", "identity", "insert_id", "last_insert_id",
		"max_relay_log_size", "max_session_mem_used", "old", "optimizer_trace", "optimizer_trace_max_mem_size", "profiling",
		"profiling_history_size", "pseudo_slave_mode", "pseudo_thread_id", "rand_seed1", "rand_seed2", "server_id",
		"session_track_schema", "session_track_state_change", "session_track_system_variables", "session_track_transaction_info",
		"skip_parallel_replication", "skip_replication", "sql_auto_is_null", "sql_log_bin", "sql_slave_skip_counter",
		"system_versioning_asof", "system_versioning_insert_history", "timestamp", "wait_timeout", "wsrep_on", "wsrep_osu_method",
	},
	servers.FlavourTiDB: {
		"binlog_direct_non_transactional_updates", "binlog_format", "binlog_row_image", "binlog_rows_query_log_events",
		"character_set_client", "character_set_database", "collation_database", "completion_type", "ddl_slow_threshold", "debug",
		"debug_sync", "gtid_next", "identity", "insert_id", "last_insert_id", "max_connections", "max_execution_time",
		"max_statement_time", "optimizer_trace", "optimizer_trace_features", "optimizer_trace_limit", "optimizer_trace_max_mem_size",
		"optimizer_trace_offset", "profiling", "profiling_history_size", "pseudo_slave_mode", "pseudo_thread_id", "rand_seed1",
		"rand_seed2", "session_track_gtids", "session_track_schema", "session_track_state_change", "session_track_system_variables",
		"sql_auto_is_null", "tidb_check_mb4_value_in_utf8", "tidb_enable_collect_execution_info", "tidb_enable_ddl",
		"tidb_enable_noop_functions", "tidb_enable_slow_log", "tidb_enable_stats_owner", "tidb_expensive_query_time_threshold",
		"tidb_expensive_txn_time_threshold", "tidb_force_priority", "tidb_general_log", "tidb_log_file_max_days",
		"tidb_mem_quota_query", "tidb_pprof_sql_cpu", "tidb_rc_read_check_ts", "tidb_record_plan_in_slow_log", "tidb_service_scope",
		"tidb_skip_isolation_level_check", "tidb_slow_log_threshold", "tidb_snapshot", "timestamp", "tx_read_ts", "wait_timeout",
	},
}

// enough values are tried of a variable that a session does not have.
const enough = 4

// noSession says that a session has no value of its own of the variable.
func noSession(code uint16) bool { return code == 1193 || code == 1229 || code == 1238 || code == 1621 }

// crowded is the error of a session that gets no connection.
const crowded = 1040

func TestEachVariableIsSetAsOnAConnectionOfItsOwn(t *testing.T) {
	for _, flavour := range flavours {
		t.Run(string(flavour), func(t *testing.T) {
			p := at(t, flavour, "transaction")
			w := &sweep{place: p, portrait: p.study(), kept: map[string]bool{}, deep: sidecar.Now() == sidecar.Full}
			fresh := p.session(p.direct)
			w.fresh = fresh.show()
			fresh.close()
			enums := p.enums()
			w.join()
			for _, name := range names(flavour, w.fresh) {
				w.variable(name, values(name, unquoted(w.fresh[name]), enums[name]))
			}
			w.lastLook()
			t.Logf("%d SETs of %d variables; %d succeeded, %d of them with the connection used by others before the value was read", w.sets, w.variables, w.done, w.shaken)
			w.compareKept()
		})
	}
}

func unquoted(s string) string {
	if plain, err := strconv.Unquote(s); err == nil {
		return plain
	}
	return s
}

// sweep is one pass over a server's variables.
type sweep struct {
	*place
	*portrait
	deep  bool              // all variables are compared after SETs of each one
	fresh map[string]string // what a login gives
	other *client           // has the connection in common, and has set something else
	kept  map[string]bool   // variables that kept the connection

	sets, variables, done, shaken int
}

// join has another session come, and set something that the tested ones have not.
func (w *sweep) join() {
	w.other = w.session(w.pooled)
	for _, statement := range []string{"SET NAMES latin1", "SET sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES', time_zone = '+05:00'", "SET autocommit = 1, sql_select_limit = 3"} {
		w.other.must(statement)
	}
}

// untold can't be set, and where connections are shared it is not told: it may be of a write of
// another session's.
const untold = "last_gtid"

// variable sets one variable to many values, on a connection of its own and on the shared
// one.
func (w *sweep) variable(name string, values []string) {
	direct, pooled := w.session(w.direct), w.session(w.pooled)
	defer direct.close()
	w.variables++
	done, keeps, last := 0, false, uint16(0)
	read := "SELECT @@session." + name
	attempts := patience
	if slices.Contains(keeping[w.flavour], name) {
		attempts = 1
	}
	for i, value := range values {
		if i == enough && done == 0 && noSession(last) {
			break
		}
		set := "SET SESSION " + name + " = " + value
		want, got := direct.run(set), pooled.run(set)
		w.sets++
		last = want.code
		if want != got {
			w.t.Errorf("%s: %+v, direct %+v", set, got, want)
		}
		if want.fails == "" {
			done++
			if !keeps {
				n := attempts
				if slices.Contains(odd, value) {
					n = 1
				}
				keeps = !w.shake(name, n)
				w.kept[name] = w.kept[name] || keeps && !slices.Contains(odd, value)
			}
			if !keeps {
				w.shaken++
			}
		}
		want, got = direct.run(read), pooled.run(read)
		if name == untold {
			if !strings.Contains(got.fails, "may be another session's") {
				w.t.Errorf("%s is told: %+v", read, got)
			}
			continue
		}
		if want != got && want == direct.run(read) && !w.own[name] {
			w.t.Errorf("%s, and others use the connection (%v): it is %+v, direct %+v", set, !keeps, got, want)
		}
	}
	if w.done += done; done > 0 && w.deep && !strings.HasSuffix(name, "select_limit") {
		if wrong := w.differ(direct.show(), pooled.show()); wrong != nil {
			w.t.Errorf("after SETs of %s these differ from direct: %v", name, wrong)
		}
	}
	if keeps {
		pooled.close()
		w.seesNothing(name)
	} else if done > 0 {
		w.seesNothing(name)
		pooled.close()
	} else {
		pooled.close()
	}
}

// lastLook compares all variables of a new session once more.
func (w *sweep) lastLook() {
	w.other.close()
	w.deep = true
	w.seesNothing("all")
}

// seesNothing checks that a new session is as after a login.
func (w *sweep) seesNothing(name string) {
	c := w.session(w.pooled)
	defer c.close()
	if !w.deep {
		direct := w.session(w.direct)
		defer direct.close()
		read := "SELECT @@session." + name + " LIMIT 1"
		if want, got := direct.run(read), c.run(read); want != got && !w.own[name] {
			w.t.Errorf("after another session has set %s, it is %+v in a new one, direct %+v", name, got, want)
		}
		return
	}
	got := c.show()
	wrong := w.differ(w.fresh, got)
	if wrong == nil {
		return
	}
	direct := w.session(w.direct)
	defer direct.close()
	w.fresh = direct.show() // a few are everybody's, whatever their scope is said to be
	if wrong = w.differ(w.fresh, got); wrong != nil {
		w.t.Errorf("after another session has set %s, a new one finds other values of %v", name, wrong)
	}
}

// shake has another session use the connection. It says false if it gets none, since the
// tested session keeps it. Each attempt waits for queue_timeout.
func (w *sweep) shake(name string, attempts int) bool {
	for range attempts {
		a := w.other.once("SELECT @@session.sql_mode, @@session.character_set_client, @@session.time_zone, @@session.sql_select_limit LIMIT 1")
		switch {
		case a.code == crowded:
		case a.fails != "":
			w.t.Errorf("while %s is set, another session gets %s", name, a.fails)
			return true
		case !strings.Contains(a.rows, "ANSI_QUOTES") || !strings.HasSuffix(a.rows, "\t\"latin1\"\t\"+05:00\"\t\"3\"\n"):
			w.t.Errorf("while %s is set, another session has lost its own: %s", name, a.rows)
			return true
		default:
			return true
		}
	}
	return false
}

// compareKept checks the list of those that keep the connection.
func (w *sweep) compareKept() {
	for name, kept := range w.kept {
		if kept && !slices.Contains(keeping[w.flavour], name) {
			w.t.Errorf("a session that sets %s keeps its connection", name)
		}
	}
	for _, name := range keeping[w.flavour] {
		if !w.kept[name] {
			w.t.Errorf("%s is in the list of those that keep a connection and did not", name)
		}
	}
}

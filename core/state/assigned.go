package state

import (
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
)

// carried are the effects of a SET that a session can take to another connection.
const carried = core.EffectCharset | core.EffectSQLMode | core.EffectSystemVar

// Assigned names the session variables that a SET may change, each once, in a canonical
// order; they are the ones to read back, and whose base must be known before the SET. It
// says false for a statement that can't be carried to another connection by value, or is
// no SET: then what it leaves there pins.
func Assigned(f *core.Facts, m stmt.Mode) ([]string, bool) {
	if f.Kind != core.StatementSet || f.Opaque || len(f.Parts) > 0 || f.Creates&core.Lasting&^carried != 0 {
		return nil, false
	}
	var names []string
	for _, a := range f.Assignments {
		if a.Scope == core.ScopeGlobal {
			continue
		}
		if a.Scope != core.ScopeSession {
			return nil, false
		}
		var ok bool
		if names, ok = assigned(names, a, f, m); !ok {
			return nil, false
		}
	}
	slices.Sort(names)
	return slices.Compact(names), true
}

// Refused says that a SET that was answered with the error has surely set nothing: its one
// variable is not known to the server, or can't be set for a session.
func Refused(f *core.Facts, code uint16) bool {
	const (
		unknownVariable = 1193
		globalVariable  = 1229
		otherScope      = 1238
		readOnly        = 1621
	)
	if f.Kind != core.StatementSet || f.Opaque || len(f.Parts) > 0 || len(f.Assignments) != 1 || f.Creates&core.Lasting&^carried != 0 {
		return false
	}
	return code == unknownVariable || code == globalVariable || code == otherScope || code == readOnly
}

// assigned adds the names that one assignment changes.
func assigned(names []string, a core.Assignment, f *core.Facts, m stmt.Mode) ([]string, bool) {
	switch a.Name {
	case "names", "charset":
		return append(names, charsetNames()...), true
	case "transaction":
		for _, name := range f.SystemVarsSet {
			if isolation(name) != "" {
				names = append(names, transactionName(name, m))
			}
		}
		return names, true
	}
	if !plain(a.Name) || lies(a) {
		return nil, false
	}
	if isolation(a.Name) != "" {
		return append(names, transactionName(a.Name, m)), true
	}
	name := canonical(a.Name, m)
	if group := groupOf(name); len(group) > 0 {
		return append(names, group...), true
	}
	return append(names, name), true
}

// plain says whether a name is written as it is read. Those of parts of components, with a
// dot, are not.
func plain(name string) bool {
	return name != "" && len(name) <= 64 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// charsetNames are the variables that SET NAMES changes, but for character_set_connection,
// which goes with collation_connection.
func charsetNames() []string {
	return []string{"character_set_client", "character_set_results", "collation_connection"}
}

// groupOf are the variables of which one changes with another, in the order in which they
// must be set, which is that of their names; nil if the variable stands alone.
func groupOf(name string) []string {
	switch name {
	case "character_set_client", "character_set_results", "character_set_connection", "collation_connection":
		return charsetNames()
	case "max_join_size", "sql_big_selects":
		return []string{"max_join_size", "sql_big_selects"}
	}
	return nil
}

// canonical is the one of a variable's names that is read and set, where several are the
// same or part of the same.
func canonical(name string, m stmt.Mode) string {
	if name == "character_set_server" {
		return "collation_server"
	}
	if name == "tidb_prepared_plan_cache_size" {
		return "tidb_session_plan_cache_size"
	}
	if m.Flavour != stmt.MariaDB {
		return name
	}
	switch name {
	case "log_queries_not_using_indexes":
		return "log_slow_filter"
	case "log_slow_admin_statements", "log_slow_slave_statements":
		return "log_slow_disabled_statements"
	case "log_slow_min_examined_row_limit":
		return "min_examined_row_limit"
	case "log_slow_query":
		return "slow_query_log"
	case "log_slow_query_time":
		return "long_query_time"
	case "max_insert_delayed_threads":
		return "max_delayed_threads"
	case "old_alter_table":
		return "alter_algorithm"
	case "storage_engine":
		return "default_storage_engine"
	case "tmp_memory_table_size":
		return "tmp_table_size"
	case "wsrep_causal_reads":
		return "wsrep_sync_wait"
	}
	return name
}

// isolation tells what a variable says about transactions, "" if it says nothing.
func isolation(name string) string {
	switch name {
	case "tx_isolation", "transaction_isolation":
		return "isolation"
	case "tx_read_only", "transaction_read_only":
		return "read_only"
	}
	return ""
}

// transactionName is the name by which the server knows how transactions run.
func transactionName(name string, m stmt.Mode) string {
	const (
		renamedByMariaDB = 110101
		renamedByMySQL   = 50720
	)
	old := m.Flavour == stmt.MariaDB && m.Version < renamedByMariaDB || m.Flavour == stmt.MySQL && m.Version < renamedByMySQL
	if old {
		return "tx_" + isolation(name)
	}
	return "transaction_" + isolation(name)
}

// lies says whether a variable can't be carried by the value that it shows: it shows
// something else than what was set, it changes by itself, or it makes the connection
// collect what a later statement asks for.
func lies(a core.Assignment) bool {
	switch a.Name {
	case "character_set_database", "collation_database", // USE sets them too
		"completion_type",                              // a COMMIT may close the connection
		"default_master_connection",                    // others show other values with it
		"max_relay_log_size", "sql_slave_skip_counter", // everybody's, whatever the scope
		"old", // sets old_mode, and does not take it back
		"optimizer_trace", "optimizer_trace_features", "optimizer_trace_limit", "optimizer_trace_max_mem_size", "optimizer_trace_offset",
		"profiling_history_size",
		"resource",                                                      // SET RESOURCE GROUP
		"system_versioning_asof",                                        // can't be set to DEFAULT, as it shows
		"tidb_enable_noop_functions", "tidb_skip_isolation_level_check", // others may be set only with them
		"tidb_snapshot", // shows what it was not set to
		"tx_read_ts":    // for the next transaction
		return true
	case "sql_auto_is_null", "profiling": // reads ask for the last id, statements are recorded
		return !a.Literal || !isOff(a.Value)
	}
	for _, prefix := range [...]string{
		"error_count", "warning_count", "in_transaction", "last_", "tidb_current_", "tidb_last_", // change by themselves
		"session_track_", // what the server tells, also to dbmesh
		"debug",
		"mroonga_", "rocksdb_", "spider_", // they may do more than to keep a value
	} {
		if strings.HasPrefix(a.Name, prefix) {
			return true
		}
	}
	return false
}

func isOff(value string) bool {
	switch strings.ToLower(value) {
	case "0", "off", "false":
		return true
	}
	return false
}

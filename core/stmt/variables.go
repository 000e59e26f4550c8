package stmt

import (
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

// variables are the session variables, and other parts of a SET, that are more than
// EffectSystemVar or other than it.
var variables = map[string]core.Effect{
	"names":                         core.EffectCharset,
	"charset":                       core.EffectCharset,
	"default_collation_for_utf8mb4": core.EffectCharset,
	"sql_mode":                      core.EffectSQLMode,
	"role":                          core.EffectRole,
	"session_states":                core.EffectUnknown,
	"session":                       core.EffectUnknown | core.EffectRole, // SET SESSION AUTHORIZATION
	"last_insert_id":                core.EffectReplication | core.EffectLastID,
	"identity":                      core.EffectReplication | core.EffectLastID,

	"binlog_alter_two_phase":                  core.EffectReplication,
	"binlog_annotate_row_events":              core.EffectReplication,
	"binlog_direct_non_transactional_updates": core.EffectReplication,
	"binlog_format":                           core.EffectReplication,
	"binlog_row_image":                        core.EffectReplication,
	"binlog_row_value_options":                core.EffectReplication,
	"binlog_rows_query_log_events":            core.EffectReplication,
	"gtid_domain_id":                          core.EffectReplication,
	"gtid_next":                               core.EffectReplication,
	"gtid_seq_no":                             core.EffectReplication,
	"immediate_server_version":                core.EffectReplication,
	"insert_id":                               core.EffectReplication,
	"original_commit_timestamp":               core.EffectReplication,
	"original_server_version":                 core.EffectReplication,
	"pseudo_replica_mode":                     core.EffectReplication,
	"pseudo_slave_mode":                       core.EffectReplication,
	"pseudo_thread_id":                        core.EffectReplication,
	"rand_seed1":                              core.EffectReplication,
	"rand_seed2":                              core.EffectReplication,
	"server_id":                               core.EffectReplication,
	"skip_parallel_replication":               core.EffectReplication,
	"skip_replication":                        core.EffectReplication,
	"sql_log_bin":                             core.EffectReplication,
	"system_versioning_insert_history":        core.EffectReplication,
	"timestamp":                               core.EffectReplication,
	"tidb_source_id":                          core.EffectReplication,
	"wsrep_on":                                core.EffectReplication,
	"wsrep_osu_method":                        core.EffectReplication,
}

// effectOf is what an assignment leaves behind on its connection.
func effectOf(a core.Assignment) core.Effect {
	switch a.Scope {
	case core.ScopeGlobal:
		return 0
	case core.ScopeUser:
		return core.EffectUserVar
	case core.ScopeNext:
		return core.EffectNextTransaction
	}
	if e, ok := variables[a.Name]; ok {
		return e
	}
	switch {
	case a.Name == "autocommit" && !isOn(a):
		return core.EffectSystemVar | core.EffectTransaction
	case strings.HasPrefix(a.Name, "character_set_"), strings.HasPrefix(a.Name, "collation_"):
		return core.EffectCharset
	}
	return core.EffectSystemVar
}

// isOn says whether a switch is surely on behind the assignment.
func isOn(a core.Assignment) bool {
	switch strings.ToLower(a.Value) {
	case "1", "on", "true":
		return a.Literal
	}
	return false
}

package stmt

// understoodSince gives for the functions that are not harmless, but leave nothing on their
// connection beyond what the table of causes says, the first version by flavour.
var understoodSince = index([]builtins{
	{names: `
		get_lock release_lock is_free_lock is_used_lock last_insert_id found_rows row_count connection_id
		user current_user session_user system_user version load_file uuid_short`},
	{names: "release_all_locks", mysql: 50705, mariadb: 100502},
	{names: "extractvalue updatexml master_pos_wait", tidb: never},
	{names: "nextval setval lastval", mysql: never},
	{names: "current_role", mysql: 80000},
	{names: "password old_password encrypt encode decode des_encrypt des_decrypt", mysql: never, tidb: never},
	{names: "master_gtid_wait binlog_gtid_pos", mysql: never, tidb: never},
	{names: "gtid_subset gtid_subtract wait_for_executed_gtid_set", mariadb: never, tidb: never},
	{names: "source_pos_wait", mysql: 80026, mariadb: never, tidb: never},
	{names: "ps_current_thread_id ps_thread_id format_pico_time icu_version roles_graphml", mysql: 80016, mariadb: never, tidb: never},
	{names: "statement_digest statement_digest_text", mysql: 80000, mariadb: never, tidb: never},
	{names: `
		tidb_version tidb_is_ddl_owner tidb_decode_key tidb_decode_plan tidb_decode_binary_plan tidb_decode_sql_digests
		tidb_current_tso tidb_row_checksum tidb_encode_sql_digest tidb_mvcc_info`, mysql: never, mariadb: never},
})

// understood says whether the effects of the function, its name in lower case, are known.
func understood(name string, m Mode) bool {
	from, ok := understoodSince[name]
	return ok && from[m.Flavour] != never && m.Version >= from[m.Flavour]
}

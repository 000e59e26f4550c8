package effects

// shown is how a row of the table is shown: by what ask answers on three connections that
// all ran the setup: one that did no more, one that ran create, one that ran create and undo.
type shown struct {
	row    string
	setup  []string
	create []string // the last one is the statement of a row that creates
	ask    []string // the answer is that of the last one, rows or an error
	left   string   // the answer behind create
	undo   []string // the last one is the statement of a row that releases; nil if nothing helps
	// elsewhere asks on another connection, which the state of this one hinders.
	elsewhere bool
	tidb      bool   // shown on TiDB, which has no state of this kind in common with MariaDB
	doubtful  bool   // it is classified with an unknown character set
	skip      string // why no server at hand shows it
}

func do(all ...string) []string { return all }

// cases are to be run as root in the schema app, which has the tables t, with three rows,
// and the sequence seq.
func cases() []shown {
	inTransaction := do("SELECT @@in_transaction")
	writes := do("DELETE FROM t WHERE a = 0")
	variable := do("SELECT @x")
	rows := do("SELECT ROW_COUNT()")
	lastID := do("SELECT LAST_INSERT_ID()")
	return []shown{
		{row: "BEGIN, START TRANSACTION", create: do("BEGIN"), ask: inTransaction, left: "1", undo: do("COMMIT")},
		{row: "BEGIN, START TRANSACTION", create: do("START TRANSACTION READ ONLY"), ask: inTransaction, left: "1", undo: do("CREATE TABLE IF NOT EXISTS t(a INT)")},
		{row: "BEGIN after LOCK TABLES", create: do("LOCK TABLES t READ"), ask: writes, left: "error 1099", undo: do("BEGIN")},
		{row: "BEGIN after LOCK TABLES", create: do("FLUSH TABLES t FOR EXPORT"), ask: writes, left: "error 1099", undo: do("START TRANSACTION")},
		{row: "SAVEPOINT", setup: do("BEGIN"), create: do("SAVEPOINT p"), ask: do("ROLLBACK TO p"), left: "", undo: do("COMMIT")},
		{row: "XA START", create: do("XA START 'x'"), ask: inTransaction, left: "1", undo: do("XA END 'x'", "XA ROLLBACK 'x'")},
		{row: "XA COMMIT, XA ROLLBACK", create: do("XA START 'x'"), ask: inTransaction, left: "1", undo: do("XA END 'x'", "XA COMMIT 'x' ONE PHASE")},
		{row: "COMMIT, ROLLBACK", create: do("BEGIN"), ask: inTransaction, left: "1", undo: do("COMMIT WORK AND NO CHAIN")},
		{row: "COMMIT, ROLLBACK", create: do("BEGIN"), ask: inTransaction, left: "1", undo: do("ROLLBACK")},
		{row: "COMMIT, ROLLBACK after SET TRANSACTION", create: do("SET TRANSACTION READ ONLY"), ask: writes, left: "error 1792", undo: do("COMMIT")},
		{row: "COMMIT, ROLLBACK after SET TRANSACTION", create: do("SET TRANSACTION READ ONLY"), ask: writes, left: "error 1792", undo: do("ROLLBACK")},
		{row: "COMMIT AND CHAIN, ROLLBACK AND CHAIN", create: do("BEGIN", "COMMIT AND CHAIN"), ask: inTransaction, left: "1", undo: do("COMMIT")},
		{row: "COMMIT AND CHAIN, ROLLBACK AND CHAIN", create: do("BEGIN", "ROLLBACK WORK AND CHAIN"), ask: inTransaction, left: "1", undo: do("COMMIT")},
		{row: "SET autocommit = 0", create: do("SET autocommit = 0"), ask: do("SELECT COUNT(*) FROM t", "SELECT @@in_transaction"), left: "1", undo: do("SET autocommit = 1")},
		{row: "SET TRANSACTION", create: do("SET TRANSACTION READ ONLY"), ask: writes, left: "error 1792", undo: do("SELECT COUNT(*) FROM t")},
		{row: "SET TRANSACTION", create: do("SET @@tx_read_only = 1"), ask: writes, left: "error 1792", undo: do("COMMIT")},

		{row: "USE", create: do("USE mysql"), ask: do("SELECT DATABASE()"), left: "mysql", undo: do("USE app")},
		{row: "DROP DATABASE of the default schema", setup: do("CREATE DATABASE IF NOT EXISTS doomed", "USE doomed"), create: do("DROP DATABASE doomed"),
			ask: do("SELECT DATABASE()"), left: "NULL", undo: do("CREATE DATABASE doomed", "USE doomed")},
		{row: "SET NAMES, SET CHARACTER SET, character_set_*, collation_*", create: do("SET NAMES latin1"), ask: do("SELECT @@character_set_client"), left: "latin1", undo: do("SET NAMES utf8mb4")},
		{row: "SET NAMES, SET CHARACTER SET, character_set_*, collation_*", create: do("SET NAMES utf8mb4 COLLATE utf8mb4_bin"), ask: do("SELECT @@collation_connection"), left: "utf8mb4_bin", undo: do("SET NAMES utf8mb4")},
		{row: "SET NAMES, SET CHARACTER SET, character_set_*, collation_*", create: do("SET character_set_results = NULL"), ask: do("SELECT @@character_set_results"), left: "NULL", undo: do("SET NAMES utf8mb4")},
		{row: "SET NAMES, SET CHARACTER SET, character_set_*, collation_*", create: do("SET CHARACTER SET latin1"), ask: do("SELECT @@character_set_client"), left: "latin1", undo: do("SET CHARACTER SET utf8mb4")},
		{row: "SET sql_mode", create: do("SET sql_mode = 'ANSI_QUOTES'"), ask: do(`SELECT "a" FROM t LIMIT 1`), left: "1", undo: do("SET sql_mode = DEFAULT")},
		{row: "SET of a variable that changes what is written", create: do("SET timestamp = 5"), ask: do("SELECT UNIX_TIMESTAMP() < 10"), left: "1", undo: do("SET timestamp = DEFAULT")},
		{row: "SET of a variable that changes what is written", create: do("SET sql_log_bin = 0"), ask: do("SELECT @@sql_log_bin"), left: "0", undo: do("SET sql_log_bin = 1")},
		{row: "SET of a variable that changes what is written", create: do("SET gtid_domain_id = 7"), ask: do("SELECT @@gtid_domain_id"), left: "7", undo: do("SET gtid_domain_id = DEFAULT")},
		{row: "SET of a variable that changes what is written", create: do("SET server_id = 77"), ask: do("SELECT @@server_id"), left: "77", undo: do("SET server_id = DEFAULT")},
		{row: "SET of a variable that changes what is written", create: do("SET rand_seed1 = 1, rand_seed2 = 1"), ask: do("SELECT RAND() < 0.000001"), left: "1", undo: do("SET rand_seed1 = 900000000, rand_seed2 = 123456789")},
		{row: "SET of a variable that changes what is written", create: do("SET insert_id = 4711"), ask: do("INSERT INTO numbered VALUES (NULL)", "SELECT LAST_INSERT_ID() = 4711"), left: "1", undo: do("SET insert_id = 0")},
		{row: "SET of any other session variable", create: do("SET max_sort_length = 65"), ask: do("SELECT @@max_sort_length"), left: "65", undo: do("SET max_sort_length = DEFAULT")},
		{row: "SET of any other session variable", create: do("SET SESSION TRANSACTION READ ONLY"), ask: writes, left: "error 1792", undo: do("SET SESSION TRANSACTION READ WRITE")},
		{row: "SET last_insert_id", create: do("SET last_insert_id = 5"), ask: lastID, left: "5", undo: do("SET last_insert_id = 0")},
		{row: "SET ROLE", setup: do("CREATE ROLE IF NOT EXISTS actor"), create: do("SET ROLE actor"), ask: do("SELECT CURRENT_ROLE()"), left: "actor", undo: do("SET ROLE NONE")},
		{row: "CREATE BINDING, DROP BINDING for the session", tidb: true, create: do("CREATE BINDING FOR SELECT * FROM t USING SELECT * FROM t USE INDEX (PRIMARY)"),
			ask: do("SHOW SESSION BINDINGS WHERE Original_sql LIKE '%t%'", "SELECT FOUND_ROWS()"), left: "1", undo: do("DROP SESSION BINDING FOR SELECT * FROM t")},
		{row: "SET SESSION_STATES", tidb: true, create: do(`SET SESSION_STATES '{"current-db": "mysql"}'`), ask: do("SELECT DATABASE()"), left: "mysql"},

		{row: "SET @x", create: do("SET @x = 1"), ask: variable, left: "1", undo: do("SET @x = NULL")},
		{row: "@x := in an expression", create: do("SELECT @x := a FROM t WHERE a = 1"), ask: variable, left: "1", undo: do("SET @x = NULL")},
		{row: "INTO @x", create: do("SELECT a FROM t WHERE a = 1 INTO @x"), ask: variable, left: "1", undo: do("SET @x = NULL")},
		{row: "LOAD DATA into @x", create: do("LOAD DATA LOCAL INFILE 'Reader::one' INTO TABLE loaded (@x) SET a = 2"), ask: variable, left: "1", undo: do("SET @x = NULL")},
		{row: "GET DIAGNOSTICS @x", create: do("GET DIAGNOSTICS @x = NUMBER"), ask: variable, left: "0", undo: do("SET @x = NULL")},

		{row: "CREATE TEMPORARY TABLE, CREATE TEMPORARY SEQUENCE", create: do("CREATE TEMPORARY TABLE tmp(a INT)"), ask: do("SELECT COUNT(*) FROM tmp"), left: "0", undo: do("DROP TEMPORARY TABLE tmp")},
		{row: "CREATE TEMPORARY TABLE, CREATE TEMPORARY SEQUENCE", create: do("CREATE OR REPLACE TEMPORARY TABLE tmp AS SELECT * FROM t"), ask: do("SELECT COUNT(*) FROM tmp"), left: "3", undo: do("ALTER TABLE tmp RENAME tmp2", "TRUNCATE tmp2", "DROP TABLE tmp2")},
		{row: "CREATE TEMPORARY TABLE, CREATE TEMPORARY SEQUENCE", create: do("CREATE TEMPORARY SEQUENCE tmp"), ask: do("SELECT NEXTVAL(tmp)"), left: "1", undo: do("DROP TEMPORARY SEQUENCE tmp")},
		{row: "LOCK TABLES", create: do("LOCK TABLES t READ"), ask: writes, left: "error 1099", undo: do("UNLOCK TABLES")},
		{row: "FLUSH TABLES t WITH READ LOCK, FOR EXPORT", create: do("FLUSH TABLES t WITH READ LOCK"), ask: writes, left: "error 1099", undo: do("UNLOCK TABLES")},
		{row: "FLUSH TABLES t WITH READ LOCK, FOR EXPORT", create: do("FLUSH LOCAL TABLES t FOR EXPORT"), ask: writes, left: "error 1099", undo: do("BEGIN")},
		{row: "UNLOCK TABLES", create: do("LOCK TABLES t READ"), ask: writes, left: "error 1099", undo: do("UNLOCK TABLES")},
		{row: "UNLOCK TABLES", create: do("FLUSH TABLES t WITH READ LOCK"), ask: writes, left: "error 1099", undo: do("UNLOCK TABLES")},
		{row: "FLUSH TABLES WITH READ LOCK", create: do("FLUSH TABLES WITH READ LOCK"), ask: writes, left: "error 1223", undo: do("UNLOCK TABLES")},
		{row: "BACKUP STAGE", create: do("BACKUP STAGE START"), ask: do("BACKUP STAGE END"), left: "", undo: do("BACKUP STAGE END")},
		{row: "BACKUP LOCK", create: do("BACKUP LOCK t"), elsewhere: true, ask: do("SET lock_wait_timeout = 0", "ALTER TABLE t FORCE"), left: "error 1205", undo: do("BACKUP UNLOCK")},
		{row: "LOCK INSTANCE FOR BACKUP", skip: "only MySQL has it"},
		{row: "GET_LOCK()", create: do("SELECT GET_LOCK('l', 0)"), ask: do("SELECT IS_USED_LOCK('l') = CONNECTION_ID()"), left: "1", undo: do("SELECT RELEASE_LOCK('l')")},
		{row: "GET_LOCK()", create: do("DO `get_lock` ('l', 0)"), ask: do("SELECT IS_USED_LOCK('l') = CONNECTION_ID()"), left: "1", undo: do("DO RELEASE_ALL_LOCKS()")},
		{row: "GET_LOCK()", create: do("EXPLAIN SELECT * FROM (SELECT GET_LOCK('l', 0)) d"), ask: do("SELECT IS_USED_LOCK('l') = CONNECTION_ID()"), left: "1", undo: do("DO RELEASE_ALL_LOCKS()")},
		{row: "SELECT RELEASE_ALL_LOCKS(), and nothing else", create: do("SELECT GET_LOCK('l', 0), GET_LOCK('l', 0)"), ask: do("SELECT IS_USED_LOCK('l') = CONNECTION_ID()"), left: "1", undo: do("SELECT RELEASE_ALL_LOCKS()")},
		{row: "HANDLER OPEN", create: do("HANDLER t OPEN"), ask: do("HANDLER t READ FIRST"), left: "1", undo: do("HANDLER t CLOSE")},
		{row: "HANDLER OPEN", create: do("HANDLER app.t OPEN AS h"), ask: do("HANDLER h READ FIRST"), left: "1", undo: do("HANDLER h CLOSE")},
		{row: "PREPARE", create: do("PREPARE s FROM 'SELECT 8'"), ask: do("EXECUTE s"), left: "8", undo: do("DEALLOCATE PREPARE s")},

		{row: "SQL_CALC_FOUND_ROWS", setup: do("SELECT 1"), create: do("SELECT SQL_CALC_FOUND_ROWS a FROM t LIMIT 1"), ask: do("SELECT FOUND_ROWS()"), left: "3", undo: do("SELECT 1")},
		{row: "INSERT, REPLACE, UPDATE, DELETE, LOAD DATA", setup: do("SELECT 1"), create: do("UPDATE t SET b = b + 1"), ask: rows, left: "3", undo: do("SELECT 1")},
		{row: "INSERT, REPLACE, UPDATE, DELETE, LOAD DATA", setup: do("SELECT 1"), create: do("INSERT INTO numbered VALUES (NULL), (NULL)"), ask: rows, left: "2", undo: do("SELECT 1")},
		{row: "INSERT, REPLACE, UPDATE, DELETE, LOAD DATA", create: do("REPLACE INTO numbered VALUES (NULL)"), ask: do("SELECT LAST_INSERT_ID() > 0"), left: "1", undo: do("SET last_insert_id = 0")},
		{row: "CREATE TABLE ... SELECT", setup: do("DROP TABLE IF EXISTS made", "SELECT 1"), create: do("CREATE TABLE made AS SELECT * FROM t"), ask: rows, left: "3", undo: do("SELECT 1")},
		{row: "LAST_INSERT_ID(x)", create: do("SELECT LAST_INSERT_ID(9)"), ask: lastID, left: "9", undo: do("SELECT LAST_INSERT_ID(0)")},

		{row: "NEXTVAL(), NEXT VALUE FOR, SETVAL()", create: do("SELECT NEXTVAL(seq)"), ask: do("SELECT LASTVAL(seq) IS NULL"), left: "0"},
		{row: "NEXTVAL(), NEXT VALUE FOR, SETVAL()", create: do("SELECT NEXT VALUE FOR seq"), ask: do("SELECT PREVIOUS VALUE FOR seq IS NULL"), left: "0"},
		{row: "CALL", setup: do("CREATE PROCEDURE IF NOT EXISTS p() SET @x = 1"), create: do("CALL p()"), ask: variable, left: "1"},
		{row: "EXECUTE, EXECUTE IMMEDIATE of an expression", setup: do("PREPARE s FROM 'SET @x = 1'"), create: do("EXECUTE s"), ask: variable, left: "1"},
		{row: "EXECUTE, EXECUTE IMMEDIATE of an expression", create: do("EXECUTE IMMEDIATE CONCAT('SET @', 'x = 1')"), ask: variable, left: "1"},
		{row: "BEGIN NOT ATOMIC and other parts of programs", create: do("BEGIN NOT ATOMIC SET @x = 1; END"), ask: variable, left: "1"},
		{row: "BINLOG", skip: "it takes events of a server's own binary log"},
		{row: "a stored or unknown function", setup: do("CREATE FUNCTION IF NOT EXISTS f() RETURNS INT BEGIN SET @x = 1; RETURN 2; END"), create: do("SELECT f()"), ask: variable, left: "1"},
		{row: "a statement that is not understood", doubtful: true, create: do("SELECT 'é', @x := 1"), ask: variable, left: "1"},

		{row: "any statement but SHOW WARNINGS, SHOW ERRORS and GET DIAGNOSTICS", create: do("SELECT CAST('a' AS INT)"), ask: do("SHOW COUNT(*) WARNINGS"), left: "1", undo: do("SELECT a FROM t")},
	}
}

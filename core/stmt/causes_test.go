package stmt

import (
	"slices"
	"testing"

	"github.com/dbmesh/dbmesh/core"
)

// example has statements that a row of the table is for, and near ones that it is not for.
type example struct {
	in      Flavour // MariaDB if not given
	yes, no []string
}

func examples() map[string]example {
	return map[string]example{
		"BEGIN, START TRANSACTION": {
			yes: []string{"BEGIN", "begin work;", "START TRANSACTION WITH CONSISTENT SNAPSHOT", "SET STATEMENT max_sort_length = 65 FOR BEGIN"},
			no:  []string{"START SLAVE", "COMMIT", "BEGIN NOT ATOMIC SELECT 1; END"}},
		"BEGIN after LOCK TABLES": {
			yes: []string{"BEGIN", "BEGIN WORK", "START TRANSACTION READ ONLY"},
			no:  []string{"BEGIN NOT ATOMIC SELECT 1; END", "XA START 'a'"}},
		"SAVEPOINT": {yes: []string{"SAVEPOINT a"}, no: []string{"RELEASE SAVEPOINT a", "ROLLBACK TO SAVEPOINT a"}},
		"XA START":  {yes: []string{"XA START 'a'", "XA BEGIN 'a', 'b', 1"}, no: []string{"XA END 'a'", "XA PREPARE 'a'", "XA RECOVER"}},
		"XA COMMIT, XA ROLLBACK": {
			yes: []string{"XA COMMIT 'a'", "XA COMMIT 'a' ONE PHASE", "XA ROLLBACK 'a'"}, no: []string{"XA END 'a'", "XA PREPARE 'a'"}},
		"COMMIT, ROLLBACK": {
			yes: []string{"COMMIT", "COMMIT WORK;", "COMMIT AND NO CHAIN", "COMMIT NO RELEASE", "ROLLBACK", "ROLLBACK WORK AND NO CHAIN NO RELEASE"},
			no:  []string{"COMMIT AND CHAIN", "ROLLBACK TO a", "ROLLBACK WORK TO SAVEPOINT a", "ROLLBACK AND CHAIN"}},
		"COMMIT, ROLLBACK after SET TRANSACTION": {
			yes: []string{"COMMIT", "ROLLBACK"}, no: []string{"COMMIT AND CHAIN", "BEGIN", "ROLLBACK TO a"}},
		"COMMIT AND CHAIN, ROLLBACK AND CHAIN": {
			yes: []string{"COMMIT AND CHAIN", "COMMIT WORK AND CHAIN NO RELEASE", "ROLLBACK AND CHAIN"}, no: []string{"COMMIT", "ROLLBACK AND NO CHAIN"}},
		"SET autocommit = 0": {
			yes: []string{"SET autocommit = 0", "SET @@autocommit := OFF", "SET NAMES x, SESSION autocommit = @a", "SET @@session.autocommit = 1 - 1"},
			no:  []string{"SET autocommit = 1", "SET autocommit = ON", "SET GLOBAL autocommit = 0", "SET @autocommit = 0"}},
		"SET TRANSACTION": {
			yes: []string{"SET TRANSACTION READ ONLY", "SET @@tx_isolation = 'SERIALIZABLE'"},
			no:  []string{"SET SESSION TRANSACTION READ ONLY", "SET GLOBAL TRANSACTION READ ONLY", "SET tx_isolation = 'SERIALIZABLE'"}},
		"USE":                                 {yes: []string{"USE app", "use `a b`;"}, no: []string{"SELECT * FROM t USE INDEX (a)"}},
		"DROP DATABASE of the default schema": {yes: []string{"DROP DATABASE app", "DROP SCHEMA IF EXISTS app"}, no: []string{"DROP TABLE a", "CREATE DATABASE a"}},
		"SET NAMES, SET CHARACTER SET, character_set_*, collation_*": {
			yes: []string{"SET NAMES utf8mb4", "SET NAMES DEFAULT", "SET CHARACTER SET x", "SET CHARSET x", "SET @a = 1, character_set_results = NULL", "SET @@collation_connection = x", "SET LOCAL collation_server = x"},
			no:  []string{"SET GLOBAL character_set_server = x", "SET @names = 1", "SELECT @@character_set_client"}},
		"SET sql_mode": {
			yes: []string{"SET sql_mode = ''", "SET @@sql_mode = CONCAT(@@sql_mode, ',ANSI')", "SET `SQL_MODE` = DEFAULT"},
			no:  []string{"SET GLOBAL sql_mode = ''", "SET STATEMENT sql_mode = '' FOR SELECT 1"}},
		"SET of a variable that changes what is written": {
			yes: []string{"SET sql_log_bin = 0", "SET @@session.timestamp = 1", "SET insert_id = 1", "SET gtid_domain_id = 1", "SET server_id = 1", "SET rand_seed1 = 1",
				"SET pseudo_thread_id = 1", "SET gtid_seq_no = 1", "SET last_insert_id = 1", "SET sql_log_bin = DEFAULT"},
			no: []string{"SET GLOBAL server_id = 1", "SET autocommit = 1", "SET @timestamp = 1"}},
		"SET of any other session variable": {
			yes: []string{"SET time_zone = '+00:00'", "SET autocommit = 1", "SET SESSION TRANSACTION READ ONLY", "SET foreign_key_checks = 0", "SET RESOURCE GROUP rg", "SET GLOBAL a = 1, SESSION b = 1"},
			no:  []string{"SET GLOBAL max_connections = 1", "SET @a = 1", "SET STATEMENT a = 1 FOR SELECT 1", "SET NAMES x", "SET PASSWORD = 'x'", "SET DEFAULT ROLE NONE"}},
		"SET last_insert_id": {yes: []string{"SET last_insert_id = 1", "SET @@identity = 1"}, no: []string{"SET insert_id = 1"}},
		"SET ROLE":           {yes: []string{"SET ROLE a", "SET ROLE NONE"}, no: []string{"SET DEFAULT ROLE a", "DROP ROLE a"}},
		"CREATE BINDING, DROP BINDING for the session": {in: TiDB,
			yes: []string{"CREATE BINDING FOR SELECT 1 USING SELECT 1", "CREATE SESSION BINDING FOR SELECT 1 USING SELECT 1", "DROP BINDING FOR SELECT 1"},
			no:  []string{"CREATE GLOBAL BINDING FOR SELECT 1 USING SELECT 1", "DROP GLOBAL BINDING FOR SELECT 1"}},
		"SET SESSION_STATES":     {in: TiDB, yes: []string{"SET SESSION_STATES '{}'"}, no: []string{"SET CONFIG tikv a = 1"}},
		"SET @x":                 {yes: []string{"SET @x = 1", "SET a = 1, @`x` := 2"}, no: []string{"SET x = @y", "SELECT @x"}},
		"@x := in an expression": {yes: []string{"SELECT @x := 1", "INSERT INTO t VALUES (@x := 1)", "SELECT * FROM t WHERE (@`a b` := a) > 1", "DO @x := 1", "SET a = (@x := 1)"}, no: []string{"SELECT @x = 1", "SET @x = 1"}},
		"INTO @x":                {yes: []string{"SELECT 1 INTO @x", "SELECT 1, 2 INTO @x, @y FROM t"}, no: []string{"INSERT INTO t VALUES (@x)", "SELECT 1 INTO OUTFILE 'x'"}},
		"LOAD DATA into @x":      {yes: []string{"LOAD DATA LOCAL INFILE 'x' INTO TABLE t (a, @b)", "LOAD XML INFILE 'x' INTO TABLE t (a, @b) SET b = @b"}, no: []string{"LOAD DATA INFILE 'x' INTO TABLE t"}},
		"GET DIAGNOSTICS @x":     {yes: []string{"GET DIAGNOSTICS @x = ROW_COUNT", "GET CURRENT DIAGNOSTICS CONDITION 1 @x = MESSAGE_TEXT"}, no: []string{"SHOW WARNINGS"}},
		"CREATE TEMPORARY TABLE, CREATE TEMPORARY SEQUENCE": {
			yes: []string{"CREATE TEMPORARY TABLE t(a INT)", "CREATE OR REPLACE TEMPORARY TABLE t SELECT 1", "CREATE TEMPORARY SEQUENCE s"},
			no:  []string{"CREATE TABLE t(a INT)", "DROP TEMPORARY TABLE t", "ALTER TABLE t RENAME u"}},
		"LOCK TABLES": {yes: []string{"LOCK TABLES t READ, u WRITE", "LOCK TABLE t WRITE"}, no: []string{"UNLOCK TABLES", "SELECT 1 LOCK IN SHARE MODE"}},
		"FLUSH TABLES t WITH READ LOCK, FOR EXPORT": {
			yes: []string{"FLUSH TABLES t, u WITH READ LOCK", "FLUSH LOCAL TABLE t FOR EXPORT"}, no: []string{"FLUSH TABLES t", "FLUSH TABLES", "FLUSH TABLES WITH READ LOCK"}},
		"UNLOCK TABLES":               {yes: []string{"UNLOCK TABLES", "unlock table ;"}, no: []string{"LOCK TABLES t READ"}},
		"FLUSH TABLES WITH READ LOCK": {yes: []string{"FLUSH TABLES WITH READ LOCK", "FLUSH NO_WRITE_TO_BINLOG TABLES WITH READ LOCK"}, no: []string{"FLUSH TABLES t WITH READ LOCK", "FLUSH LOGS"}},
		"BACKUP STAGE":                {yes: []string{"BACKUP STAGE START", "BACKUP STAGE BLOCK_COMMIT"}, no: []string{"BACKUP STAGE END", "BACKUP UNLOCK"}},
		"BACKUP LOCK":                 {yes: []string{"BACKUP LOCK t"}, no: []string{"BACKUP UNLOCK"}},
		"LOCK INSTANCE FOR BACKUP":    {in: MySQL, yes: []string{"LOCK INSTANCE FOR BACKUP"}, no: []string{"UNLOCK INSTANCE"}},
		"GET_LOCK()": {
			yes: []string{"SELECT GET_LOCK('a', 1)", "DO get_lock ('a', 1)", "UPDATE t SET a = `get_lock`('a', 1)", "SET @x = GET_LOCK('a', 1)", "EXPLAIN SELECT * FROM (SELECT GET_LOCK('a', 1)) d"},
			no:  []string{"SELECT 'GET_LOCK('", "SELECT get_lock FROM t", "SELECT RELEASE_LOCK('a')"}},
		"SELECT RELEASE_ALL_LOCKS(), and nothing else": {
			yes: []string{"SELECT RELEASE_ALL_LOCKS()", "DO RELEASE_ALL_LOCKS();"},
			no:  []string{"SELECT RELEASE_ALL_LOCKS() FROM t", "SELECT IF(0, RELEASE_ALL_LOCKS(), 1)", "SELECT RELEASE_LOCK('a')", "EXPLAIN SELECT RELEASE_ALL_LOCKS()"}},
		"HANDLER OPEN":        {yes: []string{"HANDLER t OPEN", "HANDLER app.t OPEN AS h"}, no: []string{"HANDLER t CLOSE", "HANDLER t READ FIRST"}},
		"PREPARE":             {yes: []string{"PREPARE s FROM 'SELECT 1'", "PREPARE s FROM @x"}, no: []string{"DEALLOCATE PREPARE s", "DROP PREPARE s", "EXECUTE IMMEDIATE 'SELECT 1'"}},
		"SQL_CALC_FOUND_ROWS": {yes: []string{"SELECT SQL_CALC_FOUND_ROWS * FROM t LIMIT 1"}, no: []string{"SELECT FOUND_ROWS()", "SELECT * FROM t"}},
		"INSERT, REPLACE, UPDATE, DELETE, LOAD DATA": {
			yes: []string{"INSERT INTO t VALUES (1)", "REPLACE t SET a = 1", "UPDATE t SET a = 1", "DELETE FROM t", "LOAD DATA INFILE 'x' INTO TABLE t", "WITH c AS (SELECT 1) DELETE FROM t", "ANALYZE DELETE FROM t",
				"SET STATEMENT max_sort_length = 65 FOR INSERT INTO t VALUES (1)"},
			no: []string{"SELECT 1", "EXPLAIN DELETE FROM t", "CREATE TABLE t(a INT)"}},
		"CREATE TABLE ... SELECT": {
			yes: []string{"CREATE TABLE t AS SELECT 1", "CREATE TABLE t (a INT) SELECT 1"}, no: []string{"CREATE TABLE t(a INT)", "CREATE OR REPLACE TEMPORARY TABLE t(a INT)"}},
		"LAST_INSERT_ID(x)":                   {yes: []string{"SELECT LAST_INSERT_ID(5)", "DO LAST_INSERT_ID(?)"}, no: []string{"SELECT LAST_INSERT_ID()", "SELECT last_insert_id FROM t"}},
		"NEXTVAL(), NEXT VALUE FOR, SETVAL()": {yes: []string{"SELECT NEXTVAL(s)", "INSERT INTO t VALUES (NEXT VALUE FOR s)", "SELECT SETVAL(s, 5)"}, no: []string{"SELECT next FROM t"}},
		"CALL":                                {yes: []string{"CALL p()", "SET STATEMENT max_sort_length = 65 FOR CALL p()"}, no: []string{"SELECT call_ FROM t"}},
		"EXECUTE, EXECUTE IMMEDIATE of an expression":  {yes: []string{"EXECUTE s", "EXECUTE s USING 1", "EXECUTE IMMEDIATE @x"}, no: []string{"PREPARE s FROM 'SELECT 1'", "EXECUTE IMMEDIATE 'SELECT 1'"}},
		"BEGIN NOT ATOMIC and other parts of programs": {yes: []string{"BEGIN NOT ATOMIC SELECT 1; END", "IF 1 THEN SELECT 1; END IF"}, no: []string{"BEGIN", "SIGNAL SQLSTATE '45000'", "GET DIAGNOSTICS @x = NUMBER"}},
		"BINLOG":                             {yes: []string{"BINLOG 'x'"}, no: []string{"SHOW BINLOG EVENTS"}},
		"a stored or unknown function":       {yes: []string{"SELECT f(1)", "SELECT app.total()", "DO f()", "UPDATE t SET a = f(1)"}, no: []string{"SELECT NOW(), UPPER('a'), CONNECTION_ID(), ROW_COUNT()", "SELECT COUNT(*) FROM t"}},
		"a statement that is not understood": {yes: []string{"SELECT 'x", "FROBNICATE t", "SELECT 1 /*!"}, no: []string{"SELECT 1", "BEGIN", "COMMIT WORK", "UNLOCK TABLES"}},
		"any statement but SHOW WARNINGS, SHOW ERRORS and GET DIAGNOSTICS": {
			yes: []string{"SELECT 1/0", "COMMIT", "SET x = 1"}, no: []string{"SHOW WARNINGS LIMIT 1", "SHOW ERRORS", "SHOW COUNT(*) WARNINGS", "GET DIAGNOSTICS @x = NUMBER", ""}},
	}
}

// applies says whether the row is for the statement, seen as Analyze sees it.
func applies(c Cause, m Mode, sql string) bool {
	f := Analyze(m, []byte(sql))
	s := newStatement(m, []byte(sql))
	s.facts = *f
	v := view{statement: s, begin: s.start()}
	v.scan()
	return c.when(&v)
}

func TestEachRowAppliesToItsStatements(t *testing.T) {
	all := examples()
	for _, c := range Causes() {
		e, ok := all[c.Name]
		if !ok || len(e.yes) == 0 || len(e.no) == 0 {
			t.Errorf("the row %q has no examples", c.Name)
			continue
		}
		delete(all, c.Name)
		if e.in == FlavourUnknown {
			e.in = MariaDB
		}
		m := mode(e.in)
		for _, sql := range e.yes {
			f := Analyze(m, []byte(sql))
			if !applies(c, m, sql) || !f.Creates.Has(c.Creates) {
				t.Errorf("%s: not for %s, which creates %v", c.Name, sql, f.Creates)
			}
			if !f.Releases.Has(c.Releases) {
				t.Errorf("%s: %s releases %v", c.Name, sql, f.Releases)
			}
		}
		for _, sql := range e.no {
			if applies(c, m, sql) {
				t.Errorf("%s: also for %s", c.Name, sql)
			}
		}
	}
	for name := range all {
		t.Errorf("there are examples for the row %q, which is not in the table", name)
	}
}

func TestStatementsThatAreUnderstoodCreateNothingUnknown(t *testing.T) {
	all, opaque := examples(), 0
	for _, c := range Causes() {
		if c.Creates.Has(core.EffectUnknown) {
			continue
		}
		e := all[c.Name]
		if e.in == FlavourUnknown {
			e.in = MariaDB
		}
		for _, sql := range e.yes {
			f := Analyze(mode(e.in), []byte(sql))
			if f.Opaque {
				opaque++
			} else if f.Creates.Has(core.EffectUnknown) {
				t.Errorf("%s creates %v: %v", sql, f.Creates, f.Pins)
			}
		}
	}
	if opaque > 3 {
		t.Errorf("%d statements of the examples are not understood", opaque)
	}
}

func TestPinsAreTheLastingEffectsWithReasons(t *testing.T) {
	for name, e := range examples() {
		for _, sql := range slices.Concat(e.yes, e.no) {
			f := Analyze(mode(e.in), []byte(sql))
			pinned := core.Effect(0)
			for _, p := range f.Pins {
				if pinned.Has(p.Effect) || p.Reason == "" {
					t.Errorf("%s: %s pins %v twice or without a reason", name, sql, p)
				}
				pinned |= p.Effect
			}
			if pinned != f.Creates&core.Lasting {
				t.Errorf("%s: %s creates %v and pins %v", name, sql, f.Creates, pinned)
			}
			if f.Releases&f.Creates != 0 || f.Creates.Has(core.EffectUnknown) && f.Releases != 0 {
				t.Errorf("%s: %s creates %v and releases %v", name, sql, f.Creates, f.Releases)
			}
		}
	}
}

func TestTheTextOfExecuteImmediateCounts(t *testing.T) {
	f := Analyze(mode(MariaDB), []byte("EXECUTE IMMEDIATE 'SET @x = 1'"))
	if want := core.EffectUserVar | core.EffectWarnings; f.Creates != want {
		t.Errorf("creates %v, want %v: %v", f.Creates, want, f.Pins)
	}
	f = Analyze(mode(MariaDB), []byte("EXECUTE IMMEDIATE 'UNLOCK TABLES'"))
	if f.Releases != core.EffectTableLock {
		t.Errorf("releases %v", f.Releases)
	}
	f = Analyze(mode(MariaDB), []byte("PREPARE s FROM 'SET @x = 1'"))
	if want := core.EffectPrepared | core.EffectWarnings; f.Creates != want {
		t.Errorf("creates %v, want %v: %v", f.Creates, want, f.Pins)
	}
}

func TestWithoutAFlavourNothingIsReleasedThatOneServerKeeps(t *testing.T) {
	for f, want := range map[Flavour]core.Effect{
		MySQL: core.EffectTableLock, MariaDB: core.EffectTableLock, TiDB: 0, FlavourUnknown: 0,
	} {
		if got := Analyze(mode(f), []byte("BEGIN")).Releases; got != want {
			t.Errorf("%v: BEGIN releases %v, want %v", f, got, want)
		}
	}
	if got := Analyze(mode(FlavourUnknown), []byte("BACKUP LOCK t")).Creates; !got.Has(core.EffectGlobalLock) {
		t.Errorf("BACKUP LOCK creates %v where the flavour is not known", got)
	}
}

func TestEveryEffectIsInTheTable(t *testing.T) {
	all := core.Effect(0)
	names := map[string]bool{}
	for _, c := range Causes() {
		all |= c.Creates
		if names[c.Name] || c.Name == "" || c.Told == "" || c.Creates == 0 && c.Releases == 0 {
			t.Errorf("the row %q is double or lacks something", c.Name)
		}
		names[c.Name] = true
		if c.Creates&core.Lasting != 0 && c.Reason == "" {
			t.Errorf("the row %q pins without a reason", c.Name)
		}
	}
	if missing := core.AllEffects &^ all; missing != 0 {
		t.Errorf("no row creates %v", missing)
	}
}

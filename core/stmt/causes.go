package stmt

import (
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

// Cause is a row of the table of what statements leave behind on their connection.
type Cause struct {
	Name     string // the sort of statement, for people
	Creates  core.Effect
	Releases core.Effect // for sure if the statement succeeds
	Reason   string      // a clause: why it pins
	Undo     string      // what takes the state away, beside the end of the connection and its reset
	Told     string      // how the server tells of it

	where flavours
	when  func(*view) bool
}

// flavours are the servers that a row is for. Where the flavour is not known every row
// creates, and only those for all servers release.
type flavours uint8

const (
	everywhere flavours = 0
	onMySQL    flavours = 1 << MySQL
	onMariaDB  flavours = 1 << MariaDB
	onTiDB     flavours = 1 << TiDB
)

func (f flavours) has(one Flavour) bool {
	return f == everywhere || one == FlavourUnknown || f&(1<<one) != 0
}

// Causes gives the table, to be shown and tested.
func Causes() []Cause { return append([]Cause(nil), causes[:]...) }

// Servers names those that the row is for, nothing if it is for all.
func (c *Cause) Servers() string {
	var all []string
	for f := MySQL; f <= TiDB; f++ {
		if c.where != everywhere && c.where.has(f) {
			all = append(all, f.String())
		}
	}
	return strings.Join(all, ", ")
}

// The servers' ways to tell. By value is MariaDB's tracker of system variables with
// session_track_system_variables = *.
const (
	byFlag   = "status flag"
	byValue  = "name and value"
	bySchema = "name of the schema"
	byChange = "that something changed"
	byLock   = "transaction state"
	byCount  = "count in the OK packet"
	notAll   = "not always"
	untold   = "no"
)

// causes is the table. The order is that of the reasons: the first row that creates an
// effect says why.
var causes = [...]Cause{
	// Transactions.
	{Name: "BEGIN, START TRANSACTION", Creates: core.EffectTransaction, Undo: "COMMIT, ROLLBACK, any statement that commits by itself", Told: byFlag,
		when: either(begins("start transaction"), both(begins("begin"), not(begins("begin not"))))},
	{Name: "BEGIN after LOCK TABLES", Releases: core.EffectTableLock, Told: byLock, where: onMySQL | onMariaDB,
		when: either(begins("start transaction"), is("begin", "begin work"))},
	{Name: "SAVEPOINT", Creates: core.EffectTransaction, Undo: "the end of the transaction", Told: byFlag,
		when: begins("savepoint")},
	{Name: "XA START", Creates: core.EffectTransaction, Undo: "XA COMMIT, XA ROLLBACK", Told: byFlag,
		when: begins("xa start", "xa begin")},
	{Name: "XA COMMIT, XA ROLLBACK", Releases: core.EffectTransaction, Told: byFlag,
		when: begins("xa commit", "xa rollback")},
	{Name: "COMMIT, ROLLBACK", Releases: core.EffectTransaction, Told: byFlag,
		when: is(ends()...)},
	{Name: "COMMIT, ROLLBACK after SET TRANSACTION", Releases: core.EffectNextTransaction, Told: untold, where: onMySQL | onMariaDB,
		when: is(ends()...)},
	{Name: "COMMIT AND CHAIN, ROLLBACK AND CHAIN", Creates: core.EffectTransaction, Undo: "COMMIT, ROLLBACK", Told: byFlag,
		when: begins("commit and chain", "commit work and chain", "rollback and chain", "rollback work and chain")},
	{Name: "SET autocommit = 0", Creates: core.EffectTransaction, Reason: "it sets autocommit", Undo: "SET autocommit = 1 and COMMIT", Told: byFlag,
		when: sets(core.EffectTransaction)},
	{Name: "SET TRANSACTION", Creates: core.EffectNextTransaction, Reason: "it sets how the next transaction runs (SET TRANSACTION)",
		Undo: "the end of the next transaction; COMMIT, ROLLBACK", Told: untold, when: sets(core.EffectNextTransaction)},

	// Variables and names.
	{Name: "USE", Creates: core.EffectSchema, Reason: "it sets the default schema", Undo: "another USE", Told: bySchema,
		when: begins("use")},
	{Name: "DROP DATABASE of the default schema", Creates: core.EffectSchema, Reason: "it may drop the default schema", Undo: "USE", Told: bySchema,
		when: begins("drop database", "drop schema")},
	{Name: "SET NAMES, SET CHARACTER SET, character_set_*, collation_*", Creates: core.EffectCharset, Reason: "it sets the character set",
		Undo: "the same with the value from before", Told: byValue, when: sets(core.EffectCharset)},
	{Name: "SET sql_mode", Creates: core.EffectSQLMode, Reason: "it sets sql_mode", Undo: "the same with the value from before", Told: byValue,
		when: sets(core.EffectSQLMode)},
	{Name: "SET of a variable that changes what is written", Creates: core.EffectReplication,
		Reason: "it sets a variable that changes what is written or replicated", Undo: "SET of the same variable to DEFAULT", Told: byValue,
		when: sets(core.EffectReplication)},
	{Name: "SET of any other session variable", Creates: core.EffectSystemVar, Reason: "it sets a session variable",
		Undo: "the same with the value from before", Told: byValue, when: sets(core.EffectSystemVar)},
	{Name: "SET last_insert_id", Creates: core.EffectLastID, Undo: "the next INSERT", Told: byValue,
		when: sets(core.EffectLastID)},
	{Name: "SET ROLE", Creates: core.EffectRole, Reason: "it sets the role", Undo: "SET ROLE with the role from before", Told: byChange,
		when: sets(core.EffectRole)},
	{Name: "CREATE BINDING, DROP BINDING for the session", Creates: core.EffectSystemVar, Reason: "it changes the session's plan bindings",
		Undo: "DROP SESSION BINDING", Told: untold, where: onTiDB,
		when: begins("create binding", "create session binding", "drop binding", "drop session binding")},
	{Name: "SET SESSION_STATES", Creates: core.EffectUnknown, Reason: "it takes over another session's state", Told: untold,
		when: sets(core.EffectUnknown)},

	// User variables.
	{Name: "SET @x", Creates: core.EffectUserVar, Reason: "it sets a user variable", Undo: "nothing; SET @x = NULL leaves the name", Told: byChange,
		when: sets(core.EffectUserVar)},
	{Name: "@x := in an expression", Creates: core.EffectUserVar, Reason: "it sets a user variable (:=)", Undo: "nothing", Told: notAll,
		when: has(assignsVar)},
	{Name: "INTO @x", Creates: core.EffectUserVar, Reason: "it sets a user variable (INTO)", Undo: "nothing", Told: untold,
		when: has(intoVar)},
	{Name: "LOAD DATA into @x", Creates: core.EffectUserVar, Reason: "it sets a user variable (LOAD DATA)", Undo: "nothing", Told: untold,
		when: both(either(kind(core.StatementLoad), begins("load data", "load xml")), has(namesVar))},
	{Name: "GET DIAGNOSTICS @x", Creates: core.EffectUserVar, Reason: "it sets a user variable (GET DIAGNOSTICS)", Undo: "nothing", Told: untold,
		when: both(begins(diagnostics()...), has(namesVar))},

	// Tables, locks, handlers, statements.
	{Name: "CREATE TEMPORARY TABLE, CREATE TEMPORARY SEQUENCE", Creates: core.EffectTempTable, Reason: "it creates a temporary table",
		Undo: "DROP of each; ALTER, RENAME and TRUNCATE leave it", Told: byChange,
		when: begins("create temporary", "create or replace temporary")},
	{Name: "LOCK TABLES", Creates: core.EffectTableLock, Reason: "it locks tables (LOCK TABLES)", Undo: "UNLOCK TABLES, BEGIN", Told: byLock,
		when: begins("lock table", "lock tables")},
	{Name: "FLUSH TABLES t WITH READ LOCK, FOR EXPORT", Creates: core.EffectTableLock, Reason: "it locks tables (FLUSH TABLES)", Undo: "UNLOCK TABLES, BEGIN", Told: byLock,
		when: both(flushes, not(flushesAll))},
	{Name: "UNLOCK TABLES", Releases: core.EffectTableLock, Told: byLock, when: is("unlock table", "unlock tables")},
	{Name: "FLUSH TABLES WITH READ LOCK", Creates: core.EffectGlobalLock, Reason: "it locks all tables (FLUSH TABLES WITH READ LOCK)", Undo: "UNLOCK TABLES", Told: untold,
		when: flushesAll},
	{Name: "BACKUP STAGE", Creates: core.EffectGlobalLock, Reason: "it locks for a backup (BACKUP STAGE)", Undo: "BACKUP STAGE END", Told: untold, where: onMariaDB,
		when: both(begins("backup stage"), not(is("backup stage end")))},
	{Name: "BACKUP LOCK", Creates: core.EffectGlobalLock, Reason: "it locks for a backup (BACKUP LOCK)", Undo: "BACKUP UNLOCK", Told: untold, where: onMariaDB,
		when: begins("backup lock")},
	{Name: "LOCK INSTANCE FOR BACKUP", Creates: core.EffectGlobalLock, Reason: "it locks for a backup (LOCK INSTANCE)", Undo: "UNLOCK INSTANCE", Told: untold, where: onMySQL,
		when: begins("lock instance")},
	{Name: "GET_LOCK()", Creates: core.EffectNamedLock, Reason: "it takes a named lock (GET_LOCK)", Undo: "RELEASE_LOCK of each, as often as it was taken; RELEASE_ALL_LOCKS()", Told: untold,
		when: has(takesLock)},
	{Name: "SELECT RELEASE_ALL_LOCKS(), and nothing else", Releases: core.EffectNamedLock, Told: untold, when: releasesAll},
	{Name: "HANDLER OPEN", Creates: core.EffectHandler, Reason: "it opens a handler", Undo: "HANDLER CLOSE of each", Told: untold,
		when: both(begins("handler"), opensHandler)},
	{Name: "PREPARE", Creates: core.EffectPrepared, Reason: "it prepares a statement by name", Undo: "DEALLOCATE PREPARE of each", Told: byChange,
		when: begins("prepare")},

	// What the next statement may ask for.
	{Name: "SQL_CALC_FOUND_ROWS", Creates: core.EffectFoundRows, Undo: "the next SELECT", Told: untold, when: has(countsRows)},
	{Name: "INSERT, REPLACE, UPDATE, DELETE, LOAD DATA", Creates: core.EffectLastID, Undo: "ROW_COUNT(): any statement; LAST_INSERT_ID(): the next INSERT", Told: byCount,
		when: either(writes, begins("insert", "replace", "update", "delete", "load data", "load xml"))},
	{Name: "CREATE TABLE ... SELECT", Creates: core.EffectLastID, Undo: "any statement", Told: byCount,
		when: both(begins("create"), has(selects))},
	{Name: "LAST_INSERT_ID(x)", Creates: core.EffectLastID, Undo: "the next INSERT", Told: untold, when: has(setsLastID)},

	// What may do anything.
	{Name: "NEXTVAL(), NEXT VALUE FOR, SETVAL()", Creates: core.EffectUnknown, Reason: "it uses a sequence, whose last value belongs to the connection (LASTVAL)", Told: untold,
		when: has(usesSequence)},
	{Name: "CALL", Creates: core.EffectUnknown, Reason: "it calls a procedure, which may do anything", Told: untold,
		when: either(kind(core.StatementCall), begins("call"))},
	{Name: "EXECUTE, EXECUTE IMMEDIATE of an expression", Creates: core.EffectUnknown, Reason: "it executes a statement that is not in the text", Told: untold,
		when: both(either(kind(core.StatementExecute), begins("execute")), not((*view).immediate))},
	{Name: "BEGIN NOT ATOMIC and other parts of programs", Creates: core.EffectUnknown, Reason: "it is a program, which may do anything", Told: untold,
		when: either(begins("begin not atomic"), both(kind(core.StatementBlock), not(begins(reports()...))))},
	{Name: "BINLOG", Creates: core.EffectUnknown, Reason: "it runs events of a binary log", Told: untold, when: begins("binlog")},
	{Name: "a stored or unknown function", Creates: core.EffectUnknown, Reason: "it calls a function that may do anything", Told: untold,
		when: func(v *view) bool { return v.unknownFunction() != "" }},
	{Name: "a statement that is not understood", Creates: core.EffectUnknown, Reason: "it is not understood for sure", Told: untold,
		when: func(v *view) bool { return v.facts.Opaque && !v.proved || v.facts.Kind == core.StatementUnknown }},

	{Name: "any statement but SHOW WARNINGS, SHOW ERRORS and GET DIAGNOSTICS", Creates: core.EffectWarnings, Undo: "the next statement", Told: byCount,
		when: both(not(kind(core.StatementEmpty)), not(begins(append(diagnostics(), "show warnings", "show errors", "show count")...)))},
}

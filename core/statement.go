package core

import "fmt"

// StatementKind is what a statement is by its leading words.
type StatementKind uint8

// The kinds, named as people and configs name them: see String. A comment alone is
// StatementEmpty. SELECT, TABLE, VALUES, WITH ... SELECT and set operations of them are all
// StatementSelect, with INTO and locking clauses too.
const (
	StatementUnknown StatementKind = iota
	StatementEmpty
	StatementMulti // several statements in one text
	StatementSelect
	StatementInsert
	StatementReplace
	StatementUpdate
	StatementDelete
	StatementLoad // LOAD DATA, LOAD XML
	StatementCall
	StatementDo
	StatementHandler
	StatementShow
	StatementExplain // EXPLAIN, DESCRIBE, DESC; not what runs the statement
	StatementAnalyze // EXPLAIN ANALYZE and MariaDB's ANALYZE SELECT, which run it
	StatementUse
	StatementSet
	StatementPrepare
	StatementExecute // EXECUTE and EXECUTE IMMEDIATE
	StatementDeallocate
	StatementBegin
	StatementCommit
	StatementRollback
	StatementSavepoint // SAVEPOINT, RELEASE SAVEPOINT, ROLLBACK TO
	StatementXA
	StatementLock   // LOCK TABLES, LOCK INSTANCE, BACKUP
	StatementUnlock // UNLOCK TABLES, UNLOCK INSTANCE
	StatementCreate
	StatementAlter
	StatementDrop
	StatementRename
	StatementTruncate
	StatementGrant // GRANT, REVOKE
	StatementKill
	StatementFlush // FLUSH, RESET
	StatementTable // ANALYZE, CHECK, CHECKSUM, OPTIMIZE, REPAIR TABLE
	StatementReplication
	StatementBlock // BEGIN NOT ATOMIC, DECLARE, SIGNAL, GET DIAGNOSTICS and other parts of programs
	StatementAdmin // any other that steers the server
	statementKinds
)

var statementNames = [statementKinds]string{
	"unknown", "empty", "multi", "select", "insert", "replace", "update", "delete", "load", "call", "do",
	"handler", "show", "explain", "analyze", "use", "set", "prepare", "execute", "deallocate", "begin",
	"commit", "rollback", "savepoint", "xa", "lock", "unlock", "create", "alter", "drop", "rename",
	"truncate", "grant", "kill", "flush", "table", "replication", "block", "admin",
}

func (k StatementKind) String() string {
	if k < statementKinds {
		return statementNames[k]
	}
	return "invalid"
}

// ParseStatementKind reads a kind's name.
func ParseStatementKind(name string) (StatementKind, error) {
	for k, n := range statementNames {
		if n == name {
			return StatementKind(k), nil
		}
	}
	return 0, fmt.Errorf("there is no kind of statement %q, only %s", name, statementNames[1:])
}

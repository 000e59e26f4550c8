package stmt_test

import (
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
)

func TestABeginSaysWhatItsTransactionIs(t *testing.T) {
	for sql, want := range map[string]core.Transaction{
		"BEGIN":                       core.TransactionPlain,
		"begin work;":                 core.TransactionPlain,
		"/* a comment */ BEGIN -- x":  core.TransactionPlain,
		"START TRANSACTION":           core.TransactionPlain,
		"START /**/ TRANSACTION ;":    core.TransactionPlain,
		"START TRANSACTION READ ONLY": core.TransactionReadOnly,
		"start transaction with consistent snapshot, read only": core.TransactionReadOnly,
		"START TRANSACTION READ ONLY, WITH CONSISTENT SNAPSHOT": core.TransactionReadOnly,
		"START TRANSACTION WITH CONSISTENT SNAPSHOT":            core.TransactionOther,
		"START TRANSACTION READ WRITE":                          core.TransactionOther,
		"START TRANSACTION READ ONLY, READ WRITE":               core.TransactionOther,
		"START TRANSACTION READ ONLY AS OF TIMESTAMP NOW()":     core.TransactionOther,
		"START TRANSACTION READ ONLY,":                          core.TransactionOther,
		"START TRANSACTION READ":                                core.TransactionOther,
		"BEGIN READ ONLY":                                       core.TransactionNone, // a block's beginning, to MariaDB
		"BEGIN PESSIMISTIC":                                     core.TransactionOther,
		"BEGIN WORK READ ONLY":                                  core.TransactionOther,
		"START TRANSACTION /*!40100 READ ONLY */":               core.TransactionOther,
		"BEGIN /*!40000 WORK */":                                core.TransactionOther,
		"COMMIT":                                                core.TransactionNone,
		"SELECT 1":                                              core.TransactionNone,
		"SET TRANSACTION READ ONLY":                             core.TransactionNone,
		"BEGIN NOT ATOMIC SELECT 1; END":                        core.TransactionNone,
		"SET STATEMENT max_statement_time = 1 FOR BEGIN":        core.TransactionPlain,
		"XA BEGIN 'x'":                                          core.TransactionNone,
	} {
		f := stmt.Analyze(maria(), []byte(sql))
		if f.Transaction != want {
			t.Errorf("%s: %q, want %q", sql, f.Transaction, want)
		}
	}
}

func TestAReleaseIsToldFromNone(t *testing.T) {
	m := stmt.Mode{Flavour: stmt.MariaDB, Version: 101100, Charset: stmt.CharsetUTF8}
	for sql, want := range map[string]bool{
		"COMMIT RELEASE":                                         true,
		"commit work and no chain release;":                      true,
		"ROLLBACK/**/RELEASE":                                    true,
		"COMMIT /*!50000 RELEASE */":                             true,
		"SELECT 1; COMMIT RELEASE; SELECT 2":                     true,
		"SET STATEMENT lock_wait_timeout = 1 FOR COMMIT RELEASE": true,
		"EXECUTE IMMEDIATE 'COMMIT RELEASE'":                     true,
		"COMMIT":                                                 false,
		"COMMIT /* RELEASE */":                                   false,
		"COMMIT NO RELEASE":                                      false,
		"ROLLBACK AND CHAIN NO RELEASE":                          false,
		"RELEASE SAVEPOINT a":                                    false,
		"ROLLBACK TO a":                                          false,
		"PREPARE a FROM 'COMMIT RELEASE'":                        false,
		"SELECT release FROM t":                                  false,
	} {
		if got := stmt.Analyze(m, []byte(sql)).Hangup; got != want {
			t.Errorf("%s: %v, want %v", sql, got, want)
		}
	}
}

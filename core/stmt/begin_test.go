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

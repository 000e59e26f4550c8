package stmt_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
)

func analyze(sql string) *core.Facts { return stmt.Analyze(maria(), []byte(sql)) }

func TestTheKindIsToldByTheLeadingWords(t *testing.T) {
	for sql, want := range map[string]core.StatementKind{
		"((SELECT 1))":                  core.StatementSelect,
		"WITH x AS (SELECT 1) SELECT 1": core.StatementSelect,
		"WITH x (a) AS (SELECT 1) DELETE t FROM t JOIN x ON t.a = x.a": core.StatementDelete,
		"WITH x AS (SELECT 1), y AS (SELECT 2) UPDATE t SET a = 1":     core.StatementUpdate,
		"BEGIN":                     core.StatementBegin,
		"BEGIN WORK":                core.StatementBegin,
		"BEGIN NOT ATOMIC SELECT 1": core.StatementBlock,
		"x: BEGIN END":              core.StatementBlock,
		"START TRANSACTION READ ONLY, WITH CONSISTENT SNAPSHOT": core.StatementBegin,
		"START SLAVE":                          core.StatementReplication,
		"ROLLBACK WORK TO SAVEPOINT a":         core.StatementSavepoint,
		"ROLLBACK AND CHAIN":                   core.StatementRollback,
		"RELEASE SAVEPOINT a":                  core.StatementSavepoint,
		"DROP PREPARE s":                       core.StatementDeallocate,
		"ANALYZE TABLE t":                      core.StatementTable,
		"ANALYZE FORMAT=JSON SELECT 1":         core.StatementAnalyze,
		"EXPLAIN FORMAT=JSON ANALYZE SELECT 1": core.StatementAnalyze,
		"DESC t":                               core.StatementExplain,
		"LOAD INDEX INTO CACHE t":              core.StatementAdmin,
		"LOAD XML INFILE 'x' INTO TABLE t":     core.StatementLoad,
		"SET STATEMENT max_statement_time = 1 FOR DELETE FROM t": core.StatementSet,
		"REVOKE ALL ON a.* FROM b":                               core.StatementGrant,
		"-- nothing":                                             core.StatementEmpty,
		"FROB":                                                   core.StatementUnknown,
		"(UPDATE t SET a = 1)":                                   core.StatementUnknown,
	} {
		if f := analyze(sql); f.Kind != want {
			t.Errorf("%s: %s, want %s", sql, f.Kind, want)
		}
	}
}

func TestTablesAreThoseOfTheStatementWithoutItsOwnNames(t *testing.T) {
	for sql, want := range map[string]string{
		"WITH t AS (SELECT * FROM t) SELECT * FROM t":                          "r:t",
		"WITH RECURSIVE t AS (SELECT 1 UNION SELECT * FROM t) SELECT * FROM t": "",
		"SELECT * FROM (WITH x AS (SELECT 1) SELECT * FROM x) y, x":            "r:x",
		"WITH x AS (SELECT 1) SELECT * FROM X":                                 "r:X",
		"WITH x AS (SELECT 1) SELECT * FROM app.x":                             "r:app.x",
		"UPDATE t a JOIN u b ON a.id = b.id SET a.x = 1":                       "w:t r:u",
		"UPDATE t a JOIN u b ON a.id = b.id SET a.x = 1, b.y = 2":              "w:t w:u",
		"UPDATE t a JOIN u b ON a.id = b.id SET x = 1":                         "w:t w:u",
		"DELETE a FROM t AS a JOIN u ON a.id = u.id":                           "w:t r:u",
		"DELETE FROM a, u USING t AS a JOIN u ON a.id = u.id":                  "w:t w:u",
		"DELETE app.t FROM app.t JOIN u":                                       "w:app.t r:u",
		"INSERT INTO t SELECT * FROM t":                                        "w:t r:t",
		"SELECT * FROM db /**/ . /**/ t":                                       "r:db.t",
		"SELECT(a)FROM(t)":                                                     "r:t",
		"SELECT 1e0FROM t":                                                     "r:t",
		"SELECT 1.FROM t":                                                      "r:t",
		"SELECT * FROM t FOR UPDATE OF x":                                      "r:t",
		"CREATE TABLE n LIKE t":                                                "w:n r:t",
		"SELECT a INTO @x FROM t WHERE b IN (SELECT c FROM `u`)":               "r:t r:u",
		"SET @x = (SELECT MAX(a) FROM t)":                                      "r:t",
		"DO (SELECT a FROM t)":                                                 "r:t",
		"EXPLAIN DELETE FROM t":                                                "r:t",
		"ANALYZE DELETE FROM t":                                                "w:t",
		"DELETE FROM t WHERE a = 1 RETURNING b":                                "w:t",
	} {
		f := analyze(sql)
		var have []string
		for _, table := range f.Tables {
			have = append(have, strings.TrimPrefix(shownTable(table), " "))
		}
		if f.Opaque || strings.Join(have, " ") != want {
			t.Errorf("%s: %s, want %s (opaque: %s)", sql, have, want, f.OpaqueReason)
		}
	}
}

func shownTable(t core.Table) string {
	s := "r:"
	if t.Writes {
		s = "w:"
	}
	if t.Schema != "" {
		s += t.Schema + "."
	}
	return s + t.Name
}

func TestWhatIsNoReadForAReplicaSaysWhy(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT a FROM t LOCK IN SHARE MODE":                            "locks rows",
		"SELECT a FROM (SELECT a FROM t FOR UPDATE SKIP LOCKED) x":      "locks rows",
		"SELECT a INTO OUTFILE 'x' FROM t":                              "INTO",
		"SELECT @a := 1":                                                "@a",
		"SELECT @a":                                                     "@a",
		"SELECT @@hostname":                                             "@@hostname",
		"SELECT @@session.sql_mode":                                     "@@sql_mode",
		"SELECT SQL_CALC_FOUND_ROWS a FROM t":                           "FOUND_ROWS",
		"SELECT GET_LOCK('a', 1)":                                       "get_lock",
		"SELECT app.total(1)":                                           "app.total",
		"SELECT SLEEP(GET_LOCK('a', 1))":                                "get_lock",
		"SELECT BENCHMARK(1, my())":                                     "my()",
		"SELECT COUNT (a) FROM t":                                       "count",
		"SELECT NOW/**/()":                                              "now",
		"SELECT `now`()":                                                "now",
		"SELECT UUID_TO_BIN(UUID())":                                    "uuid_to_bin",
		"SELECT NEXT VALUE FOR s":                                       "nextval",
		"SELECT PREVIOUS VALUE FOR s":                                   "lastval",
		"SELECT s.nextval":                                              "nextval",
		"SELECT SQL_NO_CACHE@a":                                         "@a",
		"SELECT CURRENT_USER":                                           "current_user",
		"SELECT * FROM performance_schema.threads":                      "each server",
		"SELECT * FROM `Information_Schema`.PROCESSLIST":                "each server",
		"SELECT * FROM t PROCEDURE ANALYSE()":                           "not understood",
		"EXPLAIN DELETE FROM t":                                         "read-only server refuses",
		"EXPLAIN SELECT GET_LOCK('a', 1)":                               "get_lock",
		"EXPLAIN FOR CONNECTION 3":                                      "another session",
		"ANALYZE SELECT 1":                                              "runs the statement",
		"SHOW PROCESSLIST":                                              "one server",
		"SHOW TABLES WHERE GET_LOCK('a', 1)":                            "get_lock",
		"SHOW TABLES WHERE (SELECT @a := 1)":                            "@a",
		"SET STATEMENT max_statement_time = 1 FOR SELECT 1":             "SET STATEMENT",
		"HANDLER t READ FIRST":                                          "handler",
		"SELECT 1; SELECT 2":                                            "several",
		"SELECT a FROM t /*! WHERE 1 */":                                "comment that servers execute",
		"SELECT a FROM t /*M! WHERE 1 */":                               "comment that servers execute",
		"SELECT 1 /*!999999 INTO @a */":                                 "comment that servers execute",
		"WITH x AS (DELETE FROM t RETURNING a) SELECT * FROM x":         "not understood",
		"SELECT * FROM t WHERE a = (SELECT b FROM u FOR UPDATE NOWAIT)": "locks rows",
	} {
		if f := analyze(sql); f.ReadSafe || !strings.Contains(f.ReadReason, want) {
			t.Errorf("%s: safe %t, %s; want %s", sql, f.ReadSafe, f.ReadReason, want)
		}
	}
}

func TestAFunctionThatTheServerDoesNotHaveIsNotSafe(t *testing.T) {
	old, recent := stmt.Mode{Flavour: stmt.MySQL, Version: 50744, Charset: stmt.CharsetUTF8}, stmt.Mode{Flavour: stmt.MySQL, Version: 80036, Charset: stmt.CharsetUTF8}
	sql := []byte("SELECT UUID_TO_BIN(a) FROM t")
	if stmt.Analyze(old, sql).ReadSafe {
		t.Error("MySQL 5.7 has no UUID_TO_BIN, so it may be a stored function")
	}
	if f := stmt.Analyze(recent, sql); !f.ReadSafe {
		t.Errorf("MySQL 8 has UUID_TO_BIN: %s", f.ReadReason)
	}
}

func TestTextInLiteralsIsLookedInto(t *testing.T) {
	f := analyze(`PREPARE s FROM 'SELECT ''a'', \'b\' FROM t WHERE x = ? FOR UPDATE'`)
	if len(f.Parts) != 1 || f.Opaque || !f.Parts[0].Locking || f.Parts[0].Placeholders != 1 {
		t.Errorf("%+v", f)
	}
	if f := analyze("EXECUTE IMMEDIATE 'DROP TABLE t'"); f.Access != core.AccessSchema || len(f.Tables) != 1 || f.ReadSafe {
		t.Errorf("%+v", f)
	}
	for _, sql := range []string{"PREPARE s FROM @a", "EXECUTE IMMEDIATE CONCAT('a', 'b')", "EXECUTE IMMEDIATE X'44'", "EXECUTE s",
		"EXECUTE IMMEDIATE _utf8'SELECT 1'", "EXECUTE IMMEDIATE 'SELECT' ' 1'"} {
		if f := analyze(sql); !f.Opaque || f.ReadSafe {
			t.Errorf("%s: opaque %t", sql, f.Opaque)
		}
	}
	deep := "SELECT 1"
	for range 5 {
		deep = "EXECUTE IMMEDIATE '" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(deep) + "'"
	}
	if f := analyze(deep); !f.Opaque {
		t.Error("text in text in text is not opaque")
	}
}

func TestVariablesAreToldApart(t *testing.T) {
	f := analyze("SELECT @a, @B := 1, @@session.sql_mode, @@global.`max_connections` INTO @c, @d")
	if f.Opaque || !slices.Equal(f.UserVarsRead, []string{"a"}) || !slices.Equal(slices.Sorted(slices.Values(f.UserVarsSet)), []string{"b", "c", "d"}) ||
		!slices.Equal(f.SystemVarsRead, []string{"sql_mode", "max_connections"}) || f.Into != core.IntoVariables {
		t.Errorf("%+v", f)
	}
}

// TestNoMutantIsBothOpaqueAndSafe cuts, doubles, swaps and joins pieces of the corpus. It
// also shows that no such text brings the analysis down.
func TestNoMutantIsBothOpaqueAndSafe(t *testing.T) {
	all := corpus(t)
	r := rand.New(rand.NewPCG(3, 14))
	n := 20000
	if testing.Short() {
		n = 2000
	}
	for range n {
		sql := mutant(r, all[r.IntN(len(all))].SQL, all[r.IntN(len(all))].SQL)
		f := analyze(sql)
		if f.ReadSafe && (f.Opaque || f.Locking || f.Into != core.IntoClient || len(f.Functions) > 0 || len(f.UserVarsSet) > 0 ||
			len(f.UserVarsRead) > 0 || slices.ContainsFunc(f.Tables, func(t core.Table) bool { return t.Writes })) {
			t.Errorf("%q: %+v", sql, f)
		}
		if f.ReadReason == "" || f.Opaque != (f.OpaqueReason != "") {
			t.Errorf("%q: no reason: %+v", sql, f)
		}
	}
}

func mutant(r *rand.Rand, a, b string) string {
	words := strings.Fields(a)
	for range 1 + r.IntN(3) {
		if len(words) == 0 {
			return b
		}
		i := r.IntN(len(words))
		switch r.IntN(4) {
		case 0:
			words = slices.Delete(words, i, i+1)
		case 1:
			words = slices.Insert(words, i, words[r.IntN(len(words))])
		case 2:
			words = slices.Insert(words, i, strings.Fields(b)...)
		case 3:
			words[i] = words[i][:r.IntN(len(words[i])+1)]
		}
	}
	return strings.Join(words, " ")
}

func TestLongAndDeepTextsAreOpaqueAndQuick(t *testing.T) {
	for _, piece := range []string{"(", "a,", "FROM a,", "f(),", "(SELECT ", "SET STATEMENT a=1 FOR ", "EXPLAIN ", "@a:=", "WITH a AS (", "{oj ", ".", "- "} {
		sql := "SELECT " + strings.Repeat(piece, 1<<20/len(piece))
		if f := analyze(sql); f.ReadSafe || !f.Opaque {
			t.Errorf("%s...: safe %t, opaque %t", piece, f.ReadSafe, f.Opaque)
		}
	}
	var many strings.Builder
	many.WriteString("SELECT * FROM t0")
	for i := range 50000 {
		fmt.Fprintf(&many, ", t%d", i)
	}
	if f := analyze(many.String()); f.ReadSafe || !f.Opaque {
		t.Error("50,000 tables are not opaque")
	}
}

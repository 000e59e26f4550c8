package wire_test

import (
	"strings"

	"github.com/dbmesh/dbmesh/core/wire"
)

// The dialogues that are recorded: together they have each row of the protocol's table of
// commands and answers. Rows are what each statement is written to give.

// numbers is a table of the first numbers, with one column n.
func numbers(most int) string {
	return "(WITH RECURSIVE s AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM s WHERE n < " + itoa(most) + ") SELECT n FROM s) AS numbers"
}

func queries(r *recorder) {
	r.query("no table", 0, "DROP TABLE IF EXISTS t")
	r.query("create", 0, "CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(100), n INT)")
	r.query("insert", 0, "INSERT INTO t (v, n) VALUES ('one', 1), (NULL, 2), ('', NULL)")
	r.query("update with text", 0, "UPDATE t SET n = 5 WHERE id = 3")
	r.query("rows", 3, "SELECT * FROM t ORDER BY id")
	r.query("rows of NULL", 2, "SELECT NULL UNION ALL SELECT NULL")
	r.query("no rows", 0, "SELECT * FROM t WHERE id = 99")
	r.query("many columns", 1, "SELECT "+strings.TrimSuffix(strings.Repeat("1,", 260), ","))
	r.query("many rows", 300, "SELECT n, REPEAT('x', n) FROM "+numbers(300))
	r.query("long columns", 2, "SELECT REPEAT('x', 251) UNION ALL SELECT REPEAT('y', 70000)")
	r.query("warnings", 1, "SELECT 1/0, CAST('x' AS INT)")
	r.query("show warnings", 2, "SHOW WARNINGS")
	r.query("syntax error", 0, "SELEKT 1")
	r.query("error behind rows", 2, "SELECT id, IF(id = 3, (SELECT 1 UNION SELECT 2), 0) FROM t ORDER BY id")
	r.query("transaction", 0, "BEGIN")
	r.query("rows in a transaction", 1, "SELECT 1")
	r.query("commit", 0, "COMMIT")
	r.query("autocommit off", 0, "SET autocommit = 0")
	r.query("autocommit on", 0, "SET autocommit = 1")
	r.query("user variable", 0, "SET @a = 1")
	r.query("explain", 1, "EXPLAIN SELECT * FROM t")
	r.query("insert returning", 1, "INSERT INTO t (v) VALUES ('four') RETURNING id")
	r.query("analyze", 1, "ANALYZE TABLE t")
}

func results(r *recorder) {
	r.query("two results", 2, "SELECT 1; SELECT 2")
	r.query("OK, rows, OK", 1, "SET @a = 1; SELECT 2; INSERT INTO t (v) VALUES ('x')")
	r.query("rows, then an error", 1, "SELECT 1; SELEKT 2")
	r.query("rows, error, never reached", 1, "SELECT 1; SELECT * FROM missing; SELECT 3")
	r.query("make procedures", 0, "CREATE OR REPLACE PROCEDURE p(OUT o INT) BEGIN SELECT 1; SELECT 2 UNION SELECT 3; SET o = 7; END;"+
		"CREATE OR REPLACE PROCEDURE quiet() BEGIN SET @b = 1; END;"+
		"CREATE OR REPLACE PROCEDURE fails() BEGIN SELECT 1; SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'on purpose'; END")
	r.query("call", 3, "CALL p(@o)")
	r.query("call without rows", 0, "CALL quiet()")
	r.query("call that fails behind rows", 1, "CALL fails()")
	r.query("call between others", 5, "SELECT 0; CALL p(@o); SELECT @o")
	id := r.prepare("prepare a call", "CALL p(?)")
	r.execute("execute a call", 4, id, 0, nil)
	r.query("file", 0, "LOAD DATA LOCAL INFILE 'f' INTO TABLE t (v)", "a\nb\n")
	r.query("empty file", 0, "LOAD DATA LOCAL INFILE 'f' INTO TABLE t (v)", "")
	r.query("file with warnings", 0, "LOAD DATA LOCAL INFILE 'f' INTO TABLE t (n)", "x\n2\n")
	r.query("file, then more", 1, "LOAD DATA LOCAL INFILE 'f' INTO TABLE t (v); SELECT 1", "a\n")
	r.query("rows, files, rows", 2, "SELECT 1; LOAD DATA LOCAL INFILE 'f' INTO TABLE t (v); LOAD DATA LOCAL INFILE 'g' INTO TABLE t (v); SELECT 2", "a\n", "b\n")
	r.query("trigger", 0, "CREATE TRIGGER refuse BEFORE INSERT ON t FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'on purpose'")
	r.query("file that is refused", 0, "LOAD DATA LOCAL INFILE 'f' INTO TABLE t (v)", "a\n")
	r.query("no trigger", 0, "DROP TRIGGER refuse")
	r.query("file for no table", 0, "LOAD DATA LOCAL INFILE 'f' INTO TABLE missing (v)")
}

func prepared(r *recorder) {
	r.prepare("prepare without anything", "SET @c = 1")
	r.prepare("prepare, error", "SELEKT ?")
	r.prepare("prepare, parameters", "SET @c = CONCAT(?, ?)")
	insert := r.prepare("prepare an insert", "INSERT INTO t (v, n) VALUES (?, ?)")
	columns := r.prepare("prepare, columns", "SELECT id, v FROM t ORDER BY id LIMIT 3")
	both := r.prepare("prepare, both", "SELECT n, ? FROM "+numbers(5)+" WHERE n > ?")
	r.execute("execute an insert", 0, insert, 0, []byte("five"), nil)
	r.execute("execute with columns", 3, columns, 0)
	r.execute("execute with columns again", 3, columns, 0)
	r.execute("execute with both", 3, both, 0, []byte("x"), []byte("2"))
	r.command("long data", 0, on(0x18, both, "\x00\x00a long one"))
	r.execute("execute with long data", 5, both, 0, []byte(""), []byte("0"))
	r.command("reset", 0, on(0x1a, both, ""))
	r.execute("open a cursor", 0, both, 1, []byte("x"), []byte("0"))
	r.query("a query meanwhile", 1, "SELECT 1")
	r.command("fetch two", 2, on(0x1c, both, "\x02\x00\x00\x00"))
	r.command("fetch the rest", 3, on(0x1c, both, "\x0a\x00\x00\x00"))
	r.command("fetch behind the end", -1, on(0x1c, both, "\x01\x00\x00\x00"))
	r.execute("cursor without rows", 0, both, 1, []byte("x"), []byte("9"))
	r.command("fetch nothing", 0, on(0x1c, both, "\x01\x00\x00\x00"))
	r.execute("a cursor for an insert", 0, insert, 1, []byte("six"), nil)
	wrong := r.prepare("prepare what fails", "SELECT n, IF(n = ?, (SELECT 1 UNION SELECT 2), 0) FROM "+numbers(3))
	r.execute("error behind rows of an execute", 1, wrong, 0, []byte("2"))
	r.command("close", 0, on(0x19, wrong, ""))
	r.execute("execute what is closed", 0, wrong, 0, []byte("2"))
	r.command("reset what is closed", 0, on(0x1a, wrong, ""))
	r.command("fetch what is closed", 0, on(0x1c, wrong, "\x01\x00\x00\x00"))
	r.prepare("prepare the last one", "SELECT 7")
}

func commands(r *recorder) {
	r.command("ping", 0, []byte{0x0e})
	r.command("init db", 0, []byte("\x02app"))
	r.command("init db, error", 0, []byte("\x02missing"))
	r.command("statistics", 0, []byte{0x09})
	r.command("field list", 0, []byte("\x04t\x00"))
	r.command("field list, one", 0, []byte("\x04t\x00v"))
	r.command("field list, error", 0, []byte("\x04missing\x00"))
	r.command("process info", -1, []byte{0x0a})
	r.command("set option, on", 0, []byte{0x1b, 0, 0})
	r.command("set option, off", 0, []byte{0x1b, 1, 0})
	r.command("set option, error", 0, []byte{0x1b, 9, 0})
	r.command("debug", 0, []byte{0x0d})
	if !r.loose { // TiDB says OK and is of no use from then on
		r.command("refresh", 0, []byte{0x07, 0x02})
	}
	r.command("kill nobody", 0, []byte{0x0c, 0xff, 0xff, 0xff, 0x7f})
	r.command("unknown command", 0, []byte{0x7f})
	r.command("empty query", 0, []byte{0x03})
	r.command("create db", 0, []byte("\x05other"))
	r.command("table dump", 0, []byte("\x13\x03app\x01t"))
	r.command("reset connection", 0, []byte{0x1f})
	r.query("set option needed", 0, "SELECT 1; SELECT 2")
}

// extended are what only MariaDB's own clients use.
func extended(r *recorder) {
	if !r.caps.Has(wire.BulkStmts) {
		return
	}
	insert := r.prepare("prepare a bulk", "INSERT INTO t (v) VALUES (?)")
	r.command("bulk execute", 0, append(on(0xfa, insert, "\x80\x00\xfd\x00"), "\x00\x01a\x00\x01b\x01"...))
	r.command("bulk execute, error", 0, on(0xfa, 0x7fffffff, "\x80\x00\xfd\x00\x00\x01a"))
	r.prepare("prepare for the last id", "SELECT ?")
	r.execute("execute the last one", 1, 0xffffffff, 0, []byte("x"))
	r.query("table to copy", 0, "CREATE OR REPLACE TABLE slow (id INT PRIMARY KEY) ENGINE=Aria")
	r.query("insert", 0, "INSERT INTO slow SELECT seq FROM seq_1_to_30")
	r.query("progress reports", 0, "ALTER TABLE slow ADD COLUMN s INT, ALGORITHM=COPY")
	r.query("progress reports, rows", 1, "REPAIR TABLE slow")
	r.query("progress reports, rows, more", 3, "CHECK TABLE slow EXTENDED; ALTER TABLE slow ADD COLUMN r INT, ALGORITHM=COPY; REPAIR TABLE slow; SELECT 1")
	r.query("drop", 0, "DROP TABLE slow")
}

// lengths are payloads around the one that needs a second frame.
func lengths(r *recorder) {
	const column = wire.MaxPayload - 4 // behind its length
	for _, c := range []struct {
		name   string
		length int
	}{{"one less than full", column - 1}, {"full", column}, {"one more than full", column + 1}, {"a column of 16 MiB", 1 << 24}, {"twice full", 2*wire.MaxPayload - 9}} {
		r.query("row, "+c.name, 2, "SELECT REPEAT('x', "+itoa(c.length)+") UNION ALL SELECT 'y'")
	}
	const text = "\x03SELECT LENGTH('')"
	for _, n := range []int{wire.MaxPayload - 1, wire.MaxPayload, wire.MaxPayload + 1} {
		r.query("statement of "+itoa(n), 1, "SELECT LENGTH('"+strings.Repeat("x", n-len(text))+"')")
	}
	id := r.prepare("prepare", "SELECT LENGTH(?), ?")
	r.execute("execute, large", 1, id, 0, []byte(strings.Repeat("x", 1<<24)), []byte("y"))
	if r.loose { // TiDB's rows are smaller
		return
	}
	r.query("table for a file", 0, "CREATE TABLE f (v LONGTEXT)")
	r.query("file of one full frame", 0, "LOAD DATA LOCAL INFILE 'f' INTO TABLE f (v)", strings.Repeat("x", wire.MaxPayload))
	r.query("drop", 0, "DROP TABLE f")
}

package live

import (
	"fmt"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// does runs queries that must succeed.
func (r *raw) does(t testing.TB, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err := r.query(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// A statement means what it did when it was prepared, wherever it is executed and whatever
// the session has set since.
func TestAStatementKeepsItsMeaning(t *testing.T) {
	flavours(t, func(t *testing.T, server *servers.Backend) {
		server.SQL(t, "CREATE DATABASE meant; CREATE TABLE meant.m (a VARCHAR(20)); INSERT INTO meant.m VALUES ('meant'); "+
			"CREATE TABLE app.m (a VARCHAR(20)); INSERT INTO app.m VALUES ('app'); GRANT ALL ON meant.* TO app")
		m := twoConnections(t, server, "")
		type step struct {
			set  []string
			text string
		}
		for name, steps := range map[string][2]step{
			"schema":            {{text: "SELECT a FROM m"}, {set: []string{"USE meant"}}},
			"sql_mode":          {{set: []string{"SET sql_mode = 'PIPES_AS_CONCAT'"}, text: "SELECT CAST('1' || '2' AS CHAR)"}, {set: []string{"SET sql_mode = ''"}}},
			"quotes":            {{set: []string{"SET sql_mode = 'ANSI_QUOTES'"}, text: `SELECT "a" FROM m`}, {set: []string{"SET sql_mode = DEFAULT"}}},
			"quotes, set later": {{text: `SELECT "a"`}, {set: []string{"SET sql_mode = 'ANSI_QUOTES'"}}},
			"character set":     {{set: []string{"SET NAMES latin1"}, text: "SELECT HEX(CONVERT('\xe4' USING utf8mb4))"}, {set: []string{"SET NAMES utf8mb4"}}},
			"collation":         {{set: []string{"SET collation_connection = utf8mb4_bin"}, text: "SELECT CAST('a' = 'A' AS CHAR)"}, {set: []string{"SET NAMES utf8mb4 COLLATE utf8mb4_general_ci"}}},
			"both":              {{set: []string{"USE meant", "SET sql_mode = 'ANSI_QUOTES'"}, text: `SELECT "a" FROM "m"`}, {set: []string{"USE app", "SET sql_mode = ''", "SET NAMES latin1"}}},
			"schema itself":     {{text: "SELECT DATABASE()"}, {set: []string{"USE meant"}}},
		} {
			t.Run(name, func(t *testing.T) {
				run := func(r *raw, between func() func()) string {
					r.does(t, steps[0].set...)
					id := r.prepares(t, steps[0].text)
					r.does(t, steps[1].set...)
					back := between()
					defer back()
					got, err := r.echo(execute(id), 1)
					if err != nil {
						t.Fatal(err)
					}
					// What the session has set is in force again.
					after := r.prepares(t, "SELECT CONCAT_WS(' ', DATABASE(), @@sql_mode, @@character_set_client, @@collation_connection)")
					set, err := r.echo(execute(after), 1)
					if err != nil {
						t.Fatal(err)
					}
					return got[0] + ", " + set[0]
				}
				want := run(dialRaw(t, server.Addr, "app", "app"), func() func() { return func() {} })
				r := dialRaw(t, m.addr(), "app", "app")
				if got := run(r, func() func() { return r.moved(t, m) }); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		}
	})
}

// No command takes a default schema away, but a change of user does.
func TestAStatementWithoutASchemaStaysOne(t *testing.T) {
	server := shared.MariaDB(t)
	m := twoConnections(t, server.Backend, "")
	dial := func(addr string) *raw {
		r := &raw{caps: rawCaps, nowhere: true}
		if err := r.open(addr, "app", "app"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Close() })
		return r
	}
	const text = "SELECT COALESCE(DATABASE(), 'none')"
	r := dial(m.addr())
	id := r.prepares(t, text)
	r.gives(t, execute(id), "none")
	r.does(t, "USE app")
	r.gives(t, execute(id), "none")
	back := r.moved(t, m)
	r.gives(t, execute(id), "none")
	r.gives(t, execute(r.prepares(t, text)), "app")
	back()
	// Where it may not leave its connection, it is told to prepare the statement again.
	r.does(t, "SET @x = 1")
	other := dialRaw(t, m.addr(), "app", "app") // whose statements take the room
	other.does(t, "DO 1")
	if got, err := r.echo(execute(id), 1); (err != nil || got[0] != "none") && errno(err) != 1615 {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAStatementOutlivesChangesOfItsTable(t *testing.T) {
	flavours(t, func(t *testing.T, server *servers.Backend) {
		server.SQL(t, "CREATE TABLE app.changes (a INT, b VARCHAR(20)); INSERT INTO app.changes VALUES (1, 'b')")
		m := twoConnections(t, server, "")
		r := dialRaw(t, m.addr(), "app", "app")
		id := r.prepares(t, "SELECT b FROM changes WHERE a = ?")
		one := param{kind: 3, data: le(4, 1)}
		r.gives(t, bind(id, true, one), "b")
		server.SQL(t, "ALTER TABLE app.changes MODIFY b VARCHAR(40), ADD c INT FIRST")
		r.gives(t, bind(id, false, one), "b")
		server.SQL(t, "ALTER TABLE app.changes DROP c, ADD d INT FIRST")
		back := r.moved(t, m)
		r.gives(t, bind(id, false, one), "b")
		back()
		server.SQL(t, "DROP TABLE app.changes")
		direct := dialRaw(t, server.Addr, "app", "app")
		_, want := direct.tries("SELECT b FROM changes WHERE a = ?")
		back = r.moved(t, m)
		if _, err := r.echo(bind(id, false, one), 1); err == nil {
			t.Error("executed without its table")
		}
		back()
		third := dialRaw(t, m.addr(), "app", "app")
		if _, err := third.tries("SELECT b FROM changes WHERE a = ?"); errno(err) != errno(want) {
			t.Errorf("%v, want %v", err, want)
		}
		server.SQL(t, "CREATE TABLE app.changes (a INT, b VARCHAR(20)); INSERT INTO app.changes VALUES (1, 'again')")
		r.gives(t, bind(id, false, one), "again")
		r.does(t, "DROP TABLE changes")
	})
}

// An execute's error is the session's, and is no reason to lose anything.
func TestAStatementThatCannotBePreparedAgainSaysWhy(t *testing.T) {
	server := shared.MariaDB(t)
	server.SQL(t, "CREATE TABLE app.goes (a INT)")
	m := twoConnections(t, server.Backend, "")
	r := dialRaw(t, m.addr(), "app", "app")
	id := r.prepares(t, "SELECT a FROM goes")
	server.SQL(t, "DROP TABLE app.goes")
	back := r.moved(t, m)
	if _, err := r.do(core.Execute, execute(id)); errno(err) != 1146 {
		t.Errorf("%v, want 1146", err)
	}
	if f, err := r.do(core.Query, []byte("SHOW WARNINGS")); err != nil || f.Rows != 1 {
		t.Errorf("the error is not among the warnings: %+v, %v", f, err)
	}
	r.gives(t, execute(r.prepares(t, "SELECT 'on'")), "on")
	back()
	server.SQL(t, "CREATE TABLE app.goes (a INT); INSERT INTO app.goes VALUES (1)")
	if f, err := r.do(core.Execute, execute(id)); err != nil || f.Rows != 1 {
		t.Errorf("%+v, %v", f, err)
	}
	server.SQL(t, "DROP TABLE app.goes")
}

// What is asked about the last statement is not asked about dbmesh's own.
func TestStatementsThatAskAboutTheLastOneAreNotMisled(t *testing.T) {
	server := shared.MariaDB(t)
	server.SQL(t, "CREATE TABLE app.counted (a INT AUTO_INCREMENT PRIMARY KEY, b INT)")
	m := twoConnections(t, server.Backend, "")
	r := dialRaw(t, m.addr(), "app", "app")
	rows, found := r.prepares(t, "SELECT CAST(ROW_COUNT() AS CHAR)"), r.prepares(t, "SELECT CAST(FOUND_ROWS() AS CHAR)")
	id := r.prepares(t, "SELECT CAST(LAST_INSERT_ID() AS CHAR)")
	insert := r.prepares(t, "INSERT INTO counted (b) VALUES (1), (2), (3)")
	for i := range 3 {
		if _, err := r.do(core.Execute, execute(insert)); err != nil {
			t.Fatal(err)
		}
		r.gives(t, execute(rows), "3")
		r.does(t, "SELECT a FROM counted LIMIT 2")
		r.gives(t, execute(found), "2")
		r.gives(t, execute(id), fmt.Sprint(1+3*i))
	}
}

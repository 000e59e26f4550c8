package live

import (
	"context"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// setUp runs statements as the server's root.
func setUp(t *testing.T, server *servers.Server, texts ...string) {
	t.Helper()
	for _, text := range texts {
		server.SQL(t, text)
	}
}

// MariaDB keeps a role over a change of user, a default role too.
func TestNoUserHasTheDefaultRoleOfAnother(t *testing.T) {
	m, server := own(t, "max: 1")
	setUp(t, server, "CREATE ROLE spies", "GRANT spies TO app", "SET DEFAULT ROLE spies FOR app")
	for range 3 {
		one := session(t, app(t, m.addr(), params))
		if got := value(t, one, "SELECT CURRENT_ROLE()"); got != "spies" {
			t.Fatalf("app has the role %s", got)
		}
		other := session(t, driver(t, m.addr(), "admin", "admin", params))
		if got := value(t, other, "SELECT IFNULL(CURRENT_ROLE(), 'none')"); got != "none" {
			t.Fatalf("root has the role %s", got)
		}
	}
}

// How a server reads a name depends on the character set in force on the connection.
func TestASchemaWithALetterOfItsOwnIsNoOther(t *testing.T) {
	m, server := own(t, "max: 3")
	for _, schema := range []string{"dé", "dÃ©"} {
		setUp(t, server, "CREATE DATABASE `"+schema+"` CHARACTER SET utf8mb4", "CREATE TABLE `"+schema+"`.whose (x VARCHAR(20) CHARACTER SET utf8mb4)",
			"INSERT INTO `"+schema+"`.whose VALUES ('"+schema+"')", "GRANT ALL ON `"+schema+"`.* TO app")
	}
	const ask = "SELECT x FROM whose"
	one := session(t, app(t, m.addr(), params, func(c *mysql.Config) { c.DBName = "dé" }))
	moves := session(t, app(t, m.addr(), params))
	others := sessions(t, m.addr(), 2)
	for range 3 {
		for _, other := range others {
			run(t, other, "SET NAMES latin1")
			run(t, other, "SELECT 1")
		}
		if got := value(t, one, ask); got != "dé" {
			t.Errorf("the session of dé reads in %s", got)
		}
		run(t, moves, "USE `dé`")
		if got := value(t, moves, ask); got != "dé" {
			t.Errorf("the session that went to dé reads in %s", got)
		}
		run(t, moves, "USE app")
	}
}

// Somebody else's DROP DATABASE ends no session whose default schema it was.
func TestASessionOutlivesItsSchema(t *testing.T) {
	m, server := own(t, "max: 2")
	setUp(t, server, "CREATE DATABASE doomed", "CREATE TABLE doomed.t (a INT)", "GRANT ALL ON doomed.* TO app")
	one := session(t, app(t, m.addr(), params, func(c *mysql.Config) { c.DBName = "doomed" }))
	run(t, one, "SELECT * FROM t")
	server.SQL(t, "DROP DATABASE doomed")
	for _, other := range sessions(t, m.addr(), 2) { // leaves connections in another schema
		run(t, other, "SELECT 1")
	}
	if got := value(t, one, "SELECT 7"); got != "7" {
		t.Error(got)
	}
	if err := one.PingContext(context.Background()); err != nil {
		t.Error(err)
	}
	if got := code(try(one, "SELECT * FROM t")); got != 1046 && got != 1049 && got != 1146 {
		t.Errorf("a table of a schema that is gone: error %d", got)
	}
	if got := value(t, one, "SELECT IFNULL(DATABASE(), '-')"); got == "app" {
		t.Error("the session is in another schema")
	}
	setUp(t, server, "CREATE DATABASE doomed", "CREATE TABLE doomed.t (a INT)")
	run(t, one, "SELECT * FROM t")
	server.SQL(t, "DROP DATABASE doomed")
	run(t, one, "USE app")
	run(t, one, "SELECT * FROM t")
}

// With sql_select_limit=0 a SELECT without a LIMIT gives no row, dbmesh's own included.
func TestASessionThatReadsNoRowsLivesOn(t *testing.T) {
	m, server := own(t, "max: 1")
	server.SQL(t, "CREATE TABLE app.numbered (id INT AUTO_INCREMENT PRIMARY KEY, a INT)")
	one := session(t, app(t, m.addr(), params))
	other := session(t, app(t, m.addr(), params))
	run(t, one, "INSERT INTO numbered (a) VALUES (1)")
	run(t, one, "SET sql_select_limit = 0")
	run(t, other, "INSERT INTO numbered (a) VALUES (1), (2), (3)")
	if got := value(t, one, "SELECT LAST_INSERT_ID() LIMIT 1"); got != "1" {
		t.Errorf("the last insert id is %s", got)
	}
	run(t, one, "SELECT CAST('x' AS SIGNED)")
	run(t, other, "SELECT 1")
	run(t, one, "SET sql_select_limit = DEFAULT")
	if got := value(t, one, "SELECT 7"); got != "7" {
		t.Error(got)
	}
}

// MariaDB keeps the profiles of statements over a reset.
func TestNobodySeesTheProfilesOfAnother(t *testing.T) {
	m, _ := own(t, "max: 1")
	db := app(t, m.addr(), params)
	one := session(t, db)
	run(t, one, "SET profiling = 1")
	run(t, one, "SELECT 'secret'")
	_ = one.Close()
	_ = db.Close()
	other := session(t, app(t, m.addr(), params))
	rows, err := other.QueryContext(context.Background(), "SHOW PROFILES")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if rows.Next() {
		t.Error("there are profiles of another session")
	}
}

func TestTheCountsOfANewSessionAreNobodysElse(t *testing.T) {
	m, _ := own(t, "max: 1")
	run(t, session(t, app(t, m.addr(), params)), "SELECT SQL_CALC_FOUND_ROWS 1 FROM (SELECT 1 UNION SELECT 2) u LIMIT 1")
	for _, ask := range []string{"SELECT FOUND_ROWS()", "SELECT ROW_COUNT()"} {
		if got := value(t, session(t, app(t, m.addr(), params)), ask); got != "0" {
			t.Errorf("%s is %s", ask, got)
		}
	}
}

// In Oracle's mode BEGIN alone is no statement, which comes to light only when it is sent.
func TestAHeldBeginThatIsRefusedIsForgotten(t *testing.T) {
	server := servers.MariaDB(t)
	s := sharing(server.Backend, "max: 1")
	s.links = "{kind: router, lazy_begin: true}\n{kind: balancer}"
	m := startMesh(t, parts{}, s.text())
	one := session(t, app(t, m.addr(), params))
	run(t, one, "SET sql_mode = 'ORACLE'")
	run(t, one, "BEGIN")
	if got := code(try(one, "DO 1")); got != 1064 {
		t.Errorf("the first statement behind it: error %d", got)
	}
	run(t, one, "DO 1")
}

// A reset takes away what the capabilities of a login have chosen; the next session is to have it.
func TestModesOfALoginOutliveAnotherSession(t *testing.T) {
	m, _ := own(t, "max: 1")
	for range 3 {
		r := &raw{caps: rawCaps | wire.IgnoreSpace | wire.Interactive}
		if err := r.open(m.addr(), "app", "app"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Close() })
		if got := r.one(t, "SELECT CONCAT(@@sql_mode LIKE '%IGNORE_SPACE%', @@wait_timeout = @@global.interactive_timeout)"); got != "11" {
			t.Errorf("a session begins without its modes: %s", got)
		}
		if err := r.query("SET @mine = 1"); err != nil {
			t.Fatal(err)
		}
		if err := r.send(core.Quit, nil); err != nil {
			t.Fatal(err)
		}
	}
}

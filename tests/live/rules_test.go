package live

import (
	"context"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/tests/servers"
)

const ruled = "{kind: router, hints: true, rules: [{when: {read_safe: true}, pool: readers}]}\n{kind: balancer}\n"

// Which server answers is in a table that differs: whatever asks a server for its own name
// is not for just any server, so the rule leaves it at home.
const (
	place      = "SELECT name FROM place"
	atPrimary  = "primary"
	atReader   = "reader"
	makePlace  = "CREATE OR REPLACE TABLE app.place (name VARCHAR(20)); CREATE OR REPLACE TABLE app.written (a INT); INSERT INTO app.place VALUES ('primary')"
	otherPlace = "SET sql_log_bin = 0; UPDATE app.place SET name = 'reader'"
)

// reading is a mesh in list mode whose sessions begin at a primary; a rule sends reads to a
// replica.
func reading(t *testing.T) *mesh {
	t.Helper()
	cluster := shared.Cluster(t)
	cluster.Primary().SQL(t, makePlace)
	cluster.Wait(t)
	cluster.Nodes[1].SQL(t, otherPlace)
	return startMesh(t, parts{}, setup{
		auth: listMode, links: ruled,
		backends: []string{cluster.Nodes[0].Addr}, pools: map[string]string{"readers": cluster.Nodes[1].Addr},
	}.text())
}

func several(c *mysql.Config) { c.MultiStatements = true }

func TestReadsGoToTheReadersAndAllElseStays(t *testing.T) {
	m := reading(t)
	c := session(t, app(t, m.addr(), params, several))
	for _, read := range []string{
		place, "select name from app.place where 1 = 1 limit 1", "/* a comment */ " + place + " -- and one behind",
		"(" + place + ") UNION (" + place + ")", "WITH w AS (" + place + ") SELECT name FROM w",
		place + "; " + place, place + " ;", "SELECT (SELECT MAX(name) FROM place WHERE name <> 'x''y')",
	} {
		at(t, c, read, atReader, read)
	}
	for _, stays := range []string{
		place + " FOR UPDATE", place + " LOCK IN SHARE MODE", "SELECT (SELECT MAX(name) FROM place FOR UPDATE)",
		"SELECT IF(@@server_id = 1, 'primary', 'reader')", "SELECT name FROM place WHERE LAST_INSERT_ID() = 0",
		"/* dbmesh:pool=main */ " + place,
	} {
		at(t, c, stays, atPrimary, stays)
	}
	c = session(t, app(t, m.addr(), params, several))
	for _, write := range []string{ // a replica would refuse each of them
		"INSERT INTO written VALUES (1)", "UPDATE written SET a = 2", "REPLACE INTO written VALUES (3)", "DELETE FROM written",
		place + "; INSERT INTO written VALUES (4)", "TRUNCATE written", "/*!50000 INSERT INTO written */ VALUES (1)",
		"CREATE TABLE IF NOT EXISTS written2 (a INT)", "DROP TABLE IF EXISTS written2",
	} {
		run(t, c, write)
	}
}

// A write does not keep the reads behind it at home.
func TestReadsGoToTheReadersAfterWritesToo(t *testing.T) {
	c := session(t, app(t, reading(t).addr(), params))
	for _, write := range []string{"INSERT INTO written VALUES (1)", "UPDATE written SET a = 2", "REPLACE INTO written VALUES (3)", "DELETE FROM written"} {
		run(t, c, write)
		at(t, c, place, atReader, "a read behind "+write)
	}
}

func TestATransactionOfASessionWithARuleStaysAtHome(t *testing.T) {
	c := session(t, app(t, reading(t).addr(), params))
	for _, end := range []string{"COMMIT", "ROLLBACK"} {
		at(t, c, place, atReader, "before")
		run(t, c, "START TRANSACTION")
		at(t, c, place, atPrimary, "in a transaction")
		run(t, c, "INSERT INTO written VALUES (1)")
		at(t, c, place, atPrimary, "in a transaction that writes")
		run(t, c, end)
		at(t, c, place, atReader, "after "+end)
	}
	run(t, c, "SET autocommit = 0")
	at(t, c, place, atPrimary, "without autocommit")
}

func TestASessionThatHasSetSomethingReadsAtHome(t *testing.T) {
	m := reading(t)
	for _, set := range []string{
		"SET @x = 1", "SET SESSION sql_mode = ''", "SELECT GET_LOCK('rules', 0)", "CREATE TEMPORARY TABLE mine (a INT)",
		"LOCK TABLES place READ", "SELECT 1 INTO @y", "PREPARE p FROM 'SELECT 1'",
	} {
		c := session(t, app(t, m.addr(), params))
		at(t, c, place, atReader, "before "+set)
		run(t, c, set)
		at(t, c, place, atPrimary, "after "+set)
		at(t, c, toReaders+place, atPrimary, "in spite of a hint after "+set)
	}
}

func TestAReadFollowsTheSchemaAndCharacterSetOfItsSession(t *testing.T) {
	c := session(t, app(t, reading(t).addr(), params))
	run(t, c, "SET NAMES latin1")
	run(t, c, "USE information_schema")
	at(t, c, "SELECT name FROM app.place", atReader, "after USE")
	run(t, c, "USE app")
	at(t, c, place, atReader, "back in the schema")
}

// So far: a later dbmesh may prepare elsewhere.
func TestPreparedReadsStayAtHome(t *testing.T) {
	c := session(t, app(t, reading(t).addr()))
	if got := value(t, c, place+" WHERE 1 = ?", 1); got != atPrimary {
		t.Errorf("a prepared read ran at the %s", got)
	}
	at(t, c, place, atReader, "once the statement is closed")
	s, err := c.PrepareContext(context.Background(), place)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	at(t, c, place, atPrimary, "while one is prepared")
}

func TestReadsComeHomeWhileNoReaderIsLeft(t *testing.T) {
	home, other := shared.MariaDB(t), servers.MariaDB(t)
	home.SQL(t, makePlace)
	other.SQL(t, makePlace+"; "+otherPlace)
	m := startMesh(t, parts{}, setup{
		auth: listMode, links: ruled, pool: "health: {interval: 2s, timeout: 2s, fall: 1, rise: 1}",
		backends: []string{home.Addr}, pools: map[string]string{"readers": other.Addr},
	}.text())
	old := session(t, app(t, m.addr(), params))
	at(t, old, place, atReader, "at first")
	if err := other.Kill9(); err != nil {
		t.Fatal(err)
	}
	until(t, patience, "the reader counts as down", func() bool {
		return m.backends.Pool("readers").Backends[0].State() == core.Down
	})
	at(t, old, place, atPrimary, "after the reader's death")
	at(t, session(t, app(t, m.addr(), params)), place, atPrimary, "in a new session")
}

package live

import (
	"testing"

	"github.com/go-sql-driver/mysql"
)

// The last id is that of the last INSERT, which ran at home, whatever was read since.
func TestTheLastIDIsAskedForWhereTheInsertRan(t *testing.T) {
	m := reading(t)
	c := session(t, app(t, m.addr(), params, several))
	run(t, c, "CREATE OR REPLACE TABLE numbered (id INT PRIMARY KEY AUTO_INCREMENT, other INT)")
	run(t, c, "INSERT INTO numbered VALUES (7, 0)")
	run(t, c, "INSERT INTO numbered (other) VALUES (0)")
	at(t, c, place, atReader, "a read behind the insert")
	for _, ask := range []string{"SELECT LAST_INSERT_ID()", "SELECT @@last_insert_id"} {
		if got := value(t, c, ask); got != "8" {
			t.Errorf("%s: %s, want 8", ask, got)
		}
		at(t, c, place, atReader, "a read behind "+ask)
	}
	// A replica would refuse each of them.
	for _, write := range []string{
		"INSERT INTO numbered (other) VALUES (LAST_INSERT_ID())", "INSERT INTO numbered (other) VALUES (ROW_COUNT())",
		"SELECT ROW_COUNT(); UPDATE numbered SET other = 2", "UPDATE numbered SET other = FOUND_ROWS()",
	} {
		run(t, c, write)
		at(t, c, place, atReader, "a read behind "+write)
	}
	if got := value(t, c, "SELECT COUNT(*) FROM numbered WHERE other = LAST_INSERT_ID() FOR UPDATE"); got != "0" {
		t.Errorf("%s rows", got)
	}
}

// Of several statements those before the one that fails have run.
func TestATransactionThatBeganInATextThatFailedStaysAtHome(t *testing.T) {
	c := session(t, app(t, reading(t).addr(), params, several))
	at(t, c, place, atReader, "before")
	if err := try(c, "BEGIN; INSERT INTO written VALUES (1); SELECT nothing FROM place"); err == nil {
		t.Fatal("the text did not fail")
	}
	at(t, c, place, atPrimary, "in the transaction")
	run(t, c, "ROLLBACK")
	at(t, c, place, atReader, "after it")
}

// A client without session tracking is not told of the schema that it uses.
func TestAReadFollowsEveryFormOfUse(t *testing.T) {
	m := reading(t)
	for _, use := range []string{
		"USE/**/app", "-- x\nUSE app", "# x\nUSE app", "/*! USE app */", "USE `app` -- x", "USE app /* x */", "\vUSE app", "USE\fapp",
		"USE app # x", "/* x */ -- y\n USE app", "USE app;;", "/*M! USE*/ app",
	} {
		c := session(t, app(t, m.addr(), params, func(c *mysql.Config) { c.DBName = "information_schema" }))
		at(t, c, "SELECT name FROM app.place", atReader, "before "+use)
		run(t, c, use)
		if got := value(t, c, "SELECT SCHEMA()"); got != "app" {
			t.Errorf("%s: then the schema is %s", use, got)
		}
	}
}

func TestWhatEachServerHasForItselfIsReadAtHomeWithoutItsSchemaToo(t *testing.T) {
	cluster := shared.Cluster(t)
	c := session(t, app(t, reading(t).addr(), params))
	id := cluster.Nodes[0].Value(t, "SELECT variable_value FROM information_schema.global_variables WHERE variable_name = 'server_id'")
	at(t, c, place, atReader, "before")
	run(t, c, "USE information_schema")
	at(t, c, "SELECT variable_value FROM global_variables WHERE variable_name = 'server_id'", id, "in information_schema")
	at(t, c, "SELECT name FROM app.place", atReader, "of another schema")
}

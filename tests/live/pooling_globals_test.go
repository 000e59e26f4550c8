package live

import (
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// A session goes on as it began, also on connections that begin otherwise since.
func TestASessionKeepsTheAutocommitThatItBeganWith(t *testing.T) {
	for _, where := range []string{"directly", "through dbmesh"} {
		t.Run(where, func(t *testing.T) {
			m, server := own(t, "max: 2")
			before := session(t, app(t, m.addr(), params))
			run(t, before, "SELECT 1")
			if where == "directly" {
				server.SQL(t, "SET GLOBAL autocommit = 0")
				for id := range strings.SplitSeq(held(t, server), ",") { // the next one begins as the server says now
					server.SQL(t, "KILL "+id)
				}
			} else {
				admin := session(t, driver(t, m.addr(), "admin", "admin", params))
				run(t, admin, "SET GLOBAL autocommit = 0")
			}
			if where == "through dbmesh" {
				after := session(t, app(t, m.addr(), params))
				if got := value(t, after, "SELECT @@autocommit"); got != "0" {
					t.Errorf("a session that begins now has autocommit %s", got)
				}
				run(t, after, "COMMIT")
			}
			run(t, before, "INSERT INTO t VALUES (1)")
			if got := value(t, before, "SELECT @@autocommit"); got != "1" {
				t.Errorf("a session from before has autocommit %s", got)
			}
			if got := server.Value(t, "SELECT COUNT(*) FROM app.t"); got != "1" {
				t.Errorf("%s rows, want the one that was written", got)
			}
			server.SQL(t, "SET GLOBAL autocommit = 1")
		})
	}
}

// What a statement without a table leaves of the warnings, others leave as well.
func TestAPrepareWithoutATableLeavesTheWarnings(t *testing.T) {
	m, _ := own(t, "max: 2")
	c := session(t, app(t, m.addr(), params))
	run(t, c, "DROP TABLE IF EXISTS nowhere")
	s, err := c.PrepareContext(t.Context(), "SELECT 1")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := table(t, c, "SHOW WARNINGS"); len(got) != 2 || got[1][1] != "1051" {
		t.Errorf("warnings %v", got)
	}
}

// TiDB's change of user leaves the collation as it is, so it can't make a connection another
// session's that logged in with its own.
func TestSessionsOnTiDBHaveTheCollationThatTheyLoggedInWith(t *testing.T) {
	end := shared.TiDB(t).Ends[0]
	m := startMesh(t, parts{}, sharing(end, "max: 1").text())
	for range 3 {
		for _, collation := range []string{"utf8mb4_unicode_ci", "utf8mb4_bin", "utf8mb4_general_ci"} {
			c := session(t, app(t, m.addr(), func(c *mysql.Config) { c.Collation = collation }))
			if got := value(t, c, "SELECT @@collation_connection"); got != collation {
				t.Errorf("logged in with %s, the session has %s", collation, got)
			}
		}
	}
}

package live

import (
	"testing"

	"github.com/go-sql-driver/mysql"
)

// A savepoint without autocommit is a transaction's beginning of which the server's status
// flag tells nothing: the session keeps its connection until the transaction has ended.
func TestASavepointIsThereWithoutAutocommit(t *testing.T) {
	m, _ := own(t, "max: 1, queue_timeout: 100ms")
	c := session(t, app(t, m.addr(), func(c *mysql.Config) { c.MultiStatements = true }))
	other := session(t, app(t, m.addr(), params))
	for first, end := range map[string]string{
		"SAVEPOINT q":                                         "COMMIT",
		"SELECT COUNT(*) FROM t; SAVEPOINT q":                 "ROLLBACK",
		"EXECUTE IMMEDIATE 'SAVEPOINT q'":                     "SET autocommit = 1",
		"SET STATEMENT lock_wait_timeout = 5 FOR SAVEPOINT q": "BEGIN",
	} {
		run(t, c, "SET autocommit = 0")
		run(t, c, first)
		if err := try(other, "SELECT 1"); code(err) != 1040 {
			t.Errorf("behind %s another session got the connection: %v", first, err)
		}
		run(t, c, "INSERT INTO t VALUES (1)")
		run(t, c, "ROLLBACK TO q")
		if err := try(other, "SELECT 1"); code(err) != 1040 {
			t.Errorf("behind ROLLBACK TO another session got the connection: %v", err)
		}
		if got := value(t, c, "SELECT COUNT(*) FROM t"); got != "0" {
			t.Errorf("%s: %s rows behind the rollback, want none", first, got)
		}
		run(t, c, "RELEASE SAVEPOINT q")
		run(t, c, end)
		if end == "BEGIN" {
			run(t, c, "COMMIT")
		}
		if err := try(other, "SELECT 1"); err != nil {
			t.Fatalf("behind %s: %v", end, err)
		}
	}
	run(t, c, "SET autocommit = 1")
	run(t, c, "SAVEPOINT q") // nothing, with autocommit
	run(t, other, "SELECT 1")
}

// Any statement that commits ends the hold where the flag tells of it.
func TestASavepointInATransactionHoldsNoLongerThanThat(t *testing.T) {
	m, _ := own(t, "max: 1, queue_timeout: 100ms")
	both := sessions(t, m.addr(), 2)
	c, other := both[0], both[1]
	run(t, c, "SET autocommit = 0")
	run(t, c, "INSERT INTO t VALUES (1)")
	run(t, c, "SAVEPOINT q")
	run(t, c, "ROLLBACK TO q")
	run(t, c, "CREATE TABLE u (a INT)")
	run(t, other, "SELECT 1")
}

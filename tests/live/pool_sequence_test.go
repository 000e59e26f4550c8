package live

import (
	"testing"
)

// What only the connection knows is another session's where another one has had it: that is
// never told.
func TestAForeignSequenceValueIsNotTold(t *testing.T) {
	m, server := own(t, "max: 1")
	server.SQL(t, "CREATE SEQUENCE app.s")
	server.SQL(t, "CREATE SEQUENCE app.d")
	server.SQL(t, "CREATE TABLE app.u (a BIGINT DEFAULT NEXTVAL(app.d), b INT)")
	both := sessions(t, m.addr(), 2)
	run(t, both[0], "INSERT INTO u (b) VALUES (1)")
	for _, sql := range []string{"SELECT LASTVAL(d)", "SELECT PREVIOUS VALUE FOR app.d", "DO LASTVAL(d)", "SELECT 1 + CAST(LASTVAL(d) AS INT)"} {
		if err := try(both[1], sql); code(err) != 1105 {
			t.Errorf("%s: %v, want 1105", sql, err)
		}
	}
	if err := try(both[1], "SELECT LASTVAL(d)"); code(err) != 1105 {
		t.Error(err)
	}
	run(t, both[1], "SELECT 1")
	drawn := value(t, both[1], "SELECT NEXTVAL(s)")
	for _, sql := range []string{"SELECT LASTVAL(s)", "SELECT PREVIOUS VALUE FOR app.s"} {
		if got := value(t, both[1], sql); got != drawn {
			t.Errorf("%s: %s, want %s", sql, got, drawn)
		}
	}
	run(t, both[1], "INSERT INTO t VALUES (LASTVAL(s))")
	if err := try(both[1], "SELECT LASTVAL(d)"); code(err) != 1105 {
		t.Errorf("of another sequence: %v, want 1105", err)
	}
}

func TestAForeignGTIDIsNotTold(t *testing.T) {
	m, _ := own(t, "max: 1")
	both := sessions(t, m.addr(), 2)
	run(t, both[0], "INSERT INTO t VALUES (1)")
	for _, sql := range []string{"SELECT @@last_gtid", "SELECT CONCAT(@@session.last_gtid)", "SET @a = @@last_gtid", "EXECUTE IMMEDIATE 'SELECT @@last_gtid'"} {
		if err := try(both[1], sql); code(err) != 1105 {
			t.Errorf("%s: %v, want 1105", sql, err)
		}
	}
	run(t, both[0], "SELECT 1")
}

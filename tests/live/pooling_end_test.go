package live

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// clean expects of the pool's one connection, in a session of its own, that nothing is left of
// the one before. It may be another connection by now.
func clean(t *testing.T, m *mesh, when string) {
	t.Helper()
	c := session(t, app(t, m.addr(), params))
	if got := value(t, c, "SELECT COUNT(*) FROM t"); got != "0" {
		t.Errorf("%s: %s rows, want none", when, got)
	}
	if got := value(t, c, "SELECT @@in_transaction"); got != "0" {
		t.Errorf("%s: the connection is in a transaction", when)
	}
	const state = "SELECT CONCAT_WS(' ', IFNULL(@mine, '-'), @@sql_mode LIKE '%ANSI_QUOTES%', @@time_zone, CHARSET(''), DATABASE(), IS_FREE_LOCK('mine'))"
	if got := value(t, c, state); got != "- 0 SYSTEM utf8mb4 app 1" {
		t.Errorf("%s: the next session has %s", when, got)
	}
	if err := try(c, "SELECT * FROM mine"); code(err) != 1146 {
		t.Errorf("%s: a temporary table is left: %v", when, err)
	}
	if err := try(c, "EXECUTE mine"); code(err) != 1243 {
		t.Errorf("%s: a prepared statement is left: %v", when, err)
	}
}

// litter leaves of everything something, and a transaction open.
func litter(t *testing.T, r *raw) {
	t.Helper()
	for _, sql := range []string{
		"SET @mine = 'left', SESSION sql_mode = 'ANSI_QUOTES', time_zone = '+07:00'", "SET NAMES latin1", "USE mysql",
		"CREATE TEMPORARY TABLE app.mine (a INT)", "PREPARE mine FROM 'SELECT 1'", "SELECT GET_LOCK('mine', 5)",
		"BEGIN", "INSERT INTO app.t VALUES (1)",
	} {
		if err := r.query(sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

func TestNothingOfASessionIsLeftToTheNext(t *testing.T) {
	for name, end := range map[string]func(*raw){
		"quit":  func(r *raw) { _ = r.send(core.Quit, nil); _ = r.Close() },
		"close": func(r *raw) { _ = r.Close() },
		"reset": func(r *raw) { _ = r.Conn.(*net.TCPConn).SetLinger(0); _ = r.Close() },
		"half a command": func(r *raw) {
			_, _ = r.Write([]byte{200, 0, 0, 0, 3, 'S', 'E', 'L'})
			_ = r.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, server := own(t, "max: 1")
			r := dialRaw(t, m.addr(), "admin", "admin")
			litter(t, r)
			end(r)
			clean(t, m, "afterwards")
			if n := server.Connections(t, ofSessions); n > 1 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

// What a client did not read is nobody else's: the connection that still has it is given up.
func TestAnAnswerThatItsClientLeftReachesNobodyElse(t *testing.T) {
	m, server := own(t, "max: 1")
	for i, sql := range []string{
		"SELECT seq, REPEAT('left', 500) FROM seq_1_to_1000000", // the client goes in the middle of the rows
		"SELECT SLEEP(20), 'left'",                              // before them
		"SELECT 'left' UNION SELECT SLEEP(21)",
	} {
		r := dialRaw(t, m.addr(), "app", "app")
		if err := r.send(core.Query, []byte(sql)); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if _, err := r.Read(make([]byte, 4096)); err != nil {
				t.Fatal(err)
			}
		} else {
			until(t, patience, "the statement runs", func() bool {
				return server.Value(t, "SELECT COUNT(*) FROM information_schema.processlist WHERE info = ?", sql) == "1"
			})
		}
		_ = r.Close()
		for n := range 5 {
			c := session(t, app(t, m.addr(), params))
			if got, want := value(t, c, fmt.Sprintf("SELECT %d", n)), fmt.Sprint(n); got != want {
				t.Fatalf("%s: the next session was answered %q, want %s", sql, got, want)
			}
		}
	}
}

// A session that has no connection at the moment can be killed like any other, and its next
// statement finds that out; KILL QUERY finds nothing to end, and must not end what another
// session has running on the connection.
func TestAnIdleSessionCanBeKilled(t *testing.T) {
	m, _ := own(t, "max: 2")
	killer := dialRaw(t, m.addr(), "app", "app")
	idle := dialRaw(t, m.addr(), "app", "app")
	if err := idle.query("SELECT 1"); err != nil {
		t.Fatal(err)
	}
	other := dialRaw(t, m.addr(), "app", "app")
	if err := other.send(core.Query, []byte("SELECT SLEEP(3)")); err != nil {
		t.Fatal(err)
	}
	if err := killer.query(fmt.Sprintf("KILL QUERY %d", idle.ID)); err != nil {
		t.Errorf("KILL QUERY of an idle session: %v", err)
	}
	if err := idle.query("SELECT 2"); err != nil {
		t.Errorf("after KILL QUERY: %v", err)
	}
	if err := killer.query(fmt.Sprintf("KILL %d", idle.ID)); err != nil {
		t.Errorf("KILL of an idle session: %v", err)
	}
	until(t, patience, "the session has ended", func() bool { return m.server.Sessions() == 2 })
	if err := idle.query("SELECT 3"); err == nil {
		t.Error("a killed session goes on")
	}
	if f, err := other.response(core.Query); err != nil || f.Err != nil || f.Rows != 1 {
		t.Errorf("the statement of another session: %v", err)
	}
	if err := killer.query("SELECT 4"); err != nil {
		t.Error(err)
	}
}

func TestARunningStatementOnASharedConnectionCanBeKilled(t *testing.T) {
	for _, kill := range []string{"KILL QUERY %d", "KILL %d", "KILL CONNECTION %d"} {
		t.Run(kill, func(t *testing.T) {
			m, server := own(t, "max: 2")
			killer := dialRaw(t, m.addr(), "app", "app")
			victim := dialRaw(t, m.addr(), "app", "app")
			bystanders := sessions(t, m.addr(), 4)
			if err := victim.send(core.Query, []byte("SELECT SLEEP(30)")); err != nil {
				t.Fatal(err)
			}
			until(t, patience, "the statement runs", func() bool {
				return server.Value(t, "SELECT COUNT(*) FROM information_schema.processlist WHERE info = 'SELECT SLEEP(30)'") == "1"
			})
			start := time.Now()
			if err := killer.query(fmt.Sprintf(kill, victim.ID)); err != nil {
				t.Fatal(err)
			}
			_, err := victim.response(core.Query)
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("the statement went on for %v", took)
			}
			again := victim.query("SELECT 1")
			if kill == "KILL QUERY %d" && (err != nil || again != nil) {
				t.Errorf("the session is gone: %v, %v", err, again)
			}
			if kill != "KILL QUERY %d" && again == nil {
				t.Error("a killed session goes on")
			}
			for range 3 {
				for i, b := range bystanders {
					if got := value(t, b, fmt.Sprintf("SELECT %d", i)); got != fmt.Sprint(i) {
						t.Errorf("a bystander was answered %s", got)
					}
				}
			}
		})
	}
}

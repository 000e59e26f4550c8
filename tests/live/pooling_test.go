package live

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// sharing is a setup in list mode before one server, whose sessions share connections; how
// says more of pooling.
func sharing(server *servers.Backend, how string) setup {
	return setup{auth: listMode, links: usualLinks, backends: []string{server.Addr}, pool: "pooling: {mode: transaction" + comma(how) + "}"}
}

// own is a server whose connections nobody else counts, and dbmesh before it.
func own(t *testing.T, how string) (*mesh, *servers.Server) {
	t.Helper()
	server := servers.MariaDB(t)
	server.SQL(t, "CREATE TABLE app.t (a INT PRIMARY KEY) ENGINE=InnoDB")
	return startMesh(t, parts{}, sharing(server.Backend, how).text()), server
}

// ofSessions tells dbmesh's connections for sessions from others in a server's list: the
// test's own questions are root's too, without a schema.
const ofSessions = "(user = 'app' OR user = 'root' AND db IS NOT NULL)"

// held are the ids of the connections that dbmesh has for sessions, as the server counts them.
// It may have yet to notice that one was closed, see servers.Backend.Connections.
func held(t *testing.T, server *servers.Server) string {
	t.Helper()
	return server.Value(t, "SELECT IFNULL(GROUP_CONCAT(id ORDER BY id), '') FROM information_schema.processlist WHERE "+ofSessions)
}

// count is how many ids there are.
func count(ids string) int {
	if ids == "" {
		return 0
	}
	return strings.Count(ids, ",") + 1
}

// here is the server's own id of the connection that a statement runs on.
func here(t *testing.T, q querier) string {
	t.Helper()
	mark := fmt.Sprintf("mark %d", time.Now().UnixNano())
	return value(t, q, "SELECT id FROM information_schema.processlist WHERE info LIKE '%"+mark+"%' /* "+mark+" */")
}

// sessions opens n of them, each a client of its own.
func sessions(t *testing.T, addr string, n int) []*sql.Conn {
	t.Helper()
	all := make([]*sql.Conn, n)
	for i := range all {
		all[i] = session(t, app(t, addr, params))
	}
	return all
}

func TestSessionsShareConnections(t *testing.T) {
	m, server := own(t, "max: 2")
	all := sessions(t, m.addr(), 20)
	ids := map[string]bool{}
	for range 3 {
		for _, c := range all {
			ids[here(t, c)] = true
		}
	}
	if len(ids) > 2 {
		t.Errorf("statements ran on %d connections, want 2 at most: %v", len(ids), ids)
	}
	if n := server.Connections(t, ofSessions); n > 2 {
		t.Errorf("the server has %d connections, want 2 at most", n)
	}
}

// A session that comes, asks and goes costs no connection of its own.
func TestShortSessionsReuseConnections(t *testing.T) {
	m, server := own(t, "max: 3")
	server.SQL(t, "SET GLOBAL userstat = 1")
	for range 100 {
		db := app(t, m.addr())
		if got := value(t, db, "SELECT 7"); got != "7" {
			t.Fatal(got)
		}
		_ = db.Close()
	}
	n := server.Value(t, "SELECT IFNULL(SUM(total_connections), 0) FROM information_schema.user_statistics WHERE user = 'app'")
	if n > "3" || len(n) > 1 {
		t.Errorf("100 sessions made %s connections to the server, want 3 at most", n)
	}
}

// Who waits too long is told so, in a sentence, and may ask again.
func TestAFullPoolRefusesWithASentenceInTime(t *testing.T) {
	m, _ := own(t, "max: 1, queue_timeout: 1s")
	both := sessions(t, m.addr(), 2)
	run(t, both[0], "BEGIN")
	for range 2 {
		start := time.Now()
		err := try(both[1], "SELECT 1")
		if code(err) != 1040 || !strings.Contains(err.Error(), "main") {
			t.Fatalf("a statement that gets no connection: %v, want 1040 that names the pool", err)
		}
		if took := time.Since(start); took < 990*time.Millisecond || took > 8*time.Second { // 10 s is usual
			t.Errorf("refused after %v, want 1s", took)
		}
	}
	run(t, both[0], "COMMIT")
	if got := value(t, both[1], "SELECT 2"); got != "2" {
		t.Errorf("afterwards: %s", got)
	}
}

// One behind the other, however many wait.
func TestWhoHasWaitedLongestIsServedFirst(t *testing.T) {
	const waiters = 12
	m, server := own(t, "max: 1, queue_timeout: 60s")
	all := sessions(t, m.addr(), waiters+1)
	run(t, all[0], "BEGIN")
	server.SQL(t, "CREATE TABLE app.served (place INT AUTO_INCREMENT PRIMARY KEY, who INT)")
	var waiting sync.WaitGroup
	for i := range waiters {
		waiting.Go(func() {
			if err := try(all[i+1], fmt.Sprintf("INSERT INTO served (who) VALUES (%d)", i)); err != nil {
				t.Errorf("session %d: %v", i, err)
			}
		})
		until(t, patience, "the session waits", func() bool { return m.waiting() == i+1 })
	}
	run(t, all[0], "COMMIT")
	waiting.Wait()
	if got := server.Value(t, "SELECT GROUP_CONCAT(who ORDER BY place) FROM app.served"); got != "0,1,2,3,4,5,6,7,8,9,10,11" {
		t.Errorf("served in the order %s", got)
	}
}

func TestAUserHasAsManyConnectionsAsItMay(t *testing.T) {
	m, _ := own(t, "max: 4, max_per_user: 1, queue_timeout: 2s")
	both := sessions(t, m.addr(), 2)
	run(t, both[0], "BEGIN")
	if err := try(both[1], "SELECT 1"); code(err) != 1040 {
		t.Errorf("a second connection of one user: %v", err)
	}
	admin := session(t, driver(t, m.addr(), "admin", "admin"))
	run(t, admin, "BEGIN")
	run(t, admin, "ROLLBACK")
	run(t, both[0], "COMMIT")
	run(t, both[1], "SELECT 1")
}

// One place serves sessions of different accounts, each of which is itself.
func TestOnePlaceServesTwoUsers(t *testing.T) {
	m, server := own(t, "max: 1")
	one := session(t, app(t, m.addr(), params))
	two := session(t, driver(t, m.addr(), "admin", "admin", params))
	run(t, one, "SET sql_mode = 'ANSI_QUOTES'")
	_ = try(one, "SELECT * FROM nowhere")
	first := held(t, server)
	for range 3 {
		if got := value(t, two, "SELECT CONCAT(CURRENT_USER(), ' ', IFNULL(@mine, '-'), ' ', @@sql_mode LIKE '%ANSI_QUOTES%')"); !strings.HasPrefix(got, "root@") || !strings.HasSuffix(got, " - 0") {
			t.Errorf("the second user is %s", got)
		}
		if got := value(t, one, `SELECT CONCAT(CURRENT_USER(), ' ', @@sql_mode)`); !strings.HasPrefix(got, "app@") || !strings.HasSuffix(got, " ANSI_QUOTES") {
			t.Errorf("the first user is %s", got)
		}
	}
	if n := server.Connections(t, ofSessions); n > 1 {
		t.Errorf("%d connections, want one", n)
	} else if ids := held(t, server); ids != first {
		t.Logf("the connection was made anew: %s, before %s", ids, first)
	}
}

func TestATransactionKeepsItsConnectionAndNoLonger(t *testing.T) {
	for _, c := range []struct{ name, begin, end string }{
		{"BEGIN", "BEGIN", "COMMIT"},
		{"START TRANSACTION", "START TRANSACTION", "ROLLBACK"},
		{"autocommit", "SET autocommit = 0", "COMMIT"},
		{"XA", "XA START 'x'", "XA END 'x'; XA ROLLBACK 'x'"},
		{"read only", "START TRANSACTION READ ONLY", "COMMIT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, server := own(t, "max: 2")
			db := app(t, m.addr(), params, func(c *mysql.Config) { c.MultiStatements = true })
			one := session(t, db)
			others := sessions(t, m.addr(), 4)
			run(t, one, c.begin)
			if c.name != "read only" {
				run(t, one, "INSERT INTO t VALUES (1)")
			} else {
				value(t, one, "SELECT COUNT(*) FROM t")
			}
			id := here(t, one)
			for _, o := range others {
				if got := value(t, o, "SELECT COUNT(*) FROM t"); got != "0" {
					t.Errorf("others see %s rows", got)
				}
				if got := here(t, o); got == id {
					t.Error("a statement of another session ran inside the transaction")
				}
				if got := here(t, one); got != id {
					t.Errorf("the transaction went from connection %s to %s", id, got)
				}
			}
			run(t, one, c.end)
			// Two transactions at once find two connections: the first gave its one back.
			run(t, others[0], "BEGIN")
			run(t, others[1], "BEGIN")
			run(t, others[0], "ROLLBACK")
			run(t, others[1], "ROLLBACK")
			if n := server.Connections(t, ofSessions); n > 2 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

// A change of the limits holds for the pool as it stands.
func TestAReloadChangesTheLimitsOfAPool(t *testing.T) {
	m, server := own(t, "max: 1, queue_timeout: 500ms")
	all := sessions(t, m.addr(), 3)
	run(t, all[0], "BEGIN")
	if err := try(all[1], "BEGIN"); code(err) != 1040 {
		t.Fatalf("a second transaction: %v", err)
	}
	first := here(t, all[0])
	if err := m.apply(sharing(server.Backend, "max: 3").text()); err != nil {
		t.Fatal(err)
	}
	run(t, all[1], "BEGIN")
	run(t, all[2], "BEGIN")
	if got := here(t, all[0]); got != first {
		t.Errorf("the reload moved a transaction from connection %s to %s", first, got)
	}
	if err := m.apply(sharing(server.Backend, "max: 1").text()); err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		run(t, c, "COMMIT")
	}
	until(t, patience, "one connection is left", func() bool { return count(held(t, server)) <= 1 })
	for _, c := range all {
		run(t, c, "SELECT 1")
	}
	if n := server.Connections(t, ofSessions); n > 1 {
		t.Errorf("%d connections after the limit became 1", n)
	}
}

// Prepared statements belong to sessions, not to connections.
func TestPreparedStatementsOutliveTheirConnection(t *testing.T) {
	m, server := own(t, "max: 1")
	all := sessions(t, m.addr(), 3)
	var statements []*sql.Stmt
	ctx := context.Background()
	for i, c := range all {
		s, err := c.PrepareContext(ctx, fmt.Sprintf("SELECT ? + %d", i*100))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		statements = append(statements, s)
	}
	for round := range 4 {
		for i, s := range statements {
			var got int
			if err := s.QueryRowContext(ctx, round).Scan(&got); err != nil || got != round+i*100 {
				t.Fatalf("statement %d gives %d, %v, want %d", i, got, err, round+i*100)
			}
		}
		if round == 1 {
			server.SQL(t, "KILL "+held(t, server))
		}
	}
	r := dialRaw(t, m.addr(), "app", "app")
	if _, err := r.do(core.Execute, execute(1)); errno(err) != 1243 {
		t.Errorf("another session executes a statement that it has not: %v", err)
	}
}

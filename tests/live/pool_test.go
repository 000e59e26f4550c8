package live

import (
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/tests/servers"
)

const (
	toReaders = "/* dbmesh:pool=readers */ "
	hinting   = "{kind: router, hints: true}\n{kind: balancer}\n"
)

// hinted is a mesh in list mode whose sessions begin at a primary; hints lead to a replica.
func hinted(t *testing.T) (*mesh, *servers.Replication) {
	t.Helper()
	cluster := shared.Cluster(t)
	return startMesh(t, parts{}, setup{
		auth: listMode, links: hinting,
		backends: []string{cluster.Nodes[0].Addr}, pools: map[string]string{"readers": cluster.Nodes[1].Addr},
	}.text()), cluster
}

// The servers of the cluster tell themselves apart by @@server_id: the primary is 1, the
// reader 2. Looking does not pin, for the name is asked of a view.
const (
	where   = "SELECT variable_value FROM information_schema.global_variables WHERE variable_name = 'server_id'"
	primary = "1"
	reader  = "2"
)

func at(t *testing.T, q querier, query, want, when string) {
	t.Helper()
	if got := value(t, q, query); got != want {
		t.Errorf("%s: on server %s, want %s", when, got, want)
	}
}

func TestHintsSendSingleCommandsToAnotherPool(t *testing.T) {
	m, _ := hinted(t)
	c := session(t, app(t, m.addr(), params))
	for range 3 {
		at(t, c, where, primary, "without a hint")
		at(t, c, toReaders+where, reader, "with a hint")
		at(t, c, "  \n"+toReaders+where, reader, "with a hint behind blanks")
	}
	if n := m.server.Sessions(); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

func TestATransactionStaysWhereItBegan(t *testing.T) {
	m, _ := hinted(t)
	c := session(t, app(t, m.addr(), params))
	for _, begin := range []string{"BEGIN", "START TRANSACTION", "SET autocommit=0"} {
		run(t, c, begin)
		at(t, c, toReaders+where, primary, "hint after "+begin)
		at(t, c, where, primary, "no hint after "+begin)
		run(t, c, "COMMIT")
		if begin != "SET autocommit=0" { // without autocommit each statement begins one
			at(t, c, toReaders+where, reader, "hint behind the end of "+begin)
			run(t, c, toReaders+begin)
			at(t, c, where, reader, "inside a hinted transaction")
			run(t, c, "ROLLBACK")
			at(t, c, where, primary, "behind a hinted transaction")
		}
	}
}

// Warnings are asked for where the statement ran that caused them.
func TestWarningsAreThoseOfTheStatementBefore(t *testing.T) {
	m, _ := hinted(t)
	c := session(t, app(t, m.addr(), params))
	for range 2 {
		for _, hint := range []string{toReaders, ""} {
			value(t, c, hint+"SELECT CAST('x' AS SIGNED)")
			if got := table(t, c, "SHOW WARNINGS"); len(got) != 2 || got[1][1] != "1292" {
				t.Errorf("hint %q: warnings %v", hint, got)
			}
			value(t, c, hint+"SELECT COUNT(*) FROM information_schema.schemata") // one without a table keeps them
			if got := table(t, c, "/* none */ show warnings"); len(got) != 1 {
				t.Errorf("hint %q: warnings of a statement that had none: %v", hint, got)
			}
		}
	}
	at(t, c, where, primary, "afterwards")
}

func TestFoundRowsAreThoseOfTheStatementBefore(t *testing.T) {
	m, _ := hinted(t)
	c := session(t, app(t, m.addr(), params))
	for _, hint := range []string{toReaders, "", toReaders} {
		value(t, c, hint+"SELECT SQL_CALC_FOUND_ROWS 1 FROM (SELECT 1 UNION SELECT 2 UNION SELECT 3) u LIMIT 1")
		if got := value(t, c, "SELECT FOUND_ROWS()"); got != "3" {
			t.Errorf("hint %q: %s rows found", hint, got)
		}
	}
}

// What a session has set would be missed elsewhere; so it stays, for whatever dbmesh can't
// tell to leave nothing behind.
func TestASessionThatHasSetSomethingStays(t *testing.T) {
	m, _ := hinted(t)
	for _, set := range []string{
		"SET @x = 1", "SET SESSION sql_mode = ''", "SELECT 1 INTO @y", "SELECT GET_LOCK('live', 0)",
		"CREATE TEMPORARY TABLE tmp_live (a INT)", "PREPARE p FROM 'SELECT 1'",
		"/* comment */ SET @z = 1", "/*!50000 SET @v = 1 */",
	} {
		t.Run(set, func(t *testing.T) {
			c := session(t, app(t, m.addr(), params))
			at(t, c, toReaders+where, reader, "before")
			run(t, c, set)
			at(t, c, toReaders+where, primary, "after")
		})
	}
}

// A hint can't carry state away from the session's own pool either: what would pin the
// session runs at home, where later statements look for it.
func TestAHintedStatementThatSetsSomethingRunsAtHome(t *testing.T) {
	m, _ := hinted(t)
	c := session(t, app(t, m.addr(), params))
	at(t, c, toReaders+where, reader, "before")
	run(t, c, toReaders+"SET @x = 5")
	if got := value(t, c, "SELECT @x"); got != "5" {
		t.Errorf("@x is %q", got)
	}
	at(t, c, where, primary, "after")
	run(t, c, "CREATE TABLE IF NOT EXISTS app.home (a INT)") // fails on the read-only replica
}

func TestSchemaAndCharacterSetFollowToTheOtherPool(t *testing.T) {
	m, cluster := hinted(t)
	cluster.Primary().SQL(t, "CREATE DATABASE IF NOT EXISTS live2; GRANT ALL ON live2.* TO app@'%'")
	cluster.Wait(t)
	c := session(t, app(t, m.addr(), params))
	const charset = "SELECT CONCAT(DATABASE(), ' ', CHARSET(''))"
	for _, step := range []struct{ set, want string }{
		{"USE live2", "live2 utf8mb4"},
		{"SET NAMES latin1", "live2 latin1"},
		{"use `app`", "app latin1"},
		{toReaders + "USE live2", "live2 latin1"},
		{"SET NAMES 'utf8mb4'", "live2 utf8mb4"},
		{"USE app", "app utf8mb4"},
	} {
		run(t, c, step.set)
		for _, hint := range []string{"", toReaders} {
			if got := value(t, c, hint+charset); got != step.want {
				t.Errorf("after %q, hint %q: %q, want %q", step.set, hint, got, step.want)
			}
		}
		at(t, c, toReaders+where, reader, "after "+step.set)
	}
	// A statement that fails has set nothing.
	if err := try(c, "SET NAMES klingon"); code(err) != 1115 {
		t.Fatalf("unknown character set: %v", err)
	}
	if err := try(c, "USE nowhere"); err == nil {
		t.Fatal("USE of an unknown schema passed")
	}
	if got := value(t, c, toReaders+charset); got != "app utf8mb4" {
		t.Errorf("after statements that failed: %q", got)
	}
	at(t, c, toReaders+where, reader, "after statements that failed")
}

func TestInitDBAndResetConnectionHoldForAllPools(t *testing.T) {
	m, cluster := hinted(t)
	cluster.Primary().SQL(t, "CREATE DATABASE IF NOT EXISTS live2; GRANT ALL ON live2.* TO app@'%'; CREATE TABLE IF NOT EXISTS live2.only2 (a INT)")
	cluster.Wait(t)
	r := dialRaw(t, m.addr(), "app", "app")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(r.query(toReaders + "SELECT 1"))
	_, err := r.do(core.InitDB, []byte("live2"))
	must(err)
	must(r.query("SELECT * FROM only2"))
	must(r.query(toReaders + "SELECT * FROM only2"))
	must(r.query("SET NAMES latin1"))
	if _, err := r.do(core.InitDB, []byte("nowhere")); err == nil {
		t.Error("an unknown schema is in use")
	}
	if f, err := r.do(core.Query, []byte(toReaders+"SELECT 1 FROM DUAL WHERE CHARSET('') = 'latin1'")); err != nil || f.Rows != 1 {
		t.Errorf("a failed command took the character set back: %v", err)
	}
	must(r.query("SET @x = 1"))
	_, err = r.do(core.ResetConnection, nil)
	must(err)
	must(r.query(toReaders + "SELECT * FROM only2"))
	must(r.query("SELECT * FROM only2"))
	// The reset took the character set back; only 1 row says so on both servers.
	for _, hint := range []string{"", toReaders} {
		f, err := r.do(core.Query, []byte(hint+"SELECT 1 FROM DUAL WHERE CHARSET('') = 'utf8mb4'"))
		must(err)
		if f.Rows != 1 {
			t.Errorf("hint %q: the character set outlived the reset", hint)
		}
	}
	_, err = r.do(core.Ping, nil)
	must(err)
}

func TestPreparedStatementsStayAtHome(t *testing.T) {
	m, _ := hinted(t)
	r := dialRaw(t, m.addr(), "app", "app")
	const write = "INSERT INTO app.stays VALUES (1)" // a replica refuses it
	if err := r.query("CREATE TABLE IF NOT EXISTS app.stays (a INT)"); err != nil {
		t.Fatal(err)
	}
	r = dialRaw(t, m.addr(), "app", "app")
	if err := r.query(toReaders + "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	f, err := r.do(core.Prepare, []byte(toReaders+write))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.query(write); err != nil {
		t.Errorf("a statement behind a hinted prepare: %v", err)
	}
	if _, err := r.do(core.Execute, execute(f.StatementID)); err != nil {
		t.Errorf("execute: %v", err)
	}
	if err := r.query(toReaders + write); err != nil {
		t.Errorf("a hinted statement while one is prepared: %v", err)
	}
}

// The other pool may fail in any way: the command gets an error, the session lives.
func TestASessionOutlivesItsSecondPool(t *testing.T) {
	home := shared.MariaDB(t)
	other := servers.MariaDB(t)
	m := startMesh(t, parts{}, setup{
		auth: listMode, links: hinting,
		backends: []string{home.Addr}, pools: map[string]string{"readers": other.Addr},
	}.text())
	port := "SELECT variable_value FROM information_schema.global_variables WHERE variable_name = 'port'"
	c := session(t, app(t, m.addr(), params))
	homePort, otherPort := home.Value(t, "SELECT @@port"), other.Value(t, "SELECT @@port")
	at(t, c, toReaders+port, otherPort, "at first")

	// An idle connection away from home that its server closes is no loss.
	closed := func() {
		other.SQL(t, "KILL USER app")
		until(t, patience, "the connection is gone", func() bool {
			return other.Value(t, "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'app'") == "0"
		})
	}
	closed()
	at(t, c, toReaders+port, otherPort, "after its end there")
	at(t, c, port, homePort, "back at home")
	closed()
	at(t, c, toReaders+port, otherPort, "after its end while at home")

	// A refusal by the server itself is told as it is.
	other.SQL(t, "DROP USER app@'%'")
	fresh := session(t, app(t, m.addr(), params))
	if err := try(fresh, toReaders+port); code(err) != 1045 || !strings.Contains(err.Error(), "to which user 'app' is mapped") {
		t.Errorf("a hint to a server without the account: %v", err)
	}
	at(t, fresh, port, homePort, "after a refused hint")
	at(t, c, toReaders+port, otherPort, "on a connection from before")

	if err := other.Kill9(); err != nil {
		t.Fatal(err)
	}
	at(t, c, port, homePort, "when the other server is dead")
	// A health check may have found out before.
	if err := try(c, toReaders+port); code(err) != 1429 && (code(err) != 1105 || !strings.Contains(err.Error(), "no usable backend")) {
		t.Errorf("a hint to a dead server: %v", err)
	}
	at(t, c, port, homePort, "after a failed hint")
}

// A server that begins its sessions without autocommit, or reads strings in another way,
// would hold a transaction open or take a text for another one.
func TestAServerWithOtherSettingsGetsNoStatements(t *testing.T) {
	m, cluster := hinted(t)
	other := cluster.Nodes[1]
	usual := other.Value(t, "SELECT @@global.sql_mode")
	for _, change := range []string{
		"SET GLOBAL autocommit = 0", "SET GLOBAL sql_mode = 'NO_BACKSLASH_ESCAPES'", "SET GLOBAL sql_mode = 'ANSI_QUOTES'",
	} {
		other.SQL(t, change)
		c := session(t, app(t, m.addr(), params))
		at(t, c, toReaders+where, primary, change)
		at(t, c, toReaders+where, primary, change+", again")
		other.SQL(t, "SET GLOBAL autocommit = 1")
		other.SQL(t, "SET GLOBAL sql_mode = ?", usual)
		at(t, session(t, app(t, m.addr(), params)), toReaders+where, reader, "back")
	}
}

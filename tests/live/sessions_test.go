package live

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/proxy"
)

// shown is what operators see of the sessions, by what they do.
func shown(m *mesh) map[string]proxy.Snapshot {
	all := map[string]proxy.Snapshot{}
	for _, s := range m.server.Snapshots(patience) {
		all[s.Doing] = s
	}
	return all
}

// pinned is what is shown of the only session, which is idle. Its last answer may be a
// moment ahead of what is shown.
func pinned(t *testing.T, m *mesh, why, by string) proxy.Snapshot {
	t.Helper()
	var last proxy.Snapshot
	until(t, 10*time.Second, "pinned by "+by, func() bool {
		last = shown(m)["idle"]
		return strings.Contains(last.Pinned, why) && (last.Pinned == "") == (why == "") && last.PinnedBy == by
	})
	if (last.PinnedFor > 0) != (why != "") || last.PinnedFor > time.Minute {
		t.Errorf("pinned by %q for %v", last.PinnedBy, last.PinnedFor)
	}
	return last
}

func TestAPinnedSessionIsShownWithTheStatementThatPinsIt(t *testing.T) {
	m, _ := own(t, "max: 1")
	c := dialRaw(t, m.addr(), "app", "app")
	pinned(t, m, "", "")
	c.one(t, "SELECT 1")
	pinned(t, m, "", "")
	c.does(t, "SET @secret = 'hush'")
	first := pinned(t, m, "user variable", "set @secret = ?")
	if len(first.PinnedDigest) != 64 || strings.Contains(first.PinnedBy, "hush") {
		t.Errorf("shown as %+v", first)
	}
	c.does(t, "BEGIN") // what is said is what would have to end first
	pinned(t, m, "transaction", "begin")
	c.does(t, "SELECT GET_LOCK('x', 0)")
	c.does(t, "COMMIT")
	if again := pinned(t, m, "user variable", "set @secret = ?"); again.PinnedDigest != first.PinnedDigest || again.PinnedFor <= first.PinnedFor {
		t.Errorf("shown as %+v, before as %+v", again, first)
	}
	if _, err := c.do(core.ResetConnection, nil); err != nil {
		t.Fatal(err)
	}
	pinned(t, m, "", "")
	c.does(t, "SET @other = 1")
	pinned(t, m, "user variable", "set @other = ?")
	c.Close()

	until(t, 10*time.Second, "the session has ended", func() bool { return len(shown(m)) == 0 })
	next := dialRaw(t, m.addr(), "app", "app")
	next.one(t, "SELECT 1")
	pinned(t, m, "", "")
	next.does(t, "SET @mine = 1")
	pinned(t, m, "user variable", "set @mine = ?")
}

func TestAPinThatEndsWithAnotherLeftIsShownWithThatOnesStatement(t *testing.T) {
	m, _ := own(t, "max: 1")
	c := dialRaw(t, m.addr(), "app", "app")
	c.does(t, "LOCK TABLES t READ")
	pinned(t, m, "LOCK TABLES", "lock tables `t` read")
	c.does(t, "SET @left = 1")
	c.does(t, "UNLOCK TABLES")
	pinned(t, m, "user variable", "set @left = ?")
}

func TestASessionThatWaitsForAConnectionIsShownSo(t *testing.T) {
	m, _ := own(t, "max: 1, queue_timeout: 60s")
	holder, waiter := dialRaw(t, m.addr(), "app", "app"), dialRaw(t, m.addr(), "app", "app")
	holder.does(t, "BEGIN")
	answer := make(chan error, 1)
	go func() { answer <- waiter.query("SELECT 1") }()
	until(t, 10*time.Second, "the session waits", func() bool { return m.waiting() == 1 })
	all := shown(m)
	w, ok := all["waiting for a connection"]
	if !ok || w.Pool != "main" || w.Backend == "" || w.BackendID != 0 || w.Pinned != "" || w.For <= 0 {
		t.Errorf("shown as %+v", all)
	}
	if h := all["idle"]; h.Pinned != "transaction" || h.PinnedBy != "begin" {
		t.Errorf("who has the connection is shown as %+v", h)
	}
	holder.does(t, "COMMIT")
	if err := <-answer; err != nil {
		t.Fatal(err)
	}
	until(t, 10*time.Second, "both are idle", func() bool { _, waits := shown(m)["waiting for a connection"]; return !waits })
}

// A login that needs a connection is refused as a statement is: with the server's own error
// for too many of them, and no other one around it.
func TestALoginToAnExhaustedPoolIsRefusedAsForTooManyConnections(t *testing.T) {
	m, server := own(t, "max: 1, queue_timeout: 300ms")
	server.SQL(t, "CREATE DATABASE elsewhere; GRANT ALL ON elsewhere.* TO app")
	holder := dialRaw(t, m.addr(), "app", "app")
	holder.does(t, "BEGIN")
	db := app(t, m.addr(), func(c *mysql.Config) { c.DBName = "elsewhere" })
	err := try(db, "SELECT 1")
	var refused *mysql.MySQLError
	if !errors.As(err, &refused) || refused.Number != 1040 || string(refused.SQLState[:]) != "08004" || !strings.HasPrefix(refused.Message, "dbmesh: too many connections: ") {
		t.Errorf("refused with %v, want 1040 (08004) and why", err)
	}
}

// What holds a connection without the transaction's flag is shown like what the flag tells.
func TestASavepointIsShownAsWhatPins(t *testing.T) {
	m, _ := own(t, "max: 1")
	c := dialRaw(t, m.addr(), "app", "app")
	c.does(t, "SET autocommit = 0", "SAVEPOINT here")
	pinned(t, m, "savepoint", "savepoint `here`")
	c.does(t, "ROLLBACK")
	pinned(t, m, "", "")
}

package live

import (
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// A server that is taken out of the config has no idle connections of dbmesh's any more.
func TestNoConnectionIsLeftToARemovedServer(t *testing.T) {
	m, server := own(t, "max: 4, max_idle: 0s, keepalive: 0s")
	other := servers.MariaDB(t)
	for _, c := range sessions(t, m.addr(), 3) {
		run(t, c, "SELECT 1")
	}
	if held(t, server) == "" {
		t.Fatal("no connection at first")
	}
	if err := m.apply(sharing(other.Backend, "max: 4").text()); err != nil {
		t.Fatal(err)
	}
	until(t, patience, "no connection is left", func() bool { return held(t, server) == "" })
}

// What a session asks for in COM_CHANGE_USER is not how idle connections of its former kind
// are opened.
func TestAChangeOfUserDoesNotChangeHowOthersLogIn(t *testing.T) {
	m, server := own(t, "max: 6, min_idle: 2, max_idle: 0s, keepalive: 0s")
	r := dialRaw(t, m.addr(), "app", "app")
	if err := r.query("SELECT 1"); err != nil {
		t.Fatal(err)
	}
	before := r.one(t, "SELECT @@character_set_client")
	const latin1 = 8
	change := wire.UserChange{User: "app", Schema: "app", Collation: latin1, Plugin: "mysql_native_password"}
	if err := r.send(core.ChangeUser, change.Append(nil, r.caps)[1:]); err != nil {
		t.Fatal(err)
	}
	proof := wire.NewConn(r.Conn)
	proof.Seq = 1
	if err := settleAuth(proof, "app"); err != nil {
		t.Fatal(err)
	}
	if err := r.query("SELECT 1"); err != nil {
		t.Fatal(err)
	}
	until(t, patience, "idle ones are there", func() bool { return count(held(t, server)) >= 4 })
	for i := range 4 {
		other := dialRaw(t, m.addr(), "app", "app")
		if err := other.query("BEGIN"); err != nil { // keeps its connection, so that the next has another
			t.Fatal(err)
		}
		if got := other.one(t, "SELECT @@character_set_client"); got != before {
			t.Errorf("session %d begins with %s, want %s", i, got, before)
		}
	}
}

// one is the single value that a query gives.
func (r *raw) one(t *testing.T, sql string) string {
	t.Helper()
	all := payloads(r.reply(t, core.Query, []byte(sql)))
	if len(all) < 4 || len(all[3]) == 0 {
		t.Fatalf("%s: %q", sql, all)
	}
	return all[3][1:]
}

// A server's init_connect holds for a session whichever connection it gets: also one that
// another session has left something on, or another user has had.
func TestInitConnectHoldsOnConnectionsUsedBefore(t *testing.T) {
	m, server := own(t, "max: 1")
	server.SQL(t, "SET GLOBAL init_connect = 'SET SESSION div_precision_increment = 9'")
	server.SQL(t, "CREATE USER other IDENTIFIED BY 'other'")
	server.SQL(t, "GRANT ALL ON app.* TO other")
	config := sharing(server.Backend, "max: 1")
	config.auth = `{kind: auth, mode: list, users: [{name: app, password: app}, {name: other, password: other}]}`
	if err := m.apply(config.text()); err != nil {
		t.Fatal(err)
	}
	r := dialRaw(t, m.addr(), "app", "app")
	if got := r.one(t, "SELECT @@div_precision_increment"); got != "9" {
		t.Fatalf("a fresh login has %q", got)
	}
	if err := r.query("SET @x = 1"); err != nil {
		t.Fatal(err)
	}
	_ = r.send(core.Quit, nil)
	next := dialRaw(t, m.addr(), "app", "app")
	if got := next.one(t, "SELECT @@div_precision_increment"); got != "9" {
		t.Errorf("the next session has %q, want 9 as after a login", got)
	}
	other := dialRaw(t, m.addr(), "other", "other")
	if got := other.one(t, "SELECT CONCAT(CURRENT_USER(), @@div_precision_increment)"); got != "other@%9" {
		t.Errorf("the next user's session has %q, want other@%%9", got)
	}
}

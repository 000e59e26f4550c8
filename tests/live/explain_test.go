package live

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/explain"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// A text means what the session's settings make of it, as its server has told them. The
// driver wants no session tracking and no link asks for facts, so nobody knows whether the
// character set is still that of the login.
func TestTheHTTPSideReadsATextAsTheSessionDoes(t *testing.T) {
	admin := freeAddr(t)
	d := sidecar.Before(t, shared.MariaDB(t).Addr, "--set", "admin.address="+admin)
	defer http.DefaultClient.CloseIdleConnections()
	c := session(t, app(t, d.Addr))
	run(t, c, "DO 1") // it is logged in
	var all struct{ Sessions []struct{ ID uint32 } }
	get(t, http.MethodGet, "http://"+admin+"/api/v1/sessions", "", &all)
	if len(all.Sessions) != 1 {
		t.Fatalf("sessions: %+v", all)
	}
	url := fmt.Sprintf("http://%s/api/v1/sessions/%d/explain", admin, all.Sessions[0].ID)
	check := func(when, sql string, server explain.Server, safe bool, tables ...explain.Table) {
		t.Helper()
		var r explain.Report
		if status := get(t, http.MethodPost, url, sql, &r); status != 200 {
			t.Fatalf("%s: %d", when, status)
		}
		server.Flavour, server.Version = "mariadb", r.Server.Version
		if got, want := fmt.Sprintf("%+v", r.Server), fmt.Sprintf("%+v", server); got != want || !strings.HasPrefix(r.Server.Version, "10.") {
			t.Errorf("%s: the server is %s, want %s", when, got, want)
		}
		if r.Session == nil || r.Session.ID != all.Sessions[0].ID || r.Session.Schema != "app" {
			t.Errorf("%s: the session is %+v", when, r.Session)
		}
		if got := fmt.Sprint(r.Facts.Tables); got != fmt.Sprint(tables) || r.Facts.ReadSafe != safe {
			t.Errorf("%s: %s reads %s, safe %v (%s); want %v, %v", when, sql, got, r.Facts.ReadSafe, r.Facts.ReadReason, tables, safe)
		}
	}
	plain := explain.Server{Charset: "unknown"}
	check("at first", `SELECT "a" FROM t`, plain, true, explain.Table{Name: "t", Access: "read"})
	check("at first", `DELETE FROM t WHERE a = '\'' AND b = 'FROM u'`, plain, false, explain.Table{Name: "t", Access: "write"})

	run(t, c, "SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'")
	both := explain.Server{Charset: "unknown", ANSIQuotes: true, NoBackslash: true}
	check("behind SET sql_mode", `SELECT a FROM "t" WHERE b = '\'`, both, true, explain.Table{Name: "t", Access: "read"})

	run(t, c, "SET sql_mode = ''")
	check("behind another", `SELECT "a" FROM t WHERE b = '\''`, plain, true, explain.Table{Name: "t", Access: "read"})

	var refused struct{ Error string }
	if status := get(t, http.MethodPost, strings.Replace(url, "/sessions/", "/sessions/1", 1), "SELECT 1", &refused); status != 404 || !strings.Contains(refused.Error, "no session") {
		t.Errorf("a session that does not exist: %d %+v", status, refused)
	}
}

// Where a link asks for facts, what the session sets is followed.
func TestTheCharacterSetIsFollowedWhereStatementsAreLookedAt(t *testing.T) {
	server := shared.MariaDB(t).Addr
	m := startMesh(t, parts{}, setup{
		auth: listMode, links: ruled, backends: []string{server}, pools: map[string]string{"readers": server},
	}.text())
	c := session(t, app(t, m.addr()))
	for _, step := range []struct{ sql, charset string }{
		{"DO 1", "utf8"}, {"SET NAMES latin1", "single"}, {"SET NAMES gbk", "unknown"}, {"SET NAMES utf8mb4", "utf8"},
		{"SET character_set_client = CONCAT('gb', 'k')", "unknown"}, {"SET CHARACTER SET DEFAULT", "unknown"}, {"SET NAMES utf8mb3", "utf8"},
	} {
		run(t, c, step.sql)
		id := m.server.Snapshots(patience)[0].ID
		mode, schema, ok := m.server.Mode(id, patience)
		r := explain.Live(explain.Session{ID: id, Schema: schema}, mode, []byte("SELECT 1"))
		if !ok || r.Server.Charset != step.charset || schema != "app" {
			t.Errorf("behind %s: %v, schema %q, %+v; want %s", step.sql, ok, schema, r.Server, step.charset)
		}
	}
	if _, _, ok := m.server.Mode(1, patience); ok {
		t.Error("a session that does not exist has a mode")
	}
}

// get asks the HTTP side and reads the JSON document that comes back.
func get(t *testing.T, method, url, body string, into any) int {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %d, %v in\n%s", url, resp.StatusCode, err, text)
	}
	return resp.StatusCode
}

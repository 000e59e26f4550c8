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

// A text means what the session's settings make of it, as its server has told them.
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
	utf8 := explain.Server{Charset: "utf8"}
	check("at first", `SELECT "a" FROM t`, utf8, true, explain.Table{Name: "t", Access: "read"})
	check("at first", `DELETE FROM t WHERE a = '\'' AND b = 'FROM u'`, utf8, false, explain.Table{Name: "t", Access: "write"})

	run(t, c, "SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'")
	both := explain.Server{Charset: "utf8", ANSIQuotes: true, NoBackslash: true}
	check("behind SET sql_mode", `SELECT a FROM "t" WHERE b = '\'`, both, true, explain.Table{Name: "t", Access: "read"})

	run(t, c, "SET sql_mode = '', NAMES latin1")
	check("behind SET NAMES", `SELECT 1 FROM t`, explain.Server{Charset: "single"}, true, explain.Table{Name: "t", Access: "read"})

	var refused struct{ Error string }
	if status := get(t, http.MethodPost, strings.Replace(url, "/sessions/", "/sessions/1", 1), "SELECT 1", &refused); status != 404 || !strings.Contains(refused.Error, "no session") {
		t.Errorf("a session that does not exist: %d %+v", status, refused)
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

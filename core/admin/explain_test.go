package admin_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/admin"
	"github.com/dbmesh/dbmesh/core/explain"
	"github.com/dbmesh/dbmesh/core/stmt"
)

// modes has one session, number 7.
type modes struct{ mode stmt.Mode }

func (m modes) Mode(id uint32) (stmt.Mode, string, bool) { return m.mode, "shop", id == 7 }

// post sends a text and reads the document that comes back.
func post(t *testing.T, s *admin.Server, path, body string) (int, map[string]any) {
	t.Helper()
	status, text := ask(t, s, "POST", path, func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	})
	var doc map[string]any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%s: %d, %v in\n%s", path, status, err, text)
	}
	return status, doc
}

func withMode(m stmt.Mode) func(*admin.Options) {
	return func(o *admin.Options) { o.Modes = modes{m} }
}

func TestATextIsExplainedAsTheSessionReadsIt(t *testing.T) {
	const sql = `SELECT "t.a" FROM t`
	m := stmt.Mode{Flavour: stmt.MySQL, Version: 80036, Charset: stmt.CharsetUTF8}
	for _, m.ANSIQuotes = range []bool{false, true} {
		s := open(t, newProcess(), withMode(m))
		status, doc := post(t, s, "/api/v1/sessions/7/explain", sql)
		if status != 200 {
			t.Fatalf("%d %v", status, doc)
		}
		var want bytes.Buffer
		if err := explain.WriteJSON(&want, explain.Live(explain.Session{ID: 7, Schema: "shop"}, m, []byte(sql))); err != nil {
			t.Fatal(err)
		}
		_, text := ask(t, s, "POST", "/api/v1/sessions/7/explain", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(sql)) })
		if text != want.String() {
			t.Errorf("answers\n%s\nwant\n%s", text, want.String())
		}
		session, server := doc["session"].(map[string]any), doc["server"].(map[string]any)
		if session["id"] != 7.0 || session["schema"] != "shop" || server["ansi_quotes"] != m.ANSIQuotes || server["version"] != "8.0.36" {
			t.Errorf("session %v, server %v", session, server)
		}
		if text := doc["fingerprint"].(string); strings.Contains(text, "t.a") != m.ANSIQuotes {
			t.Errorf("ANSI_QUOTES %v: fingerprint %s", m.ANSIQuotes, text)
		}
	}
}

func TestATextIsExplainedAsTheParametersSay(t *testing.T) {
	s := open(t, newProcess(), withMode(stmt.Mode{}))
	status, doc := post(t, s, "/api/v1/explain?flavour=tidb&version=8.0.11-TiDB-v8.5.0&sql_mode=ANSI_QUOTES,STRICT_ALL_TABLES&charset=latin1", "DELETE FROM t")
	server := doc["server"].(map[string]any)
	if status != 200 || server["flavour"] != "tidb" || server["version"] != "8.0.11" || server["ansi_quotes"] != true || server["charset"] != "single" {
		t.Errorf("%d %v", status, server)
	}
	if doc["session"] != nil || len(server["assumed"].([]any)) != 0 {
		t.Errorf("session %v, assumed %v", doc["session"], server["assumed"])
	}
	if kind := doc["facts"].(map[string]any)["kind"]; kind != "delete" {
		t.Errorf("kind %v", kind)
	}
	_, doc = post(t, s, "/api/v1/explain", "")
	if kind := doc["facts"].(map[string]any)["kind"]; kind != "empty" {
		t.Errorf("no text has kind %v", kind)
	}
}

func TestWhatCanNotBeExplainedIsAnErrorInJSON(t *testing.T) {
	s := open(t, newProcess(), withMode(stmt.Mode{}))
	long := strings.Repeat("x", explain.MaxText+1)
	for _, tc := range []struct {
		path, body string
		status     int
		says       string
	}{
		{"/api/v1/sessions/8/explain", "SELECT 1", 404, "no session 8"},
		{"/api/v1/sessions/seven/explain", "SELECT 1", 404, `no session "seven"`},
		{"/api/v1/sessions/4294967303/explain", "SELECT 1", 404, "no session"}, // 2^32 + 7
		{"/api/v1/sessions/7/explain?flavour=mysql", "SELECT 1", 400, "no parameters"},
		{"/api/v1/explain?flavor=mysql", "SELECT 1", 400, `no parameter "flavor"`},
		{"/api/v1/explain?flavour=oracle", "SELECT 1", 400, "oracle"},
		{"/api/v1/explain?sql_mode=ANSI_QUOTE", "SELECT 1", 400, "ANSI_QUOTE"},
		{"/api/v1/explain", long, 413, "too large"},
		{"/api/v1/sessions/7/explain", long, 413, "too large"},
	} {
		status, doc := post(t, s, tc.path, tc.body)
		if said, _ := doc["error"].(string); status != tc.status || !strings.Contains(said, tc.says) || len(doc) != 1 {
			t.Errorf("%s: %d %v, want %d and %q", tc.path, status, doc, tc.status, tc.says)
		}
	}
	if status, _ := post(t, s, "/api/v1/explain", long[1:]); status != 200 {
		t.Errorf("a text of exactly the most: %d", status)
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		for _, path := range []string{"/api/v1/explain", "/api/v1/sessions/7/explain"} {
			status, body := ask(t, s, method, path, nil)
			if status != 405 || !strings.Contains(body, `"error": "send the text by POST"`) {
				t.Errorf("%s %s: %d %s", method, path, status, body)
			}
		}
	}
	if status, body := ask(t, s, "POST", "/api/v1/explain", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }); status != 403 {
		t.Errorf("a page of another site: %d %s", status, body)
	}
}

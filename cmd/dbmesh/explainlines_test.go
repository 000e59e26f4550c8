package main

import (
	"bufio"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/explain"
)

func TestExplainAnswersProgramsLineByLine(t *testing.T) {
	requests := []string{
		`{"sql": "SELECT * FROM app.users WHERE id = 7 FOR UPDATE"}`,
		`{"sql": " SELECT 1 ; DELETE FROM t;"}`,
		`{"sql": "SELECT \"a\" FROM t", "flavour": "mysql", "sql_mode": "ANSI_QUOTES"}`,
		`{"sql_base64": "U0VMRUNUICfkJw=="}`,
		`{"sql": "SELECT 1 /*! FROM t */ WHERE 'x; DELETE FROM t"}`,
		`{}`,
		`{"sql": "SELECT 1", "version": "eleven"}`,
		`{"sql": "SELECT 1", "mode": "x"}`,
		`{"sql": "SELECT 1"} {"sql": "SELECT 2"}`,
		`SELECT 1`,
		`{"sql": "SELECT 1"}`,
	}
	status, out, errs := explained(strings.NewReader(strings.Join(requests, "\n")), "--lines", "--charset", "latin1")
	if status != exitOK || errs != "" {
		t.Fatalf("status %d, %s", status, errs)
	}
	quiet(t, out)
	answers := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	if len(answers) != len(requests) {
		t.Fatalf("%d answers to %d requests:\n%s", len(answers), len(requests), out)
	}
	for i, want := range []string{
		"select app.users [SELECT * FROM app.users WHERE id = 7 FOR UPDATE] where locking",
		"multi t [SELECT 1] [DELETE FROM t] write",
		"select t [SELECT \"a\" FROM t] ",
		"select [SELECT '\xe4']",
		"opaque",
		"empty []",
		`error: version is "eleven"`,
		`error: the request is no JSON object with known keys: json: unknown field "mode"`,
		"error: there is more than one JSON object",
		"error: the request is no JSON object",
		"select [SELECT 1]",
	} {
		if got := told(t, requests[i], answers[i]); !strings.HasPrefix(got, want) && !strings.Contains(got, want) {
			t.Errorf("%s\nis answered %q\nwant         %q", requests[i], got, want)
		}
	}
}

// told puts an answer into a few words.
func told(t *testing.T, request, answer string) string {
	t.Helper()
	var failed struct{ Error string }
	if err := json.Unmarshal([]byte(answer), &failed); err != nil {
		t.Fatal(err)
	}
	if failed.Error != "" {
		return "error: " + failed.Error
	}
	var a explain.Answer
	d := json.NewDecoder(strings.NewReader(answer))
	d.DisallowUnknownFields()
	if err := d.Decode(&a); err != nil {
		t.Fatal(err)
	}
	var r explain.Request
	if err := json.Unmarshal([]byte(request), &r); err != nil {
		t.Fatal(err)
	}
	words := []string{a.Facts.Kind}
	if a.Facts.Opaque {
		words = append(words, "opaque")
	}
	for _, table := range a.Facts.Tables {
		words = append(words, strings.TrimPrefix(table.Schema+"."+table.Name, "."))
	}
	text := r.SQL + string(r.Bytes)
	for _, s := range a.Statements {
		words = append(words, "["+text[s.Start:s.End]+"]")
	}
	last := a.Statements[len(a.Statements)-1].Facts
	for word, is := range map[string]bool{"where": last.Where && !last.Locking, "where locking": last.Locking && last.Where, "write": last.Access == "write"} {
		if is {
			words = append(words, word)
		}
	}
	return strings.Join(words, " ") + " "
}

func TestExplainAnswersEachLineBeforeTheNextComes(t *testing.T) {
	in, ask := io.Pipe()
	answers, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := explain.Lines(explain.Dialect{}, in, out)
		out.Close()
		ended <- err
	}()
	lines := bufio.NewReader(answers)
	for _, sql := range []string{"SELECT 1", "SELECT 2"} {
		if _, err := io.WriteString(ask, `{"sql": "`+sql+`"}`+"\n"); err != nil {
			t.Fatal(err)
		}
		if line, err := lines.ReadString('\n'); err != nil || !strings.Contains(line, `"kind":"select"`) {
			t.Fatalf("%s: %v, %s", sql, err, line)
		}
	}
	ask.Close()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

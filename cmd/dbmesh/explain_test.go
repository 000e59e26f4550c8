package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"

	"github.com/dbmesh/dbmesh/core/explain"
)

// explained runs the verb with a text on standard input; nil is a terminal.
func explained(in io.Reader, args ...string) (status int, out, errs string) {
	var o, e bytes.Buffer
	status = explainFrom(in, args, &o, &e)
	return status, o.String(), e.String()
}

func TestExplainPrintsFactsForPeopleAndPrograms(t *testing.T) {
	for name, args := range map[string][]string{
		"select":   {"SELECT u.name FROM app.users u JOIN orders o ON o.u = u.id WHERE u.id = 7 ORDER BY 1 LIMIT 3"},
		"lock":     {"SELECT GET_LOCK('jobs', 5) FROM t FOR UPDATE"},
		"several":  {"SET NAMES utf8mb4, @a = 1; CREATE TEMPORARY TABLE x (a INT); SELECT 1"},
		"prepare":  {"PREPARE s FROM 'DELETE FROM t WHERE a = ?'"},
		"opaque":   {"SELECT 1 /*! FROM t */ WHERE 'x"},
		"settings": {"--flavour", "mysql", "--version", "8.0.36-log", "--sql-mode", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES", "--charset", "latin1", `SELECT "a" FROM "t" WHERE b = '\'`},
		"tidb":     {"--flavour=tidb", "INSERT INTO t VALUES (1, 'a'), (2, 'b')"},
		"empty":    {""},
		"odd":      {"SELECT '\x1b]0;title\x07\u202etxt.exe\xff\x00\u009b31m', 'ü' FROM `t\x1b[2J`\r\n  WHERE\ta = 1"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, errs := call(append([]string{"explain"}, args...)...)
			if status != exitOK || errs != "" {
				t.Fatalf("status %d, %s", status, errs)
			}
			golden(t, "explain-"+name+".txt", out)
			status, doc, errs := call(append([]string{"explain", "--json"}, args...)...)
			if status != exitOK || errs != "" {
				t.Fatalf("status %d, %s", status, errs)
			}
			golden(t, "explain-"+name+".json", doc)
			quiet(t, out)
			quiet(t, doc)
			var r explain.Report
			d := json.NewDecoder(strings.NewReader(doc))
			d.DisallowUnknownFields()
			if err := d.Decode(&r); err != nil {
				t.Error(err)
			}
			if strings.Contains(strings.ReplaceAll(doc, `"ranges": null`, ""), "null") {
				t.Errorf("a list is null in\n%s", doc)
			}
			var again strings.Builder
			if err := r.WriteTable(&again, []byte(args[len(args)-1])); err != nil || !strings.HasPrefix(again.String(), "read as ") {
				t.Errorf("the document does not serve for people: %v\n%s", err, again.String())
			}
		})
	}
}

// quiet looks for what would steer a terminal.
func quiet(t *testing.T, out string) {
	t.Helper()
	for i, r := range out {
		if r != '\n' && !unicode.IsPrint(r) || r == unicode.ReplacementChar && out[i] != 0xEF {
			t.Errorf("prints %+q in\n%q", r, out)
			return
		}
	}
}

func TestExplainTakesTheTextFromWhereverItIs(t *testing.T) {
	_, want, _ := explained(nil, "SELECT 1")
	for name, args := range map[string][]string{"no argument": nil, "a dash": {"-"}} {
		if status, out, errs := explained(strings.NewReader("SELECT 1"), args...); status != exitOK || out != want {
			t.Errorf("%s: status %d, %s\n%s", name, status, errs, out)
		}
	}
	for _, args := range [][]string{{"SELECT 1", "--flavour", "mariadb"}, {"--flavour", "mariadb", "--", "SELECT 1"}} {
		if status, out, errs := explained(nil, args...); status != exitOK || !strings.Contains(out, "\n  SELECT 1\n") || strings.Contains(out, "assumed: flavour") {
			t.Errorf("%q: status %d, %s\n%s", args, status, errs, out)
		}
	}
	if status, out, _ := explained(nil, "--", "-- a comment"); status != exitOK || !strings.Contains(out, "kind         empty") {
		t.Errorf("behind two dashes: status %d\n%s", status, out)
	}
	most := strings.Repeat(" ", explain.MaxText-8) + "SELECT 1"
	if status, _, errs := explained(strings.NewReader(most)); status != exitOK {
		t.Errorf("a text of exactly the most: status %d, %s", status, errs)
	}
}

func TestExplainSaysWhatIsWrong(t *testing.T) {
	broken := iotest.ErrReader(errors.New("the pipe broke"))
	for _, tc := range []struct {
		in     io.Reader
		args   []string
		status int
		says   string
	}{
		{nil, nil, exitUsage, "give it a text"},
		{nil, []string{"-"}, exitUsage, "give it a text"},
		{nil, []string{"SELECT", "1"}, exitUsage, `unexpected argument "1"`},
		{nil, []string{"--flavour", "oracle", "SELECT 1"}, exitUsage, `"oracle", want mariadb`},
		{nil, []string{"--flavor", "mysql", "SELECT 1"}, exitUsage, "flavor"},
		{nil, []string{"--version", "eleven", "SELECT 1"}, exitUsage, `"eleven", want one such as`},
		{nil, []string{"--version", "10", "SELECT 1"}, exitUsage, `"10"`},
		{nil, []string{"--version", "10.1.2.3", "SELECT 1"}, exitUsage, `"10.1.2.3"`},
		{nil, []string{"--version", "10.11.300", "SELECT 1"}, exitUsage, `"10.11.300"`},
		{nil, []string{"--sql-mode", "ANSI_QUOTES,NOBACKSLASH", "SELECT 1"}, exitUsage, `"NOBACKSLASH"`},
		{nil, []string{"--charset", "utf9", "SELECT 1"}, exitUsage, `"utf9"`},
		{nil, []string{"--json=perhaps", "SELECT 1"}, exitUsage, "perhaps"},
		{strings.NewReader(strings.Repeat("x", explain.MaxText+1)), nil, exitFailed, "more than 1048576 bytes"},
		{broken, nil, exitFailed, "the pipe broke"},
		{nil, []string{"--lines"}, exitUsage, "requests are piped in"},
		{broken, []string{"--lines", "SELECT 1"}, exitUsage, "come on standard input"},
		{broken, []string{"--lines", "--flavour", "oracle"}, exitUsage, `"oracle", want mariadb`},
		{broken, []string{"--lines"}, exitFailed, "the pipe broke"},
		{strings.NewReader(strings.Repeat("x", 4<<20+1)), []string{"--lines"}, exitFailed, "more than 4194304 bytes"},
	} {
		status, out, errs := explained(tc.in, tc.args...)
		if status != tc.status || out != "" || !strings.Contains(errs, tc.says) || !strings.HasPrefix(errs, "dbmesh explain: ") {
			t.Errorf("%q: status %d, want %d; says %q, want %q; prints %q", tc.args, status, tc.status, errs, tc.says, out)
		}
	}
	if err := (&explain.Report{}).WriteTable(failing{}, nil); err == nil {
		t.Error("a failed write is no error")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no room") }

package judge

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/tests/servers"
)

const tracelessDir = "../../core/stmt/testdata/traceless/"

// unkept is what a statement may leave: data and the counts of what it did, and the id that
// sessions carry from connection to connection.
var unkept = regexp.MustCompile(`^(com_(insert|replace|update|delete)(_select|_multi)?|handler_(write|delete)|` +
	`gtid_(binlog_pos|current_pos|binlog_state)|last_gtid|last_insert_id|identity)$`)

// workshop is a server with what the lists name: functions and a procedure that set @kept, of
// which some have names that are built in.
func workshop(t *testing.T) *court {
	t.Helper()
	c := newCourt(t, servers.Cluster(t, 0).Primary().Backend)
	c.do(t, "USE "+schema, "CREATE TABLE ver (a INT) WITH SYSTEM VERSIONING",
		"CREATE TABLE per (a INT, s DATE, e DATE, PERIOD FOR p (s, e))",
		"INSERT INTO per VALUES (1, '2023-01-01', '2025-01-01')", "DROP FUNCTION count",
		"CREATE PROCEDURE keeps(x INT) SET @kept = x")
	for _, name := range []string{"keep", "count", "lag", "value", "point", "json_table", "1keep", "1e", "0x1g", "keep$", "_utf8", "select"} {
		c.keeper(t, name)
	}
	return c
}

// keeper makes a function that sets @kept.
func (c *court) keeper(t *testing.T, name string) {
	t.Helper()
	c.do(t, "CREATE OR REPLACE FUNCTION `"+name+"`(x INT) RETURNS INT BEGIN SET @kept = x; RETURN x; END")
}

// left runs a text on a connection of its own, in an SQL mode, and says what stays there.
func (c *court) left(t *testing.T, text, mode string) ([]string, error) {
	t.Helper()
	l, err := c.session(settings{charset: "utf8mb4"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.close() }()
	if _, err := l.run("SET sql_mode = CONCAT(@@sql_mode, ',', '" + mode + "')"); err != nil {
		t.Fatal(err)
	}
	before, err := c.kept(l)
	if err != nil {
		t.Fatal(err)
	}
	_, failed := l.run(text)
	after, err := c.kept(l)
	if err != nil {
		return []string{"its connection broke"}, failed
	}
	return after.minus(before), failed
}

// kept are the traces on a connection that another session must not find there.
func (c *court) kept(l *link) (traces, error) {
	last, err := l.row("SELECT LASTVAL(seq), CURRENT_ROLE()")
	if err != nil {
		return nil, err
	}
	all, err := c.traces(l)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(all, func(name, _ string) bool { return unkept.MatchString(name) })
	all["last value"], all["role"] = last[0], last[1]
	return all, nil
}

// list reads one of the lists of statements.
func list(t *testing.T, name string) []string {
	t.Helper()
	text, err := os.ReadFile(tracelessDir + name)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(strings.Split(string(text), "\n"), func(s string) bool { return s == "" || s[0] == '#' })
}

// proved is what the classifier says of a text for this server.
func (c *court) proved(text string) bool {
	return stmt.Traceless(stmt.Analyze(settings{charset: "utf8mb4"}.mode(c.version), []byte(text)))
}

func TestWhatIsProvedTracelessLeavesNothingOnMariaDB(t *testing.T) {
	c := workshop(t)
	for _, text := range list(t, "free.txt") {
		for _, mode := range []string{"", "IGNORE_SPACE", "ORACLE"} {
			harm, err := c.left(t, text, mode)
			if len(harm) > 0 || !c.proved(text) {
				t.Errorf("proved %t, in mode %q left %q: %s", c.proved(text), mode, harm, text)
			}
			if err != nil && mode == "" {
				t.Errorf("%v: %s", err, text)
			}
		}
	}
}

func TestTheJudgeSeesWhatStatementsLeaveOnMariaDB(t *testing.T) {
	c := workshop(t)
	texts := list(t, "held.txt")
	seen := 0
	for _, text := range texts {
		harm, err := c.left(t, text, "")
		if len(harm) > 0 {
			seen++
		} else {
			t.Logf("nothing is left (%v): %s", err, text)
		}
		if c.proved(text) {
			t.Errorf("proved, and left %q: %s", harm, text)
		}
	}
	if seen < len(texts)/2 {
		t.Errorf("%d of %d texts left something, too few for a judgement", seen, len(texts))
	}
}

func TestMutantsThatAreProvedTracelessLeaveNothingOnMariaDB(t *testing.T) {
	c := workshop(t)
	c.keeper(t, "f")
	var texts []*trial
	for _, text := range list(t, "free.txt") {
		texts = append(texts, &trial{from: "free.txt", text: text, settings: settings{charset: "utf8mb4"}})
	}
	all, ran, right := mutants(texts, c.version, scale(10, 50, 500)), 0, 0
	for _, one := range all {
		if !c.proved(one.text) {
			continue
		}
		harm, err := c.left(t, one.text, "")
		if ran++; err == nil {
			right++
		}
		if len(harm) > 0 {
			t.Errorf("left %q: %s", harm, one)
		}
	}
	t.Logf("%d mutants, %d proved, %d of them ran without an error", len(all), ran, right)
	if right < len(all)/20 {
		t.Error("too few mutants ran for a judgement")
	}
}

// forms are places where a name may call a function, or be followed by a parenthesis.
var forms = []string{
	"SELECT CAST(1 AS INT), %()", "SELECT CAST(1 AS INT), %(1)", "SELECT CAST(1 AS INT), % (1)", "SELECT CAST(1 AS INT), %(1, 1)",
	"SELECT CAST(1 AS INT), %(1, 1, 1)", "SELECT %(1) + CAST(1 AS INT)", "SELECT CAST(1 AS INT) % (1)", "SELECT CAST(1 AS INT) + %(1)",
	"SELECT CAST(1 AS INT) FROM t WHERE %(id)", "SELECT CAST(1 AS INT) FROM t % (id)", "SELECT CAST(1 AS %(1))",
	"INSERT INTO t (a) SELECT HIGH_PRIORITY %(1) + CAST(1 AS INT)", "SELECT CAST(1 AS % (1)) AS % (1)",
}

// TestNoNameThatIsProvedIsThatOfAStoredFunction gives stored functions the names that the
// server knows, and runs what is proved of the texts that call them.
func TestNoNameThatIsProvedIsThatOfAStoredFunction(t *testing.T) {
	c := workshop(t)
	names, err := c.root.run("SELECT LOWER(WORD) AS name FROM information_schema.KEYWORDS WHERE WORD RLIKE '^[A-Z0-9_]+$'" +
		" UNION SELECT LOWER(`FUNCTION`) FROM information_schema.SQL_FUNCTIONS ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	l, err := c.session(settings{charset: "utf8mb4"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.close() }()
	ran, step := 0, scale(5, 1, 1)
	for i, row := range names.rows {
		var texts []string
		for _, form := range forms {
			if text := strings.ReplaceAll(form, "%", row[0]); c.proved(text) {
				texts = append(texts, text)
			}
		}
		if i%step != 0 && row[0] != "json_table" && row[0] != "point" || len(texts) == 0 {
			continue
		}
		c.keeper(t, row[0])
		for _, mode := range []string{"", "IGNORE_SPACE", "ORACLE"} {
			ran += len(texts)
			l.calls(t, mode, texts)
		}
	}
	t.Logf("%d names, %d texts", len(names.rows), ran)
	if ran < scale(1000, 5000, 5000) {
		t.Error("too few for a judgement")
	}
}

// calls fails the test if one of the texts calls a stored function or looks for one.
func (l *link) calls(t *testing.T, mode string, texts []string) {
	t.Helper()
	const noFunction, wrongArguments = 1305, 1318
	for _, text := range texts {
		if _, err := l.run("SET sql_mode = '" + mode + "', @kept = NULL"); err != nil {
			t.Fatal(err)
		}
		_, err := l.run(text)
		kept, gone := l.row("SELECT @kept")
		if gone != nil {
			t.Fatal(gone)
		}
		if n := code(err); kept[0] != "NULL" || n == noFunction || n == wrongArguments {
			t.Errorf("in mode %q it calls a stored function (%v): %s", mode, err, text)
		}
	}
}

package stmt_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
)

// lines are the statements of a list that tests/judge asks a server about too.
func lines(t testing.TB, list string) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/traceless/" + list)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			all = append(all, line)
		}
	}
	return all
}

func TestWhatTheTokensProveTracelessDoesNotPin(t *testing.T) {
	for _, sql := range lines(t, "free.txt") {
		f := analyze(sql)
		if !f.Opaque || !stmt.Traceless(f) || len(f.Pins) > 0 {
			t.Errorf("%s: opaque %t, pins %v", sql, f.Opaque, f.Pins)
		}
		for _, same := range []string{"/* a comment */ " + sql, "-- another\n# and one\n" + sql + ";", sql + " -- the end"} {
			if !stmt.Traceless(analyze(same)) {
				t.Errorf("%s pins", same)
			}
		}
		if f.ReadSafe || !f.Creates.Has(core.EffectUnknown) {
			t.Errorf("%s is not kept away from replicas: creates %v", sql, f.Creates)
		}
	}
}

func TestWhatMayLeaveATracePins(t *testing.T) {
	for _, sql := range lines(t, "held.txt") {
		f := analyze(sql)
		if f.Creates&core.Lasting == 0 || len(f.Pins) == 0 || stmt.Traceless(f) {
			t.Errorf("%s creates %v, pins %v", sql, f.Creates, f.Pins)
		}
	}
}

func TestOnlyTextsForMariaDBThatAreReadForSureAreTraceless(t *testing.T) {
	for _, sql := range lines(t, "free.txt") {
		for _, m := range []stmt.Mode{
			{}, {Charset: stmt.CharsetUTF8}, {Flavour: stmt.MySQL, Version: 80036, Charset: stmt.CharsetUTF8}, tidb(),
		} {
			if stmt.Traceless(stmt.Analyze(m, []byte(sql))) {
				t.Errorf("%s is traceless in mode %+v", sql, m)
			}
		}
		for _, longer := range []string{
			sql + "; " + sql, "SELECT 1; " + sql, sql + " /*! */", sql + " /*M!999999 x */", sql + " '", sql + " \\", sql + " \xff",
			"SET STATEMENT max_statement_time = 1 FOR " + sql, "EXPLAIN " + sql, "EXECUTE IMMEDIATE '" + strings.ReplaceAll(sql, "'", "''") + "'",
			"x: " + sql, "BEGIN NOT ATOMIC " + sql + "; END", sql + strings.Repeat(", a", 9000),
		} {
			if f := analyze(longer); stmt.Traceless(f) && len(f.Pins) == 0 {
				t.Errorf("%s is traceless", longer)
			}
		}
		f := stmt.NewClassifier(0).Classify(maria(), []byte(sql), true)
		if stmt.Traceless(f) {
			t.Errorf("the beginning of a longer text is traceless: %s", sql)
		}
	}
}

// TestNothingThatLeavesATraceHidesInATracelessText puts what does between any two tokens.
func TestNothingThatLeavesATraceHidesInATracelessText(t *testing.T) {
	smuggled := []string{
		"@kept := 1", "@kept", "INTO @kept", "INTO kept", "GET_LOCK('kept', 0)", "get_lock ('kept', 0)", "`get_lock`('kept', 0)",
		"NEXTVAL(seq)", "NEXT VALUE FOR seq", "SETVAL(seq, 1)", "seq.nextval", "keep(1)", "keep (1)", "`keep`(1)", "app.keep(1)",
		"app . keep (1)", "count (1)", "`now`()", "DEFAULT(a)", "point(1)", "json_table(1)", "PROCEDURE ANALYSE()", ":=", ":x", "{fn keep(1)}",
		"; SET @kept = 1", "/*! , @kept := 1 */", "/*M!, keep(1) */", "/*!99999 x */", "LOCK IN SHARE MODE", "HANDLER", "'", "\"", "`", "/*",
	}
	// Behind these a name in front of a parenthesis is a type's, an alias or that of the target.
	named := []string{"as", "into", "insert", "ignore", "replace"}
	step, n := 1, 0
	if testing.Short() {
		step = 11
	}
	for _, sql := range lines(t, "free.txt") {
		before := ""
		for l := stmt.NewLexer([]byte(sql), maria()); ; {
			token, ok := l.Next()
			if !ok {
				break
			}
			if token.Kind != stmt.Blank && token.Kind != stmt.Comment {
				before = strings.ToLower(string(token.Text([]byte(sql))))
			}
			for _, s := range smuggled {
				if n++; n%step != 0 {
					continue
				}
				text := sql[:token.End] + "\n" + s + " " + sql[token.End:]
				if f := analyze(text); stmt.Traceless(f) && !slices.Contains(named, before) || f.Opaque != (len(f.Pins) > 0) && f.Opaque != stmt.Traceless(f) {
					t.Errorf("%s: pins %v", text, f.Pins)
				}
			}
		}
	}
}

// innocent is a second, simpler look at the tokens of a text that is said to be traceless.
func innocent(m stmt.Mode, sql []byte) bool {
	if m.Flavour != stmt.MariaDB {
		return false
	}
	ended, words := false, []string{}
	l := stmt.NewLexer(sql, m)
	for t, ok := l.Next(); ok; t, ok = l.Next() {
		text := strings.ToLower(string(t.Text(sql)))
		switch {
		case t.Kind == stmt.Blank:
			continue
		case t.Kind == stmt.Comment && t.Live, t.Kind == stmt.UserVar, t.Kind == stmt.Illegal, t.Kind == stmt.Operator && text[0] == ':':
			return false
		case t.Kind == stmt.Punct && text == ";":
			ended = len(words) > 0
			continue
		case t.Kind == stmt.Comment:
			continue
		case ended:
			return false
		}
		words = append(words, text)
		if n := len(words) - 2; n >= 0 && text == "(" && slices.Contains([]string{"get_lock", "nextval", "setval", "keep"}, strings.Trim(words[n], "`")) {
			return false
		}
		if text == "into" && len(words) > 5 || text == "procedure" || text == "handler" {
			return false
		}
	}
	return l.Doubt() == ""
}

package judge

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/tests/servers"
)

// differencesFile lists the texts whose digest the pinned parser and the parser of the
// TiDB under test do not agree on: the parser is newer than any TiDB that can be built.
const differencesFile = "digests.txt"

func TestDigestsAreThoseOfTiDB(t *testing.T) {
	c := newCourt(t, servers.TiDB(t, 1).Ends[0])
	accepted := c.accepted(t, trials(corpus(t)))
	if len(accepted) < 700 {
		t.Errorf("TiDB takes only %d texts of the corpus, too few", len(accepted))
	}
	listed, compared, differ := differences(t), 0, 0
	for _, f := range accepted {
		ours := stmt.Analyze(f.mode(c.version), []byte(f.text))
		theirs, err := c.digest(f.text)
		if err != nil {
			t.Fatalf("%v, for %s", err, f.trial)
		}
		if ours.Kind == core.StatementEmpty {
			continue // it has none
		}
		compared++
		key := fmt.Sprintf("%q", f.text)
		if ours.Digest == theirs {
			continue
		}
		differ++
		if !listed[key] {
			t.Errorf("the digest is not TiDB's, but that of %q: %s", ours.DigestText, f.trial)
		}
		delete(listed, key)
	}
	for key := range listed {
		t.Errorf("%s lists %s, but its digest is TiDB's, or TiDB does not take it, or the corpus has it no more", differencesFile, key)
	}
	if differ*100 > compared {
		t.Errorf("%d digests of %d differ, more than one in a hundred", differ, compared)
	}
	t.Logf("%d texts, %d digests differ", compared, differ)
}

func TestDigestsAreThoseOfTiDBsStatementSummary(t *testing.T) {
	c := newCourt(t, servers.TiDB(t, 1).Ends[0])
	c.do(t, "SET GLOBAL tidb_stmt_summary_max_stmt_count = 20000")
	listed, ran := differences(t), 0
	accepted := c.accepted(t, trials(corpus(t)))
	known := c.summary(t)
	for _, f := range accepted {
		ours := stmt.Analyze(f.mode(c.version), []byte(f.text))
		if f.err != nil || listed[fmt.Sprintf("%q", f.text)] || !summarised(ours, f.text) {
			continue
		}
		ran++
		// Now and then TiDB keeps no summary of a statement that it ran; not so each time.
		for round := 0; known[ours.Digest] == "" && round < 10; round++ {
			c.accepted(t, []*trial{f.trial})
			known = c.summary(t)
		}
		if text, ok := known[ours.Digest]; !ok {
			t.Errorf("TiDB's summary does not have the digest of %q: %s", ours.DigestText, f.trial)
		} else if text != ours.DigestText {
			t.Errorf("TiDB's text is %q, ours %q", text, ours.DigestText)
		}
	}
	if ran < 500 {
		t.Errorf("TiDB ran only %d texts of the corpus, too few", ran)
	}
	t.Logf("%d texts", ran)
}

// summary gives the texts that TiDB has summarised, by their digests.
func (c *court) summary(t *testing.T) map[string]string {
	t.Helper()
	found, err := c.root.run("SELECT DISTINCT DIGEST, DIGEST_TEXT FROM information_schema.statements_summary")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, row := range found.rows {
		texts[row[0]] = row[1]
	}
	return texts
}

// summarised says whether TiDB keeps a summary under the digest of the text itself.
func summarised(f *core.Facts, text string) bool {
	// It makes other statements of these and keeps theirs.
	for _, prefix := range []string{"BATCH ON", "SHOW TABLE STATUS"} {
		if strings.HasPrefix(strings.ToUpper(text), prefix) {
			return false
		}
	}
	switch f.Kind {
	case core.StatementMulti, core.StatementEmpty, core.StatementPrepare, core.StatementExecute, core.StatementDeallocate:
		return false
	}
	return true
}

// syntaxErrors are TiDB's of a text that it can't parse.
var syntaxErrors = map[uint16]bool{1064: true, 1149: true}

// accepted runs the texts, each on a connection of its own, and gives those that TiDB can parse.
func (c *court) accepted(t *testing.T, texts []*trial) []finding {
	t.Helper()
	var all []finding
	for _, one := range texts {
		if one.gone || one.settings != (settings{charset: "utf8mb4"}) {
			continue
		}
		l, err := c.session(one.settings)
		if err != nil {
			t.Fatal(err)
		}
		_, err = l.run(one.filled(one.mode(c.version)))
		if err := l.close(); err != nil {
			t.Fatal(err)
		}
		if !syntaxErrors[code(err)] {
			all = append(all, finding{trial: one, err: err})
		}
	}
	return all
}

// digest is TiDB's of a text. Its summary has that of the text as its parser cuts it, without
// the end of the statement and blanks around it; the function takes all that it is given.
func (c *court) digest(text string) (string, error) {
	text = strings.Trim(text, "; \t\r\n")
	row, err := c.root.row(fmt.Sprintf("SELECT TIDB_ENCODE_SQL_DIGEST(X'%x')", text))
	if err != nil {
		return "", err
	}
	return row[0], nil
}

// differences reads the list: texts as Go quotes them, each with its reason in the comment
// above.
func differences(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(differencesFile)
	if err != nil {
		t.Fatal(err)
	}
	listed, reason := map[string]bool{}, ""
	for line := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n") {
		switch {
		case strings.HasPrefix(line, "# "):
			reason = line
		case line == "":
			reason = ""
		case reason == "":
			t.Fatalf("%s gives no reason for %s", differencesFile, line)
		default:
			listed[line] = true
		}
	}
	return listed
}

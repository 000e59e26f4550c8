package stmt_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
)

// found gives the texts of the statements in sql, and whether they are sure.
func found(m stmt.Mode, sql string) (texts []string, ok bool) {
	all, ok := stmt.FindTexts(m, []byte(sql), stmt.Analyze(m, []byte(sql)))
	for _, at := range all {
		texts = append(texts, sql[at.Start:at.End])
	}
	return texts, ok
}

func TestStatementsOfATextAreFoundWithoutWhatIsAroundThem(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT 1;SELECT 2":                               "SELECT 1|SELECT 2",
		" SELECT 1 ; SELECT 2 ; ":                         "SELECT 1|SELECT 2",
		"/* a */ SELECT 1 -- b\n; # c\n SELECT 2 /* ; */": "SELECT 1|SELECT 2",
		"SELECT ';' ; SELECT `;` FROM t":                  "SELECT ';'|SELECT `;` FROM t",
		"SELECT /* ; */ 1; SELECT 2":                      "SELECT /* ; */ 1|SELECT 2",
		"SELECT 1; /*!40101 SET @a = 1 */; SELECT 3":      "SELECT 1|/*!40101 SET @a = 1 */|SELECT 3",
		"/*!40101 SELECT */ 1; SELECT 2 /*!40101 + 2 */":  "/*!40101 SELECT */ 1|SELECT 2 /*!40101 + 2 */",
		"/*!99999 no */ SELECT 1; SELECT 2":               "SELECT 1|SELECT 2",
		"SET @a := 1; SELECT @a":                          "SET @a := 1|SELECT @a",
		"BEGIN; COMMIT":                                   "BEGIN|COMMIT",
	} {
		texts, ok := found(maria(), sql)
		if got := strings.Join(texts, "|"); !ok || got != want {
			t.Errorf("%s\n have %s, %v\n want %s", sql, got, ok, want)
		}
	}
}

// The body of a program has semicolons too, and a comment may go across one.
func TestTextsThatCannotBeTakenApartAreNot(t *testing.T) {
	for _, sql := range []string{
		"SELECT 1",
		"SELECT 1 /*!40101 ; SELECT 2 */",
		"SELECT 1 /*!40101 + 1 ; SELECT */ 2",
		"SELECT 1; not sql at all",
		"SELECT 1; SELECT 'open",
	} {
		if texts, ok := found(maria(), sql); ok {
			t.Errorf("%s is %q", sql, texts)
		}
	}
	for _, program := range []string{
		"CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END",
		"BEGIN NOT ATOMIC SELECT 1; SELECT 2; END",
		"CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN SET @a = 1; SET @b = 2; END",
		"l: LOOP SELECT 1; LEAVE l; END LOOP",
	} {
		for _, before := range []string{"SELECT 1; ", "SELECT 1; ; ", "SELECT 1; SELECT 2; "} {
			texts, ok := found(maria(), before+program)
			if last := len(texts) - 1; ok && texts[last] != program {
				t.Errorf("%s ends with %q", before+program, texts[last])
			}
		}
	}
}

// What a text of two statements says of each is what each says alone.
func TestEachTextAloneHasTheFactsOfItsPart(t *testing.T) {
	all := corpus(t)
	sure, tried := 0, 0
	for i := range all {
		a, b := &all[i], &all[(i*7+3)%len(all)]
		if a.Charset != b.Charset || a.ANSI != b.ANSI || a.NoBackslash != b.NoBackslash {
			continue
		}
		for _, m := range modes(a) {
			if !b.For(m.Flavour.String()) {
				continue
			}
			for _, sql := range []string{a.SQL + ";" + b.SQL, "/* x */ " + a.SQL + " /* y; */\n;\n" + b.SQL + "\n; # z"} {
				tried++
				facts := stmt.Analyze(m, []byte(sql))
				texts, ok := stmt.FindTexts(m, []byte(sql), facts)
				if !ok {
					continue
				}
				sure++
				for k, at := range texts {
					alone := stmt.Analyze(m, []byte(sql[at.Start:at.End]))
					if have, want := told(alone), told(facts.Parts[k]); have != want {
						t.Errorf("%s:%d (%s)\n  %s\n  have %s\n  want %s", a.File, a.Line, m.Flavour, sql[at.Start:at.End], have, want)
					}
				}
			}
		}
	}
	t.Logf("%d of %d texts can be taken apart", sure, tried)
	if sure*3 < tried*2 {
		t.Errorf("only %d of %d texts can be taken apart", sure, tried)
	}
}

// told is what facts say but for safety, which a comment that servers execute takes from
// every statement of its text.
func told(f *core.Facts) string {
	c := *f
	c.ReadSafe, c.ReadReason, c.Digest, c.DigestText, c.Parts = false, "", "", "", nil
	v := reflect.ValueOf(c)
	s := ""
	for i := range v.NumField() {
		s += fmt.Sprint(v.Type().Field(i).Name, "=", v.Field(i).Interface(), " ")
	}
	return s
}

package stmttest

import (
	"reflect"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core"
)

func TestAnEntryIsReadWithItsFlagsAndExpectations(t *testing.T) {
	entries, err := Parse("a.txt", "# head\n\n[mariadb ansi charset=gbk]\ngo:\"SELECT\\v1\"\n=> select read r:t,w:app.U unsafe opaque locking into=file fn=a,b\n\n"+
		"SELECT 1,\n# aside\n 2\n=> select read - safe\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{
			File: "a.txt", Line: 3, SQL: "SELECT\v1", Servers: []string{"mariadb"}, Charset: "gbk", ANSI: true,
			Kind: core.StatementSelect, Access: core.AccessRead, Opaque: true, Locking: true, Into: core.IntoFile,
			Tables:    []core.Table{{Name: "t"}, {Schema: "app", Name: "U", Writes: true}},
			Functions: []string{"a", "b"}, Checked: true,
		},
		{
			File: "a.txt", Line: 7, SQL: "SELECT 1,\n 2", Servers: []string{"mariadb", "mysql", "tidb"}, Charset: "utf8mb4",
			Kind: core.StatementSelect, Access: core.AccessRead, Safe: true,
		},
	}
	if !reflect.DeepEqual(entries, want) {
		t.Errorf("read %+v, want %+v", entries, want)
	}
}

func TestAnEntryThatIsWrittenWrongIsAnErrorWithItsPlace(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT 1":                               "a.txt:1: want a statement",
		"SELECT 1\nSELECT 2":                     "=> and what is expected",
		"SELECT 1\n=> select read -":             "KIND ACCESS TABLES SAFETY",
		"SELECT 1\n=> selec read - safe":         `"selec"`,
		"SELECT 1\n=> select reads - safe":       `"reads"`,
		"SELECT 1\n=> select read t safe":        `"t"`,
		"SELECT 1\n=> select read - maybe":       `"maybe"`,
		"SELECT 1\n=> select read - safe x":      `"x"`,
		"[oracle]\nSELECT 1\n=> select read":     `"oracle"`,
		"go:\"\\q\"\n=> select read - safe":      `\q`,
		"SELECT 1\n=> select read - safe fn=b,a": "sorted",
	} {
		if _, err := Parse("a.txt", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one that says %s", text, err, want)
		}
	}
}

package stmt

import (
	"fmt"
	"strings"
	"testing"
)

func TestSemicolonsSplitATextButNotAProgram(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT 1":              "SELECT 1",
		"SELECT ';';SELECT `;`": "SELECT ';'|SELECT `;`",
		"a;b;c":                 "a|b|c",
		"CREATE PROCEDURE p() BEGIN SELECT 1;SELECT 2;END":                         "CREATE PROCEDURE p() BEGIN SELECT 1;SELECT 2;END",
		"CREATE OR REPLACE DEFINER=`a`@`b` FUNCTION f() RETURNS INT BEGIN a;b;END": "CREATE OR REPLACE DEFINER=`a`@`b` FUNCTION f() RETURNS INT BEGIN a;b;END",
		"ALTER TABLE t ADD function INT;DROP TABLE u":                              "ALTER TABLE t ADD function INT|DROP TABLE u",
		"BEGIN NOT ATOMIC SELECT 1;END":                                            "BEGIN NOT ATOMIC SELECT 1;END",
		"BEGIN;SELECT 1":                                                           "BEGIN|SELECT 1",
		"x:BEGIN a;END":                                                            "x:BEGIN a;END",
		"SET @a:=1;SELECT 1":                                                       "SET @a:=1|SELECT 1",
		"IF 1 THEN a;END IF":                                                       "IF 1 THEN a;END IF",
	} {
		m := Mode{Flavour: MariaDB, Version: 101119, Charset: CharsetUTF8}
		got := fmt.Sprintf("%s", split(m, []byte(sql)))
		if w := "[" + strings.ReplaceAll(want, "|", " ") + "]"; got != w {
			t.Errorf("%s\n got %s\nwant %s", sql, got, w)
		}
	}
}

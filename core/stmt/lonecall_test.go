package stmt_test

import (
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/stmt"
)

func TestLoneCallsAreItemsOfTheOutermostList(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT CONNECTION_ID()":                                  "CONNECTION_ID()",
		"select 1, connection_id ( ) , 2 from t":                  "connection_id ( )",
		"SELECT connection_id() AS id, Connection_Id() x LIMIT 1": "connection_id()=|Connection_Id()=",
		"SELECT connection_id() `x`, connection_id() 'y';":        "connection_id()=|connection_id()=",
		"SELECT connection_id() + 1, -connection_id()":            "",
		"SELECT connection_id() IS NULL":                          "",
		"SELECT connection_id() DIV 2":                            "",
		"SELECT f(connection_id())":                               "",
		"SELECT (SELECT connection_id())":                         "",
		"SELECT 1 FROM processlist WHERE id = connection_id()":    "",
		"SELECT 'connection_id()'":                                "",
		"KILL CONNECTION_ID()":                                    "",
		"SELECT DISTINCT connection_id()":                         "connection_id()",
	} {
		var got []string
		for _, c := range stmt.LoneCalls(maria(), []byte(sql), "connection_id") {
			text := sql[c.Start:c.End]
			if c.Named {
				text += "="
			}
			got = append(got, text)
		}
		if g := strings.Join(got, "|"); g != want {
			t.Errorf("%s: %q, want %q", sql, g, want)
		}
	}
}

package querylog_test

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/querylog"
)

// all reads a log to its end.
func all(t *testing.T, format, log string) (string, []querylog.Entry) {
	t.Helper()
	r, err := querylog.NewReader(strings.NewReader(log), format)
	if err != nil {
		t.Fatal(err)
	}
	var entries []querylog.Entry
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			if r.Offset() != int64(len(log)) {
				t.Errorf("%d bytes were read of %d", r.Offset(), len(log))
			}
			return r.Format(), entries
		}
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
}

func TestEachFormatIsKnownByItsBeginningAndRead(t *testing.T) {
	for _, tc := range []struct {
		format, log string
		want        []querylog.Entry
	}{
		{querylog.Lines, "SELECT 1;\n\n  DELETE FROM t ; \nSELECT 'a\\nb'", []querylog.Entry{
			{Line: 1, Command: "query", SQL: "SELECT 1"},
			{Line: 3, Command: "query", SQL: "DELETE FROM t"},
			{Line: 4, Command: "query", SQL: `SELECT 'a\nb'`},
		}},
		{querylog.JSON, `{"time":"2026-11-22T19:03:26.01Z","level":"INFO","msg":"slow command","filter":"slow-log","session":7,` +
			`"client":"127.0.0.1:45108","user":"app","schema":"shop","code":"query","sql_bytes":18,"sql":"SELECT SLEEP(0.3);","seconds":0.3}` + "\n" +
			`{"level":"INFO","msg":"listening"}` + "\n" +
			`{"msg":"slow command","session":7,"user":"app","code":"ping","sql":""}` + "\n" +
			`{"msg":"slow command","session":8,"code":"execute","sql":"SELECT 'x /* dbmesh: cut here, 99 bytes in all */"}` + "\n",
			[]querylog.Entry{
				{Line: 1, Time: at(2026, 11, 22, 19, 3, 26).Add(10 * time.Millisecond), Session: 7, User: "app", Schema: "shop", Client: "127.0.0.1:45108", Command: "query", SQL: "SELECT SLEEP(0.3);"},
				{Line: 4, Session: 8, Command: "execute", SQL: "SELECT 'x", Truncated: true},
			}},
		{querylog.Slow, `/usr/sbin/mariadbd, Version: 10.11.19-MariaDB-log (Debian). started with:
Tcp port: 3306  Unix socket: /run/mysqld/mysqld.sock
Time		    Id Command	Argument
# Time: 261122 19:03:26
# User@Host: app[app] @ 127.0.0.1 [127.0.0.1]  Id: 7
# Query_time: 0.301200  Lock_time: 0.000000  Rows_sent: 1  Thread_id: 7  Code: query  Pool: main
use shop;
SET timestamp=1764000000;
SELECT *
  FROM t
 # not a comment of the log
 WHERE a = 1;
# User@Host: app[app] @ localhost []  Id: 7
# Query_time: 2.0  Code: prepare
SET timestamp=1764000001;
UPDATE t SET a = ?;
# User@Host: root[root] @ localhost []
# Thread_id: 9  Schema: mysql  QC_hit: No
# Query_time: 0.1
SET timestamp=1764000001;
# administrator command: ping;
# Query_time: 0.1
DELETE FROM u;
`, []querylog.Entry{
			{Line: 9, Time: at(2025, 11, 24, 16, 0, 0), Session: 7, User: "app", Schema: "shop", Client: "127.0.0.1", Command: "query", SQL: "SELECT *\n  FROM t\n # not a comment of the log\n WHERE a = 1"},
			{Line: 16, Time: at(2025, 11, 24, 16, 0, 1), Session: 7, User: "app", Schema: "shop", Client: "localhost", Command: "prepare", SQL: "UPDATE t SET a = ?"},
			{Line: 23, Time: at(2025, 11, 24, 16, 0, 1), Session: 9, User: "root", Schema: "mysql", Client: "localhost", Command: "query", SQL: "DELETE FROM u"},
		}},
		{querylog.General, "/usr/sbin/mysqld, Version: 8.0.36 (Source). started with:\nTcp port: 3306  Unix socket: x\n" +
			"Time                 Id Command    Argument\n" +
			"2026-11-23T00:00:00.000000Z\t    8 Connect\tapp@10.0.0.7 on shop using TCP/IP\n" +
			"2026-11-23T00:00:00.100000Z\t    8 Query\tSELECT 1\n" +
			"2026-11-23T00:00:00.200000Z\t    8 Query\tUPDATE t\n\tSET a = 1\nWHERE b = 2;\n" +
			"2026-11-23T00:00:00.300000Z\t    8 Init DB\tcrm\n" +
			"2026-11-23T00:00:00.400000Z\t    8 Execute\tSELECT 7\n" +
			"2026-11-23T00:00:00.500000Z\t    8 Close stmt\t\n" +
			"2026-11-23T00:00:00.600000Z\t    8 Quit\t\n" +
			"2026-11-23T00:00:00.700000Z\t    8 Query\tSELECT 2\n",
			[]querylog.Entry{
				{Line: 5, Time: at(2026, 11, 23, 0, 0, 0).Add(100 * time.Millisecond), Session: 8, User: "app", Schema: "shop", Client: "10.0.0.7", Command: "query", SQL: "SELECT 1"},
				{Line: 6, Time: at(2026, 11, 23, 0, 0, 0).Add(200 * time.Millisecond), Session: 8, User: "app", Schema: "shop", Client: "10.0.0.7", Command: "query", SQL: "UPDATE t\n\tSET a = 1\nWHERE b = 2"},
				{Line: 9, Time: at(2026, 11, 23, 0, 0, 0).Add(300 * time.Millisecond), Session: 8, User: "app", Schema: "shop", Client: "10.0.0.7", Command: "init_db", SQL: "crm"},
				{Line: 10, Time: at(2026, 11, 23, 0, 0, 0).Add(400 * time.Millisecond), Session: 8, User: "app", Schema: "crm", Client: "10.0.0.7", Command: "execute", SQL: "SELECT 7"},
				{Line: 13, Time: at(2026, 11, 23, 0, 0, 0).Add(700 * time.Millisecond), Session: 8, Command: "query", SQL: "SELECT 2"},
			}},
		{querylog.General, "261123  0:36:34\t     8 Connect\troot@localhost on  using Socket\n\t\t     8 Query\tSELECT 1\n\t\t     8 Prepare\tSELECT ?\n",
			[]querylog.Entry{
				{Line: 2, Time: at(2026, 11, 23, 0, 36, 34), Session: 8, User: "root", Client: "localhost", Command: "query", SQL: "SELECT 1"},
				{Line: 3, Time: at(2026, 11, 23, 0, 36, 34), Session: 8, User: "root", Client: "localhost", Command: "prepare", SQL: "SELECT ?"},
			}},
	} {
		format, got := all(t, querylog.Auto, tc.log)
		if format != tc.format || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("read as %s, want %s:\n%s\nwant\n%s", format, tc.format, show(got), show(tc.want))
		}
	}
}

func at(year, month, day, hour, minute, second int) time.Time {
	return time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
}

func show(entries []querylog.Entry) string {
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&b, "%+v\n", e)
	}
	return b.String()
}

func TestALongStatementIsCutAndMarked(t *testing.T) {
	long := "SELECT '" + strings.Repeat("x", querylog.MaxStatement+10) + "'\nSELECT 2\n"
	_, got := all(t, querylog.Lines, long)
	if len(got) != 2 || !got[0].Truncated || len(got[0].SQL) > querylog.MaxStatement || got[1].SQL != "SELECT 2" || got[1].Line != 2 {
		t.Errorf("%d entries", len(got))
	}
	_, got = all(t, querylog.General, "\t1 Query\tSELECT 1\n"+strings.Repeat(strings.Repeat("y", 1000)+"\n", 2000)+"\t1 Query\tSELECT 2\n")
	if len(got) != 2 || !got[0].Truncated || len(got[0].SQL) > querylog.MaxStatement || got[1].SQL != "SELECT 2" {
		t.Errorf("%d entries of a general log", len(got))
	}
}

func TestWhatIsNoLogIsRefused(t *testing.T) {
	if _, err := querylog.NewReader(strings.NewReader(""), "csv"); err == nil || !strings.Contains(err.Error(), `"csv"`) {
		t.Errorf("format csv: %v", err)
	}
	r, err := querylog.NewReader(strings.NewReader("{\"sql\": \n"), querylog.Auto)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); err == nil || !strings.Contains(err.Error(), "line 1 is no JSON object") {
		t.Errorf("broken JSON: %v", err)
	}
}

func FuzzNoLogIsTooOdd(f *testing.F) {
	f.Add("# User@Host: a[a] @ b [c]  Id: 7\nSELECT 1;\n", querylog.Slow)
	f.Add("\t8 Query\tSELECT 1\n", querylog.General)
	f.Add(`{"code":"query","sql":"x"}`, querylog.JSON)
	f.Fuzz(func(t *testing.T, log, format string) {
		r, err := querylog.NewReader(strings.NewReader(log), format)
		if err != nil {
			return
		}
		for n := 0; ; n++ {
			if _, err := r.Next(); err != nil {
				break
			}
			if n > len(log) {
				t.Fatal("more entries than bytes")
			}
		}
	})
}

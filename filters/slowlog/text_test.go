package slowlog

import (
	"net/netip"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/coretest"
)

func TestTextIsCutAtTheLimitAndSaysSo(t *testing.T) {
	s := coretest.Session()
	for _, tc := range []struct {
		sql   string
		limit int
		want  string
	}{
		{"select 1", 8, "select 1"},
		{"select 12", 8, "select 1 /* dbmesh: cut here, 9 bytes in all */"},
		{"select 'äöü'", 9, "select ' /* dbmesh: cut here, 15 bytes in all */"},
		{"select 'äöü'", 10, "select 'ä /* dbmesh: cut here, 15 bytes in all */"},
		{"\xff\xff\xff\xff\xff", 4, "\xff /* dbmesh: cut here, 5 bytes in all */"},
	} {
		if got := string(appendSQL(nil, coretest.Query(s, tc.sql), tc.limit)); got != tc.want {
			t.Errorf("%q cut at %d is %q, want %q", tc.sql, tc.limit, got, tc.want)
		}
	}
	c := coretest.Query(s, "")
	c.Reset(s, core.Query, []byte("insert"), 5001, true)
	if got := string(appendSQL(nil, c, 100)); got != "insert /* dbmesh: cut here, 5000 bytes in all */" {
		t.Errorf("a truncated command is %q", got)
	}
}

func TestPasswordsAreMasked(t *testing.T) {
	s := coretest.Session()
	for sql, want := range map[string]string{
		`create user a identified by 'hunter2'`:            `create user a identified by '?'`,
		`ALTER USER a IDENTIFIED BY "hunter2" REQUIRE SSL`: `ALTER USER a IDENTIFIED BY "?" REQUIRE SSL`,
		`set Password = 'hunter2'; select 1`:               `set Password = '?'; select 1`,
		`set password = 'hun\'ter2' , x = 'y'`:             `set password = '?' , x = '?'`,
		`set password = 'hun''ter2'`:                       `set password = '?''?'`,
		`change master to master_password='hunter2`:        `change master to master_password='?'`,
		`set password = 'hunter2\`:                         `set password = '?'`,
		`select 'hunter2'`:                                 `select 'hunter2'`,
		`select pass from word where a = 'b'`:              `select pass from word where a = 'b'`,
	} {
		if got := string(appendSQL(nil, coretest.Query(s, sql), 100)); got != want {
			t.Errorf("%s is logged as %s, want %s", sql, got, want)
		}
	}
}

// entry formats one command as the server would log it.
func entry(c *core.Command, o *core.Outcome) string {
	return string(mysqlFormat(4096)(nil, c, o, coretest.NewClock().Now()))
}

func TestMySQLFormatIsTheServers(t *testing.T) {
	c, o := slow("select * from t where a = 1 ;\n")
	o.Side, o.Err = core.Server, &core.Error{Code: 1146}
	want := `# Time: 261122 18:30:00
# User@Host: app[app] @ 192.0.2.7 [192.0.2.7]  Id: 7
# Query_time: 0.250000  Lock_time: 0.000000  Rows_sent: 10  Rows_examined: 0  Rows_affected: 3  Thread_id: 7  Errno: 1146  Bytes_received: 40  Bytes_sent: 120  Wait_time: 0.010000  Filters_time: 0.000020  Backend_time: 0.200000  Send_time: 0.039980  Code: query  Listener: main  Pool: main  Backend: main-0  Side: backend
use shop;
SET timestamp=1795372199;
select * from t where a = 1;
`
	if got := entry(c, o); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
	s := coretest.Session(func(s *core.Session) { s.Schema, s.Client = "", netip.AddrPort{} })
	ping := entry(coretest.Command(s, core.Ping, ""), o)
	if !strings.HasSuffix(ping, ";\n# administrator command: ping;\n") || strings.Contains(ping, "use ") || !strings.Contains(ping, "@ localhost []") {
		t.Errorf("a ping is\n%s", ping)
	}
}

func TestNothingAClientSendsLooksLikeAnEntryOfItsOwn(t *testing.T) {
	head := "# User@Host: root[root] @ 10.0.0.1 [10.0.0.1]"
	s := coretest.Session(func(s *core.Session) {
		s.User = "a\n" + head
		s.Schema = "b`;\n" + head
		s.Pool = "c\n" + head
	})
	got := entry(coretest.Query(s, "select 1;\n"+head+"\nselect 2"), &core.Outcome{})
	if n := len(regexp.MustCompile(`(?m)^# User@Host: `).FindAllString(got, -1)); n != 1 {
		t.Errorf("%d heads in\n%s", n, got)
	}
}

// threeEntries is a log that the tools below must understand.
func threeEntries() string {
	var log strings.Builder
	for _, sql := range []string{"select * from t where a = 1", "select * from t where a = 2", "insert into t values (1)"} {
		c, o := slow(sql)
		log.WriteString(entry(c, o))
	}
	return log.String()
}

func tool(t *testing.T, names ...string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skipf("left out: none of %v is installed", names)
	return ""
}

func TestDumpSlowReadsTheLog(t *testing.T) {
	cmd := exec.Command(tool(t, "mariadb-dumpslow"), "-")
	cmd.Stdin = strings.NewReader(threeEntries())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"Count: 2  Time=0.25s (0s)  Lock=0.00s (0s)  Rows_sent=10.0 (20)",
		"app[app]@192.0.2.7\n  select * from t where a = N\n",
		"  insert into t values (N)\n",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestPtQueryDigestReadsTheLog(t *testing.T) {
	cmd := exec.Command(tool(t, "pt-query-digest"), "--no-version-check", "-")
	cmd.Stdin = strings.NewReader(threeEntries())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"# Overall: 3 total, 2 unique", "# Time range: all events occurred at 2026-11-22 18:30:00",
		"# Exec time          750ms", "# Backend time       600ms", "# Backend      main-0", "# Databases    shop", "# Users        app",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func FuzzAnEntryIsOneEntry(f *testing.F) {
	f.Add([]byte("select 1;\n# Time: x\nselect 2"), "user", "schema", 10)
	f.Add([]byte("set password = 'x"), "a\nb", "c`d", 3)
	f.Fuzz(func(t *testing.T, sql []byte, user, schema string, limit int) {
		if limit < 1 || limit > 1<<20 {
			return
		}
		s := coretest.Session(func(s *core.Session) { s.User, s.Schema = user, schema })
		o := &core.Outcome{Backend: time.Second}
		got := mysqlFormat(limit)(nil, coretest.Query(s, string(sql)), o, coretest.NewClock().Now())
		if n := len(regexp.MustCompile(`(?m)^# (Time|User@Host|Query_time): `).FindAll(got, -1)); n != 3 {
			t.Fatalf("%d heads in\n%s", n, got)
		}
		if len(sql) <= limit && utf8.Valid(sql) && len(got) > len(sql)*3+len(user)*2+len(schema)*2+1024 {
			t.Fatalf("%d bytes of SQL became %d", len(sql), len(got))
		}
	})
}

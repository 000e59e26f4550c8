package slowlog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/coretest"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is one process's logs with a clock and a directory.
type bench struct {
	*testing.T
	logs  *Logs
	clock *coretest.Clock
	dir   string
	log   strings.Builder
}

func newBench(t *testing.T) *bench {
	b := &bench{T: t, clock: coretest.NewClock(), dir: t.TempDir()}
	b.logs = NewLogs(io.Discard, slog.New(slog.NewTextHandler(&b.log, nil)), nil)
	b.logs.now = b.clock.Now
	return b
}

// link makes a filter; the text may use FILE for b.file().
func (b *bench) link(text string) core.Finisher {
	b.Helper()
	f, err := Kind(b.logs).New("slow", coretest.Decode(strings.ReplaceAll(text, "FILE", b.file())))
	if err != nil {
		b.Fatal(err)
	}
	return f.(core.Finisher)
}

func (b *bench) file() string { return filepath.Join(b.dir, "slow.log") }

func (b *bench) end(fs ...core.Finisher) {
	b.Helper()
	for _, f := range fs {
		if err := f.(io.Closer).Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func (b *bench) read(path string) string {
	b.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	return string(text)
}

// slow is a query of 250 ms on backend main-0.
func slow(sql string) (*core.Command, *core.Outcome) {
	s := coretest.Session()
	s.Bind(coretest.Pool("main", 1).Backends[0])
	return coretest.Query(s, sql), &core.Outcome{
		Rows: 10, Affected: 3, Warnings: 1, BytesIn: 40, BytesOut: 120,
		Wait: 10 * time.Millisecond, Filters: 20 * time.Microsecond, Backend: 200 * time.Millisecond, Send: 39980 * time.Microsecond,
	}
}

func TestOnlyCommandsFromTheThresholdOnAreLogged(t *testing.T) {
	b := newBench(t)
	f := b.link("{threshold: 250ms, file: FILE}")
	c, o := slow("select 1")
	f.OnDone(c, o)
	o.Backend--
	f.OnDone(c, o)
	all := b.link("{threshold: 0s, file: FILE}")
	all.OnDone(c, &core.Outcome{})
	b.end(f, all)
	if n := strings.Count(b.read(b.file()), "\n"); n != 2 {
		t.Fatalf("%d lines, want 2:\n%s", n, b.read(b.file()))
	}
}

func TestACommandBelowTheThresholdMakesNoGarbage(t *testing.T) {
	b := newBench(t)
	f := b.link("{threshold: 1s, file: FILE}")
	c, o := slow("select 1")
	if n := testing.AllocsPerRun(1000, func() { f.OnDone(c, o) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	b.end(f)
}

func TestJSONTellsWhoWhatAndHow(t *testing.T) {
	b := newBench(t)
	f := b.link("{threshold: 0s, file: FILE}")
	c, o := slow("select 'a\n\x00\"' from t")
	o.Side, o.Err = core.Server, &core.Error{Code: 1146, State: "42S02", Message: "Table 'shop.t' doesn't exist"}
	o.Cause = errors.New("read: connection reset")
	f.OnDone(c, o)
	b.end(f)
	var got map[string]any
	if err := json.Unmarshal([]byte(b.read(b.file())), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"time": "2026-11-22T18:30:00.123456Z", "level": "INFO", "msg": "slow command", "filter": "slow",
		"session": 7.0, "listener": "main", "client": "192.0.2.7:50123", "user": "app", "schema": "shop",
		"code": "query", "pool": "main", "backend": "main-0", "sql_bytes": 20.0, "sql": "select 'a\n\x00\"' from t",
		"seconds": 0.25, "wait_seconds": 0.01, "filters_seconds": 0.00002, "backend_seconds": 0.2, "send_seconds": 0.03998,
		"rows": 10.0, "affected": 3.0, "warnings": 1.0, "bytes_in": 40.0, "bytes_out": 120.0, "side": "backend",
		"error_code": 1146.0, "error_state": "42S02", "error": "Table 'shop.t' doesn't exist", "cause": "read: connection reset",
	}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s is %v, want %v", k, got[k], v)
		}
		delete(got, k)
	}
	if len(got) != 0 {
		t.Errorf("also has %v", got)
	}
}

func TestJSONOfACommandWithoutText(t *testing.T) {
	b := newBench(t)
	f := b.link("{threshold: 0s, file: FILE}")
	s := coretest.Session(func(s *core.Session) { s.Client = coretest.Session().Client; s.Schema = "" })
	s.Bind(coretest.Pool("main", 1).Backends[0])
	f.OnDone(coretest.Command(s, core.InitDB, "shop"), &core.Outcome{Filters: 1}) // refused by a filter
	b.end(f)
	line := b.read(b.file())
	if !strings.Contains(line, `"code":"init_db"`) || strings.Contains(line, `"sql`) || strings.Contains(line, `"backend"`) || strings.Contains(line, `"side"`) {
		t.Fatal(line)
	}
}

func TestTheRateIsBoundedPerSecond(t *testing.T) {
	b := newBench(t)
	f := b.link("{threshold: 0s, file: FILE, max_lines_per_second: 3}")
	c, o := slow("select 1")
	for range 5 {
		f.OnDone(c, o)
	}
	b.clock.Advance(time.Second)
	for range 2 {
		f.OnDone(c, o)
	}
	if n := testutil.ToFloat64(b.logs.dropped.WithLabelValues("slow", "rate")); n != 2 {
		t.Errorf("%v dropped, want 2", n)
	}
	if n := testutil.ToFloat64(b.logs.lines.WithLabelValues("slow")); n != 5 {
		t.Errorf("%v lines, want 5", n)
	}
	b.end(f)
	if n := strings.Count(b.read(b.file()), "\n"); n != 5 {
		t.Errorf("%d lines in the file, want 5", n)
	}
}

// stuck is a disk that does not answer until it is freed.
type stuck struct{ free chan struct{} }

func (s stuck) Write(p []byte) (int, error) { <-s.free; return len(p), nil }

func TestAStuckDiskDropsLinesAndHoldsNobodyUp(t *testing.T) {
	for _, tc := range []struct {
		sql string
		max int
	}{{"select 1", maxQueuedLines + 1}, {strings.Repeat("x", 1<<16), 128}} {
		b := newBench(t)
		disk := stuck{make(chan struct{})}
		b.logs.stderr = disk
		f := b.link("{threshold: 0s, max_sql: 64KiB, max_lines_per_second: 1000000}")
		c, o := slow(tc.sql)
		n := tc.max + 100
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range n {
				f.OnDone(c, o)
			}
		}()
		select {
		case <-done:
		case <-time.After(30 * time.Second):
			t.Fatal("a stuck disk holds the session up")
		}
		lines := testutil.ToFloat64(b.logs.lines.WithLabelValues("slow"))
		dropped := testutil.ToFloat64(b.logs.dropped.WithLabelValues("slow", "queue"))
		if lines > float64(tc.max) || lines < float64(tc.max-2) || lines+dropped != float64(n) {
			t.Errorf("%v lines wait, %v are dropped, want %d in the queue of %d", lines, dropped, tc.max, n)
		}
		close(disk.free)
		b.end(f)
	}
}

func TestAFullDiskIsCountedAndToldOnce(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here:", err)
	}
	b := newBench(t)
	f := b.link("{threshold: 0s, file: /dev/full}")
	c, o := slow("select 1")
	for range 3 {
		f.OnDone(c, o)
	}
	b.end(f)
	if n := testutil.ToFloat64(b.logs.writeErrors); n != 3 {
		t.Errorf("%v write errors, want 3", n)
	}
	if n := strings.Count(b.log.String(), "writing the slow log failed"); n != 1 {
		t.Errorf("told %d times:\n%s", n, b.log.String())
	}
}

func TestGenerationsShareAFile(t *testing.T) {
	b := newBench(t)
	old := b.link("{threshold: 0s, file: FILE}")
	next := b.link("{threshold: 0s, file: FILE}")
	c, o := slow("select 1")
	old.OnDone(c, o)
	b.end(old)
	next.OnDone(c, o)
	if len(b.logs.open) != 1 {
		t.Errorf("%d files are open, want 1", len(b.logs.open))
	}
	b.end(next)
	if len(b.logs.open) != 0 {
		t.Errorf("%d files are open after the last link closed", len(b.logs.open))
	}
	third := b.link("{threshold: 0s, file: FILE}")
	third.OnDone(c, o)
	b.end(third)
	if n := strings.Count(b.read(b.file()), "\n"); n != 3 {
		t.Fatalf("%d lines, want 3", n)
	}
}

func TestReopenFollowsARotation(t *testing.T) {
	b := newBench(t)
	f := b.link("{threshold: 0s, file: FILE}")
	c, o := slow("select 1")
	f.OnDone(c, o)
	f.OnDone(c, o)
	waitFor(t, func() bool { return strings.Count(b.read(b.file()), "\n") == 2 })
	if err := os.Rename(b.file(), b.file()+".1"); err != nil {
		t.Fatal(err)
	}
	if err := b.logs.Reopen(); err != nil {
		t.Fatal(err)
	}
	f.OnDone(c, o)
	b.end(f)
	if old, now := strings.Count(b.read(b.file()+".1"), "\n"), strings.Count(b.read(b.file()), "\n"); old != 2 || now != 1 {
		t.Fatalf("%d lines in the old file, %d in the new one", old, now)
	}
}

func TestAFailedReopenKeepsTheOldFile(t *testing.T) {
	b := newBench(t)
	f := b.link("{threshold: 0s, file: FILE}")
	if err := os.Rename(b.file(), b.file()+".1"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(b.file(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := b.logs.Reopen(); err == nil {
		t.Error("a directory was opened as a log")
	}
	c, o := slow("select 1")
	f.OnDone(c, o)
	b.end(f)
	if n := strings.Count(b.read(b.file()+".1"), "\n"); n != 1 {
		t.Fatalf("%d lines, want 1", n)
	}
}

// waitFor polls until the condition holds, for the writer is a goroutine.
func waitFor(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never happened")
		}
	}
}

func TestCheckingAConfigTouchesNoFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "slow.log")
	kind := Kind(nil)
	f, err := kind.New("slow", coretest.Decode("file: "+path))
	if err != nil {
		t.Fatal(err)
	}
	f.(core.Finisher).OnDone(slow("select 1"))
	if err := f.(io.Closer).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Fatalf("the file exists: %v", err)
	}
}

func TestBadConfigsAreRefusedWithASentence(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		"threshold: -1s":                        "threshold",
		"format: xml":                           "want json or mysql",
		"max_sql: 65KiB":                        "max_sql",
		"max_lines_per_second: 0":               "max_lines_per_second",
		"file: ''":                              "want a path or stderr",
		"file: " + dir + "/none/slow.log":       "no such file or directory",
		"file: " + dir:                          "is a directory",
		"treshold: 1s":                          "treshold",
		fmt.Sprintf("file: %s/slow.log/x", dir): "no such file",
	} {
		b := newBench(t)
		_, err := Kind(b.logs).New("slow", coretest.Decode(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", text, err, want)
		}
	}
}

func TestMetricsAreNamedByLink(t *testing.T) {
	reg := prometheus.NewRegistry()
	logs := NewLogs(io.Discard, slog.New(slog.DiscardHandler), reg)
	for range 2 {
		f, err := Kind(logs).New("slow", coretest.Decode("threshold: 0s"))
		if err != nil {
			t.Fatal(err)
		}
		f.(core.Finisher).OnDone(slow("select 1"))
		if err := f.(io.Closer).Close(); err != nil {
			t.Fatal(err)
		}
	}
	want := `
# HELP dbmesh_slowlog_lines_total Commands that were handed to the slow log.
# TYPE dbmesh_slowlog_lines_total counter
dbmesh_slowlog_lines_total{link="slow"} 2
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "dbmesh_slowlog_lines_total"); err != nil {
		t.Fatal(err)
	}
}

package suites

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// dump dumps a schema with all that it has.
func dump(t *testing.T, port int, schema string, more ...string) []byte {
	t.Helper()
	args := append([]string{"--no-defaults", "--protocol=tcp", "--host=127.0.0.1", fmt.Sprintf("--port=%d", port), "--user=root",
		"--routines", "--triggers", "--events", "--single-transaction", "--skip-dump-date", "--max-allowed-packet=64M"}, more...)
	cmd := exec.Command("mariadb-dump", append(args, schema)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("mariadb-dump: %v\n%s", err, errs.String())
	}
	return out
}

// load feeds statements to the command line client.
func load(t *testing.T, port int, schema string, statements []byte) {
	t.Helper()
	cmd := exec.Command("mariadb", "--no-defaults", "--protocol=tcp", "--host=127.0.0.1", fmt.Sprintf("--port=%d", port),
		"--user=root", "--max-allowed-packet=64M", "--default-character-set=utf8mb4", schema)
	cmd.Stdin = bytes.NewReader(statements)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("mariadb: %v\n%.1000s", err, out)
	}
}

// checksums are the sums of a schema's tables, by name without the schema.
func checksums(t *testing.T, b *servers.Backend, schema string) string {
	t.Helper()
	var tables []string
	for _, row := range b.SQL(t, "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE <> 'VIEW' ORDER BY TABLE_NAME", schema) {
		tables = append(tables, schema+"."+row[0])
	}
	sums := ""
	for _, row := range b.SQL(t, "CHECKSUM TABLE "+strings.Join(tables, ", ")+" EXTENDED") {
		sums += strings.TrimPrefix(row[0], schema+".") + " " + row[1] + "\n"
	}
	return sums
}

// TestASchemaSurvivesDumpAndRestoreThroughDbmesh does both through dbmesh, with routines,
// triggers, events, views, a sequence and blobs of which one is longer than a frame.
func TestASchemaSurvivesDumpAndRestoreThroughDbmesh(t *testing.T) {
	b := shared.MariaDB(t).Backend
	script, err := os.ReadFile(filepath.Join("testdata", "shop.sql"))
	if err != nil {
		t.Fatal(err)
	}
	dumpAndRestore(t, b, sidecar.Before(t, b.Addr), script)
}

func dumpAndRestore(t *testing.T, b *servers.Backend, d *sidecar.Dbmesh, script []byte) {
	t.Helper()
	b.SQL(t, "DROP DATABASE IF EXISTS shop; CREATE DATABASE shop; DROP DATABASE IF EXISTS restored; CREATE DATABASE restored")
	load(t, d.Port, "shop", script)
	direct, through := dump(t, b.Port, "shop"), dump(t, d.Port, "shop")
	if !bytes.Equal(direct, through) {
		t.Fatalf("the dump through dbmesh differs: %d and %d bytes, from byte %d", len(direct), len(through), firstDifference(direct, through))
	}
	for _, part := range []string{"CREATE DEFINER", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "VIEW", "SEQUENCE"} {
		if !bytes.Contains(through, []byte(part)) {
			t.Errorf("the dump has no %s", part)
		}
	}
	load(t, d.Port, "restored", through)
	want, got := checksums(t, b, "shop"), checksums(t, b, "restored")
	if want != got {
		t.Errorf("checksums before\n%safter\n%s", want, got)
	}
	if n := strings.Count(want, "\n"); n < 5 {
		t.Errorf("only %d tables were compared:\n%s", n, want)
	}
	again := dump(t, b.Port, "restored", "--skip-comments")
	if before := dump(t, b.Port, "shop", "--skip-comments"); !bytes.Equal(before, again) {
		t.Errorf("what was restored dumps otherwise, from byte %d", firstDifference(before, again))
	}
	t.Logf("%d bytes dumped and restored; checksums:\n%s", len(through), got)
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

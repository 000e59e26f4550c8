package login

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables in expect/ anew, from a run that has all servers and clients")

// table is a text file in expect/ with one row a line and columns two spaces apart. The
// first column is the server; one column is the client. Rows of servers and clients that
// this machine lacks are not asked for.
type table struct {
	path   string
	header []string
	rows   [][]string
	seen   map[[2]string]bool // server and client
}

func newTable(name string, header ...string) *table {
	return &table{path: filepath.Join("expect", name+".txt"), header: header, seen: map[[2]string]bool{}}
}

func (b *table) tried(server, client string) { b.seen[[2]string{server, client}] = true }

func (b *table) add(cells ...string) { b.rows = append(b.rows, cells) }

// compare checks the rows against the file.
func (b *table) compare(t *testing.T) {
	t.Helper()
	slices.SortFunc(b.rows, slices.Compare)
	if *update {
		for server := range b.known(t) {
			if !b.seen[server] {
				t.Fatalf("%v is not on this machine, and its rows would be lost", server)
			}
		}
		if err := os.WriteFile(b.path, []byte(b.text()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want := map[string]bool{}
	for server, lines := range b.known(t) {
		for _, line := range lines {
			want[line] = b.seen[server]
		}
	}
	maps.DeleteFunc(want, func(_ string, tried bool) bool { return !tried })
	got := map[string]bool{}
	for _, row := range b.rows {
		line := strings.Join(row, "  ")
		got[line] = true
		if !want[line] {
			t.Errorf("not in %s: %s", b.path, line)
		}
	}
	for line := range want {
		if !got[line] {
			t.Errorf("did not happen: %s", line)
		}
	}
}

// known gives the file's rows by server and client.
func (b *table) known(t *testing.T) map[[2]string][]string {
	t.Helper()
	text, err := os.ReadFile(b.path)
	if err != nil {
		t.Fatal(err)
	}
	column := slices.Index(b.header, "client")
	known := map[[2]string][]string{}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		cells := slices.DeleteFunc(strings.Split(line, "  "), func(s string) bool { return s == "" })
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) != len(b.header) {
			t.Fatalf("%s: %d columns instead of %d in %q", b.path, len(cells), len(b.header), line)
		}
		server := [2]string{cells[0], cells[column]}
		known[server] = append(known[server], strings.Join(cells, "  "))
	}
	return known
}

func (b *table) text() string {
	widths := make([]int, len(b.header))
	all := append([][]string{b.header}, b.rows...)
	for _, row := range all {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var out strings.Builder
	for _, row := range all {
		line := ""
		for i, cell := range row {
			line += cell + strings.Repeat(" ", widths[i]-len([]rune(cell))+2)
		}
		out.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return out.String()
}

package arch_test

import (
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/dbmesh/dbmesh/"

// row is one line of the layer table. ours and others hold path.Match patterns and path
// prefixes; all is true where the table says "all".
type row struct {
	pattern        string
	ours, others   []string
	allOurs, allOf bool
	used           bool
}

func TestImportsAreThoseOfTheLayerTable(t *testing.T) {
	rows := table(t)
	for dir, files := range packages(t) {
		r := find(rows, dir)
		if r == nil {
			t.Errorf("%s has no row in the layer table of ARCHITECTURE.md", dir)
			continue
		}
		for _, file := range files {
			for _, imported := range imports(t, file) {
				if !r.permits(imported) {
					t.Errorf("%s imports %s, which the row of %s in ARCHITECTURE.md does not permit", file, imported, r.pattern)
				}
			}
		}
	}
	for _, r := range rows {
		if !r.used {
			t.Errorf("the layer table has a row for %s, which does not exist", r.pattern)
		}
	}
}

func TestTheTableRefusesWhatItShould(t *testing.T) {
	rows := table(t)
	for dir, imported := range map[string]string{
		"core":           module + "core/wire",
		"core/proxy":     module + "filters/auth",
		"core/wire":      module + "core",
		"filters/router": module + "filters/balancer",
		"filters/auth":   module + "core/proxy",
		"core/backend":   "github.com/prometheus/client_golang/prometheus",
		"cmd/dbmesh":     module + "tests/servers",
	} {
		if r := find(rows, dir); r == nil || r.permits(imported) {
			t.Errorf("the table lets %s import %s", dir, imported)
		}
	}
}

func (r *row) permits(imported string) bool {
	if !strings.Contains(strings.Split(imported, "/")[0], ".") {
		return true // the standard library
	}
	if ours, ok := strings.CutPrefix(imported, module); ok {
		if strings.HasPrefix(ours, "tests/") {
			return strings.HasPrefix(r.pattern, "tests/")
		}
		return r.allOurs || matches(r.ours, ours)
	}
	if r.allOf {
		return true
	}
	for _, prefix := range r.others {
		if imported == prefix || strings.HasPrefix(imported, prefix+"/") {
			return true
		}
	}
	return false
}

func matches(patterns []string, dir string) bool {
	for _, p := range patterns {
		if ok, _ := path.Match(p, dir); ok {
			return true
		}
	}
	return false
}

// find gives the first row that fits the directory; tests/* is everything below tests.
func find(rows []*row, dir string) *row {
	for _, r := range rows {
		fits := matches([]string{r.pattern}, dir) || r.pattern == "tests/*" && strings.HasPrefix(dir, "tests/")
		if fits {
			r.used = true
			return r
		}
	}
	return nil
}

var quoted = regexp.MustCompile("`([^`]+)`")

// table reads the layer table of ARCHITECTURE.md.
func table(t *testing.T) []*row {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []*row
	for line := range strings.SplitSeq(string(text), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) != 6 || !strings.HasPrefix(strings.TrimSpace(cells[1]), "`") {
			continue
		}
		rows = append(rows, &row{
			pattern: names(cells[1])[0],
			ours:    names(cells[3]), allOurs: strings.TrimSpace(cells[3]) == "all",
			others: names(cells[4]), allOf: strings.TrimSpace(cells[4]) == "all",
		})
	}
	if len(rows) < 10 {
		t.Fatalf("found %d rows of the layer table", len(rows))
	}
	return rows
}

func names(cell string) []string {
	var all []string
	for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
		all = append(all, m[1])
	}
	return all
}

// packages gives the main module's Go files that are no tests, by their directory.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, file := range goFiles(t) {
		if !strings.HasSuffix(file, "_test.go") && !nested(t, file) {
			dir := filepath.ToSlash(filepath.Dir(file))
			all[dir] = append(all[dir], file)
		}
	}
	return all
}

func imports(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root(t), file), nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, spec := range parsed.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, name)
	}
	return all
}

package routing

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// target is where a statement must run.
type target string

// The targets. A refused statement gets error 1105 of dbmesh and runs nowhere, an own one is
// answered by dbmesh, and where an elsewhere one runs is not looked at.
const (
	primary   target = "primary"
	replica   target = "replica"
	refused   target = "refused"
	own       target = "own"
	elsewhere target = "elsewhere"
)

// entry is a statement of a session, and where it must run in each form.
type entry struct {
	file string
	line int
	sql  string
	args []any // it is only prepared if it has some

	setup  bool // it must succeed, and no more
	fails  bool // the server answers with an error
	asText bool // never prepared
	text   target
	// shared is its target as text where sessions share connections: fewer settings keep a
	// session at home there.
	shared target
	// prepared is its target as a prepared statement where sessions share connections, and
	// pinned where each has its own: there nothing that is prepared leaves home.
	prepared, pinned target
}

// group is what one session sends.
type group []entry

// file is one file of the corpus: groups for a router with these settings.
//
//	router: {hints: true}   the link's settings beside its one rule, at most once, first
//
// Groups are separated by empty lines, lines that begin with # are comments. A group is
// one session's; one that begins with the line "each:" is as many sessions as it has
// statements. A line is
//
//	SQL                     a statement that prepares the session
//	SQL => TARGET WORDS     one whose place is asked for
//	SQL <- [1, "a"] => ...  one that is prepared with these parameters, and has no text form
//
// SQL may be as Go quotes it: go:"SELECT\n1". The words are error (the server refuses it),
// text (it is never prepared), s=TARGET (on shared connections), p=TARGET and ps=TARGET (prepared, with shared connections and
// with a session's own); behind | stands why.
type file struct {
	name, router string
	groups       []group
}

func (e *entry) place() string { return fmt.Sprintf("%s:%d: %.200q", e.file, e.line, e.sql) }

func corpus(t testing.TB) []file {
	t.Helper()
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	var all []file
	for _, name := range names {
		f, err := load(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	return all
}

func load(name string) (file, error) {
	f := file{name: filepath.Base(name)}
	text, err := os.ReadFile(name)
	if err != nil {
		return f, err
	}
	var one group
	each := false
	for i, line := range append(strings.Split(string(text), "\n"), "") {
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "router: "):
			f.router = strings.TrimSuffix(strings.TrimPrefix(line, "router: {"), "}")
		case line == "each:":
			each = true
		case line == "":
			if len(one) > 0 {
				f.groups = append(f.groups, one)
			}
			one, each = nil, false
		default:
			e, err := read(line)
			if err != nil {
				return f, fmt.Errorf("%s:%d: %w", f.name, i+1, err)
			}
			e.file, e.line = f.name, i+1
			if one = append(one, e); each {
				f.groups, one = append(f.groups, one), nil
			}
		}
	}
	return f, nil
}

// read takes a line apart.
func read(line string) (e entry, err error) {
	at := strings.LastIndex(line, " => ")
	if at < 0 {
		e.setup = true
		e.sql, err = unquote(line)
		return e, err
	}
	sql, rest := line[:at], line[at+4:]
	if from := strings.LastIndex(sql, " <- "); from >= 0 {
		if err := json.Unmarshal([]byte(sql[from+4:]), &e.args); err != nil {
			return e, fmt.Errorf("its parameters: %w", err)
		}
		sql = sql[:from]
	}
	if e.sql, err = unquote(sql); err != nil {
		return e, err
	}
	rest, _, _ = strings.Cut(rest, " | ")
	words := strings.Fields(rest)
	if len(words) == 0 {
		return e, fmt.Errorf("it has no target")
	}
	e.text = target(words[0])
	e.shared, e.pinned = e.text, primary
	if e.text != primary && e.text != replica {
		e.pinned = e.text
	}
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "error":
			e.fails = true
		case "text":
			e.asText = true
		case "s":
			e.shared = target(value)
		case "p":
			e.prepared = target(value)
		case "ps":
			e.pinned = target(value)
		default:
			return e, fmt.Errorf("the word %q is not known", w)
		}
	}
	if e.prepared == "" {
		e.prepared = e.shared
	}
	for _, t := range []target{e.text, e.shared, e.prepared, e.pinned} {
		if !slices.Contains([]target{primary, replica, refused, own, elsewhere}, t) {
			return e, fmt.Errorf("there is no target %q", t)
		}
	}
	return e, nil
}

func unquote(sql string) (string, error) {
	if quoted, ok := strings.CutPrefix(sql, "go:"); ok {
		return strconv.Unquote(quoted)
	}
	return sql, nil
}

// atLeast is how many statements the corpus promises.
const atLeast = 500

func TestTheCorpusIsAsLargeAsPromised(t *testing.T) {
	count := map[target]int{}
	seen := map[string]string{}
	for _, f := range corpus(t) {
		for _, g := range f.groups {
			for _, e := range g {
				if e.setup {
					continue
				}
				count[e.text]++
				if len(g) > 1 {
					continue
				}
				if before, ok := seen[f.router+e.sql]; ok {
					t.Errorf("%s is at %s too", e.place(), before)
				}
				seen[f.router+e.sql] = e.place()
			}
		}
	}
	if n := count[primary] + count[replica]; n < atLeast || count[replica] < atLeast/5 {
		t.Errorf("%d statements with a place, %d of them on the replica", n, count[replica])
	}
	t.Logf("%v", count)
}

package stmttest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

// Load reads all *.txt of the directory, by name and line. What it can't read is an error
// that names file and line.
func Load(dir string) ([]Entry, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		return nil, fmt.Errorf("list the corpus: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there is no corpus in %s", dir)
	}
	var all []Entry
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the corpus: %w", err)
		}
		entries, err := Parse(filepath.Base(file), string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, entries...)
	}
	return all, nil
}

// Parse reads the text of one file.
func Parse(file, text string) ([]Entry, error) {
	var entries []Entry
	var lines []string
	first := 0
	for i, line := range strings.Split(text+"\n", "\n") {
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.TrimSpace(line) != "":
			if lines == nil {
				first = i + 1
			}
			lines = append(lines, line)
		case lines != nil:
			e, err := parse(lines)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", file, first, err)
			}
			e.File, e.Line = file, first
			entries, lines = append(entries, e), nil
		}
	}
	return entries, nil
}

func parse(lines []string) (Entry, error) {
	e := Entry{Servers: []string{"mariadb", "mysql", "tidb"}, Charset: "utf8mb4"}
	if flags, ok := strings.CutPrefix(lines[0], "["); ok && strings.HasSuffix(flags, "]") {
		if err := e.flags(strings.Fields(strings.TrimSuffix(flags, "]"))); err != nil {
			return e, err
		}
		lines = lines[1:]
	}
	if len(lines) < 2 {
		return e, fmt.Errorf("want a statement and a line that begins with =>, have %q", lines)
	}
	last := len(lines) - 1
	want, ok := strings.CutPrefix(lines[last], "=>")
	if !ok {
		return e, fmt.Errorf("the last line is %q, want => and what is expected", lines[last])
	}
	e.SQL = strings.Join(lines[:last], "\n")
	if quoted, ok := strings.CutPrefix(e.SQL, "go:"); ok {
		var err error
		if e.SQL, err = strconv.Unquote(quoted); err != nil {
			return e, fmt.Errorf("read %s: %w", quoted, err)
		}
	}
	return e, e.expected(strings.Fields(want))
}

func (e *Entry) flags(words []string) error {
	var servers []string
	for _, w := range words {
		switch w {
		case "mariadb", "mysql", "tidb":
			servers = append(servers, w)
		case "invalid":
			e.Invalid = true
		case "ansi":
			e.ANSI = true
		case "nobackslash":
			e.NoBackslash = true
		case "gone":
			e.Gone = true
		default:
			var ok bool
			if e.Charset, ok = strings.CutPrefix(w, "charset="); !ok {
				return fmt.Errorf("there is no flag %q", w)
			}
		}
	}
	if servers != nil {
		e.Servers = servers
	}
	return nil
}

func (e *Entry) expected(words []string) error {
	if len(words) < 4 {
		return fmt.Errorf("have %q, want KIND ACCESS TABLES SAFETY", words)
	}
	var err error
	if e.Kind, err = core.ParseStatementKind(words[0]); err != nil {
		return err
	}
	if e.Access, err = access(words[1]); err != nil {
		return err
	}
	if e.Tables, err = tables(words[2]); err != nil {
		return err
	}
	switch words[3] {
	case "safe":
		e.Safe = true
	case "unsafe":
	default:
		return fmt.Errorf("have %q, want safe or unsafe", words[3])
	}
	for _, w := range words[4:] {
		if err := e.word(w); err != nil {
			return err
		}
	}
	return nil
}

func (e *Entry) word(w string) error {
	switch w {
	case "opaque":
		e.Opaque = true
	case "locking":
		e.Locking = true
	case "into=variables":
		e.Into = core.IntoVariables
	case "into=file":
		e.Into = core.IntoFile
	case "digest=other":
		e.OtherDigest = true
	default:
		names, ok := strings.CutPrefix(w, "fn=")
		if !ok {
			return fmt.Errorf("%q says nothing", w)
		}
		e.Functions, e.Checked = strings.Split(names, ","), true
		if !slices.IsSorted(e.Functions) {
			return fmt.Errorf("the functions in %q are not sorted", w)
		}
	}
	return nil
}

func access(name string) (core.Access, error) {
	for a := core.AccessUnknown; a <= core.AccessAdmin; a++ {
		if a.String() == name {
			return a, nil
		}
	}
	return 0, fmt.Errorf("there is no access %q", name)
}

// tables reads r:t,w:app.u; a name can hold no dot, comma or blank.
func tables(text string) ([]core.Table, error) {
	if text == "-" {
		return nil, nil
	}
	var all []core.Table
	for one := range strings.SplitSeq(text, ",") {
		mode, name, ok := strings.Cut(one, ":")
		if !ok || mode != "r" && mode != "w" || name == "" {
			return nil, fmt.Errorf("the table is %q, want r:name or w:name", one)
		}
		t := core.Table{Name: name, Writes: mode == "w"}
		if schema, rest, ok := strings.Cut(name, "."); ok {
			t.Schema, t.Name = schema, rest
		}
		all = append(all, t)
	}
	return all, nil
}

// Package querylog reads statements that were recorded: dbmesh's slow log in both of its
// formats, the slow and the general log of MySQL and MariaDB, and plain files with one
// statement a line.
package querylog

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The formats. Auto looks at the file's beginning.
const (
	Auto    = "auto"
	Lines   = "lines"   // one statement a line
	JSON    = "json"    // dbmesh's slow log, format json
	Slow    = "mysql"   // a slow query log, of dbmesh (format mysql) or of a server
	General = "general" // a server's general query log
)

// Formats gives the names of all formats.
func Formats() []string { return []string{Auto, Lines, JSON, Slow, General} }

// MaxStatement is how many bytes of a statement are kept; longer ones are cut and marked.
const MaxStatement = 1 << 20

// sniffed is how much of a file the format is guessed from.
const sniffed = 64 << 10

// Command is what a client asked for.
type Command string

// The commands that filters judge. Others in a log are left out.
const (
	Query   Command = "query"
	Prepare Command = "prepare"
	Execute Command = "execute"
	InitDB  Command = "init_db"
)

// Entry is one recorded command. What the log does not tell is empty.
type Entry struct {
	Line      int       // where it begins in the file, from 1
	Time      time.Time // when it was sent or had ended; zero if the log does not tell
	Session   uint64
	User      string
	Schema    string // the default schema, as far as the log tells
	Client    string // an address, with or without its port
	Command   Command
	SQL       string // of InitDB the schema
	Truncated bool   // the log has only the beginning of SQL
}

// Reader gives the entries of one log, in its order.
type Reader struct {
	lines  *lines
	format string
	next   func(*Reader) (Entry, error)
	known  map[uint64]Entry // what is known of a session: user, schema, client
	head   Entry            // of a slow log: what the comments above a statement said
	clock  time.Time        // of a general log: the last time that it told
}

// NewReader reads r in one of Formats.
func NewReader(r io.Reader, format string) (*Reader, error) {
	b := bufio.NewReaderSize(r, sniffed)
	if format == "" || format == Auto {
		start, err := b.Peek(sniffed)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		format = guess(start)
	}
	if !slices.Contains(Formats(), format) {
		return nil, fmt.Errorf("format is %q, want one of %s", format, strings.Join(Formats(), ", "))
	}
	next := map[string]func(*Reader) (Entry, error){
		Lines: (*Reader).plain, JSON: (*Reader).json, Slow: (*Reader).slow, General: (*Reader).general,
	}[format]
	return &Reader{lines: &lines{r: b}, format: format, next: next, known: map[uint64]Entry{}}, nil
}

// Format is the one that the log is read in.
func (r *Reader) Format() string { return r.format }

// Next gives the next entry, io.EOF behind the last.
func (r *Reader) Next() (Entry, error) { return r.next(r) }

// Offset is how many bytes of the log have been read.
func (r *Reader) Offset() int64 { return r.lines.offset }

var (
	slowHead    = regexp.MustCompile(`(?m)^# (User@Host|Query_time):`)
	generalHead = regexp.MustCompile(`(?m)^Time\s+Id\s+Command\s+Argument`)
)

// guess names the format that a log with this beginning has.
func guess(start []byte) string {
	first := bytes.TrimLeft(start, " \t\r\n\ufeff")
	switch {
	case bytes.HasPrefix(first, []byte("{")):
		return JSON
	case slowHead.Match(start):
		return Slow
	case generalHead.Match(start):
		return General
	}
	for line := range bytes.Lines(start) {
		if generalLine.Match(bytes.TrimRight(line, "\r\n")) {
			return General
		}
	}
	return Lines
}

// plain reads one statement a line.
func (r *Reader) plain() (Entry, error) {
	for {
		line, cut, err := r.lines.next()
		if err != nil {
			return Entry{}, err
		}
		if sql := trim(line); sql != "" {
			return Entry{Line: r.lines.number, Command: Query, SQL: sql, Truncated: cut}, nil
		}
	}
}

// trim takes away what ends a statement in a log and is not part of it.
func trim(sql string) string { return strings.TrimRight(strings.TrimSpace(sql), "; \t\r\n") }

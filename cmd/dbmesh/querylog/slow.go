package querylog

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// json reads dbmesh's own slow log. Lines of other loggers in the same file are passed over.
func (r *Reader) json() (Entry, error) {
	for {
		line, cut, err := r.lines.next()
		if err != nil {
			return Entry{}, err
		}
		if strings.TrimSpace(line) == "" {
			continue
		}
		if cut {
			return Entry{}, fmt.Errorf("line %d is longer than %d bytes", r.lines.number, MaxStatement)
		}
		var one struct {
			Session              uint64
			Time                 time.Time
			User, Schema, Client string
			Code, SQL            string
		}
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			return Entry{}, fmt.Errorf("line %d is no JSON object: %w", r.lines.number, err)
		}
		command, ok := commandOf(one.Code)
		if !ok || one.SQL == "" {
			continue
		}
		e := Entry{
			Line: r.lines.number, Time: one.Time, Session: one.Session, User: one.User, Schema: one.Schema, Client: one.Client,
			Command: command, SQL: one.SQL,
		}
		e.SQL, e.Truncated = uncut(e.SQL)
		return e, nil
	}
}

// commandOf knows the commands by dbmesh's names of codes and those of general logs.
func commandOf(name string) (Command, bool) {
	switch strings.ToLower(name) {
	case "query":
		return Query, true
	case "prepare":
		return Prepare, true
	case "execute":
		return Execute, true
	case "init_db", "init db":
		return InitDB, true
	}
	return "", false
}

var cutMark = regexp.MustCompile(` /\* dbmesh: cut here, \d+ bytes in all \*/$`)

// uncut takes the mark away that dbmesh puts behind the beginning of a long statement.
func uncut(sql string) (string, bool) {
	if at := cutMark.FindStringIndex(sql); at != nil {
		return sql[:at[0]], true
	}
	return sql, false
}

var (
	userHost = regexp.MustCompile(`^# User@Host: [^\[]*\[([^\]]*)\] @ *(\S*) *\[([^\]]*)\](?:\s+Id:\s*(\d+))?`)
	threadID = regexp.MustCompile(`\bThread_id: *(\d+)`)
	schemaOf = regexp.MustCompile(`\bSchema: (\S*)`)
	codeOf   = regexp.MustCompile(`\bCode: (\S+)`)
	useLine  = regexp.MustCompile("(?i)^use `?([^`;]+)`?;$")
	banner   = regexp.MustCompile(`^\S+, Version: .*started with:$|^Tcp port: |^Time\s+Id\s+Command\s+Argument`)
)

// slow reads a slow query log: comments that say who and how long, then the statement.
func (r *Reader) slow() (Entry, error) {
	for {
		line, cut, err := r.lines.next()
		if err != nil {
			return Entry{}, err
		}
		switch {
		case strings.HasPrefix(line, "# administrator command:"):
		case strings.HasPrefix(line, "#"):
			r.comment(line)
		case strings.HasPrefix(line, "SET timestamp="):
			r.head.Time = unix(line)
		case strings.TrimSpace(line) == "", banner.MatchString(line):
		case useLine.MatchString(line) && r.head.Session != 0:
			r.head.Schema = useLine.FindStringSubmatch(line)[1]
			r.known[r.head.Session] = r.head
		default:
			e, err := r.statement(line, cut)
			if err != nil || e.SQL != "" {
				return e, err
			}
		}
	}
}

// unix reads "SET timestamp=1764000000;", with or without a fraction.
func unix(line string) time.Time {
	digits, _, _ := strings.Cut(strings.TrimRight(strings.TrimPrefix(line, "SET timestamp="), "; "), ".")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(n, 0).UTC()
}

// comment takes from a line above a statement what it says about the session.
func (r *Reader) comment(line string) {
	if m := userHost.FindStringSubmatch(line); m != nil {
		r.head = Entry{User: m[1], Client: m[3], Command: Query}
		if r.head.Client == "" {
			r.head.Client = m[2]
		}
		r.session(m[4])
	}
	if m := threadID.FindStringSubmatch(line); m != nil && r.head.Session == 0 {
		r.session(m[1])
	}
	if m := schemaOf.FindStringSubmatch(line); m != nil && m[1] != "" {
		r.head.Schema = m[1]
	}
	if m := codeOf.FindStringSubmatch(line); m != nil {
		if command, ok := commandOf(m[1]); ok {
			r.head.Command = command
		}
	}
}

// session notes the session of the statement to come, and its schema if it was told before.
func (r *Reader) session(id string) {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return
	}
	r.head.Session = n
	if before, ok := r.known[n]; ok && before.User == r.head.User {
		r.head.Schema = before.Schema
	}
}

// statement reads on to the line before the next entry's first comment.
func (r *Reader) statement(first string, cut bool) (Entry, error) {
	e := r.head
	e.Line = r.lines.number
	if e.Command == "" {
		e.Command = Query
	}
	text, cut, err := r.rest(first, cut, func(line string) bool {
		return strings.HasPrefix(line, "# ") || banner.MatchString(line)
	})
	if err != nil {
		return Entry{}, err
	}
	e.SQL, e.Truncated = uncut(trim(text))
	e.Truncated = e.Truncated || cut
	return e, nil
}

// rest gives a statement of several lines, up to the one where ends says true.
func (r *Reader) rest(first string, cut bool, ends func(line string) bool) (string, bool, error) {
	var b strings.Builder
	b.WriteString(first)
	for {
		line, long, err := r.lines.next()
		if errors.Is(err, io.EOF) {
			return b.String(), cut, nil
		}
		if err != nil {
			return "", false, err
		}
		if ends(line) {
			r.lines.back()
			return b.String(), cut, nil
		}
		if cut = cut || long || b.Len()+len(line) >= MaxStatement; !cut {
			b.WriteString("\n" + line)
		}
	}
}

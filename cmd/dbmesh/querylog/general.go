package querylog

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// generalLine is the first line of an entry: a time, which MariaDB leaves out where it is
// the one before, the session's id, the command, its argument.
var generalLine = regexp.MustCompile(
	`^(\d{6} +\d{1,2}:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))?\t+ *(\d+) ` +
		`(Connect|Query|Init DB|Prepare|Execute|Quit|Close stmt|Reset stmt|Long Data|Fetch|Field List|Statistics|` +
		`Ping|Change user|Sleep|Kill|Refresh|Processlist|Daemon|Set option|Reset connection|Binlog Dump|` +
		`Binlog Dump GTID|Register Slave|Shutdown|Debug|Delayed insert|Error|Connect Out|Time|Create DB|Drop DB|` +
		`Table Dump|Bulk_execute)(?:\t(.*))?$`)

// connectArgument is "user@host on schema using Socket", its end only in newer servers.
var connectArgument = regexp.MustCompile(`^(?:Access denied for user )?'?([^'@]*)'?@'?([^' ]*)'?(?: as \S+)?(?: on (\S*))?`)

// general reads a server's general query log.
func (r *Reader) general() (Entry, error) {
	for {
		line, long, err := r.lines.next()
		if err != nil {
			return Entry{}, err
		}
		m := generalLine.FindStringSubmatch(line)
		if m == nil {
			continue // of a command that nobody asks for, or the file's head
		}
		id, err := strconv.ParseUint(m[2], 10, 64)
		if err != nil {
			continue
		}
		r.tick(m[1])
		number := r.lines.number
		text, cut, err := r.rest(m[4], long, func(line string) bool {
			return generalLine.MatchString(line) || banner.MatchString(line)
		})
		if err != nil {
			return Entry{}, err
		}
		if e, ok := r.entry(id, m[3], trim(text)); ok {
			e.Line, e.Time, e.Truncated = number, r.clock, cut
			return e, nil
		}
	}
}

// tick reads the time of an entry; without one it is that of the entry before.
func (r *Reader) tick(text string) {
	for _, layout := range []string{time.RFC3339Nano, "060102 15:04:05"} {
		if at, err := time.Parse(layout, strings.Join(strings.Fields(text), " ")); err == nil {
			r.clock = at.UTC()
		}
	}
}

// entry keeps what is told of the session, and gives what a filter judges.
func (r *Reader) entry(id uint64, command, text string) (Entry, bool) {
	e := r.known[id]
	e.Session, e.Command, e.SQL = id, "", ""
	switch command {
	case "Connect", "Change user":
		if m := connectArgument.FindStringSubmatch(text); m != nil {
			e = Entry{Session: id, User: m[1], Client: m[2], Schema: m[3]}
			if e.Schema == "using" { // on nothing: the word behind it follows at once
				e.Schema = ""
			}
		}
		r.known[id] = e
		return e, false
	case "Quit":
		delete(r.known, id)
		return e, false
	}
	known, ok := commandOf(command)
	if !ok || text == "" {
		return e, false
	}
	e.Command, e.SQL = known, text
	if known == InitDB {
		after := e
		after.Schema = text
		r.known[id] = after
	}
	return e, true
}

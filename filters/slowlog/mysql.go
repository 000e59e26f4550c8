package slowlog

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// mysqlFormat writes entries as servers write them to their slow query log. What only
// dbmesh knows follows on the Query_time line, in the form that MySQL's log_slow_extra
// has: tools that don't know a key skip it there, and nowhere else.
func mysqlFormat(maxSQL int) formatter {
	return func(b []byte, c *core.Command, o *core.Outcome, end time.Time) []byte {
		b = end.UTC().AppendFormat(append(b, "# Time: "...), "060102 15:04:05")
		b = appendUserHost(b, c.Session)
		b = appendFigures(b, c, o)
		if s := c.Session.Schema; s != "" {
			b = append(appendName(append(b, "use "...), s), ";\n"...)
		}
		b = append(strconv.AppendInt(append(b, "SET timestamp="...), end.Add(-o.Total()).Unix(), 10), ";\n"...)
		if !hasSQL(c) || maxSQL == 0 {
			return fmt.Appendf(b, "# administrator command: %s;\n", c.Code)
		}
		from := len(b)
		b = appendSQL(b, c, maxSQL)
		// A statement must not be able to look like the next entry's head.
		text := bytes.ReplaceAll(bytes.TrimRight(b[from:], " \t\r\n;"), []byte("\n#"), []byte("\n #"))
		return append(append(b[:from], text...), ";\n"...)
	}
}

func appendUserHost(b []byte, s *core.Session) []byte {
	b = appendWord(append(b, "\n# User@Host: "...), s.User)
	b = appendWord(append(b, '['), s.User)
	b = append(b, "] @ "...)
	if s.Client.IsValid() {
		b = s.Client.Addr().AppendTo(b)
		b = s.Client.Addr().AppendTo(append(b, " ["...))
		b = append(b, ']')
	} else {
		b = append(b, "localhost []"...)
	}
	return append(strconv.AppendUint(append(b, "  Id: "...), uint64(s.ID), 10), '\n')
}

func appendFigures(b []byte, c *core.Command, o *core.Outcome) []byte {
	number := func(key string, n uint64) { b = strconv.AppendUint(append(b, key...), n, 10) }
	word := func(key, value string) {
		if value != "" {
			b = appendWord(append(b, key...), value)
		}
	}
	b = appendSeconds(append(b, "# Query_time: "...), o.Total())
	number("  Lock_time: 0.000000  Rows_sent: ", o.Rows)
	number("  Rows_examined: 0  Rows_affected: ", o.Affected)
	number("  Thread_id: ", uint64(c.Session.ID))
	errno := uint64(0)
	if o.Err != nil {
		errno = uint64(o.Err.Code)
	}
	number("  Errno: ", errno)
	number("  Bytes_received: ", o.BytesIn)
	number("  Bytes_sent: ", o.BytesOut)
	b = appendSeconds(append(b, "  Wait_time: "...), o.Wait)
	b = appendSeconds(append(b, "  Filters_time: "...), o.Filters)
	b = appendSeconds(append(b, "  Backend_time: "...), o.Backend)
	b = appendSeconds(append(b, "  Send_time: "...), o.Send)
	word("  Code: ", c.Code.String())
	word("  Listener: ", c.Session.Listener)
	word("  Pool: ", c.Pool)
	if be := backend(c, o); be != nil {
		word("  Backend: ", be.Name)
	}
	word("  Side: ", o.Side.String())
	return append(b, '\n')
}

func appendSeconds(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(b, d.Seconds(), 'f', 6, 64)
}

// appendWord appends a value without what could end it early.
func appendWord(b []byte, s string) []byte {
	for i := range len(s) {
		switch ch := s[i]; {
		case ch <= ' ' || ch == 0x7f || ch == '[' || ch == ']':
			b = append(b, '_')
		default:
			b = append(b, ch)
		}
	}
	return b
}

// appendName appends a schema's name, quoted if it is not a plain word.
func appendName(b []byte, s string) []byte {
	plain := true
	for _, r := range s {
		plain = plain && (r == '_' || r == '$' || r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z')
	}
	if plain {
		return append(b, s...)
	}
	b = append(b, '`')
	for i := range len(s) {
		switch ch := s[i]; {
		case ch < ' ':
			b = append(b, '_')
		case ch == '`':
			b = append(b, "``"...)
		default:
			b = append(b, ch)
		}
	}
	return append(b, '`')
}

//go:build !wasip1

package dbmeshtest

import (
	"regexp"
	"strings"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
)

// gap is blanks and comments, but for comments that a server may run or heed.
const gap = `(?:\s|(?:#|--)[^\n]*(?:\n|$)|/\*\*+/|/\*(?:(?-i:[^*!M+])|\*+[^*/])(?:[^*]|\*+[^*/])*\*+/)`

// use finds the schema, quotes included.
var use = regexp.MustCompile("(?is)^" + gap + "*use" + gap + "*(`(?:[^`]|``)+`|\"(?:[^\"]|\"\")+\"|[0-9a-z_$\\x80-\\x{10FFFF}]+)(?:" + gap + "|;)*$")

// used asks OnInitDB about a USE that the filter lets go on, as dbmesh does. Of one that
// is not understood for sure the schema is all that stands behind the word, and it is opaque.
func (s *Session) used(f facts, sql string, o *Outcome, options []Option) *Outcome {
	s.proxy.t.Helper()
	if o.Verdict != "pass" && o.Verdict != "rewrite" {
		return o
	}
	text := sql
	if o.Verdict == "rewrite" {
		text = o.SQL
	}
	c := s.call(sql, options)
	c.fill(f, sql)
	at := use.FindStringSubmatchIndex(text)
	var schema string
	if at == nil {
		c.header.Flags |= abi.FlagOpaque
		schema = strings.Trim(text[min(len(text), len("use")):], "; \t\r\n")
	} else {
		schema = text[at[2]:at[3]]
		if quote := schema[:1]; quote == "`" || quote == `"` {
			schema = strings.ReplaceAll(schema[1:len(schema)-1], quote+quote, quote)
		}
	}
	c.SQL = schema
	changed := s.proxy.run(abi.HookInitDB, 0, c)
	switch {
	case changed.Verdict == "pass":
		return o
	case changed.Verdict == "rewrite" && at == nil:
		s.proxy.t.Fatalf("%s: dbmesh rewrites no USE that it does not understand for sure", sql)
	case changed.Verdict == "rewrite":
		changed.SQL = text[:at[2]] + "`" + strings.ReplaceAll(changed.SQL, "`", "``") + "`" + text[at[3]:]
	}
	return changed
}

package slowlog

import (
	"fmt"
	"unicode/utf8"

	"github.com/dbmesh/dbmesh/core"
)

// hasSQL says whether the command's text is a statement; that of InitDB is a schema.
func hasSQL(c *core.Command) bool { return len(c.SQL) > 0 && c.Code != core.InitDB }

// sqlSize is the statement's whole length as far as it is known.
func sqlSize(c *core.Command) int {
	if c.Truncated() {
		return max(c.Size-1, len(c.SQL))
	}
	return len(c.SQL)
}

// appendSQL appends at most limit bytes of the statement, masked if need be, and says how
// much there was if that was not all.
func appendSQL(b []byte, c *core.Command, limit int) []byte {
	sql, size := c.SQL, sqlSize(c)
	if len(sql) > limit {
		sql = sql[:limit]
		for range utf8.UTFMax - 1 { // no half characters, if it is UTF-8 at all
			if r, n := utf8.DecodeLastRune(sql); r != utf8.RuneError || n != 1 {
				break
			}
			sql = sql[:len(sql)-1]
		}
	}
	if mayHoldPassword(sql) {
		b = appendMasked(b, sql)
	} else {
		b = append(b, sql...)
	}
	if len(sql) < size {
		b = fmt.Appendf(b, " /* dbmesh: cut here, %d bytes in all */", size)
	}
	return b
}

// mayHoldPassword says whether the statement speaks of passwords, which it does before it
// spells one. Servers keep them out of their logs too.
func mayHoldPassword(sql []byte) bool {
	for i, ch := range sql {
		switch ch | 0x20 {
		case 'p':
			if hasPrefixFold(sql[i:], "password") {
				return true
			}
		case 'i':
			if hasPrefixFold(sql[i:], "identified") {
				return true
			}
		}
	}
	return false
}

// hasPrefixFold compares with lower-case ASCII letters in any case.
func hasPrefixFold(b []byte, lower string) bool {
	if len(b) < len(lower) {
		return false
	}
	for i := range len(lower) {
		if b[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}

// appendMasked appends the statement with a question mark in the place of each quoted
// string's content.
func appendMasked(b, sql []byte) []byte {
	for i := 0; i < len(sql); i++ {
		quote := sql[i]
		b = append(b, quote)
		if quote != '\'' && quote != '"' {
			continue
		}
		b = append(b, '?')
		for i++; i < len(sql) && sql[i] != quote; i++ {
			if sql[i] == '\\' {
				i++
			}
		}
		b = append(b, quote)
	}
	return b
}

// backend is the one that the command went to, nil if it never left dbmesh.
func backend(c *core.Command, o *core.Outcome) *core.Backend {
	if o.Backend <= 0 {
		return nil
	}
	if c.Backend != nil {
		return c.Backend
	}
	return c.Session.Bound(c.Pool)
}

package state

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/go-mysql-org/go-mysql/mysql"

	"github.com/dbmesh/dbmesh/core/wire"
)

// AskValues appends a query for the variables' values in the session, whose result has one
// row whatever sql_select_limit is. It changes nothing but what FOUND_ROWS() and ROW_COUNT()
// answer. A server that does not know one of the variables, or has no session's value for
// it, answers an error.
func AskValues(dst []byte, names []string) []byte {
	for i, name := range names {
		if i == 0 {
			dst = append(dst, "SELECT @@session.`"...)
		} else {
			dst = append(dst, ", @@session.`"...)
		}
		dst = append(append(dst, name...), '`')
	}
	return append(dst, " LIMIT 1"...)
}

// maxValue is how long one variable's value may be, in bytes.
const maxValue = 4 << 10

// ParseValues reads the one row of the answer to AskValues; nil is NULL. It gives each
// variable's value as SQL text that means the same in any sql_mode and character set. It
// says false if there is no such text, and the session must keep its connection then.
func ParseValues(names []string, columns []wire.Column, row [][]byte) ([]string, bool) {
	if len(columns) != len(names) || len(row) != len(names) {
		return nil, false
	}
	values := make([]string, len(row))
	for i, b := range row {
		value, ok := literal(columns[i], b)
		if !ok || isCharset(names[i]) && !writesASCII(b) || cramped(names[i], b) {
			return nil, false
		}
		if names[i] == resultsName && b != nil {
			value = collated(value, columns[i])
		}
		values[i] = value
	}
	return values, true
}

// cramped says whether a connection with the value is of little use to others: it may be
// closed before its time, or refuse what dbmesh itself asks.
func cramped(name string, b []byte) bool {
	least := 0.0
	switch name {
	case "wait_timeout": // seconds
		least = 600
	case "max_statement_time": // seconds, 0 for no limit as in those below
		least = 1
	case "max_execution_time": // milliseconds
		least = 1000
	case "max_session_mem_used", "tidb_mem_quota_query": // bytes
		least = 1 << 20
	default:
		return false
	}
	n, err := strconv.ParseFloat(string(b), 64)
	return err != nil || n > 0 && n < least
}

// literal writes one value.
func literal(k wire.Column, b []byte) (string, bool) {
	switch {
	case b == nil:
		return "NULL", true
	case len(b) > maxValue:
		return "", false
	case numeric(k.Type):
		return string(b), number(b)
	case len(b) == 0:
		// Where sql_mode has EMPTY_STRING_IS_NULL '' is NULL.
		return "SPACE(0)", true
	case !quotable(b, k.Charset):
		return "", false
	}
	return "'" + strings.ReplaceAll(string(b), "'", "''") + "'", true
}

func numeric(t byte) bool {
	switch t {
	case mysql.MYSQL_TYPE_TINY, mysql.MYSQL_TYPE_SHORT, mysql.MYSQL_TYPE_INT24, mysql.MYSQL_TYPE_LONG, mysql.MYSQL_TYPE_LONGLONG,
		mysql.MYSQL_TYPE_DECIMAL, mysql.MYSQL_TYPE_NEWDECIMAL, mysql.MYSQL_TYPE_FLOAT, mysql.MYSQL_TYPE_DOUBLE:
		return true
	}
	return false
}

// number says whether b is a number as SQL writes them.
func number(b []byte) bool {
	b = bytes.TrimPrefix(b, []byte("-"))
	b, ok := digits(b)
	if !ok {
		return false
	}
	if rest, found := bytes.CutPrefix(b, []byte(".")); found {
		if b, ok = digits(rest); !ok {
			return false
		}
	}
	if len(b) == 0 {
		return true
	}
	if b[0] != 'e' && b[0] != 'E' {
		return false
	}
	b = b[1:]
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		b = b[1:]
	}
	b, ok = digits(b)
	return ok && len(b) == 0
}

// digits cuts off the digits at the front, of which there must be one.
func digits(b []byte) ([]byte, bool) {
	rest := bytes.TrimLeft(b, "0123456789")
	return rest, len(rest) < len(b)
}

// quotable says whether a string that was sent in the collation's character set is the
// same between quotes wherever it is read: no backslash, and nothing that the server may
// have put in place of another character.
func quotable(b []byte, collation uint16) bool {
	for _, c := range b {
		switch {
		case c < ' ' || c > '~' || c == '\\':
			return false
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte(" ,._:+-/%=*()<>;!&", c) >= 0:
		case !wholeUnicode(collation):
			return false
		}
	}
	return true
}

// wholeUnicode says whether the collation is one of utf8 or of bytes as they are, of those
// that servers send results in.
func wholeUnicode(collation uint16) bool {
	switch collation {
	case 33, 45, 46, 63, 83, 192, 224, 255:
		return true
	}
	return false
}

// isCharset says whether statements or results are written by the variable.
func isCharset(name string) bool { return slices.Contains(charsetNames(), name) }

// writesASCII says whether the character set or collation writes ASCII as ASCII. In others
// neither the values nor the statements can be read.
func writesASCII(name []byte) bool {
	charset, _, _ := bytes.Cut(bytes.ToLower(name), []byte("_"))
	switch string(charset) {
	case "", // NULL: as they are
		"utf8", "utf8mb3", "utf8mb4", "binary", "ascii", "latin1", "latin2", "latin5", "latin7", "cp1250", "cp1251", "cp1256",
		"cp1257", "cp850", "cp852", "cp866", "greek", "hebrew", "koi8r", "koi8u", "macce", "macroman", "armscii8", "geostd8",
		"keybcs2", "tis620", "gbk", "gb2312", "gb18030", "big5", "euckr", "ujis", "eucjpms", "sjis", "cp932", "dec8", "hp8":
		return true
	}
	return false
}

// Package explain says what the facts about a statement are: as one JSON document for the
// command and the HTTP side, and as a table for people.
package explain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dbmesh/dbmesh/core/stmt"
)

// Dialect is how a text is to be read, in the words of whoever asks. What is empty is
// assumed.
type Dialect struct {
	Flavour string // mariadb, mysql or tidb
	Version string // as the server says it: 10.11.19, or 8.0.36-log
	SQLMode string // as in @@sql_mode
	Charset string // the client's character set
}

// What is assumed where nothing is said.
const (
	DefaultFlavour = "mariadb"
	DefaultMariaDB = "10.11.19"
	DefaultMySQL   = "8.4.0"
	DefaultTiDB    = "8.0.11" // what a TiDB says of itself, whatever its own version is
	DefaultCharset = "utf8mb4"
)

// Assumed names the fields that are empty, as flags and parameters are called. Without an
// sql_mode the text is read as in a server's default, which is no assumption to speak of.
func (d Dialect) Assumed() []string {
	assumed := []string{}
	for _, f := range []struct{ name, value string }{
		{"flavour", d.Flavour}, {"version", d.Version}, {"charset", d.Charset},
	} {
		if f.value == "" {
			assumed = append(assumed, f.name)
		}
	}
	return assumed
}

// Mode is what the lexer needs of it. Errors name the flag or parameter that is wrong.
func (d Dialect) Mode() (stmt.Mode, error) {
	var m stmt.Mode
	var err error
	if d.Flavour == "" {
		d.Flavour = DefaultFlavour
	}
	if m.Flavour, err = stmt.ParseFlavour(d.Flavour); err != nil {
		return m, err
	}
	if d.Version == "" {
		d.Version = newest(m.Flavour)
	}
	if m.Version, err = version(d.Version); err != nil {
		return m, err
	}
	if d.Charset == "" {
		d.Charset = DefaultCharset
	}
	if m.Charset, err = charset(d.Charset); err != nil {
		return m, err
	}
	for name := range strings.SplitSeq(d.SQLMode, ",") {
		quotes, backslash, known := sqlMode(strings.ToUpper(strings.TrimSpace(name)))
		if !known {
			return m, fmt.Errorf("sql_mode has %q, which no server knows", name)
		}
		m.ANSIQuotes = m.ANSIQuotes || quotes
		m.NoBackslash = m.NoBackslash || backslash
	}
	return m, nil
}

func newest(f stmt.Flavour) string {
	switch f {
	case stmt.MySQL:
		return DefaultMySQL
	case stmt.TiDB:
		return DefaultTiDB
	}
	return DefaultMariaDB
}

// version counts as executable comments do: major, minor and patch, two digits for the
// last two. What follows behind a dash is the builder's.
func version(text string) (uint32, error) {
	numbers, _, _ := strings.Cut(strings.TrimPrefix(text, "5.5.5-"), "-") // MariaDB's greeting to old replicas
	parts := strings.Split(numbers, ".")
	if len(parts) == 2 {
		parts = append(parts, "0")
	}
	count := uint64(0)
	for _, p := range parts {
		n, err := strconv.ParseUint(p, 10, 8)
		if err != nil || n > 99 || len(parts) != 3 {
			return 0, fmt.Errorf("version is %q, want one such as 10.11.19 or 8.4", text)
		}
		count = count*100 + n
	}
	return uint32(count), nil
}

func charset(name string) (stmt.Charset, error) {
	c := stmt.ParseCharset(name)
	several := []string{"big5", "cp932", "eucjpms", "euckr", "gb18030", "gb2312", "gbk", "sjis", "ujis", "unknown"}
	if c == stmt.CharsetUnknown && !slices.Contains(several, strings.ToLower(name)) {
		return c, fmt.Errorf("charset is %q, which no client can use", name)
	}
	return c, nil
}

// sqlMode says of one name in a server's sql_mode what it does to quotes and backslashes.
func sqlMode(name string) (quotes, backslash, known bool) {
	if stmt.HasANSIQuotes(name) {
		return true, false, true
	}
	switch name {
	case "NO_BACKSLASH_ESCAPES":
		return false, true, true
	case "", "ALLOW_INVALID_DATES", "EMPTY_STRING_IS_NULL", "ERROR_FOR_DIVISION_BY_ZERO", "HIGH_NOT_PRECEDENCE",
		"IGNORE_BAD_TABLE_OPTIONS", "IGNORE_SPACE", "MYSQL323", "MYSQL40", "NO_AUTO_CREATE_USER", "NO_AUTO_VALUE_ON_ZERO",
		"NO_DIR_IN_CREATE", "NO_ENGINE_SUBSTITUTION", "NO_FIELD_OPTIONS", "NO_KEY_OPTIONS", "NO_TABLE_OPTIONS",
		"NO_UNSIGNED_SUBTRACTION", "NO_ZERO_DATE", "NO_ZERO_IN_DATE", "ONLY_FULL_GROUP_BY", "PAD_CHAR_TO_FULL_LENGTH",
		"PIPES_AS_CONCAT", "REAL_AS_FLOAT", "SIMULTANEOUS_ASSIGNMENT", "STRICT_ALL_TABLES", "STRICT_TRANS_TABLES",
		"TIME_ROUND_FRACTIONAL", "TIME_TRUNCATE_FRACTIONAL", "TRADITIONAL":
		return false, false, true
	}
	return false, false, false
}

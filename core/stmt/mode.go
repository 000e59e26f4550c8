package stmt

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pingcap/tidb/pkg/parser/charset"
)

// Mode is what the meaning of a text depends on beside the text: the server and the
// session's settings.
type Mode struct {
	Flavour Flavour
	// Version of the server as its executable comments count it, 101119 for MariaDB
	// 10.11.19 and 80036 for MySQL 8.0.36; 0 if it is not known.
	Version uint32
	// ANSIQuotes is sql_mode's ANSI_QUOTES: "x" is a name, not a string.
	ANSIQuotes bool
	// NoBackslash is sql_mode's NO_BACKSLASH_ESCAPES: \ in a string is a backslash.
	NoBackslash bool
	// QuotesUnsure says that ANSIQuotes may be wrong: a text whose tokens depend on it is
	// in doubt.
	QuotesUnsure bool
	Charset      Charset
}

// bits packs the mode into a number that no other mode has.
func (m Mode) bits() uint64 {
	n := uint64(m.Version)<<8 | uint64(m.Flavour)<<6 | uint64(m.Charset)<<4
	for i, set := range [...]bool{m.ANSIQuotes, m.NoBackslash, m.QuotesUnsure} {
		if set {
			n |= 1 << i
		}
	}
	return n
}

// Flavour is whose dialect the server speaks.
type Flavour uint8

// The flavours. With FlavourUnknown every executable comment is in doubt.
const (
	FlavourUnknown Flavour = iota
	MySQL
	MariaDB
	TiDB
)

var flavourNames = [...]string{"unknown", "mysql", "mariadb", "tidb"}

func (f Flavour) String() string { return flavourNames[f] }

// ParseFlavour reads a flavour's name.
func ParseFlavour(name string) (Flavour, error) {
	for f, n := range flavourNames {
		if f > 0 && strings.EqualFold(n, name) {
			return Flavour(f), nil
		}
	}
	return FlavourUnknown, fmt.Errorf("flavour is %q, want mariadb, mysql or tidb", name)
}

// ServerMode is the mode of a new session on a server that greets with this version, such
// as "5.5.5-10.11.19-MariaDB", "8.0.11-TiDB-v8.5.0" or "8.0.36", before anything is known
// of the session's settings: with an unknown character set.
func ServerMode(version string) Mode {
	m := Mode{Flavour: MySQL, Charset: CharsetUnknown}
	switch {
	case strings.Contains(version, "MariaDB"):
		m.Flavour = MariaDB
		version = strings.TrimPrefix(version, "5.5.5-") // for old replicas, which know no other
	case strings.Contains(version, "TiDB"):
		m.Flavour = TiDB
	}
	var parts [3]uint64
	rest := version
	for i := range parts {
		end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if end < 0 {
			end = len(rest)
		}
		n, err := strconv.ParseUint(rest[:end], 10, 8)
		if err != nil {
			return m // not a version: 0 is unknown
		}
		parts[i] = n
		rest = strings.TrimPrefix(rest[end:], ".")
	}
	m.Version = uint32(parts[0]*10000 + parts[1]*100 + parts[2])
	return m
}

// Charset is what the lexer must know of character_set_client.
type Charset uint8

// The sorts. In a text of CharsetUnknown no byte from 0x80 on can be trusted: it may hide
// the backslash or quote behind it (gbk, sjis, big5 and their kin).
const (
	CharsetUnknown Charset = iota
	CharsetUTF8            // utf8mb4, utf8mb3
	CharsetSingle          // one byte a character; outside quotes such a byte may be a blank
)

// ParseCharset sorts a character set's name, in any case. What may have two sorts of
// bytes in a character is CharsetUnknown.
func ParseCharset(name string) Charset {
	switch strings.ToLower(name) {
	case "utf8mb4", "utf8mb3", "utf8":
		return CharsetUTF8
	case "ascii", "latin1", "latin2", "latin5", "latin7", "greek", "hebrew", "koi8r", "koi8u", "cp1250", "cp1251",
		"cp1256", "cp1257", "cp850", "cp852", "cp866", "dec8", "hp8", "keybcs2", "macce", "macroman", "armscii8",
		"geostd8", "tis620", "binary":
		return CharsetSingle
	}
	return CharsetUnknown
}

// HasANSIQuotes says whether one name in an sql_mode, in upper case, brings ANSI_QUOTES.
func HasANSIQuotes(name string) bool {
	switch name {
	case "ANSI_QUOTES", "ANSI", "DB2", "MAXDB", "MSSQL", "ORACLE", "POSTGRESQL":
		return true
	}
	return false
}

// CollationCharset sorts the character set of a collation by its id, as a client names it
// when it logs in. A server that does not know the id goes by its own default.
func CollationCharset(f Flavour, id byte) Charset {
	const lastOfMariaDB = 247 // of one byte; beyond it are those of MySQL 8
	if f == MariaDB && id > lastOfMariaDB {
		return CharsetUnknown
	}
	c, err := charset.GetCollationByID(int(id))
	if err != nil {
		return CharsetUnknown
	}
	return ParseCharset(c.CharsetName)
}

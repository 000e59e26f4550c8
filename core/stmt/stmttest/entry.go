package stmttest

import (
	"slices"

	"github.com/dbmesh/dbmesh/core"
)

// Entry is one statement, or text of several, with what is true of it.
type Entry struct {
	File string // base name
	Line int    // of the statement's first line
	SQL  string // as a client sends it

	// The flags. Servers are those that the text is written for, of mariadb, mysql and
	// tidb; all three if none is named.
	Servers     []string
	Charset     string // character_set_client, "utf8mb4" if no flag says another
	ANSI        bool   // flag ansi: sql_mode is ANSI_QUOTES
	NoBackslash bool   // flag nobackslash: sql_mode is NO_BACKSLASH_ESCAPES
	Invalid     bool   // its servers refuse it: bad syntax, or a name that can't be
	Gone        bool   // it needs what does not exist: not to be executed

	Kind      core.StatementKind
	Access    core.Access
	Tables    []core.Table
	Safe      bool
	Opaque    bool
	Locking   bool
	Into      core.Into
	Functions []string // sorted
	Checked   bool     // Functions was given; without fn= nothing is said of them
	// OtherDigest says that TiDB's digest is known to differ.
	OtherDigest bool
}

// For says whether the text is written for the server: mariadb, mysql or tidb.
func (e *Entry) For(server string) bool { return slices.Contains(e.Servers, server) }

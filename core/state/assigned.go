package state

import (
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
)

// carried are the effects of a SET that a session can take to another connection.
const carried = core.EffectCharset | core.EffectSQLMode | core.EffectSystemVar

// Assigned names the session variables that a SET may change, each once, in a canonical
// order; they are the ones to read back, and whose base must be known before the SET. It
// says false for a statement that can't be carried to another connection by value, or is
// no SET: then what it leaves there pins.
func Assigned(f *core.Facts, m stmt.Mode) ([]string, bool) {
	if f.Kind != core.StatementSet || f.Opaque || len(f.Parts) > 0 || f.Creates&core.Lasting&^carried != 0 {
		return nil, false
	}
	var names []string
	for _, a := range f.Assignments {
		if a.Scope == core.ScopeGlobal {
			continue
		}
		if a.Scope != core.ScopeSession {
			return nil, false
		}
		var ok bool
		if names, ok = assigned(names, a, f, m); !ok {
			return nil, false
		}
	}
	slices.Sort(names)
	return slices.Compact(names), true
}

// assigned adds the names that one assignment changes.
func assigned(names []string, a core.Assignment, f *core.Facts, m stmt.Mode) ([]string, bool) {
	switch a.Name {
	case "names", "charset":
		return append(names, charsetNames()...), true
	case "transaction":
		for _, name := range f.SystemVarsSet {
			if isolation(name) != "" {
				names = append(names, transactionName(name, m))
			}
		}
		return names, true
	}
	if !plain(a.Name) || lies(a) {
		return nil, false
	}
	if isolation(a.Name) != "" {
		return append(names, transactionName(a.Name, m)), true
	}
	name := canonical(a.Name, m)
	if group := groupOf(name); len(group) > 0 {
		return append(names, group...), true
	}
	return append(names, name), true
}

// plain says whether a name is written as it is read. Those of parts of components, with a
// dot, are not.
func plain(name string) bool {
	return name != "" && len(name) <= 64 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// charsetNames are the variables that SET NAMES changes, but for character_set_connection,
// which goes with collation_connection.
func charsetNames() []string {
	return []string{"character_set_client", "character_set_results", "collation_connection"}
}

// groupOf are the variables of which one changes with another, in the order in which they
// must be set; nil if the variable stands alone.
func groupOf(name string) []string {
	switch name {
	case "character_set_client", "character_set_results", "character_set_connection", "collation_connection":
		return charsetNames()
	case "max_join_size", "sql_big_selects":
		return []string{"max_join_size", "sql_big_selects"}
	}
	return nil
}

// canonical is the one of a variable's names that is read and set.
func canonical(name string, m stmt.Mode) string {
	switch name {
	case "character_set_server":
		return "collation_server"
	case "storage_engine":
		if m.Flavour == stmt.MariaDB {
			return "default_storage_engine"
		}
	}
	return name
}

// isolation tells what a variable says about transactions, "" if it says nothing.
func isolation(name string) string {
	switch name {
	case "tx_isolation", "transaction_isolation":
		return "isolation"
	case "tx_read_only", "transaction_read_only":
		return "read_only"
	}
	return ""
}

// transactionName is the name by which the server knows how transactions run.
func transactionName(name string, m stmt.Mode) string {
	const (
		renamedByMariaDB = 110101
		renamedByMySQL   = 50720
	)
	old := m.Flavour == stmt.MariaDB && m.Version < renamedByMariaDB || m.Flavour == stmt.MySQL && m.Version < renamedByMySQL
	if old {
		return "tx_" + isolation(name)
	}
	return "transaction_" + isolation(name)
}

// lies says whether a variable can't be carried by the value that it shows: it shows
// something else than what was set, it changes by itself, or it makes the connection
// collect what a later statement asks for.
func lies(a core.Assignment) bool {
	switch a.Name {
	case "character_set_database", "collation_database": // USE sets them too
		return true
	case "sql_auto_is_null", "profiling":
		return !a.Literal || !isOff(a.Value)
	}
	return false
}

func isOff(value string) bool {
	switch strings.ToLower(value) {
	case "0", "off", "false":
		return true
	}
	return false
}

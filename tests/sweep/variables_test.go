package sweep

import (
	"maps"
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/tests/servers"
	"github.com/dbmesh/dbmesh/tests/sidecar"
)

// show gives all session variables as SHOW has them, in lower case.
func (c *client) show() map[string]string {
	c.t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(c.must("SHOW SESSION VARIABLES")) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		all[strings.ToLower(strings.Trim(name, `"`))] = value
	}
	return all
}

// portrait is all session variables, without those that no two statements or sessions have
// alike.
type portrait struct{ own map[string]bool }

// study finds the variables that belong to one statement or session.
func (p *place) study() *portrait {
	p.t.Helper()
	k := &portrait{own: map[string]bool{"error_count": true, "warning_count": true}}
	one, two := p.session(p.direct), p.session(p.direct)
	defer one.close()
	defer two.close()
	first := one.show()
	for _, again := range []map[string]string{one.show(), two.show()} {
		for _, name := range k.differ(first, again) {
			k.own[name] = true
		}
	}
	return k
}

// differ names the variables that are not the same.
func (k *portrait) differ(a, b map[string]string) []string {
	var names []string
	for name, value := range a {
		if other, ok := b[name]; !k.own[name] && !strings.HasPrefix(name, "tidb_last_") && (!ok || other != value) {
			names = append(names, name)
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok && !k.own[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// names are all variables, also those that SHOW leaves out.
func names(flavour servers.Flavour, shown map[string]string) []string {
	all := maps.Clone(shown)
	if flavour == servers.FlavourMariaDB {
		for _, name := range []string{"storage_engine", "transaction_isolation", "transaction_read_only", "no_such_variable"} {
			all[name] = ""
		}
	} else {
		delete(all, "tidb_cloud_storage_uri") // a SET of it ends TiDB's connection
	}
	return slices.Sorted(maps.Keys(all))
}

// enums are the values that the server lists for a variable.
func (p *place) enums() map[string][]string {
	p.t.Helper()
	all := map[string][]string{}
	if p.flavour != servers.FlavourMariaDB {
		return all
	}
	c := p.session(p.direct)
	defer c.close()
	rows := c.must("SELECT LOWER(VARIABLE_NAME), ENUM_VALUE_LIST FROM information_schema.SYSTEM_VARIABLES WHERE ENUM_VALUE_LIST IS NOT NULL AND VARIABLE_TYPE IN ('ENUM', 'SET', 'FLAGSET')")
	for line := range strings.Lines(rows) {
		name, list, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		for _, value := range strings.Split(strings.Trim(list, `"`), ",") {
			all[strings.Trim(name, `"`)] = append(all[strings.Trim(name, `"`)], "'"+value+"'")
		}
	}
	return all
}

// few are the values that a short run tries.
var few = []string{"DEFAULT", "0", "1", "100", "ON", "'no such value'", "'it''s'", "'utf8mb4_bin'", "'ANSI'"}

// odd are values that can't be carried to another connection, for those that take anything.
var odd = []string{"'a\\\\b'", "'ä'"}

// tried are values that some variable or other takes; most refuse most of them.
var tried = []string{
	"DEFAULT", "0", "1", "2", "100", "65536", "-1", "1.5", "18446744073709551615", "ON", "'OFF'", "NULL", "''",
	"'no such value'", "'it''s'",
	"'latin1'", "'utf8mb4_bin'", "'+03:00'", "'READ-COMMITTED'", "'SERIALIZABLE'", "'MyISAM'", "'de_DE'", "'ANSI,NO_BACKSLASH_ESCAPES'",
	"'leader'", "'tikv'", "'auto'", "'10MB'",
}

// values are what a variable is set to, one after the other. The last is what it was.
func values(name, was string, enum []string) []string {
	all := append(slices.Clone(tried), enum...)
	if sidecar.Now() != sidecar.Full {
		all = append(slices.Clone(few), enum[:min(len(enum), 4)]...)
	}
	if strings.Contains(name, "switch") {
		all = append(all, "'mrr=on'", "'derived_merge=off,mrr=default'")
	}
	switch name {
	case "max_session_mem_used": // little of it lets no statement run, wherever
		all = []string{"DEFAULT", "1000000", "2000000000", "'no such value'", "NULL"}
	case "wait_timeout": // less of it ends the session before its time
		all = []string{"DEFAULT", "60", "3600", "86400", "'no such value'", "NULL"}
	}
	if name == "error_count" || name == "warning_count" {
		return all // whose values are about the statement before, and no session's
	}
	quoted := "'" + strings.ReplaceAll(was, "'", "''") + "'"
	return append(all, "@@session."+name+" + 1", "CONCAT(@@session."+name+", '')", "(SELECT @@session."+name+")", odd[0], odd[1], quoted)
}

package judge

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/tests/servers"
)

// traces are what statements left on their connection and on the server, by the name of
// the trace; only those that a read may not change.
type traces map[string]string

// minus says which traces differ from those before.
func (t traces) minus(before traces) []string {
	names := maps.Clone(before)
	maps.Copy(names, t)
	var harm []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if t[name] != before[name] {
			harm = append(harm, fmt.Sprintf("%s was %.60q and is %.60q", name, before[name], t[name]))
		}
	}
	return harm
}

// traces of a connection and its server.
func (c *court) traces(l *link) (traces, error) {
	if c.Flavour == servers.FlavourTiDB {
		return tidbTraces(l)
	}
	return c.mariaTraces(l)
}

// harmless are counters and variables that reads change too.
var harmless = regexp.MustCompile(`^(com_(select|begin|show_.*|empty_query)|timestamp|rand_seed[12]|error_count|warning_count)$`)

const counters = "SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME LIKE 'Com%'" +
	" OR VARIABLE_NAME IN ('Handler_write', 'Handler_delete')"

func (c *court) mariaTraces(l *link) (traces, error) {
	all := traces{}
	own, err := l.row("SELECT DATABASE(), RELEASE_ALL_LOCKS(), (SELECT COUNT(*) FROM information_schema.USER_VARIABLES)")
	if err != nil {
		return nil, err
	}
	all["default schema"], all["named locks"], all["user variables"] = own[0], own[1], own[2]
	for _, text := range []string{counters, "SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.SESSION_VARIABLES"} {
		a, err := l.run(text)
		if err != nil {
			return nil, fmt.Errorf("%w, in: %s", err, text)
		}
		for _, row := range a.rows {
			if name := strings.ToLower(row[0]); !harmless.MatchString(name) {
				all[name] = row[1]
			}
		}
	}
	position, err := c.root.row("SELECT @@gtid_binlog_pos, @@gtid_current_pos")
	if err != nil {
		return nil, err
	}
	all["gtid_binlog_pos"], all["gtid_current_pos"] = position[0], position[1]
	status, err := c.root.row("SHOW ENGINE INNODB STATUS")
	if err != nil {
		return nil, err
	}
	all["row locks"] = rowLocks(status[2], l.id)
	return all, nil
}

var lockStructs = regexp.MustCompile(`(\d+) lock struct\(s\)`)

// rowLocks finds in InnoDB's monitor how many lock structures a connection's transaction has.
func rowLocks(monitor, connection string) string {
	for block := range strings.SplitSeq(monitor, "---TRANSACTION ") {
		if !strings.Contains(block, "thread id "+connection+",") {
			continue
		}
		if m := lockStructs.FindStringSubmatch(block); m != nil {
			return m[1]
		}
	}
	return "0"
}

// fleeting is what every statement changes, for the next alone, and what reads change: the
// seeds of RAND, and two variables that they give the value that they have.
var fleeting = regexp.MustCompile(`^(affected-rows|found-rows|query-info|warnings|` +
	`sys-vars\.(rand_seed[12]|tidb_snapshot|sort_buffer_size))(\.|$)`)

// tidbTraces are a session's state as TiDB would carry it to another server, or why it
// could not.
func tidbTraces(l *link) (traces, error) {
	states, err := l.row("SHOW SESSION_STATES")
	if err != nil {
		return traces{"state": err.Error()}, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal([]byte(states[0]), &fields); err != nil {
		return nil, fmt.Errorf("read the session's states: %w", err)
	}
	all := traces{}
	for name, text := range fields {
		all.put(name, text)
	}
	return all, nil
}

// put keeps a value, or each of an object's.
func (t traces) put(name string, text json.RawMessage) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) == nil {
		for inner, value := range fields {
			t.put(name+"."+inner, value)
		}
		return
	}
	if !fleeting.MatchString(name) {
		t[name] = string(text)
	}
}

// content is every row of every table of the two schemas, as root sees them, and TiDB's
// sequence by its next value.
func (c *court) content() (traces, error) {
	tables, err := c.root.run("SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES" +
		" WHERE TABLE_SCHEMA IN ('" + schema + "', 'app') AND TABLE_TYPE <> 'VIEW'")
	if err != nil {
		return nil, err
	}
	all := traces{}
	for _, t := range tables.rows {
		from := fmt.Sprintf("SELECT * FROM `%s`.`%s`", t[0], t[1])
		if t[2] == "SEQUENCE" && c.Flavour == servers.FlavourTiDB {
			from = fmt.Sprintf("SHOW TABLE `%s`.`%s` NEXT_ROW_ID", t[0], t[1])
		}
		rows, err := c.root.run(from)
		if err != nil {
			return nil, fmt.Errorf("%w, in: %s", err, from)
		}
		all["content of "+t[0]+"."+t[1]] = fmt.Sprint(rows.rows)
	}
	return all, nil
}

package leak

import "github.com/dbmesh/dbmesh/tests/servers"

// kindsOf are the kinds of state that a server has.
func kindsOf(f servers.Flavour) []entry {
	if f == servers.FlavourTiDB {
		return append(everywhere(), onTiDB()...)
	}
	return append(everywhere(), onMariaDB()...)
}

func of[T any, P interface {
	*T
	kind
}]() kind {
	return P(new(T))
}

func everywhere() []entry {
	return []entry{
		{name: "sql_mode", make: sqlMode},
		{name: "time zone", make: timeZone},
		{name: "isolation", make: isolation},
		{name: "foreign keys", make: flag("foreign_key_checks", "0")},
		{name: "unique checks", make: flag("unique_checks", "0")},
		{name: "division", make: number("div_precision_increment", "0", "2", "9")},
		{name: "week", make: number("default_week_format", "1", "3", "6")},
		{name: "group_concat", make: number("group_concat_max_len", "1000", "2000", "300000")},
		{name: "charset", make: of[charset]},
		{name: "schema", tables: true, make: of[schema]},
		{name: "autocommit", pins: true, tables: true, alone: true, make: of[autocommit]},
		{name: "last insert id", tables: true, make: of[lastInsert]},
		{name: "counts", tables: true, make: of[counts]},
		{name: "warnings", make: of[warnings]},
		{name: "statement id", raw: true, tables: true, make: of[statements]},
		{name: "user variable", pins: true, tied: true, make: of[userVariable]},
		{name: "temporary table", pins: true, tables: true, make: of[temporary]},
		{name: "text prepared", pins: true, make: of[textPrepared]},
		{name: "named lock", pins: true, make: of[namedLock]},
		{name: "transaction", pins: true, tables: true, alone: true, make: of[transaction]},
		{name: "cursor", raw: true, pins: true, tables: true, make: of[cursor]},
		{name: "long data", raw: true, pins: true, make: of[pieces]},
		{name: "timestamp", pins: true, make: of[clock]},
		{name: "half a text", raw: true, pins: true, tied: true, make: of[half]},
	}
}

func onMariaDB() []entry {
	return []entry{
		{name: "role", pins: true, tied: true, make: role},
		{name: "read only", tables: true, alone: true, make: readOnly},
		{name: "optimizer switch", make: optimizerSwitch},
		{name: "statement time", make: statementTime},
		{name: "set statement", make: of[timed]},
		{name: "table lock", pins: true, tables: true, alone: true, make: of[tableLock]},
		{name: "next transaction", pins: true, tables: true, alone: true, make: of[nextTransaction]},
		{name: "handler", pins: true, tables: true, make: of[handler]},
		{name: "procedure", pins: true, tables: true, tied: true, make: of[called]},
	}
}

func onTiDB() []entry {
	return []entry{
		{name: "role", pins: true, tied: true, make: tidbRole},
		{name: "statement time", make: number("max_execution_time", "7000", "9000")},
		{name: "memory", make: number("tidb_mem_quota_query", "500000000", "600000000")},
	}
}

func (w *world) maria() bool { return w.server.Flavour == servers.FlavourMariaDB }

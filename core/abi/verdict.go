package abi

// A verdict is the i64 that a hook returns: address<<32 | length<<8 | op. Address and length
// (24 bits) say where in the guest's memory the payload is. 0 is "go on".
const (
	OpPass       = 0 // go on; no payload
	OpDeny       = 1 // u16 code, 5 bytes SQLSTATE, message. Of on_error: the error in the old one's place
	OpRewrite    = 2 // the new statement; of on_init_db the new schema
	OpRoute      = 3 // u8 RouteTo, name
	OpReply      = 4 // u16 columns, u16 rows, names (u16 length, bytes), values row by row (u32 length or NullLength, bytes)
	OpOK         = 5 // u64 affected, u64 insert id, text
	OpDisconnect = 6 // like OpDeny; the session ends behind it
	OpList       = 7 // entries of u32 length<<8|op and a payload: a rewrite and a route, each at most once
	OpMask       = 8 // u16 entries, each u16 column, u8 MaskBy, u8 first, u8 last, u8 0, u16 length, bytes

	// OpCacheable says of a pass, deny, route, reply, ok or disconnect of on_query and on_prepare
	// that it rests on digest, user, schema and kind only. The host then gives it to equal
	// statements without asking again, as long as the generation lives.
	OpCacheable = 1 << 7

	NullLength = 0xFFFFFFFF // of a value in OpReply: NULL
)

// Where OpRoute leads.
const (
	RoutePool    = 0 // the pool of that name
	RouteBackend = 1 // the backend of that name, in the pool of the command
)

// What OpMask does to a column's values. Where the column's type is not a string, date or time,
// keep and hash give NULL.
const (
	MaskNull     = 0
	MaskConstant = 1 // the entry's bytes
	MaskHash     = 2 // 32 hex digits of HMAC-SHA-256 under the entry's bytes
	MaskKeep     = 3 // the first and last characters, * for each in between
)

// Answers of getters that are not a length, and of calls that fail.
const (
	NotThere   = -1 // no such table, parameter, key, attribute; not in this hook
	TooLarge   = -2 // over a limit
	OutOfPlace = -3 // only allowed in dbmesh_configure
	Invalid    = -4 // a pattern that does not compile, an unknown number
)

// Strings of session_str.
const (
	StrUser     = 0
	StrSchema   = 1
	StrAddress  = 2 // the client's, text without the port; empty for a unix socket
	StrListener = 3
	StrPool     = 4 // where the command goes
	StrFilter   = 5 // the filter's own name
)

// Strings of error_str, in on_error and on_done.
const (
	ErrMessage = 0
	ErrState   = 1
)

// Clauses of clause: of the statement itself, not of its subqueries, from the keyword to the
// last byte. A union has only the order and limit of the whole.
const (
	ClauseFrom   = 0
	ClauseWhere  = 1
	ClauseGroup  = 2
	ClauseHaving = 3
	ClauseOrder  = 4
	ClauseLimit  = 5
)

// Fields of column, in on_columns.
const (
	ColumnName     = 0
	ColumnOrgName  = 1
	ColumnTable    = 2
	ColumnOrgTable = 3
	ColumnSchema   = 4
)

// Types of param_type.
const (
	ParamNull    = 0
	ParamInt     = 1 // param gives decimal digits
	ParamUint    = 2
	ParamFloat   = 3
	ParamText    = 4
	ParamBytes   = 5
	ParamTime    = 6 // DATE, DATETIME, TIME in MySQL's notation
	ParamUnknown = 7 // sent in pieces (SEND_LONG_DATA): the host has no value
)

// Kinds of pattern sets of match_new, whose patterns are separated by newlines.
const (
	MatchLiteral     = 0 // any of the texts occurs, byte for byte
	MatchLiteralFold = 1 // the same without regard to ASCII case
	MatchRegexp      = 2 // RE2
	MatchTable       = 3 // globs of tables: "app.*", "user_?", no regard to case
)

// What match looks at.
const (
	SubjectSQL        = 0 // the statement's text
	SubjectDigestText = 1
	SubjectTables     = 2 // any of its tables, as schema.name with the session's default schema filled in
)

// Kinds of metric_def.
const (
	MetricCounter   = 0
	MetricGauge     = 1
	MetricHistogram = 2
)

// Levels of log.
const (
	LogDebug = 0
	LogInfo  = 1
	LogWarn  = 2
	LogError = 3
)

// Code generated from core/abi by core/abi/generate. DO NOT EDIT.

// Package abi has the numbers of dbmesh_v1, for those who write a guest without package dbmesh,
// and for tests. They are dbmesh's own: no number that was released ever changes.
package abi

// Module is the name that guests import host functions from; Major is in it. Minor is
// raised when something is added. A guest that needs a higher one is refused.
const (
	Module = "dbmesh_v1"
	Minor  = 0
)

// Exports of a guest, beside "memory". Block is required, as is Version.
const (
	ExportVersion    = "dbmesh_v1"        // () -> i32: the Minor it needs
	ExportBlock      = "dbmesh_block"     // () -> i32: address of its block, HeaderSize + text capacity
	ExportConfigure  = "dbmesh_configure" // () -> i64: 0, or a packed message with op 1: why not
	ExportHooks      = "dbmesh_hooks"     // () -> i64: hooks in use and wants, see Hooks
	ExportInitialize = "_initialize"      // () of the toolchain, called first
	ReservedPrefix   = "dbmesh_reserved_" // no guest may export such a name: the host's own
	ManifestSection  = "dbmesh.manifest"  // custom section with the manifest, YAML
	SignatureSection = "dbmesh.signature" // last custom section: Ed25519 over all bytes before it
)

// The block: the header, then the text area. All numbers are little-endian. The guest
// owns the memory and never moves it; the host writes it before each hook, but for
// TextCapacity, which the guest writes once before dbmesh_block returns.
const (
	HeaderSize     = 256 // the text area begins here
	Layout         = 1   // of the header; raised when fields are appended
	AtLayout       = 0   // u16
	AtHook         = 2   // u16, a Hook
	AtFlags        = 4   // u32, Flag bits
	AtKind         = 8   // u8, a Kind
	AtAccess       = 9   // u8, an Access
	AtTables       = 10  // u16, how many tables the statement names
	AtParams       = 12  // u16, how many parameters: of an execute the values, of a prepare the marks
	AtColumns      = 14  // u16, of on_columns
	AtSQLLength    = 16  // u32, bytes of the statement's text that sql gives
	AtTextLength   = 20  // u32, bytes of it that stand in the text area
	AtDigest       = 24  // u64, the first 8 bytes of the digest; 0 for none
	AtSession      = 32  // u64, the session's id
	AtSequence     = 40  // u64, counts the session's commands
	AtUser         = 48  // u32, stands for the user's name in this generation; 0 is none or one too many
	AtSchema       = 52  // u32, stands for the default schema's name, likewise
	AtAddress      = 56  // 16 bytes, the client's IPv6 or IPv4-mapped address; zero for a unix socket
	AtPort         = 72  // u16
	AtStatement    = 74  // u16, index of the statement in a text of several
	AtStatements   = 76  // u16, how many the text has
	AtErrorCode    = 78  // u16, of on_error and on_done; 0 is success
	AtTime         = 80  // i64, Unix time in milliseconds
	AtStatementID  = 88  // u32, of an execute, the prepared statement's id
	AtTextCapacity = 92  // u32, written by the guest
	AtRows         = 96  // u64, of on_done
	AtAffected     = 104 // u64, of on_done
	AtLatency      = 112 // u32, of on_done, microseconds; stays at its maximum
	AtBytes        = 116 // u32, of on_done, bytes to the client; stays at its maximum
	AtFunctions    = 120 // u16, how many functions function gives
	AtSlot         = 128 // SlotSize bytes that belong to the guest, one set per session
	SlotSize       = 32
)

// The hooks, each an export (arg i32) -> i64 verdict. HookNames has the exports' names.
const (
	HookSession    = 0  // a client logs in; its password is not yet proved
	HookInitDB     = 1  // COM_INIT_DB or USE; sql gives the schema
	HookQuery      = 2  // a statement of a COM_QUERY; arg is its index
	HookPrepare    = 3  // COM_STMT_PREPARE
	HookExecute    = 4  // COM_STMT_EXECUTE; arg is the number of parameters
	HookColumns    = 5  // a result's columns, before its rows; arg is their number
	HookDone       = 6  // a command has ended
	HookError      = 7  // the backend answered with an error; arg is its code
	HookSessionEnd = 8  // a session ends
	HookTick       = 9  // the timer, on one instance of the generation
	Hooks          = 10 // how many there are
)

// Wants of dbmesh_hooks, above the bits of the hooks. The upper 32 bits are how many bytes
// of the statement's text the host shall write into the text area before on_query,
// on_prepare, on_execute and on_init_db, at most; 0 for none.
const (
	WantParams    = 65536 // parameters of executes are decoded
	WantTextShift = 32
	WantHooksMask = 65535
)

// Flags of the header.
const (
	FlagTransaction = 1 // the session is inside a transaction
	FlagAutocommit  = 2
	FlagWhere       = 4    // the statement has a WHERE at its top level
	FlagLimit       = 8    // and a LIMIT
	FlagMulti       = 16   // it is one of several in its text
	FlagPrepared    = 32   // it was prepared: on_execute
	FlagOpaque      = 64   // it was not understood for sure: what the header says of it is a guess
	FlagTruncated   = 128  // sql does not give all of it
	FlagReadSafe    = 256  // it may run on a replica
	FlagLocking     = 512  // it locks the rows that it reads
	FlagInto        = 1024 // its result goes into variables or a file
	FlagTLS         = 2048 // the client's hop is encrypted
	FlagParams      = 4096 // param gives the parameters
	FlagWrites      = 8192 // one of its tables is written to
)

// The capabilities that a filter may be granted. A bare module has CapSQL and CapLog.
const (
	CapSQL    = "sql"
	CapLog    = "log"
	CapParams = "params" // parameters of executes
	CapRows   = "rows"   // on_columns and OpMask
	CapState  = "state"
	CapKV     = "kv"
	CapRate   = "rate"
	CapReply  = "reply" // OpReply and OpOK
	CapRoute  = "route" // OpRoute
)

// Limits that the interface itself has; operators set the others.
const (
	MaxVerdict    = 65536    // bytes of any payload but a rewritten statement's
	MaxRewrite    = 16777215 // the length field's own bound
	MaxState      = 4096
	MaxKey        = 256
	MaxValue      = 65536
	MaxMatchSets  = 64
	MaxPatterns   = 65536 // bytes of one set's patterns
	MaxMetrics    = 32
	MaxMetricName = 64
	MaxLogLine    = 4096
	MaxText       = 65536 // of the text area
	MaxMessage    = 512   // of an error for the client; longer ones are cut
)

// A verdict is the i64 that a hook returns: address<<32 | length<<8 | op. Address and length
// (24 bits) say where in the guest's memory the payload is. 0 is "go on".
const (
	OpPass       = 0          // go on; no payload
	OpDeny       = 1          // u16 code, 5 bytes SQLSTATE, message. Of on_error: the error in the old one's place
	OpRewrite    = 2          // the new statement; of on_init_db the new schema
	OpRoute      = 3          // u8 RouteTo, name
	OpReply      = 4          // u16 columns, u16 rows, names (u16 length, bytes), values row by row (u32 length or NullLength, bytes)
	OpOK         = 5          // u64 affected, u64 insert id, text
	OpDisconnect = 6          // like OpDeny; the session ends behind it
	OpList       = 7          // entries of u32 length<<8|op and a payload: a rewrite and a route, each at most once
	OpMask       = 8          // u16 entries, each u16 column, u8 MaskBy, u8 first, u8 last, u8 0, u16 length, bytes
	OpCacheable  = 128        // OpCacheable says of a pass, deny, route, reply, ok or disconnect of on_query and on_prepare that it rests on digest, user, schema and kind only. The host then gives it to equal statements without asking again, as long as the generation lives.
	NullLength   = 4294967295 // of a value in OpReply: NULL
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

// Kinds of statement, of AtKind.
const (
	KindUnknown     = 0  // unknown
	KindEmpty       = 1  // empty
	KindMulti       = 2  // multi
	KindSelect      = 3  // select
	KindInsert      = 4  // insert
	KindReplace     = 5  // replace
	KindUpdate      = 6  // update
	KindDelete      = 7  // delete
	KindLoad        = 8  // load
	KindCall        = 9  // call
	KindDo          = 10 // do
	KindHandler     = 11 // handler
	KindShow        = 12 // show
	KindExplain     = 13 // explain
	KindAnalyze     = 14 // analyze
	KindUse         = 15 // use
	KindSet         = 16 // set
	KindPrepare     = 17 // prepare
	KindExecute     = 18 // execute
	KindDeallocate  = 19 // deallocate
	KindBegin       = 20 // begin
	KindCommit      = 21 // commit
	KindRollback    = 22 // rollback
	KindSavepoint   = 23 // savepoint
	KindXA          = 24 // xa
	KindLock        = 25 // lock
	KindUnlock      = 26 // unlock
	KindCreate      = 27 // create
	KindAlter       = 28 // alter
	KindDrop        = 29 // drop
	KindRename      = 30 // rename
	KindTruncate    = 31 // truncate
	KindGrant       = 32 // grant
	KindKill        = 33 // kill
	KindFlush       = 34 // flush
	KindTable       = 35 // table
	KindReplication = 36 // replication
	KindBlock       = 37 // block
	KindAdmin       = 38 // admin
)

// What a statement does, of AtAccess.
const (
	AccessUnknown = 0 // unknown
	AccessRead    = 1 // read
	AccessWrite   = 2 // write
	AccessSchema  = 3 // schema
	AccessSession = 4 // session
	AccessAdmin   = 5 // admin
)

// KindName is what core/abi calls the number; unknown numbers are "unknown".
func KindName(n int) string {
	names := [...]string{"unknown", "empty", "multi", "select", "insert", "replace", "update", "delete", "load", "call", "do", "handler", "show", "explain", "analyze", "use", "set", "prepare", "execute", "deallocate", "begin", "commit", "rollback", "savepoint", "xa", "lock", "unlock", "create", "alter", "drop", "rename", "truncate", "grant", "kill", "flush", "table", "replication", "block", "admin"}
	if n < 0 || n >= len(names) {
		return "unknown"
	}
	return names[n]
}

// AccessName is what core/abi calls the number; unknown numbers are "unknown".
func AccessName(n int) string {
	names := [...]string{"unknown", "read", "write", "schema", "session", "admin"}
	if n < 0 || n >= len(names) {
		return "unknown"
	}
	return names[n]
}

// HookName is what core/abi calls the number; unknown numbers are "unknown".
func HookName(n int) string {
	names := [...]string{"on_session", "on_init_db", "on_query", "on_prepare", "on_execute", "on_columns", "on_done", "on_error", "on_session_end", "on_tick"}
	if n < 0 || n >= len(names) {
		return "unknown"
	}
	return names[n]
}

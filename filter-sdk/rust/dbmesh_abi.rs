// Code generated from core/abi by core/abi/generate. DO NOT EDIT.

// Module is the name that guests import host functions from; Major is in it. Minor is
// raised when something is added. A guest that needs a higher one is refused.
pub const MODULE: &str = "dbmesh_v1";
pub const MINOR: u32 = 0;

// Exports of a guest, beside "memory". Block is required, as is Version.
/// () -> i32: the Minor it needs
pub const EXPORT_VERSION: &str = "dbmesh_v1";
/// () -> i32: address of its block, HeaderSize + text capacity
pub const EXPORT_BLOCK: &str = "dbmesh_block";
/// () -> i64: 0, or a packed message with op 1: why not
pub const EXPORT_CONFIGURE: &str = "dbmesh_configure";
/// () -> i64: hooks in use and wants, see Hooks
pub const EXPORT_HOOKS: &str = "dbmesh_hooks";
/// () of the toolchain, called first
pub const EXPORT_INITIALIZE: &str = "_initialize";
/// no guest may export such a name: the host's own
pub const RESERVED_PREFIX: &str = "dbmesh_reserved_";
/// custom section with the manifest, YAML
pub const MANIFEST_SECTION: &str = "dbmesh.manifest";
/// last custom section: Ed25519 over all bytes before it
pub const SIGNATURE_SECTION: &str = "dbmesh.signature";

// The block: the header, then the text area. All numbers are little-endian. The guest
// owns the memory and never moves it; the host writes it before each hook, but for
// TextCapacity, which the guest writes once before dbmesh_block returns.
/// the text area begins here
pub const HEADER_SIZE: u32 = 256;
/// of the header; raised when fields are appended
pub const LAYOUT: u32 = 1;
/// u16
pub const AT_LAYOUT: u32 = 0;
/// u16, a Hook
pub const AT_HOOK: u32 = 2;
/// u32, Flag bits
pub const AT_FLAGS: u32 = 4;
/// u8, a Kind
pub const AT_KIND: u32 = 8;
/// u8, an Access
pub const AT_ACCESS: u32 = 9;
/// u16, how many tables the statement names
pub const AT_TABLES: u32 = 10;
/// u16, how many parameters: of an execute the values, of a prepare the marks
pub const AT_PARAMS: u32 = 12;
/// u16, of on_columns
pub const AT_COLUMNS: u32 = 14;
/// u32, bytes of the statement's text that sql gives
pub const AT_SQL_LENGTH: u32 = 16;
/// u32, bytes of it that stand in the text area
pub const AT_TEXT_LENGTH: u32 = 20;
/// u64, the first 8 bytes of the digest; 0 for none
pub const AT_DIGEST: u32 = 24;
/// u64, the session's id
pub const AT_SESSION: u32 = 32;
/// u64, counts the session's commands
pub const AT_SEQUENCE: u32 = 40;
/// u32, stands for the user's name in this generation; 0 is none or one too many
pub const AT_USER: u32 = 48;
/// u32, stands for the default schema's name, likewise
pub const AT_SCHEMA: u32 = 52;
/// 16 bytes, the client's IPv6 or IPv4-mapped address; zero for a unix socket
pub const AT_ADDRESS: u32 = 56;
/// u16
pub const AT_PORT: u32 = 72;
/// u16, index of the statement in a text of several
pub const AT_STATEMENT: u32 = 74;
/// u16, how many the text has
pub const AT_STATEMENTS: u32 = 76;
/// u16, of on_error and on_done; 0 is success
pub const AT_ERROR_CODE: u32 = 78;
/// i64, Unix time in milliseconds
pub const AT_TIME: u32 = 80;
/// u32, of an execute, the prepared statement's id
pub const AT_STATEMENT_ID: u32 = 88;
/// u32, written by the guest
pub const AT_TEXT_CAPACITY: u32 = 92;
/// u64, of on_done
pub const AT_ROWS: u32 = 96;
/// u64, of on_done
pub const AT_AFFECTED: u32 = 104;
/// u32, of on_done, microseconds; stays at its maximum
pub const AT_LATENCY: u32 = 112;
/// u32, of on_done, bytes to the client; stays at its maximum
pub const AT_BYTES: u32 = 116;
/// u16, how many functions function gives
pub const AT_FUNCTIONS: u32 = 120;
/// SlotSize bytes that belong to the guest, one set per session
pub const AT_SLOT: u32 = 128;
pub const SLOT_SIZE: u32 = 32;

// The hooks, each an export (arg i32) -> i64 verdict. HookNames has the exports' names.
/// a client logs in; its password is not yet proved
pub const HOOK_SESSION: u32 = 0;
/// COM_INIT_DB or USE; sql gives the schema
pub const HOOK_INIT_DB: u32 = 1;
/// a statement of a COM_QUERY; arg is its index
pub const HOOK_QUERY: u32 = 2;
/// COM_STMT_PREPARE
pub const HOOK_PREPARE: u32 = 3;
/// COM_STMT_EXECUTE; arg is the number of parameters
pub const HOOK_EXECUTE: u32 = 4;
/// a result's columns, before its rows; arg is their number
pub const HOOK_COLUMNS: u32 = 5;
/// a command has ended
pub const HOOK_DONE: u32 = 6;
/// the backend answered with an error; arg is its code
pub const HOOK_ERROR: u32 = 7;
/// a session ends
pub const HOOK_SESSION_END: u32 = 8;
/// the timer, on one instance of the generation
pub const HOOK_TICK: u32 = 9;
/// how many there are
pub const HOOKS: u32 = 10;

// Wants of dbmesh_hooks, above the bits of the hooks. The upper 32 bits are how many bytes
// of the statement's text the host shall write into the text area before on_query,
// on_prepare, on_execute and on_init_db, at most; 0 for none.
/// parameters of executes are decoded
pub const WANT_PARAMS: u32 = 65536;
pub const WANT_TEXT_SHIFT: u32 = 32;
pub const WANT_HOOKS_MASK: u32 = 65535;

// Flags of the header.
/// the session is inside a transaction
pub const FLAG_TRANSACTION: u32 = 1;
pub const FLAG_AUTOCOMMIT: u32 = 2;
/// the statement has a WHERE at its top level
pub const FLAG_WHERE: u32 = 4;
/// and a LIMIT
pub const FLAG_LIMIT: u32 = 8;
/// it is one of several in its text
pub const FLAG_MULTI: u32 = 16;
/// it was prepared: on_execute
pub const FLAG_PREPARED: u32 = 32;
/// it was not understood for sure: what the header says of it is a guess
pub const FLAG_OPAQUE: u32 = 64;
/// sql does not give all of it
pub const FLAG_TRUNCATED: u32 = 128;
/// it may run on a replica
pub const FLAG_READ_SAFE: u32 = 256;
/// it locks the rows that it reads
pub const FLAG_LOCKING: u32 = 512;
/// its result goes into variables or a file
pub const FLAG_INTO: u32 = 1024;
/// the client's hop is encrypted
pub const FLAG_TLS: u32 = 2048;
/// param gives the parameters
pub const FLAG_PARAMS: u32 = 4096;
/// one of its tables is written to
pub const FLAG_WRITES: u32 = 8192;

// The capabilities that a filter may be granted. A bare module has CapSQL and CapLog.
pub const CAP_SQL: &str = "sql";
pub const CAP_LOG: &str = "log";
/// parameters of executes
pub const CAP_PARAMS: &str = "params";
/// on_columns and OpMask
pub const CAP_ROWS: &str = "rows";
pub const CAP_STATE: &str = "state";
pub const CAP_KV: &str = "kv";
pub const CAP_RATE: &str = "rate";
/// OpReply and OpOK
pub const CAP_REPLY: &str = "reply";
/// OpRoute
pub const CAP_ROUTE: &str = "route";

// Limits that the interface itself has; operators set the others.
/// bytes of any payload but a rewritten statement's
pub const MAX_VERDICT: u32 = 65536;
/// the length field's own bound
pub const MAX_REWRITE: u32 = 16777215;
pub const MAX_STATE: u32 = 4096;
pub const MAX_KEY: u32 = 256;
pub const MAX_VALUE: u32 = 65536;
pub const MAX_MATCH_SETS: u32 = 64;
/// bytes of one set's patterns
pub const MAX_PATTERNS: u32 = 65536;
pub const MAX_METRICS: u32 = 32;
pub const MAX_METRIC_NAME: u32 = 64;
pub const MAX_LOG_LINE: u32 = 4096;
/// of the text area
pub const MAX_TEXT: u32 = 65536;
/// of an error for the client; longer ones are cut
pub const MAX_MESSAGE: u32 = 512;

// A verdict is the i64 that a hook returns: address<<32 | length<<8 | op. Address and length
// (24 bits) say where in the guest's memory the payload is. 0 is "go on".
/// go on; no payload
pub const OP_PASS: u32 = 0;
/// u16 code, 5 bytes SQLSTATE, message. Of on_error: the error in the old one's place
pub const OP_DENY: u32 = 1;
/// the new statement; of on_init_db the new schema
pub const OP_REWRITE: u32 = 2;
/// u8 RouteTo, name
pub const OP_ROUTE: u32 = 3;
/// u16 columns, u16 rows, names (u16 length, bytes), values row by row (u32 length or NullLength, bytes)
pub const OP_REPLY: u32 = 4;
/// u64 affected, u64 insert id, text
pub const OP_OK: u32 = 5;
/// like OpDeny; the session ends behind it
pub const OP_DISCONNECT: u32 = 6;
/// entries of u32 length<<8|op and a payload: a rewrite and a route, each at most once
pub const OP_LIST: u32 = 7;
/// u16 entries, each u16 column, u8 MaskBy, u8 first, u8 last, u8 0, u16 length, bytes
pub const OP_MASK: u32 = 8;
/// OpCacheable says of a pass, deny, route, reply, ok or disconnect of on_query and on_prepare that it rests on digest, user, schema and kind only. The host then gives it to equal statements without asking again, as long as the generation lives.
pub const OP_CACHEABLE: u32 = 128;
/// of a value in OpReply: NULL
pub const NULL_LENGTH: u32 = 4294967295;

// Where OpRoute leads.
/// the pool of that name
pub const ROUTE_POOL: u32 = 0;
/// the backend of that name, in the pool of the command
pub const ROUTE_BACKEND: u32 = 1;

// What OpMask does to a column's values. Where the column's type is not a string, date or time,
// keep and hash give NULL.
pub const MASK_NULL: u32 = 0;
/// the entry's bytes
pub const MASK_CONSTANT: u32 = 1;
/// 32 hex digits of HMAC-SHA-256 under the entry's bytes
pub const MASK_HASH: u32 = 2;
/// the first and last characters, * for each in between
pub const MASK_KEEP: u32 = 3;

// Answers of getters that are not a length, and of calls that fail.
/// no such table, parameter, key, attribute; not in this hook
pub const NOT_THERE: i32 = -1;
/// over a limit
pub const TOO_LARGE: i32 = -2;
/// only allowed in dbmesh_configure
pub const OUT_OF_PLACE: i32 = -3;
/// a pattern that does not compile, an unknown number
pub const INVALID: i32 = -4;

// Strings of session_str.
pub const STR_USER: u32 = 0;
pub const STR_SCHEMA: u32 = 1;
/// the client's, text without the port; empty for a unix socket
pub const STR_ADDRESS: u32 = 2;
pub const STR_LISTENER: u32 = 3;
/// where the command goes
pub const STR_POOL: u32 = 4;
/// the filter's own name
pub const STR_FILTER: u32 = 5;

// Strings of error_str, in on_error and on_done.
pub const ERR_MESSAGE: u32 = 0;
pub const ERR_STATE: u32 = 1;

// Clauses of clause: of the statement itself, not of its subqueries, from the keyword to the
// last byte. A union has only the order and limit of the whole.
pub const CLAUSE_FROM: u32 = 0;
pub const CLAUSE_WHERE: u32 = 1;
pub const CLAUSE_GROUP: u32 = 2;
pub const CLAUSE_HAVING: u32 = 3;
pub const CLAUSE_ORDER: u32 = 4;
pub const CLAUSE_LIMIT: u32 = 5;

// Fields of column, in on_columns.
pub const COLUMN_NAME: u32 = 0;
pub const COLUMN_ORG_NAME: u32 = 1;
pub const COLUMN_TABLE: u32 = 2;
pub const COLUMN_ORG_TABLE: u32 = 3;
pub const COLUMN_SCHEMA: u32 = 4;

// Types of param_type.
pub const PARAM_NULL: u32 = 0;
/// param gives decimal digits
pub const PARAM_INT: u32 = 1;
pub const PARAM_UINT: u32 = 2;
pub const PARAM_FLOAT: u32 = 3;
pub const PARAM_TEXT: u32 = 4;
pub const PARAM_BYTES: u32 = 5;
/// DATE, DATETIME, TIME in MySQL's notation
pub const PARAM_TIME: u32 = 6;
/// sent in pieces (SEND_LONG_DATA): the host has no value
pub const PARAM_UNKNOWN: u32 = 7;

// Kinds of pattern sets of match_new, whose patterns are separated by newlines.
/// any of the texts occurs, byte for byte
pub const MATCH_LITERAL: u32 = 0;
/// the same without regard to ASCII case
pub const MATCH_LITERAL_FOLD: u32 = 1;
/// RE2
pub const MATCH_REGEXP: u32 = 2;
/// globs of tables: "app.*", "user_?", no regard to case
pub const MATCH_TABLE: u32 = 3;

// What match looks at.
/// the statement's text
pub const SUBJECT_SQL: u32 = 0;
pub const SUBJECT_DIGEST_TEXT: u32 = 1;
/// any of its tables, as schema.name with the session's default schema filled in
pub const SUBJECT_TABLES: u32 = 2;

// Kinds of metric_def.
pub const METRIC_COUNTER: u32 = 0;
pub const METRIC_GAUGE: u32 = 1;
pub const METRIC_HISTOGRAM: u32 = 2;

// Levels of log.
pub const LOG_DEBUG: u32 = 0;
pub const LOG_INFO: u32 = 1;
pub const LOG_WARN: u32 = 2;
pub const LOG_ERROR: u32 = 3;

// Kinds of statement, of AtKind.
/// unknown
pub const KIND_UNKNOWN: u32 = 0;
/// empty
pub const KIND_EMPTY: u32 = 1;
/// multi
pub const KIND_MULTI: u32 = 2;
/// select
pub const KIND_SELECT: u32 = 3;
/// insert
pub const KIND_INSERT: u32 = 4;
/// replace
pub const KIND_REPLACE: u32 = 5;
/// update
pub const KIND_UPDATE: u32 = 6;
/// delete
pub const KIND_DELETE: u32 = 7;
/// load
pub const KIND_LOAD: u32 = 8;
/// call
pub const KIND_CALL: u32 = 9;
/// do
pub const KIND_DO: u32 = 10;
/// handler
pub const KIND_HANDLER: u32 = 11;
/// show
pub const KIND_SHOW: u32 = 12;
/// explain
pub const KIND_EXPLAIN: u32 = 13;
/// analyze
pub const KIND_ANALYZE: u32 = 14;
/// use
pub const KIND_USE: u32 = 15;
/// set
pub const KIND_SET: u32 = 16;
/// prepare
pub const KIND_PREPARE: u32 = 17;
/// execute
pub const KIND_EXECUTE: u32 = 18;
/// deallocate
pub const KIND_DEALLOCATE: u32 = 19;
/// begin
pub const KIND_BEGIN: u32 = 20;
/// commit
pub const KIND_COMMIT: u32 = 21;
/// rollback
pub const KIND_ROLLBACK: u32 = 22;
/// savepoint
pub const KIND_SAVEPOINT: u32 = 23;
/// xa
pub const KIND_XA: u32 = 24;
/// lock
pub const KIND_LOCK: u32 = 25;
/// unlock
pub const KIND_UNLOCK: u32 = 26;
/// create
pub const KIND_CREATE: u32 = 27;
/// alter
pub const KIND_ALTER: u32 = 28;
/// drop
pub const KIND_DROP: u32 = 29;
/// rename
pub const KIND_RENAME: u32 = 30;
/// truncate
pub const KIND_TRUNCATE: u32 = 31;
/// grant
pub const KIND_GRANT: u32 = 32;
/// kill
pub const KIND_KILL: u32 = 33;
/// flush
pub const KIND_FLUSH: u32 = 34;
/// table
pub const KIND_TABLE: u32 = 35;
/// replication
pub const KIND_REPLICATION: u32 = 36;
/// block
pub const KIND_BLOCK: u32 = 37;
/// admin
pub const KIND_ADMIN: u32 = 38;

// What a statement does, of AtAccess.
/// unknown
pub const ACCESS_UNKNOWN: u32 = 0;
/// read
pub const ACCESS_READ: u32 = 1;
/// write
pub const ACCESS_WRITE: u32 = 2;
/// schema
pub const ACCESS_SCHEMA: u32 = 3;
/// session
pub const ACCESS_SESSION: u32 = 4;
/// admin
pub const ACCESS_ADMIN: u32 = 5;

// The host functions. A module imports those that it calls.
#[link(wasm_import_module = "dbmesh_v1")]
extern "C" {
    /// the statement's text
    #[link_name = "sql"]
    pub fn host_sql(ptr: *mut u8, cap: i32, off: i32) -> i32;
    /// the statement's digest, 64 hex digits
    #[link_name = "digest"]
    pub fn host_digest(ptr: *mut u8, cap: i32, off: i32) -> i32;
    /// the text that the digest is made of
    #[link_name = "digest_text"]
    pub fn host_digest_text(ptr: *mut u8, cap: i32, off: i32) -> i32;
    /// a table as schema.name, with the session's default schema filled in; name alone without one
    #[link_name = "table"]
    pub fn host_table(index: i32, ptr: *mut u8, cap: i32, off: i32) -> i32;
    /// 0 for a table that is read, 1 for one that is written
    #[link_name = "table_access"]
    pub fn host_table_access(index: i32) -> i32;
    /// where a clause of the statement stands in its text, start<<32 | end; -1 if it has none, or where is not sure
    #[link_name = "clause"]
    pub fn host_clause(id: i32) -> i64;
    /// where a table is named in the text, start<<32 | end; in order, -1 behind the last and if it is not sure
    #[link_name = "place"]
    pub fn host_place(index: i32) -> i64;
    /// the table that is named there, as table gives it
    #[link_name = "place_name"]
    pub fn host_place_name(index: i32, ptr: *mut u8, cap: i32, off: i32) -> i32;
    /// a function that the statement calls, lower case
    #[link_name = "function"]
    pub fn host_function(index: i32, ptr: *mut u8, cap: i32, off: i32) -> i32;
    /// an execute's parameter as text
    #[link_name = "param"]
    pub fn host_param(index: i32, ptr: *mut u8, cap: i32, off: i32) -> i32;
    /// its type
    #[link_name = "param_type"]
    pub fn host_param_type(index: i32) -> i32;
    /// a text of the session
    #[link_name = "session_str"]
    pub fn host_session_str(id: i32, ptr: *mut u8, cap: i32, off: i32) -> i32;
    /// a connection attribute
    #[link_name = "attribute"]
    pub fn host_attribute(name_ptr: *const u8, name_len: i32, ptr: *mut u8, cap: i32, off: i32) -> i32;
    /// a column's name and origin
    #[link_name = "column"]
    pub fn host_column(index: i32, field: i32, ptr: *mut u8, cap: i32, off: i32) -> i32;
    /// MySQL's type number | flags<<8
    #[link_name = "column_type"]
    pub fn host_column_type(index: i32) -> i32;
    /// message or SQLSTATE
    #[link_name = "error_str"]
    pub fn host_error_str(id: i32, ptr: *mut u8, cap: i32, off: i32) -> i32;
    /// the filter's whole config as JSON
    #[link_name = "config"]
    pub fn host_config(ptr: *mut u8, cap: i32, off: i32) -> i32;
    /// one value as text; a.b goes into maps, a.0 into lists; of a list or map JSON
    #[link_name = "config_get"]
    pub fn host_config_get(key_ptr: *const u8, key_len: i32, ptr: *mut u8, cap: i32, off: i32) -> i32;
    /// compiles a set of patterns, only in dbmesh_configure; gives its number
    #[link_name = "match_new"]
    pub fn host_match_new(kind: i32, ptr: *const u8, len: i32) -> i32;
    /// index of the first pattern that matches, else -1
    #[link_name = "match"]
    pub fn host_match(set: i32, subject: i32) -> i32;
    /// the same on the guest's own bytes
    #[link_name = "match_bytes"]
    pub fn host_match_bytes(set: i32, ptr: *const u8, len: i32) -> i32;
    /// what state_set kept for this session
    #[link_name = "state_get"]
    pub fn host_state_get(ptr: *mut u8, cap: i32, off: i32) -> i32;
    /// keeps at most 4 KiB for this session; 0, or a negative answer
    #[link_name = "state_set"]
    pub fn host_state_set(ptr: *const u8, len: i32) -> i32;
    /// a value shared by all sessions
    #[link_name = "kv_get"]
    pub fn host_kv_get(key_ptr: *const u8, key_len: i32, ptr: *mut u8, cap: i32, off: i32) -> i32;
    /// 0, or a negative answer; ttl 0 keeps it
    #[link_name = "kv_set"]
    pub fn host_kv_set(key_ptr: *const u8, key_len: i32, ptr: *const u8, len: i32, ttl_ms: i64) -> i32;
    /// adds to a counter and gives it; the ttl counts from its creation
    #[link_name = "kv_incr"]
    pub fn host_kv_incr(key_ptr: *const u8, key_len: i32, delta: i64, ttl_ms: i64) -> i64;
    /// 1 if it was there
    #[link_name = "kv_delete"]
    pub fn host_kv_delete(key_ptr: *const u8, key_len: i32) -> i32;
    /// takes one of limit tokens that come back within per; 1 if there was one, else 0
    #[link_name = "rate"]
    pub fn host_rate(key_ptr: *const u8, key_len: i32, limit: i32, per_ms: i32) -> i32;
    /// names a metric, only in dbmesh_configure; gives its number
    #[link_name = "metric_def"]
    pub fn host_metric_def(kind: i32, name_ptr: *const u8, name_len: i32) -> i32;
    /// adds to a counter, sets a gauge, observes into a histogram; 0, or a negative answer
    #[link_name = "metric_add"]
    pub fn host_metric_add(metric: i32, value: f64) -> i32;
    /// a line in dbmesh's log, at a bounded rate
    #[link_name = "log"]
    pub fn host_log(level: i32, ptr: *const u8, len: i32);
    /// Unix time in nanoseconds
    #[link_name = "now_ns"]
    pub fn host_now_ns() -> i64;
}

// Code generated from core/abi by core/abi/generate. DO NOT EDIT.

// Module is the name that guests import host functions from; Major is in it. Minor is
// raised when something is added. A guest that needs a higher one is refused.
export const MODULE: string = "dbmesh_v1";
export const MINOR: u32 = 0;

// Exports of a guest, beside "memory". Block is required, as is Version.
export const EXPORT_VERSION: string = "dbmesh_v1"; // () -> i32: the Minor it needs
export const EXPORT_BLOCK: string = "dbmesh_block"; // () -> i32: address of its block, HeaderSize + text capacity
export const EXPORT_CONFIGURE: string = "dbmesh_configure"; // () -> i64: 0, or a packed message with op 1: why not
export const EXPORT_HOOKS: string = "dbmesh_hooks"; // () -> i64: hooks in use and wants, see Hooks
export const EXPORT_INITIALIZE: string = "_initialize"; // () of the toolchain, called first
export const RESERVED_PREFIX: string = "dbmesh_reserved_"; // no guest may export such a name: the host's own
export const MANIFEST_SECTION: string = "dbmesh.manifest"; // custom section with the manifest, YAML
export const SIGNATURE_SECTION: string = "dbmesh.signature"; // last custom section: Ed25519 over all bytes before it

// The block: the header, then the text area. All numbers are little-endian. The guest
// owns the memory and never moves it; the host writes it before each hook, but for
// TextCapacity, which the guest writes once before dbmesh_block returns.
export const HEADER_SIZE: u32 = 256; // the text area begins here
export const LAYOUT: u32 = 1; // of the header; raised when fields are appended
export const AT_LAYOUT: u32 = 0; // u16
export const AT_HOOK: u32 = 2; // u16, a Hook
export const AT_FLAGS: u32 = 4; // u32, Flag bits
export const AT_KIND: u32 = 8; // u8, a Kind
export const AT_ACCESS: u32 = 9; // u8, an Access
export const AT_TABLES: u32 = 10; // u16, how many tables the statement names
export const AT_PARAMS: u32 = 12; // u16, how many parameters: of an execute the values, of a prepare the marks
export const AT_COLUMNS: u32 = 14; // u16, of on_columns
export const AT_SQL_LENGTH: u32 = 16; // u32, bytes of the statement's text that sql gives
export const AT_TEXT_LENGTH: u32 = 20; // u32, bytes of it that stand in the text area
export const AT_DIGEST: u32 = 24; // u64, the first 8 bytes of the digest; 0 for none
export const AT_SESSION: u32 = 32; // u64, the session's id
export const AT_SEQUENCE: u32 = 40; // u64, counts the session's commands
export const AT_USER: u32 = 48; // u32, stands for the user's name in this generation; 0 is none or one too many
export const AT_SCHEMA: u32 = 52; // u32, stands for the default schema's name, likewise
export const AT_ADDRESS: u32 = 56; // 16 bytes, the client's IPv6 or IPv4-mapped address; zero for a unix socket
export const AT_PORT: u32 = 72; // u16
export const AT_STATEMENT: u32 = 74; // u16, index of the statement in a text of several
export const AT_STATEMENTS: u32 = 76; // u16, how many the text has
export const AT_ERROR_CODE: u32 = 78; // u16, of on_error and on_done; 0 is success
export const AT_TIME: u32 = 80; // i64, Unix time in milliseconds
export const AT_STATEMENT_ID: u32 = 88; // u32, of an execute, the prepared statement's id
export const AT_TEXT_CAPACITY: u32 = 92; // u32, written by the guest
export const AT_ROWS: u32 = 96; // u64, of on_done
export const AT_AFFECTED: u32 = 104; // u64, of on_done
export const AT_LATENCY: u32 = 112; // u32, of on_done, microseconds; stays at its maximum
export const AT_BYTES: u32 = 116; // u32, of on_done, bytes to the client; stays at its maximum
export const AT_FUNCTIONS: u32 = 120; // u16, how many functions function gives
export const AT_SLOT: u32 = 128; // SlotSize bytes that belong to the guest, one set per session
export const SLOT_SIZE: u32 = 32;

// The hooks, each an export (arg i32) -> i64 verdict. HookNames has the exports' names.
export const HOOK_SESSION: u32 = 0; // a client logs in; its password is not yet proved
export const HOOK_INIT_DB: u32 = 1; // COM_INIT_DB or USE; sql gives the schema
export const HOOK_QUERY: u32 = 2; // a statement of a COM_QUERY; arg is its index
export const HOOK_PREPARE: u32 = 3; // COM_STMT_PREPARE
export const HOOK_EXECUTE: u32 = 4; // COM_STMT_EXECUTE; arg is the number of parameters
export const HOOK_COLUMNS: u32 = 5; // a result's columns, before its rows; arg is their number
export const HOOK_DONE: u32 = 6; // a command has ended
export const HOOK_ERROR: u32 = 7; // the backend answered with an error; arg is its code
export const HOOK_SESSION_END: u32 = 8; // a session ends
export const HOOK_TICK: u32 = 9; // the timer, on one instance of the generation
export const HOOKS: u32 = 10; // how many there are

// Wants of dbmesh_hooks, above the bits of the hooks. The upper 32 bits are how many bytes
// of the statement's text the host shall write into the text area before on_query,
// on_prepare, on_execute and on_init_db, at most; 0 for none.
export const WANT_PARAMS: u32 = 65536; // parameters of executes are decoded
export const WANT_TEXT_SHIFT: u32 = 32;
export const WANT_HOOKS_MASK: u32 = 65535;

// Flags of the header.
export const FLAG_TRANSACTION: u32 = 1; // the session is inside a transaction
export const FLAG_AUTOCOMMIT: u32 = 2;
export const FLAG_WHERE: u32 = 4; // the statement has a WHERE at its top level
export const FLAG_LIMIT: u32 = 8; // and a LIMIT
export const FLAG_MULTI: u32 = 16; // it is one of several in its text
export const FLAG_PREPARED: u32 = 32; // it was prepared: on_execute
export const FLAG_OPAQUE: u32 = 64; // it was not understood for sure: what the header says of it is a guess
export const FLAG_TRUNCATED: u32 = 128; // sql does not give all of it
export const FLAG_READ_SAFE: u32 = 256; // it may run on a replica
export const FLAG_LOCKING: u32 = 512; // it locks the rows that it reads
export const FLAG_INTO: u32 = 1024; // its result goes into variables or a file
export const FLAG_TLS: u32 = 2048; // the client's hop is encrypted
export const FLAG_PARAMS: u32 = 4096; // param gives the parameters
export const FLAG_WRITES: u32 = 8192; // one of its tables is written to

// The capabilities that a filter may be granted. A bare module has CapSQL and CapLog.
export const CAP_SQL: string = "sql";
export const CAP_LOG: string = "log";
export const CAP_PARAMS: string = "params"; // parameters of executes
export const CAP_ROWS: string = "rows"; // on_columns and OpMask
export const CAP_STATE: string = "state";
export const CAP_KV: string = "kv";
export const CAP_RATE: string = "rate";
export const CAP_REPLY: string = "reply"; // OpReply and OpOK
export const CAP_ROUTE: string = "route"; // OpRoute

// Limits that the interface itself has; operators set the others.
export const MAX_VERDICT: u32 = 65536; // bytes of any payload but a rewritten statement's
export const MAX_REWRITE: u32 = 16777215; // the length field's own bound
export const MAX_STATE: u32 = 4096;
export const MAX_KEY: u32 = 256;
export const MAX_VALUE: u32 = 65536;
export const MAX_MATCH_SETS: u32 = 64;
export const MAX_PATTERNS: u32 = 65536; // bytes of one set's patterns
export const MAX_METRICS: u32 = 32;
export const MAX_METRIC_NAME: u32 = 64;
export const MAX_LOG_LINE: u32 = 4096;
export const MAX_TEXT: u32 = 65536; // of the text area
export const MAX_MESSAGE: u32 = 512; // of an error for the client; longer ones are cut

// A verdict is the i64 that a hook returns: address<<32 | length<<8 | op. Address and length
// (24 bits) say where in the guest's memory the payload is. 0 is "go on".
export const OP_PASS: u32 = 0; // go on; no payload
export const OP_DENY: u32 = 1; // u16 code, 5 bytes SQLSTATE, message. Of on_error: the error in the old one's place
export const OP_REWRITE: u32 = 2; // the new statement; of on_init_db the new schema
export const OP_ROUTE: u32 = 3; // u8 RouteTo, name
export const OP_REPLY: u32 = 4; // u16 columns, u16 rows, names (u16 length, bytes), values row by row (u32 length or NullLength, bytes)
export const OP_OK: u32 = 5; // u64 affected, u64 insert id, text
export const OP_DISCONNECT: u32 = 6; // like OpDeny; the session ends behind it
export const OP_LIST: u32 = 7; // entries of u32 length<<8|op and a payload: a rewrite and a route, each at most once
export const OP_MASK: u32 = 8; // u16 entries, each u16 column, u8 MaskBy, u8 first, u8 last, u8 0, u16 length, bytes
export const OP_CACHEABLE: u32 = 128; // OpCacheable says of a pass, deny, route, reply, ok or disconnect of on_query and on_prepare that it rests on digest, user, schema and kind only. The host then gives it to equal statements without asking again, as long as the generation lives.
export const NULL_LENGTH: u32 = 4294967295; // of a value in OpReply: NULL

// Where OpRoute leads.
export const ROUTE_POOL: u32 = 0; // the pool of that name
export const ROUTE_BACKEND: u32 = 1; // the backend of that name, in the pool of the command

// What OpMask does to a column's values. Where the column's type is not a string, date or time,
// keep and hash give NULL.
export const MASK_NULL: u32 = 0;
export const MASK_CONSTANT: u32 = 1; // the entry's bytes
export const MASK_HASH: u32 = 2; // 32 hex digits of HMAC-SHA-256 under the entry's bytes
export const MASK_KEEP: u32 = 3; // the first and last characters, * for each in between

// Answers of getters that are not a length, and of calls that fail.
export const NOT_THERE: i32 = -1; // no such table, parameter, key, attribute; not in this hook
export const TOO_LARGE: i32 = -2; // over a limit
export const OUT_OF_PLACE: i32 = -3; // only allowed in dbmesh_configure
export const INVALID: i32 = -4; // a pattern that does not compile, an unknown number

// Strings of session_str.
export const STR_USER: u32 = 0;
export const STR_SCHEMA: u32 = 1;
export const STR_ADDRESS: u32 = 2; // the client's, text without the port; empty for a unix socket
export const STR_LISTENER: u32 = 3;
export const STR_POOL: u32 = 4; // where the command goes
export const STR_FILTER: u32 = 5; // the filter's own name

// Strings of error_str, in on_error and on_done.
export const ERR_MESSAGE: u32 = 0;
export const ERR_STATE: u32 = 1;

// Clauses of clause: of the statement itself, not of its subqueries, from the keyword to the
// last byte. A union has only the order and limit of the whole.
export const CLAUSE_FROM: u32 = 0;
export const CLAUSE_WHERE: u32 = 1;
export const CLAUSE_GROUP: u32 = 2;
export const CLAUSE_HAVING: u32 = 3;
export const CLAUSE_ORDER: u32 = 4;
export const CLAUSE_LIMIT: u32 = 5;

// Fields of column, in on_columns.
export const COLUMN_NAME: u32 = 0;
export const COLUMN_ORG_NAME: u32 = 1;
export const COLUMN_TABLE: u32 = 2;
export const COLUMN_ORG_TABLE: u32 = 3;
export const COLUMN_SCHEMA: u32 = 4;

// Types of param_type.
export const PARAM_NULL: u32 = 0;
export const PARAM_INT: u32 = 1; // param gives decimal digits
export const PARAM_UINT: u32 = 2;
export const PARAM_FLOAT: u32 = 3;
export const PARAM_TEXT: u32 = 4;
export const PARAM_BYTES: u32 = 5;
export const PARAM_TIME: u32 = 6; // DATE, DATETIME, TIME in MySQL's notation
export const PARAM_UNKNOWN: u32 = 7; // sent in pieces (SEND_LONG_DATA): the host has no value

// Kinds of pattern sets of match_new, whose patterns are separated by newlines.
export const MATCH_LITERAL: u32 = 0; // any of the texts occurs, byte for byte
export const MATCH_LITERAL_FOLD: u32 = 1; // the same without regard to ASCII case
export const MATCH_REGEXP: u32 = 2; // RE2
export const MATCH_TABLE: u32 = 3; // globs of tables: "app.*", "user_?", no regard to case

// What match looks at.
export const SUBJECT_SQL: u32 = 0; // the statement's text
export const SUBJECT_DIGEST_TEXT: u32 = 1;
export const SUBJECT_TABLES: u32 = 2; // any of its tables, as schema.name with the session's default schema filled in

// Kinds of metric_def.
export const METRIC_COUNTER: u32 = 0;
export const METRIC_GAUGE: u32 = 1;
export const METRIC_HISTOGRAM: u32 = 2;

// Levels of log.
export const LOG_DEBUG: u32 = 0;
export const LOG_INFO: u32 = 1;
export const LOG_WARN: u32 = 2;
export const LOG_ERROR: u32 = 3;

// Kinds of statement, of AtKind.
export const KIND_UNKNOWN: u32 = 0; // unknown
export const KIND_EMPTY: u32 = 1; // empty
export const KIND_MULTI: u32 = 2; // multi
export const KIND_SELECT: u32 = 3; // select
export const KIND_INSERT: u32 = 4; // insert
export const KIND_REPLACE: u32 = 5; // replace
export const KIND_UPDATE: u32 = 6; // update
export const KIND_DELETE: u32 = 7; // delete
export const KIND_LOAD: u32 = 8; // load
export const KIND_CALL: u32 = 9; // call
export const KIND_DO: u32 = 10; // do
export const KIND_HANDLER: u32 = 11; // handler
export const KIND_SHOW: u32 = 12; // show
export const KIND_EXPLAIN: u32 = 13; // explain
export const KIND_ANALYZE: u32 = 14; // analyze
export const KIND_USE: u32 = 15; // use
export const KIND_SET: u32 = 16; // set
export const KIND_PREPARE: u32 = 17; // prepare
export const KIND_EXECUTE: u32 = 18; // execute
export const KIND_DEALLOCATE: u32 = 19; // deallocate
export const KIND_BEGIN: u32 = 20; // begin
export const KIND_COMMIT: u32 = 21; // commit
export const KIND_ROLLBACK: u32 = 22; // rollback
export const KIND_SAVEPOINT: u32 = 23; // savepoint
export const KIND_XA: u32 = 24; // xa
export const KIND_LOCK: u32 = 25; // lock
export const KIND_UNLOCK: u32 = 26; // unlock
export const KIND_CREATE: u32 = 27; // create
export const KIND_ALTER: u32 = 28; // alter
export const KIND_DROP: u32 = 29; // drop
export const KIND_RENAME: u32 = 30; // rename
export const KIND_TRUNCATE: u32 = 31; // truncate
export const KIND_GRANT: u32 = 32; // grant
export const KIND_KILL: u32 = 33; // kill
export const KIND_FLUSH: u32 = 34; // flush
export const KIND_TABLE: u32 = 35; // table
export const KIND_REPLICATION: u32 = 36; // replication
export const KIND_BLOCK: u32 = 37; // block
export const KIND_ADMIN: u32 = 38; // admin

// What a statement does, of AtAccess.
export const ACCESS_UNKNOWN: u32 = 0; // unknown
export const ACCESS_READ: u32 = 1; // read
export const ACCESS_WRITE: u32 = 2; // write
export const ACCESS_SCHEMA: u32 = 3; // schema
export const ACCESS_SESSION: u32 = 4; // session
export const ACCESS_ADMIN: u32 = 5; // admin

// The host functions. A module imports those that it calls.

// the statement's text
@external("dbmesh_v1", "sql")
export declare function host_sql(ptr: usize, cap: i32, off: i32): i32;

// the statement's digest, 64 hex digits
@external("dbmesh_v1", "digest")
export declare function host_digest(ptr: usize, cap: i32, off: i32): i32;

// the text that the digest is made of
@external("dbmesh_v1", "digest_text")
export declare function host_digest_text(ptr: usize, cap: i32, off: i32): i32;

// a table as schema.name, with the session's default schema filled in; name alone without one
@external("dbmesh_v1", "table")
export declare function host_table(index: i32, ptr: usize, cap: i32, off: i32): i32;

// 0 for a table that is read, 1 for one that is written
@external("dbmesh_v1", "table_access")
export declare function host_table_access(index: i32): i32;

// where a clause of the statement stands in its text, start<<32 | end; -1 if it has none, or where is not sure
@external("dbmesh_v1", "clause")
export declare function host_clause(id: i32): i64;

// where a table is named in the text, start<<32 | end; in order, -1 behind the last and if it is not sure
@external("dbmesh_v1", "place")
export declare function host_place(index: i32): i64;

// the table that is named there, as table gives it
@external("dbmesh_v1", "place_name")
export declare function host_place_name(index: i32, ptr: usize, cap: i32, off: i32): i32;

// a function that the statement calls, lower case
@external("dbmesh_v1", "function")
export declare function host_function(index: i32, ptr: usize, cap: i32, off: i32): i32;

// an execute's parameter as text
@external("dbmesh_v1", "param")
export declare function host_param(index: i32, ptr: usize, cap: i32, off: i32): i32;

// its type
@external("dbmesh_v1", "param_type")
export declare function host_param_type(index: i32): i32;

// a text of the session
@external("dbmesh_v1", "session_str")
export declare function host_session_str(id: i32, ptr: usize, cap: i32, off: i32): i32;

// a connection attribute
@external("dbmesh_v1", "attribute")
export declare function host_attribute(name_ptr: usize, name_len: i32, ptr: usize, cap: i32, off: i32): i32;

// a column's name and origin
@external("dbmesh_v1", "column")
export declare function host_column(index: i32, field: i32, ptr: usize, cap: i32, off: i32): i32;

// MySQL's type number | flags<<8
@external("dbmesh_v1", "column_type")
export declare function host_column_type(index: i32): i32;

// message or SQLSTATE
@external("dbmesh_v1", "error_str")
export declare function host_error_str(id: i32, ptr: usize, cap: i32, off: i32): i32;

// the filter's whole config as JSON
@external("dbmesh_v1", "config")
export declare function host_config(ptr: usize, cap: i32, off: i32): i32;

// one value as text; a.b goes into maps, a.0 into lists; of a list or map JSON
@external("dbmesh_v1", "config_get")
export declare function host_config_get(key_ptr: usize, key_len: i32, ptr: usize, cap: i32, off: i32): i32;

// compiles a set of patterns, only in dbmesh_configure; gives its number
@external("dbmesh_v1", "match_new")
export declare function host_match_new(kind: i32, ptr: usize, len: i32): i32;

// index of the first pattern that matches, else -1
@external("dbmesh_v1", "match")
export declare function host_match(set: i32, subject: i32): i32;

// the same on the guest's own bytes
@external("dbmesh_v1", "match_bytes")
export declare function host_match_bytes(set: i32, ptr: usize, len: i32): i32;

// what state_set kept for this session
@external("dbmesh_v1", "state_get")
export declare function host_state_get(ptr: usize, cap: i32, off: i32): i32;

// keeps at most 4 KiB for this session; 0, or a negative answer
@external("dbmesh_v1", "state_set")
export declare function host_state_set(ptr: usize, len: i32): i32;

// a value shared by all sessions
@external("dbmesh_v1", "kv_get")
export declare function host_kv_get(key_ptr: usize, key_len: i32, ptr: usize, cap: i32, off: i32): i32;

// 0, or a negative answer; ttl 0 keeps it
@external("dbmesh_v1", "kv_set")
export declare function host_kv_set(key_ptr: usize, key_len: i32, ptr: usize, len: i32, ttl_ms: i64): i32;

// adds to a counter and gives it; the ttl counts from its creation
@external("dbmesh_v1", "kv_incr")
export declare function host_kv_incr(key_ptr: usize, key_len: i32, delta: i64, ttl_ms: i64): i64;

// 1 if it was there
@external("dbmesh_v1", "kv_delete")
export declare function host_kv_delete(key_ptr: usize, key_len: i32): i32;

// takes one of limit tokens that come back within per; 1 if there was one, else 0
@external("dbmesh_v1", "rate")
export declare function host_rate(key_ptr: usize, key_len: i32, limit: i32, per_ms: i32): i32;

// names a metric, only in dbmesh_configure; gives its number
@external("dbmesh_v1", "metric_def")
export declare function host_metric_def(kind: i32, name_ptr: usize, name_len: i32): i32;

// adds to a counter, sets a gauge, observes into a histogram; 0, or a negative answer
@external("dbmesh_v1", "metric_add")
export declare function host_metric_add(metric: i32, value: f64): i32;

// a line in dbmesh's log, at a bounded rate
@external("dbmesh_v1", "log")
export declare function host_log(level: i32, ptr: usize, len: i32): void;

// Unix time in nanoseconds
@external("dbmesh_v1", "now_ns")
export declare function host_now_ns(): i64;

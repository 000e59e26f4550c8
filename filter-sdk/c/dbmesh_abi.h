/* Code generated from core/abi by core/abi/generate. DO NOT EDIT. */
#ifndef DBMESH_ABI_H
#define DBMESH_ABI_H

#include <stdint.h>

/* Module is the name that guests import host functions from; Major is in it. Minor is
 * raised when something is added. A guest that needs a higher one is refused. */
#define DBMESH_MODULE "dbmesh_v1"
#define DBMESH_MINOR 0

/* Exports of a guest, beside "memory". Block is required, as is Version. */
#define DBMESH_EXPORT_VERSION "dbmesh_v1" /* () -> i32: the Minor it needs */
#define DBMESH_EXPORT_BLOCK "dbmesh_block" /* () -> i32: address of its block, HeaderSize + text capacity */
#define DBMESH_EXPORT_CONFIGURE "dbmesh_configure" /* () -> i64: 0, or a packed message with op 1: why not */
#define DBMESH_EXPORT_HOOKS "dbmesh_hooks" /* () -> i64: hooks in use and wants, see Hooks */
#define DBMESH_EXPORT_INITIALIZE "_initialize" /* () of the toolchain, called first */
#define DBMESH_RESERVED_PREFIX "dbmesh_reserved_" /* no guest may export such a name: the host's own */
#define DBMESH_MANIFEST_SECTION "dbmesh.manifest" /* custom section with the manifest, YAML */
#define DBMESH_SIGNATURE_SECTION "dbmesh.signature" /* last custom section: Ed25519 over all bytes before it */

/* The block: the header, then the text area. All numbers are little-endian. The guest
 * owns the memory and never moves it; the host writes it before each hook, but for
 * TextCapacity, which the guest writes once before dbmesh_block returns. */
#define DBMESH_HEADER_SIZE 256 /* the text area begins here */
#define DBMESH_LAYOUT 1 /* of the header; raised when fields are appended */
#define DBMESH_AT_LAYOUT 0 /* u16 */
#define DBMESH_AT_HOOK 2 /* u16, a Hook */
#define DBMESH_AT_FLAGS 4 /* u32, Flag bits */
#define DBMESH_AT_KIND 8 /* u8, a Kind */
#define DBMESH_AT_ACCESS 9 /* u8, an Access */
#define DBMESH_AT_TABLES 10 /* u16, how many tables the statement names */
#define DBMESH_AT_PARAMS 12 /* u16, how many parameters: of an execute the values, of a prepare the marks */
#define DBMESH_AT_COLUMNS 14 /* u16, of on_columns */
#define DBMESH_AT_SQL_LENGTH 16 /* u32, bytes of the statement's text that sql gives */
#define DBMESH_AT_TEXT_LENGTH 20 /* u32, bytes of it that stand in the text area */
#define DBMESH_AT_DIGEST 24 /* u64, the first 8 bytes of the digest; 0 for none */
#define DBMESH_AT_SESSION 32 /* u64, the session's id */
#define DBMESH_AT_SEQUENCE 40 /* u64, counts the session's commands */
#define DBMESH_AT_USER 48 /* u32, stands for the user's name in this generation; 0 is none or one too many */
#define DBMESH_AT_SCHEMA 52 /* u32, stands for the default schema's name, likewise */
#define DBMESH_AT_ADDRESS 56 /* 16 bytes, the client's IPv6 or IPv4-mapped address; zero for a unix socket */
#define DBMESH_AT_PORT 72 /* u16 */
#define DBMESH_AT_STATEMENT 74 /* u16, index of the statement in a text of several */
#define DBMESH_AT_STATEMENTS 76 /* u16, how many the text has */
#define DBMESH_AT_ERROR_CODE 78 /* u16, of on_error and on_done; 0 is success */
#define DBMESH_AT_TIME 80 /* i64, Unix time in milliseconds */
#define DBMESH_AT_STATEMENT_ID 88 /* u32, of an execute, the prepared statement's id */
#define DBMESH_AT_TEXT_CAPACITY 92 /* u32, written by the guest */
#define DBMESH_AT_ROWS 96 /* u64, of on_done */
#define DBMESH_AT_AFFECTED 104 /* u64, of on_done */
#define DBMESH_AT_LATENCY 112 /* u32, of on_done, microseconds; stays at its maximum */
#define DBMESH_AT_BYTES 116 /* u32, of on_done, bytes to the client; stays at its maximum */
#define DBMESH_AT_FUNCTIONS 120 /* u16, how many functions function gives */
#define DBMESH_AT_SLOT 128 /* SlotSize bytes that belong to the guest, one set per session */
#define DBMESH_SLOT_SIZE 32

/* The hooks, each an export (arg i32) -> i64 verdict. HookNames has the exports' names. */
#define DBMESH_HOOK_SESSION 0 /* a client logs in; its password is not yet proved */
#define DBMESH_HOOK_INIT_DB 1 /* COM_INIT_DB or USE; sql gives the schema */
#define DBMESH_HOOK_QUERY 2 /* a statement of a COM_QUERY; arg is its index */
#define DBMESH_HOOK_PREPARE 3 /* COM_STMT_PREPARE */
#define DBMESH_HOOK_EXECUTE 4 /* COM_STMT_EXECUTE; arg is the number of parameters */
#define DBMESH_HOOK_COLUMNS 5 /* a result's columns, before its rows; arg is their number */
#define DBMESH_HOOK_DONE 6 /* a command has ended */
#define DBMESH_HOOK_ERROR 7 /* the backend answered with an error; arg is its code */
#define DBMESH_HOOK_SESSION_END 8 /* a session ends */
#define DBMESH_HOOK_TICK 9 /* the timer, on one instance of the generation */
#define DBMESH_HOOKS 10 /* how many there are */

/* Wants of dbmesh_hooks, above the bits of the hooks. The upper 32 bits are how many bytes
 * of the statement's text the host shall write into the text area before on_query,
 * on_prepare, on_execute and on_init_db, at most; 0 for none. */
#define DBMESH_WANT_PARAMS 65536 /* parameters of executes are decoded */
#define DBMESH_WANT_TEXT_SHIFT 32
#define DBMESH_WANT_HOOKS_MASK 65535

/* Flags of the header. */
#define DBMESH_FLAG_TRANSACTION 1 /* the session is inside a transaction */
#define DBMESH_FLAG_AUTOCOMMIT 2
#define DBMESH_FLAG_WHERE 4 /* the statement has a WHERE at its top level */
#define DBMESH_FLAG_LIMIT 8 /* and a LIMIT */
#define DBMESH_FLAG_MULTI 16 /* it is one of several in its text */
#define DBMESH_FLAG_PREPARED 32 /* it was prepared: on_execute */
#define DBMESH_FLAG_OPAQUE 64 /* it was not understood for sure: what the header says of it is a guess */
#define DBMESH_FLAG_TRUNCATED 128 /* sql does not give all of it */
#define DBMESH_FLAG_READ_SAFE 256 /* it may run on a replica */
#define DBMESH_FLAG_LOCKING 512 /* it locks the rows that it reads */
#define DBMESH_FLAG_INTO 1024 /* its result goes into variables or a file */
#define DBMESH_FLAG_TLS 2048 /* the client's hop is encrypted */
#define DBMESH_FLAG_PARAMS 4096 /* param gives the parameters */
#define DBMESH_FLAG_WRITES 8192 /* one of its tables is written to */

/* The capabilities that a filter may be granted. A bare module has CapSQL and CapLog. */
#define DBMESH_CAP_SQL "sql"
#define DBMESH_CAP_LOG "log"
#define DBMESH_CAP_PARAMS "params" /* parameters of executes */
#define DBMESH_CAP_ROWS "rows" /* on_columns and OpMask */
#define DBMESH_CAP_STATE "state"
#define DBMESH_CAP_KV "kv"
#define DBMESH_CAP_RATE "rate"
#define DBMESH_CAP_REPLY "reply" /* OpReply and OpOK */
#define DBMESH_CAP_ROUTE "route" /* OpRoute */

/* Limits that the interface itself has; operators set the others. */
#define DBMESH_MAX_VERDICT 65536 /* bytes of any payload but a rewritten statement's */
#define DBMESH_MAX_REWRITE 16777215 /* the length field's own bound */
#define DBMESH_MAX_STATE 4096
#define DBMESH_MAX_KEY 256
#define DBMESH_MAX_VALUE 65536
#define DBMESH_MAX_MATCH_SETS 64
#define DBMESH_MAX_PATTERNS 65536 /* bytes of one set's patterns */
#define DBMESH_MAX_METRICS 32
#define DBMESH_MAX_METRIC_NAME 64
#define DBMESH_MAX_LOG_LINE 4096
#define DBMESH_MAX_TEXT 65536 /* of the text area */
#define DBMESH_MAX_MESSAGE 512 /* of an error for the client; longer ones are cut */

/* A verdict is the i64 that a hook returns: address<<32 | length<<8 | op. Address and length
 * (24 bits) say where in the guest's memory the payload is. 0 is "go on". */
#define DBMESH_OP_PASS 0 /* go on; no payload */
#define DBMESH_OP_DENY 1 /* u16 code, 5 bytes SQLSTATE, message. Of on_error: the error in the old one's place */
#define DBMESH_OP_REWRITE 2 /* the new statement; of on_init_db the new schema */
#define DBMESH_OP_ROUTE 3 /* u8 RouteTo, name */
#define DBMESH_OP_REPLY 4 /* u16 columns, u16 rows, names (u16 length, bytes), values row by row (u32 length or NullLength, bytes) */
#define DBMESH_OP_OK 5 /* u64 affected, u64 insert id, text */
#define DBMESH_OP_DISCONNECT 6 /* like OpDeny; the session ends behind it */
#define DBMESH_OP_LIST 7 /* entries of u32 length<<8|op and a payload: a rewrite and a route, each at most once */
#define DBMESH_OP_MASK 8 /* u16 entries, each u16 column, u8 MaskBy, u8 first, u8 last, u8 0, u16 length, bytes */
#define DBMESH_OP_CACHEABLE 128 /* OpCacheable says of a pass, deny, route, reply, ok or disconnect of on_query and on_prepare that it rests on digest, user, schema and kind only. The host then gives it to equal statements without asking again, as long as the generation lives. */
#define DBMESH_NULL_LENGTH 4294967295u /* of a value in OpReply: NULL */

/* Where OpRoute leads. */
#define DBMESH_ROUTE_POOL 0 /* the pool of that name */
#define DBMESH_ROUTE_BACKEND 1 /* the backend of that name, in the pool of the command */

/* What OpMask does to a column's values. Where the column's type is not a string, date or time,
 * keep and hash give NULL. */
#define DBMESH_MASK_NULL 0
#define DBMESH_MASK_CONSTANT 1 /* the entry's bytes */
#define DBMESH_MASK_HASH 2 /* 32 hex digits of HMAC-SHA-256 under the entry's bytes */
#define DBMESH_MASK_KEEP 3 /* the first and last characters, * for each in between */

/* Answers of getters that are not a length, and of calls that fail. */
#define DBMESH_NOT_THERE (-1) /* no such table, parameter, key, attribute; not in this hook */
#define DBMESH_TOO_LARGE (-2) /* over a limit */
#define DBMESH_OUT_OF_PLACE (-3) /* only allowed in dbmesh_configure */
#define DBMESH_INVALID (-4) /* a pattern that does not compile, an unknown number */

/* Strings of session_str. */
#define DBMESH_STR_USER 0
#define DBMESH_STR_SCHEMA 1
#define DBMESH_STR_ADDRESS 2 /* the client's, text without the port; empty for a unix socket */
#define DBMESH_STR_LISTENER 3
#define DBMESH_STR_POOL 4 /* where the command goes */
#define DBMESH_STR_FILTER 5 /* the filter's own name */

/* Strings of error_str, in on_error and on_done. */
#define DBMESH_ERR_MESSAGE 0
#define DBMESH_ERR_STATE 1

/* Clauses of clause: of the statement itself, not of its subqueries, from the keyword to the
 * last byte. A union has only the order and limit of the whole. */
#define DBMESH_CLAUSE_FROM 0
#define DBMESH_CLAUSE_WHERE 1
#define DBMESH_CLAUSE_GROUP 2
#define DBMESH_CLAUSE_HAVING 3
#define DBMESH_CLAUSE_ORDER 4
#define DBMESH_CLAUSE_LIMIT 5

/* Fields of column, in on_columns. */
#define DBMESH_COLUMN_NAME 0
#define DBMESH_COLUMN_ORG_NAME 1
#define DBMESH_COLUMN_TABLE 2
#define DBMESH_COLUMN_ORG_TABLE 3
#define DBMESH_COLUMN_SCHEMA 4

/* Types of param_type. */
#define DBMESH_PARAM_NULL 0
#define DBMESH_PARAM_INT 1 /* param gives decimal digits */
#define DBMESH_PARAM_UINT 2
#define DBMESH_PARAM_FLOAT 3
#define DBMESH_PARAM_TEXT 4
#define DBMESH_PARAM_BYTES 5
#define DBMESH_PARAM_TIME 6 /* DATE, DATETIME, TIME in MySQL's notation */
#define DBMESH_PARAM_UNKNOWN 7 /* sent in pieces (SEND_LONG_DATA): the host has no value */

/* Kinds of pattern sets of match_new, whose patterns are separated by newlines. */
#define DBMESH_MATCH_LITERAL 0 /* any of the texts occurs, byte for byte */
#define DBMESH_MATCH_LITERAL_FOLD 1 /* the same without regard to ASCII case */
#define DBMESH_MATCH_REGEXP 2 /* RE2 */
#define DBMESH_MATCH_TABLE 3 /* globs of tables: "app.*", "user_?", no regard to case */

/* What match looks at. */
#define DBMESH_SUBJECT_SQL 0 /* the statement's text */
#define DBMESH_SUBJECT_DIGEST_TEXT 1
#define DBMESH_SUBJECT_TABLES 2 /* any of its tables, as schema.name with the session's default schema filled in */

/* Kinds of metric_def. */
#define DBMESH_METRIC_COUNTER 0
#define DBMESH_METRIC_GAUGE 1
#define DBMESH_METRIC_HISTOGRAM 2

/* Levels of log. */
#define DBMESH_LOG_DEBUG 0
#define DBMESH_LOG_INFO 1
#define DBMESH_LOG_WARN 2
#define DBMESH_LOG_ERROR 3

/* Kinds of statement, of AtKind. */
#define DBMESH_KIND_UNKNOWN 0 /* unknown */
#define DBMESH_KIND_EMPTY 1 /* empty */
#define DBMESH_KIND_MULTI 2 /* multi */
#define DBMESH_KIND_SELECT 3 /* select */
#define DBMESH_KIND_INSERT 4 /* insert */
#define DBMESH_KIND_REPLACE 5 /* replace */
#define DBMESH_KIND_UPDATE 6 /* update */
#define DBMESH_KIND_DELETE 7 /* delete */
#define DBMESH_KIND_LOAD 8 /* load */
#define DBMESH_KIND_CALL 9 /* call */
#define DBMESH_KIND_DO 10 /* do */
#define DBMESH_KIND_HANDLER 11 /* handler */
#define DBMESH_KIND_SHOW 12 /* show */
#define DBMESH_KIND_EXPLAIN 13 /* explain */
#define DBMESH_KIND_ANALYZE 14 /* analyze */
#define DBMESH_KIND_USE 15 /* use */
#define DBMESH_KIND_SET 16 /* set */
#define DBMESH_KIND_PREPARE 17 /* prepare */
#define DBMESH_KIND_EXECUTE 18 /* execute */
#define DBMESH_KIND_DEALLOCATE 19 /* deallocate */
#define DBMESH_KIND_BEGIN 20 /* begin */
#define DBMESH_KIND_COMMIT 21 /* commit */
#define DBMESH_KIND_ROLLBACK 22 /* rollback */
#define DBMESH_KIND_SAVEPOINT 23 /* savepoint */
#define DBMESH_KIND_XA 24 /* xa */
#define DBMESH_KIND_LOCK 25 /* lock */
#define DBMESH_KIND_UNLOCK 26 /* unlock */
#define DBMESH_KIND_CREATE 27 /* create */
#define DBMESH_KIND_ALTER 28 /* alter */
#define DBMESH_KIND_DROP 29 /* drop */
#define DBMESH_KIND_RENAME 30 /* rename */
#define DBMESH_KIND_TRUNCATE 31 /* truncate */
#define DBMESH_KIND_GRANT 32 /* grant */
#define DBMESH_KIND_KILL 33 /* kill */
#define DBMESH_KIND_FLUSH 34 /* flush */
#define DBMESH_KIND_TABLE 35 /* table */
#define DBMESH_KIND_REPLICATION 36 /* replication */
#define DBMESH_KIND_BLOCK 37 /* block */
#define DBMESH_KIND_ADMIN 38 /* admin */

/* What a statement does, of AtAccess. */
#define DBMESH_ACCESS_UNKNOWN 0 /* unknown */
#define DBMESH_ACCESS_READ 1 /* read */
#define DBMESH_ACCESS_WRITE 2 /* write */
#define DBMESH_ACCESS_SCHEMA 3 /* schema */
#define DBMESH_ACCESS_SESSION 4 /* session */
#define DBMESH_ACCESS_ADMIN 5 /* admin */

/* The host functions. A module imports those that it calls. */
#define DBMESH_IMPORT(name) __attribute__((import_module(DBMESH_MODULE), import_name(name)))

/* the statement's text */
DBMESH_IMPORT("sql") int32_t dbmesh_host_sql(void *ptr, int32_t cap, int32_t off);

/* the statement's digest, 64 hex digits */
DBMESH_IMPORT("digest") int32_t dbmesh_host_digest(void *ptr, int32_t cap, int32_t off);

/* the text that the digest is made of */
DBMESH_IMPORT("digest_text") int32_t dbmesh_host_digest_text(void *ptr, int32_t cap, int32_t off);

/* a table as schema.name, with the session's default schema filled in; name alone without one */
DBMESH_IMPORT("table") int32_t dbmesh_host_table(int32_t index, void *ptr, int32_t cap, int32_t off);

/* 0 for a table that is read, 1 for one that is written */
DBMESH_IMPORT("table_access") int32_t dbmesh_host_table_access(int32_t index);

/* where a clause of the statement stands in its text, start<<32 | end; -1 if it has none, or where is not sure */
DBMESH_IMPORT("clause") int64_t dbmesh_host_clause(int32_t id);

/* where a table is named in the text, start<<32 | end; in order, -1 behind the last and if it is not sure */
DBMESH_IMPORT("place") int64_t dbmesh_host_place(int32_t index);

/* the table that is named there, as table gives it */
DBMESH_IMPORT("place_name") int32_t dbmesh_host_place_name(int32_t index, void *ptr, int32_t cap, int32_t off);

/* a function that the statement calls, lower case */
DBMESH_IMPORT("function") int32_t dbmesh_host_function(int32_t index, void *ptr, int32_t cap, int32_t off);

/* an execute's parameter as text */
DBMESH_IMPORT("param") int32_t dbmesh_host_param(int32_t index, void *ptr, int32_t cap, int32_t off);

/* its type */
DBMESH_IMPORT("param_type") int32_t dbmesh_host_param_type(int32_t index);

/* a text of the session */
DBMESH_IMPORT("session_str") int32_t dbmesh_host_session_str(int32_t id, void *ptr, int32_t cap, int32_t off);

/* a connection attribute */
DBMESH_IMPORT("attribute") int32_t dbmesh_host_attribute(const void *name_ptr, int32_t name_len, void *ptr, int32_t cap, int32_t off);

/* a column's name and origin */
DBMESH_IMPORT("column") int32_t dbmesh_host_column(int32_t index, int32_t field, void *ptr, int32_t cap, int32_t off);

/* MySQL's type number | flags<<8 */
DBMESH_IMPORT("column_type") int32_t dbmesh_host_column_type(int32_t index);

/* message or SQLSTATE */
DBMESH_IMPORT("error_str") int32_t dbmesh_host_error_str(int32_t id, void *ptr, int32_t cap, int32_t off);

/* the filter's whole config as JSON */
DBMESH_IMPORT("config") int32_t dbmesh_host_config(void *ptr, int32_t cap, int32_t off);

/* one value as text; a.b goes into maps, a.0 into lists; of a list or map JSON */
DBMESH_IMPORT("config_get") int32_t dbmesh_host_config_get(const void *key_ptr, int32_t key_len, void *ptr, int32_t cap, int32_t off);

/* compiles a set of patterns, only in dbmesh_configure; gives its number */
DBMESH_IMPORT("match_new") int32_t dbmesh_host_match_new(int32_t kind, const void *ptr, int32_t len);

/* index of the first pattern that matches, else -1 */
DBMESH_IMPORT("match") int32_t dbmesh_host_match(int32_t set, int32_t subject);

/* the same on the guest's own bytes */
DBMESH_IMPORT("match_bytes") int32_t dbmesh_host_match_bytes(int32_t set, const void *ptr, int32_t len);

/* what state_set kept for this session */
DBMESH_IMPORT("state_get") int32_t dbmesh_host_state_get(void *ptr, int32_t cap, int32_t off);

/* keeps at most 4 KiB for this session; 0, or a negative answer */
DBMESH_IMPORT("state_set") int32_t dbmesh_host_state_set(const void *ptr, int32_t len);

/* a value shared by all sessions */
DBMESH_IMPORT("kv_get") int32_t dbmesh_host_kv_get(const void *key_ptr, int32_t key_len, void *ptr, int32_t cap, int32_t off);

/* 0, or a negative answer; ttl 0 keeps it */
DBMESH_IMPORT("kv_set") int32_t dbmesh_host_kv_set(const void *key_ptr, int32_t key_len, const void *ptr, int32_t len, int64_t ttl_ms);

/* adds to a counter and gives it; the ttl counts from its creation */
DBMESH_IMPORT("kv_incr") int64_t dbmesh_host_kv_incr(const void *key_ptr, int32_t key_len, int64_t delta, int64_t ttl_ms);

/* 1 if it was there */
DBMESH_IMPORT("kv_delete") int32_t dbmesh_host_kv_delete(const void *key_ptr, int32_t key_len);

/* takes one of limit tokens that come back within per; 1 if there was one, else 0 */
DBMESH_IMPORT("rate") int32_t dbmesh_host_rate(const void *key_ptr, int32_t key_len, int32_t limit, int32_t per_ms);

/* names a metric, only in dbmesh_configure; gives its number */
DBMESH_IMPORT("metric_def") int32_t dbmesh_host_metric_def(int32_t kind, const void *name_ptr, int32_t name_len);

/* adds to a counter, sets a gauge, observes into a histogram; 0, or a negative answer */
DBMESH_IMPORT("metric_add") int32_t dbmesh_host_metric_add(int32_t metric, double value);

/* a line in dbmesh's log, at a bounded rate */
DBMESH_IMPORT("log") void dbmesh_host_log(int32_t level, const void *ptr, int32_t len);

/* Unix time in nanoseconds */
DBMESH_IMPORT("now_ns") int64_t dbmesh_host_now_ns(void);

#endif

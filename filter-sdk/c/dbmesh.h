/* The C SDK for dbmesh filters: one header, no libc. README.md has an example.
 *
 * Texts that the host gives and payloads of verdicts stand in an arena that is emptied when
 * the next hook begins: keep a copy of what has to live longer. Only functions that a filter
 * calls become imports of its module. */
#ifndef DBMESH_H
#define DBMESH_H

#include "dbmesh_abi.h"

/* A text is bytes with a length. Where the host has none, ptr is 0 and len the negative answer,
 * DBMESH_NOT_THERE for example. */
typedef struct {
	const char *ptr;
	int32_t len;
} dbmesh_text;

/* DBMESH_TEXT makes a text of a string literal. */
#define DBMESH_TEXT(literal) ((dbmesh_text){(literal), (int32_t)sizeof(literal) - 1})

typedef int64_t dbmesh_verdict;
#define DBMESH_PASS ((dbmesh_verdict)DBMESH_OP_PASS)

/* DBMESH_FILTER stands once in a filter. text is how many bytes of a statement the host shall
 * lay ready before each hook, at most DBMESH_MAX_TEXT: worth it where nearly every call reads
 * the text. wants is 0 or DBMESH_WANT_PARAMS. */
#define DBMESH_FILTER(text, wants)                                                             \
	_Alignas(16) uint8_t dbmesh_the_block[DBMESH_HEADER_SIZE + (text)];                        \
	uint8_t dbmesh_the_arena[DBMESH_ARENA];                                                    \
	dbmesh_arena dbmesh_in_use = {dbmesh_the_arena, DBMESH_ARENA, 0};                          \
	DBMESH_EXPORT("dbmesh_v1") int32_t dbmesh_export_version(void) { return DBMESH_MINOR; }    \
	DBMESH_EXPORT("dbmesh_block") int32_t dbmesh_export_block(void) {                          \
		uint32_t capacity = (text);                                                            \
		__builtin_memcpy(dbmesh_the_block + DBMESH_AT_TEXT_CAPACITY, &capacity, 4);            \
		return (int32_t)(uintptr_t)dbmesh_the_block;                                           \
	}                                                                                          \
	DBMESH_EXPORT("dbmesh_hooks") int64_t dbmesh_export_hooks(void) {                          \
		return (int64_t)(text) << DBMESH_WANT_TEXT_SHIFT | (wants) | ((1 << DBMESH_HOOKS) - 1); \
	}

/* DBMESH_HOOK begins a hook: DBMESH_HOOK(on_query, index) { ... return DBMESH_PASS; } */
#define DBMESH_HOOK(name, arg)                                        \
	static dbmesh_verdict dbmesh_run_##name(int32_t arg);             \
	DBMESH_EXPORT(#name) int64_t dbmesh_export_##name(int32_t arg) {  \
		dbmesh_in_use.used = 0;                                       \
		return dbmesh_run_##name(arg);                                \
	}                                                                 \
	static dbmesh_verdict dbmesh_run_##name(int32_t arg)

/* DBMESH_CONFIGURE begins what runs once in each instance, before all hooks. It returns
 * DBMESH_PASS, or dbmesh_refuse(...) where the filter can't work with its config. */
#define DBMESH_CONFIGURE()                                                  \
	static dbmesh_verdict dbmesh_run_configure(void);                       \
	DBMESH_EXPORT("dbmesh_configure") int64_t dbmesh_export_configure(void) { \
		dbmesh_in_use.used = 0;                                             \
		return dbmesh_run_configure();                                      \
	}                                                                       \
	static dbmesh_verdict dbmesh_run_configure(void)

#define DBMESH_EXPORT(name) __attribute__((export_name(name)))

/* The arena: a first chunk, and larger ones from memory.grow where that is not enough. */
#ifndef DBMESH_ARENA
#define DBMESH_ARENA 4096
#endif

typedef struct {
	uint8_t *chunk;
	uint32_t size, used;
} dbmesh_arena;

extern uint8_t dbmesh_the_block[];
extern dbmesh_arena dbmesh_in_use;

/* dbmesh_room makes room for n bytes behind what is used. It traps when there is no memory:
 * a filter that can't read a statement must not let it pass. */
static inline uint8_t *dbmesh_room(uint32_t n) {
	dbmesh_arena *a = &dbmesh_in_use;
	if (n > a->size - a->used) {
		uint32_t size = n > a->size ? n : a->size;
		uint32_t pages = (uint32_t)(((uint64_t)size * 2 + 65535) >> 16);
		uint32_t at = (uint32_t)__builtin_wasm_memory_grow(0, pages);
		if (at == UINT32_MAX)
			__builtin_trap();
		a->chunk = (uint8_t *)(uintptr_t)(at << 16);
		a->size = pages << 16;
		a->used = 0;
	}
	return a->chunk + a->used;
}

/* dbmesh_take gives n bytes until the next hook. */
static inline uint8_t *dbmesh_take(uint32_t n) {
	uint8_t *at = dbmesh_room(n);
	dbmesh_in_use.used += n;
	return at;
}

/* Text: copies are in the arena. */
static inline dbmesh_text dbmesh_bytes(const void *ptr, int32_t len) {
	return (dbmesh_text){(const char *)ptr, len};
}

/* dbmesh_size is a text's length, 0 where there is none. */
static inline uint32_t dbmesh_size(dbmesh_text t) { return t.len > 0 ? (uint32_t)t.len : 0; }

static inline int dbmesh_equal(dbmesh_text a, dbmesh_text b) {
	if (a.len != b.len)
		return 0;
	for (int32_t i = 0; i < a.len; i++)
		if (a.ptr[i] != b.ptr[i])
			return 0;
	return 1;
}

static inline int dbmesh_begins(dbmesh_text text, dbmesh_text with) {
	return with.len >= 0 && text.len >= with.len && dbmesh_equal(dbmesh_bytes(text.ptr, with.len), with);
}

/* dbmesh_find gives the place of the first occurrence, or -1. */
static inline int32_t dbmesh_find(dbmesh_text in, dbmesh_text what) {
	for (int32_t i = 0; what.len >= 0 && i + what.len <= in.len; i++)
		if (dbmesh_equal(dbmesh_bytes(in.ptr + i, what.len), what))
			return i;
	return -1;
}

static inline dbmesh_text dbmesh_join(dbmesh_text a, dbmesh_text b) {
	uint32_t first = dbmesh_size(a), second = dbmesh_size(b);
	uint8_t *to = dbmesh_take(first + second);
	__builtin_memcpy(to, a.ptr, first);
	__builtin_memcpy(to + first, b.ptr, second);
	return dbmesh_bytes(to, (int32_t)(first + second));
}

/* dbmesh_splice gives text with other bytes in the place of those from start to before end. */
static inline dbmesh_text dbmesh_splice(dbmesh_text text, int32_t start, int32_t end, dbmesh_text with) {
	if (start < 0 || end < start || end > text.len)
		__builtin_trap();
	dbmesh_text head = dbmesh_join(dbmesh_bytes(text.ptr, start), with);
	return dbmesh_join(head, dbmesh_bytes(text.ptr + end, text.len - end));
}

static inline dbmesh_text dbmesh_unsigned(uint64_t n) {
	uint8_t *end = dbmesh_take(20) + 20, *at = end;
	do {
		*--at = (uint8_t)('0' + n % 10);
		n /= 10;
	} while (n);
	return dbmesh_bytes(at, (int32_t)(end - at));
}

static inline dbmesh_text dbmesh_number(int64_t n) {
	if (n >= 0)
		return dbmesh_unsigned((uint64_t)n);
	return dbmesh_join(DBMESH_TEXT("-"), dbmesh_unsigned(-(uint64_t)n));
}

/* dbmesh_parse reads a whole number, and gives 0 if the text is none. */
static inline int dbmesh_parse(dbmesh_text t, int64_t *number) {
	int32_t i = t.len > 0 && t.ptr[0] == '-';
	uint64_t n = 0, most = (uint64_t)INT64_MAX + (uint64_t)i;
	if (i >= t.len)
		return 0;
	for (int32_t j = i; j < t.len; j++) {
		uint32_t digit = (uint32_t)(t.ptr[j] - '0');
		if (digit > 9 || n > (most - digit) / 10)
			return 0;
		n = n * 10 + digit;
	}
	*number = (int64_t)(i ? -n : n);
	return 1;
}

/* Facts, valid during a hook. */
#define DBMESH_FACT(name, type, at)              \
	static inline type name(void) {              \
		type v;                                  \
		__builtin_memcpy(&v, dbmesh_the_block + (at), sizeof v); \
		return v;                                \
	}

DBMESH_FACT(dbmesh_layout, uint16_t, DBMESH_AT_LAYOUT)
DBMESH_FACT(dbmesh_hook, uint16_t, DBMESH_AT_HOOK)
DBMESH_FACT(dbmesh_flags, uint32_t, DBMESH_AT_FLAGS)
DBMESH_FACT(dbmesh_kind, uint8_t, DBMESH_AT_KIND)
DBMESH_FACT(dbmesh_access, uint8_t, DBMESH_AT_ACCESS)
DBMESH_FACT(dbmesh_tables, uint16_t, DBMESH_AT_TABLES)
DBMESH_FACT(dbmesh_params, uint16_t, DBMESH_AT_PARAMS)
DBMESH_FACT(dbmesh_columns, uint16_t, DBMESH_AT_COLUMNS)
DBMESH_FACT(dbmesh_functions, uint16_t, DBMESH_AT_FUNCTIONS)
DBMESH_FACT(dbmesh_sql_length, uint32_t, DBMESH_AT_SQL_LENGTH)
DBMESH_FACT(dbmesh_text_length, uint32_t, DBMESH_AT_TEXT_LENGTH)
DBMESH_FACT(dbmesh_digest_number, uint64_t, DBMESH_AT_DIGEST)
DBMESH_FACT(dbmesh_session, uint64_t, DBMESH_AT_SESSION)
DBMESH_FACT(dbmesh_sequence, uint64_t, DBMESH_AT_SEQUENCE)
DBMESH_FACT(dbmesh_user_number, uint32_t, DBMESH_AT_USER)
DBMESH_FACT(dbmesh_schema_number, uint32_t, DBMESH_AT_SCHEMA)
DBMESH_FACT(dbmesh_port, uint16_t, DBMESH_AT_PORT)
DBMESH_FACT(dbmesh_statement, uint16_t, DBMESH_AT_STATEMENT)
DBMESH_FACT(dbmesh_statements, uint16_t, DBMESH_AT_STATEMENTS)
DBMESH_FACT(dbmesh_error_code, uint16_t, DBMESH_AT_ERROR_CODE)
DBMESH_FACT(dbmesh_time_ms, int64_t, DBMESH_AT_TIME)
DBMESH_FACT(dbmesh_statement_id, uint32_t, DBMESH_AT_STATEMENT_ID)
DBMESH_FACT(dbmesh_rows, uint64_t, DBMESH_AT_ROWS)
DBMESH_FACT(dbmesh_affected, uint64_t, DBMESH_AT_AFFECTED)
DBMESH_FACT(dbmesh_latency_us, uint32_t, DBMESH_AT_LATENCY)
DBMESH_FACT(dbmesh_sent_bytes, uint32_t, DBMESH_AT_BYTES)

/* dbmesh_has says whether all of these DBMESH_FLAG_ bits are set. */
static inline int dbmesh_has(uint32_t flags) { return (dbmesh_flags() & flags) == flags; }

/* dbmesh_address is the client's, 16 bytes; dbmesh_slot the session's DBMESH_SLOT_SIZE bytes, to read and write. */
static inline const uint8_t *dbmesh_address(void) { return dbmesh_the_block + DBMESH_AT_ADDRESS; }
static inline uint8_t *dbmesh_slot(void) { return dbmesh_the_block + DBMESH_AT_SLOT; }

/* DBMESH_PULL returns the text of a getter, called with at and room. */
#define DBMESH_PULL(getter)                                                     \
	do {                                                                        \
		void *at = dbmesh_room(256);                                            \
		int32_t room = (int32_t)(dbmesh_in_use.size - dbmesh_in_use.used);      \
		int32_t len = (getter);                                                 \
		if (len > room) {                                                       \
			at = dbmesh_room((uint32_t)len);                                    \
			room = len;                                                         \
			len = (getter);                                                     \
		}                                                                       \
		if (len < 0)                                                            \
			return dbmesh_bytes(0, len);                                        \
		return dbmesh_bytes(dbmesh_take((uint32_t)len), len);                   \
	} while (0)

/* The statement. Its text is whole unless DBMESH_FLAG_TRUNCATED is set. */
static inline dbmesh_text dbmesh_sql(void) {
	uint32_t len = dbmesh_text_length();
	if (len && len == dbmesh_sql_length())
		return dbmesh_bytes(dbmesh_the_block + DBMESH_HEADER_SIZE, (int32_t)len);
	DBMESH_PULL(dbmesh_host_sql(at, room, 0));
}
static inline dbmesh_text dbmesh_digest(void) { DBMESH_PULL(dbmesh_host_digest(at, room, 0)); }
static inline dbmesh_text dbmesh_digest_text(void) { DBMESH_PULL(dbmesh_host_digest_text(at, room, 0)); }
static inline dbmesh_text dbmesh_table(int32_t index) { DBMESH_PULL(dbmesh_host_table(index, at, room, 0)); }
static inline int32_t dbmesh_table_access(int32_t index) { return dbmesh_host_table_access(index); }

/* A span is the bytes of the statement's text from start to before end; start is negative where
 * there is none. dbmesh_clause takes a DBMESH_CLAUSE_; dbmesh_place goes through the places that
 * name tables, in order. */
typedef struct {
	int32_t start, end;
} dbmesh_span;

static inline dbmesh_span dbmesh_unpack(int64_t span) {
	if (span < 0)
		return (dbmesh_span){(int32_t)span, (int32_t)span};
	return (dbmesh_span){(int32_t)(span >> 32), (int32_t)span};
}
static inline dbmesh_span dbmesh_clause(int32_t id) { return dbmesh_unpack(dbmesh_host_clause(id)); }
static inline dbmesh_span dbmesh_place(int32_t index) { return dbmesh_unpack(dbmesh_host_place(index)); }
static inline dbmesh_text dbmesh_place_name(int32_t index) { DBMESH_PULL(dbmesh_host_place_name(index, at, room, 0)); }
static inline dbmesh_text dbmesh_function(int32_t index) { DBMESH_PULL(dbmesh_host_function(index, at, room, 0)); }
static inline dbmesh_text dbmesh_param(int32_t index) { DBMESH_PULL(dbmesh_host_param(index, at, room, 0)); }
static inline int32_t dbmesh_param_type(int32_t index) { return dbmesh_host_param_type(index); }

/* The session, results and errors. */
static inline dbmesh_text dbmesh_session_str(int32_t id) { DBMESH_PULL(dbmesh_host_session_str(id, at, room, 0)); }
static inline dbmesh_text dbmesh_attribute(dbmesh_text name) { DBMESH_PULL(dbmesh_host_attribute(name.ptr, name.len, at, room, 0)); }
static inline dbmesh_text dbmesh_column(int32_t index, int32_t field) { DBMESH_PULL(dbmesh_host_column(index, field, at, room, 0)); }
static inline int32_t dbmesh_column_type(int32_t index) { return dbmesh_host_column_type(index); }
static inline dbmesh_text dbmesh_error_str(int32_t id) { DBMESH_PULL(dbmesh_host_error_str(id, at, room, 0)); }

/* The filter's config. */
static inline dbmesh_text dbmesh_config(void) { DBMESH_PULL(dbmesh_host_config(at, room, 0)); }
static inline dbmesh_text dbmesh_config_get(dbmesh_text key) { DBMESH_PULL(dbmesh_host_config_get(key.ptr, key.len, at, room, 0)); }

/* Matching. dbmesh_match_new only works in DBMESH_CONFIGURE and gives the set's number. */
static inline int32_t dbmesh_match_new(int32_t kind, dbmesh_text patterns) { return dbmesh_host_match_new(kind, patterns.ptr, patterns.len); }
static inline int32_t dbmesh_match(int32_t set, int32_t subject) { return dbmesh_host_match(set, subject); }
static inline int32_t dbmesh_match_bytes(int32_t set, dbmesh_text in) { return dbmesh_host_match_bytes(set, in.ptr, in.len); }

/* State of the session, and values that all sessions share. */
static inline dbmesh_text dbmesh_state(void) { DBMESH_PULL(dbmesh_host_state_get(at, room, 0)); }
static inline int32_t dbmesh_set_state(dbmesh_text value) { return dbmesh_host_state_set(value.ptr, value.len); }
static inline dbmesh_text dbmesh_kv_get(dbmesh_text key) { DBMESH_PULL(dbmesh_host_kv_get(key.ptr, key.len, at, room, 0)); }
static inline int32_t dbmesh_kv_set(dbmesh_text key, dbmesh_text value, int64_t ttl_ms) {
	return dbmesh_host_kv_set(key.ptr, key.len, value.ptr, value.len, ttl_ms);
}
static inline int64_t dbmesh_kv_incr(dbmesh_text key, int64_t delta, int64_t ttl_ms) {
	return dbmesh_host_kv_incr(key.ptr, key.len, delta, ttl_ms);
}
static inline int32_t dbmesh_kv_delete(dbmesh_text key) { return dbmesh_host_kv_delete(key.ptr, key.len); }
static inline int32_t dbmesh_rate(dbmesh_text key, int32_t limit, int32_t per_ms) {
	return dbmesh_host_rate(key.ptr, key.len, limit, per_ms);
}

/* Metrics, log and time. dbmesh_metric_new only works in DBMESH_CONFIGURE. */
static inline int32_t dbmesh_metric_new(int32_t kind, dbmesh_text name) { return dbmesh_host_metric_def(kind, name.ptr, name.len); }
static inline int32_t dbmesh_metric_add(int32_t metric, double value) { return dbmesh_host_metric_add(metric, value); }
static inline void dbmesh_log(int32_t level, dbmesh_text line) { dbmesh_host_log(level, line.ptr, line.len); }
static inline int64_t dbmesh_now_ns(void) { return dbmesh_host_now_ns(); }

/* Verdicts. */
static inline dbmesh_verdict dbmesh_pack(uint32_t op, const void *ptr, uint32_t len) {
	if (len > DBMESH_MAX_REWRITE)
		__builtin_trap();
	return (int64_t)((uint64_t)(uintptr_t)ptr << 32 | len << 8 | op);
}

/* dbmesh_put writes n bytes of a number, dbmesh_put_text a text; both give the place behind it. */
static inline uint8_t *dbmesh_put(uint8_t *at, uint64_t number, uint32_t n) {
	__builtin_memcpy(at, &number, n);
	return at + n;
}
static inline uint8_t *dbmesh_put_text(uint8_t *at, dbmesh_text t) {
	__builtin_memcpy(at, t.ptr, dbmesh_size(t));
	return at + dbmesh_size(t);
}

static inline dbmesh_verdict dbmesh_error(uint32_t op, uint16_t code, const char state[5], dbmesh_text message) {
	uint32_t len = dbmesh_size(message) + 7;
	uint8_t *p = dbmesh_take(len);
	dbmesh_put_text(dbmesh_put_text(dbmesh_put(p, code, 2), dbmesh_bytes(state, 5)), message);
	return dbmesh_pack(op, p, len);
}

/* dbmesh_deny answers with an error; of on_error it takes the place of the backend's. */
static inline dbmesh_verdict dbmesh_deny(uint16_t code, const char state[5], dbmesh_text message) {
	return dbmesh_error(DBMESH_OP_DENY, code, state, message);
}
static inline dbmesh_verdict dbmesh_disconnect(uint16_t code, const char state[5], dbmesh_text message) {
	return dbmesh_error(DBMESH_OP_DISCONNECT, code, state, message);
}

/* dbmesh_refuse is for DBMESH_CONFIGURE: why the filter can't work. */
static inline dbmesh_verdict dbmesh_refuse(dbmesh_text why) { return dbmesh_pack(DBMESH_OP_DENY, why.ptr, dbmesh_size(why)); }

static inline dbmesh_verdict dbmesh_rewrite(dbmesh_text sql) { return dbmesh_pack(DBMESH_OP_REWRITE, sql.ptr, dbmesh_size(sql)); }

static inline dbmesh_verdict dbmesh_route_to(uint8_t to, dbmesh_text name) {
	uint8_t *p = dbmesh_take(dbmesh_size(name) + 1);
	dbmesh_put_text(dbmesh_put(p, to, 1), name);
	return dbmesh_pack(DBMESH_OP_ROUTE, p, dbmesh_size(name) + 1);
}

/* dbmesh_route sends the command to a pool, dbmesh_route_backend to a backend of its pool. */
static inline dbmesh_verdict dbmesh_route(dbmesh_text pool) { return dbmesh_route_to(DBMESH_ROUTE_POOL, pool); }
static inline dbmesh_verdict dbmesh_route_backend(dbmesh_text backend) { return dbmesh_route_to(DBMESH_ROUTE_BACKEND, backend); }

/* dbmesh_ok answers that all is well. */
static inline dbmesh_verdict dbmesh_ok(uint64_t affected, uint64_t insert_id, dbmesh_text info) {
	uint8_t *p = dbmesh_take(dbmesh_size(info) + 16);
	dbmesh_put_text(dbmesh_put(dbmesh_put(p, affected, 8), insert_id, 8), info);
	return dbmesh_pack(DBMESH_OP_OK, p, dbmesh_size(info) + 16);
}

#define DBMESH_NULL ((dbmesh_text){0, -1}) /* a value of dbmesh_reply */

/* dbmesh_reply answers with rows of text; values has columns * rows texts, row by row. */
static inline dbmesh_verdict dbmesh_reply(uint16_t columns, const dbmesh_text *names, uint16_t rows, const dbmesh_text *values) {
	uint32_t size = 4, n = (uint32_t)columns * rows;
	for (uint32_t i = 0; i < columns; i++)
		size += 2 + dbmesh_size(names[i]);
	for (uint32_t i = 0; i < n; i++)
		size += 4 + dbmesh_size(values[i]);
	uint8_t *p = dbmesh_take(size), *at = dbmesh_put(dbmesh_put(p, columns, 2), rows, 2);
	for (uint32_t i = 0; i < columns; i++)
		at = dbmesh_put_text(dbmesh_put(at, dbmesh_size(names[i]), 2), names[i]);
	for (uint32_t i = 0; i < n; i++) {
		if (!values[i].ptr)
			at = dbmesh_put(at, DBMESH_NULL_LENGTH, 4);
		else
			at = dbmesh_put_text(dbmesh_put(at, dbmesh_size(values[i]), 4), values[i]);
	}
	return dbmesh_pack(DBMESH_OP_REPLY, p, size);
}

static inline uint32_t dbmesh_payload(dbmesh_verdict v) { return (uint32_t)v >> 8; }
static inline uint8_t *dbmesh_put_entry(uint8_t *at, dbmesh_verdict v) {
	return dbmesh_put_text(dbmesh_put(at, (uint32_t)v, 4), dbmesh_bytes((void *)(uintptr_t)((uint64_t)v >> 32), (int32_t)dbmesh_payload(v)));
}

/* dbmesh_both is a rewrite and a route at once. */
static inline dbmesh_verdict dbmesh_both(dbmesh_verdict rewrite, dbmesh_verdict route) {
	uint32_t size = 8 + dbmesh_payload(rewrite) + dbmesh_payload(route);
	uint8_t *p = dbmesh_take(size);
	dbmesh_put_entry(dbmesh_put_entry(p, rewrite), route);
	return dbmesh_pack(DBMESH_OP_LIST, p, size);
}

/* A mask says what becomes of a column's values: by is a DBMESH_MASK_; first and last are the
 * characters that DBMESH_MASK_KEEP leaves, bytes the constant or the hash's key. */
typedef struct {
	uint16_t column;
	uint8_t by, first, last;
	dbmesh_text bytes;
} dbmesh_mask;

static inline dbmesh_verdict dbmesh_mask_columns(const dbmesh_mask *masks, uint16_t n) {
	uint32_t size = 2;
	for (uint32_t i = 0; i < n; i++)
		size += 8 + dbmesh_size(masks[i].bytes);
	uint8_t *p = dbmesh_take(size), *at = dbmesh_put(p, n, 2);
	for (uint32_t i = 0; i < n; i++) {
		const dbmesh_mask *m = masks + i;
		uint64_t fixed = m->column | (uint64_t)m->by << 16 | (uint64_t)m->first << 24 | (uint64_t)m->last << 32 | (uint64_t)dbmesh_size(m->bytes) << 48;
		at = dbmesh_put_text(dbmesh_put(at, fixed, 8), m->bytes);
	}
	return dbmesh_pack(DBMESH_OP_MASK, p, size);
}

/* dbmesh_cacheable promises that the verdict rests on digest, user, schema and kind alone. */
static inline dbmesh_verdict dbmesh_cacheable(dbmesh_verdict v) { return v | DBMESH_OP_CACHEABLE; }

#endif

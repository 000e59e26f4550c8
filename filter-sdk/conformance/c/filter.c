/* The conformance filter in C; ../README.md says what it understands. */
#include <dbmesh.h>

#define TEXT(literal) DBMESH_TEXT(literal)

DBMESH_FILTER(64, DBMESH_WANT_PARAMS)

static int32_t literals, folded, regexps, globs, counter, gauge, histogram;

static dbmesh_text join3(dbmesh_text a, dbmesh_text b, dbmesh_text c) { return dbmesh_join(dbmesh_join(a, b), c); }

static void say(dbmesh_text name, dbmesh_text text) { dbmesh_log(DBMESH_LOG_INFO, join3(name, TEXT(": "), text)); }
static void number(dbmesh_text name, int64_t n) { say(name, dbmesh_number(n)); }
static dbmesh_text truth(int is) { return is ? TEXT("true") : TEXT("false"); }

static void result(dbmesh_text name, int32_t answer) {
	if (answer >= 0)
		say(name, TEXT("ok"));
	else if (answer == DBMESH_TOO_LARGE)
		say(name, TEXT("too large"));
	else if (answer == DBMESH_INVALID)
		say(name, TEXT("invalid"));
	else
		say(name, TEXT("not there"));
}

/* cut gives what stands before the separator and leaves in rest what stands behind it. */
static int cut(dbmesh_text *rest, dbmesh_text separator, dbmesh_text *before) {
	int32_t at = dbmesh_find(*rest, separator);
	*before = *rest;
	if (at < 0) {
		*rest = dbmesh_bytes(rest->ptr + rest->len, 0);
		return 0;
	}
	before->len = at;
	*rest = dbmesh_bytes(rest->ptr + at + separator.len, rest->len - at - separator.len);
	return 1;
}

static dbmesh_text next(dbmesh_text *words) {
	dbmesh_text word;
	cut(words, TEXT(" "), &word);
	return word;
}

static int64_t next_number(dbmesh_text *words) {
	int64_t n;
	if (!dbmesh_parse(next(words), &n))
		__builtin_trap();
	return n;
}

static dbmesh_text repeat(int64_t n) {
	uint8_t *p = dbmesh_take((uint32_t)n);
	__builtin_memset(p, 'x', (uint32_t)n);
	return dbmesh_bytes(p, (int32_t)n);
}

static dbmesh_text hexadecimal(const uint8_t *from, uint32_t n) {
	uint8_t *p = dbmesh_take(2 * n);
	for (uint32_t i = 0; i < n; i++) {
		p[2 * i] = (uint8_t)"0123456789abcdef"[from[i] >> 4];
		p[2 * i + 1] = (uint8_t)"0123456789abcdef"[from[i] & 15];
	}
	return dbmesh_bytes(p, (int32_t)(2 * n));
}

static void checksum(dbmesh_text name, dbmesh_text text) {
	uint32_t sum = 2166136261u;
	for (uint32_t i = 0; i < dbmesh_size(text); i++)
		sum = (sum ^ (uint8_t)text.ptr[i]) * 16777619u;
	say(name, join3(dbmesh_number(dbmesh_size(text)), TEXT(" "), dbmesh_unsigned(sum)));
}

static void span(dbmesh_text name, dbmesh_span s) {
	if (s.start < 0)
		say(name, TEXT("-"));
	else
		say(name, join3(dbmesh_number(s.start), TEXT(" "), dbmesh_number(s.end)));
}

static dbmesh_text list(uint32_t n, const dbmesh_text *texts) {
	dbmesh_text all = texts[0];
	for (uint32_t i = 1; i < n; i++)
		all = join3(all, TEXT(","), texts[i]);
	return all;
}

static dbmesh_text field(dbmesh_text all, dbmesh_text name, uint64_t n) {
	return dbmesh_join(join3(all, name, TEXT("=")), dbmesh_join(dbmesh_unsigned(n), TEXT(" ")));
}

static dbmesh_text header(void) {
	dbmesh_text t = TEXT("");
	t = field(t, TEXT("layout"), dbmesh_layout());
	t = field(t, TEXT("hook"), dbmesh_hook());
	t = field(t, TEXT("flags"), dbmesh_flags());
	t = field(t, TEXT("kind"), dbmesh_kind());
	t = field(t, TEXT("access"), dbmesh_access());
	t = field(t, TEXT("tables"), dbmesh_tables());
	t = field(t, TEXT("params"), dbmesh_params());
	t = field(t, TEXT("columns"), dbmesh_columns());
	t = field(t, TEXT("functions"), dbmesh_functions());
	t = field(t, TEXT("sql"), dbmesh_sql_length());
	t = field(t, TEXT("text"), dbmesh_text_length());
	t = field(t, TEXT("digest"), dbmesh_digest_number());
	t = field(t, TEXT("session"), dbmesh_session());
	t = field(t, TEXT("sequence"), dbmesh_sequence());
	t = field(t, TEXT("user"), dbmesh_user_number());
	t = field(t, TEXT("schema"), dbmesh_schema_number());
	t = field(t, TEXT("port"), dbmesh_port());
	t = field(t, TEXT("statement"), dbmesh_statement());
	t = field(t, TEXT("statements"), dbmesh_statements());
	t = field(t, TEXT("error"), dbmesh_error_code());
	t = field(t, TEXT("time"), (uint64_t)dbmesh_time_ms());
	t = field(t, TEXT("id"), dbmesh_statement_id());
	t = field(t, TEXT("rows"), dbmesh_rows());
	t = field(t, TEXT("affected"), dbmesh_affected());
	t = field(t, TEXT("latency"), dbmesh_latency_us());
	t = field(t, TEXT("bytes"), dbmesh_sent_bytes());
	return join3(t, TEXT("address="), hexadecimal(dbmesh_address(), 16));
}

#define STEP(literal) dbmesh_equal(name, TEXT(literal))

/* facts runs the steps that look. */
static int facts(dbmesh_text name) {
	if (STEP("header"))
		say(name, header());
	else if (STEP("slot")) {
		uint8_t *slot = dbmesh_slot();
		say(name, hexadecimal(slot, DBMESH_SLOT_SIZE));
		slot[0]++;
		slot[31] = 0xfe;
	} else if (STEP("sql"))
		checksum(name, dbmesh_sql());
	else if (STEP("digest"))
		say(name, join3(dbmesh_digest(), TEXT(" "), dbmesh_digest_text()));
	else if (STEP("tables"))
		for (int32_t i = 0; i < dbmesh_tables(); i++)
			say(name, join3(dbmesh_table(i), TEXT(" "), truth(dbmesh_table_access(i) == 1)));
	else if (STEP("functions"))
		for (int32_t i = 0; i < dbmesh_functions(); i++)
			say(name, dbmesh_function(i));
	else if (STEP("clauses"))
		for (int32_t i = 0; i < 7; i++)
			span(name, dbmesh_clause(i));
	else if (STEP("places"))
		for (int32_t i = 0; dbmesh_place(i).start >= 0; i++)
			span(join3(name, TEXT(" "), dbmesh_place_name(i)), dbmesh_place(i));
	else if (STEP("params"))
		for (int32_t i = 0; i <= dbmesh_params(); i++) {
			int32_t type = dbmesh_param_type(i);
			say(name, join3(dbmesh_number(type < 0 ? DBMESH_PARAM_UNKNOWN : type), TEXT(" "), dbmesh_param(i)));
		}
	else if (STEP("columns"))
		for (int32_t i = 0; i < dbmesh_columns(); i++) {
			int32_t type = dbmesh_column_type(i);
			dbmesh_text parts[] = {dbmesh_column(i, DBMESH_COLUMN_NAME), dbmesh_column(i, DBMESH_COLUMN_ORG_NAME),
				dbmesh_column(i, DBMESH_COLUMN_TABLE), dbmesh_column(i, DBMESH_COLUMN_ORG_TABLE), dbmesh_column(i, DBMESH_COLUMN_SCHEMA),
				dbmesh_number(type & 0xff), dbmesh_number(type >> 8 & 0xffff)};
			say(name, list(7, parts));
		}
	else if (STEP("error")) {
		dbmesh_text parts[] = {dbmesh_number(dbmesh_error_code()), dbmesh_error_str(DBMESH_ERR_STATE), dbmesh_error_str(DBMESH_ERR_MESSAGE)};
		say(name, list(3, parts));
	} else if (STEP("session")) {
		dbmesh_text parts[] = {dbmesh_session_str(DBMESH_STR_USER), dbmesh_session_str(DBMESH_STR_SCHEMA), dbmesh_session_str(DBMESH_STR_ADDRESS),
			dbmesh_session_str(DBMESH_STR_LISTENER), dbmesh_session_str(DBMESH_STR_POOL), dbmesh_attribute(TEXT("program_name"))};
		say(name, list(6, parts));
	} else
		return 0;
	return 1;
}

static int32_t pattern(dbmesh_text name) {
	return STEP("literals") ? literals : STEP("folded") ? folded : STEP("regexps") ? regexps : globs;
}

/* service runs the steps that call the host. */
static int service(dbmesh_text name, dbmesh_text *words) {
	if (STEP("match")) {
		int32_t set = pattern(next(words));
		number(name, dbmesh_match(set, set == globs ? DBMESH_SUBJECT_TABLES : DBMESH_SUBJECT_SQL));
	} else if (STEP("match-digest"))
		say(name, truth(dbmesh_match(pattern(next(words)), DBMESH_SUBJECT_DIGEST_TEXT) >= 0));
	else if (STEP("match-text")) {
		int32_t set = pattern(next(words));
		number(name, dbmesh_match_bytes(set, *words));
	} else if (STEP("state"))
		say(name, dbmesh_state());
	else if (STEP("set-state"))
		result(name, dbmesh_set_state(*words));
	else if (STEP("set-state-big"))
		result(name, dbmesh_set_state(repeat(next_number(words))));
	else if (STEP("kv-get")) {
		dbmesh_text value = dbmesh_kv_get(next(words));
		say(name, value.ptr ? value : TEXT("-"));
	} else if (STEP("kv-set")) {
		dbmesh_text key = next(words);
		int64_t ttl = next_number(words);
		result(name, dbmesh_kv_set(key, *words, ttl));
	} else if (STEP("kv-set-big")) {
		dbmesh_text key = repeat(next_number(words));
		result(name, dbmesh_kv_set(key, repeat(next_number(words)), 0));
	} else if (STEP("kv-incr")) {
		dbmesh_text key = next(words);
		int64_t delta = next_number(words);
		number(name, dbmesh_kv_incr(key, delta, next_number(words)));
	} else if (STEP("kv-delete"))
		say(name, truth(dbmesh_kv_delete(next(words)) == 1));
	else if (STEP("rate")) {
		dbmesh_text key = next(words);
		int64_t limit = next_number(words);
		say(name, truth(dbmesh_rate(key, (int32_t)limit, (int32_t)next_number(words)) == 1));
	} else if (STEP("count"))
		dbmesh_metric_add(counter, (double)next_number(words));
	else if (STEP("gauge"))
		dbmesh_metric_add(gauge, (double)next_number(words));
	else if (STEP("observe"))
		dbmesh_metric_add(histogram, (double)next_number(words) / 4);
	else if (STEP("debug"))
		dbmesh_log(DBMESH_LOG_DEBUG, *words);
	else if (STEP("warn"))
		dbmesh_log(DBMESH_LOG_WARN, *words);
	else if (STEP("fail"))
		dbmesh_log(DBMESH_LOG_ERROR, *words);
	else if (STEP("now"))
		number(name, dbmesh_now_ns());
	else
		return 0;
	return 1;
}

static dbmesh_verdict reply(dbmesh_text text) {
	dbmesh_text names[] = {TEXT("a"), TEXT("größe")}, values[] = {TEXT("1"), DBMESH_NULL, TEXT(""), text};
	return dbmesh_reply(2, names, 2, values);
}

static dbmesh_verdict mask(uint16_t kept) {
	dbmesh_mask plan[] = {
		{.column = 0, .by = DBMESH_MASK_NULL},
		{.column = 1, .by = DBMESH_MASK_CONSTANT, .bytes = TEXT("***")},
		{.column = 2, .by = DBMESH_MASK_HASH, .bytes = TEXT("key")},
		{.column = kept, .by = DBMESH_MASK_KEEP, .first = 1, .last = 2},
	};
	return dbmesh_mask_columns(plan, 4);
}

/* judge runs the steps that decide. */
static dbmesh_verdict judge(dbmesh_text name, dbmesh_text *words, dbmesh_verdict before) {
	if (STEP("deny") || STEP("disconnect")) {
		uint16_t code = (uint16_t)next_number(words);
		dbmesh_text state = next(words);
		return STEP("deny") ? dbmesh_deny(code, state.ptr, *words) : dbmesh_disconnect(code, state.ptr, *words);
	}
	if (STEP("deny-big"))
		return dbmesh_deny(1105, "HY000", repeat(next_number(words)));
	if (STEP("rewrite"))
		return dbmesh_rewrite(*words);
	if (STEP("rewrite-big"))
		return dbmesh_rewrite(repeat(next_number(words)));
	if (STEP("route"))
		return dbmesh_route(next(words));
	if (STEP("route-backend"))
		return dbmesh_route_backend(next(words));
	if (STEP("both")) {
		dbmesh_text pool = next(words);
		return dbmesh_both(dbmesh_rewrite(*words), dbmesh_route(pool));
	}
	if (STEP("ok")) {
		uint64_t affected = (uint64_t)next_number(words), insert = (uint64_t)next_number(words);
		return dbmesh_ok(affected, insert, *words);
	}
	if (STEP("reply"))
		return reply(*words);
	if (STEP("reply-big")) {
		dbmesh_text column = TEXT("a"), value = repeat(next_number(words));
		return dbmesh_reply(1, &column, 1, &value);
	}
	if (STEP("mask"))
		return mask((uint16_t)next_number(words));
	if (STEP("cacheable"))
		return dbmesh_cacheable(before);
	if (STEP("panic")) {
		dbmesh_log(DBMESH_LOG_ERROR, TEXT("conf: panic"));
		__builtin_trap();
	}
	if (STEP("spin"))
		for (volatile uint8_t *slot = dbmesh_slot();; (*slot)++)
			;
	return before;
}

/* run runs the steps behind "conf: ", up to the end of a comment. */
static dbmesh_verdict run(dbmesh_text command) {
	dbmesh_text step, rest;
	dbmesh_verdict verdict = DBMESH_PASS;
	if (command.len < 0 || !cut(&command, TEXT("conf: "), &rest))
		return DBMESH_PASS;
	cut(&command, TEXT(" */"), &rest);
	for (int more = 1; more;) {
		more = cut(&rest, TEXT(" | "), &step);
		dbmesh_text name = next(&step);
		if (!facts(name) && !service(name, &step))
			verdict = judge(name, &step, verdict);
	}
	return verdict;
}

static void show(dbmesh_text key, dbmesh_text value) {
	dbmesh_log(DBMESH_LOG_DEBUG, dbmesh_join(join3(TEXT("config "), key, TEXT(": ")), value));
}

DBMESH_CONFIGURE() {
	literals = dbmesh_match_new(DBMESH_MATCH_LITERAL, TEXT("needle\nStraße"));
	folded = dbmesh_match_new(DBMESH_MATCH_LITERAL_FOLD, TEXT("DROP\ngrant"));
	regexps = dbmesh_match_new(DBMESH_MATCH_REGEXP, TEXT("(?i)sleep\\s*\\(\n^-- x"));
	globs = dbmesh_match_new(DBMESH_MATCH_TABLE, TEXT("app.*\nuser_?"));
	counter = dbmesh_metric_new(DBMESH_METRIC_COUNTER, TEXT("seen"));
	gauge = dbmesh_metric_new(DBMESH_METRIC_GAUGE, TEXT("level"));
	histogram = dbmesh_metric_new(DBMESH_METRIC_HISTOGRAM, TEXT("size"));
	if (literals < 0 || folded < 0 || regexps < 0 || globs < 0 || counter < 0 || gauge < 0 || histogram < 0)
		return dbmesh_refuse(TEXT("patterns or metrics are refused"));
	show(TEXT("all"), dbmesh_config());
	for (int32_t i = 0;; i++) {
		dbmesh_text key = dbmesh_config_get(dbmesh_join(TEXT("show."), dbmesh_number(i)));
		if (!key.ptr)
			break;
		dbmesh_text value = dbmesh_config_get(key);
		show(key, value.ptr ? value : TEXT("-"));
	}
	dbmesh_text why = dbmesh_config_get(TEXT("refuse"));
	return why.ptr ? dbmesh_refuse(dbmesh_join(TEXT("refused: "), why)) : DBMESH_PASS;
}

#define ON(hook, text) DBMESH_HOOK(hook, arg) { (void)arg; return run(text); }

ON(on_session, dbmesh_attribute(TEXT("conf")))
ON(on_init_db, dbmesh_sql())
ON(on_query, dbmesh_sql())
ON(on_prepare, dbmesh_sql())
ON(on_execute, dbmesh_sql())
ON(on_columns, dbmesh_column(0, DBMESH_COLUMN_NAME))
ON(on_error, dbmesh_error_str(DBMESH_ERR_MESSAGE))

/* Hooks without a text of their own run the command that all sessions share; their verdict is pass. */
#define TOLD(hook) DBMESH_HOOK(hook, arg) { (void)arg; run(dbmesh_kv_get(TEXT("conf"))); return DBMESH_PASS; }

TOLD(on_done)
TOLD(on_session_end)
TOLD(on_tick)

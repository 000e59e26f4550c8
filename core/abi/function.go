package abi

// ValueType is a type in a host function's signature.
type ValueType byte

// The types, as WebAssembly encodes them.
const (
	I32 ValueType = 0x7f
	I64 ValueType = 0x7e
	F64 ValueType = 0x7c
)

// Function is a host function. Getters take (..., ptr, cap, off) last: they write at most cap
// bytes of the text from off on to ptr and give its full length, or a negative answer.
type Function struct {
	Name       string
	Params     []ValueType
	Result     ValueType // 0 for none
	Capability string    // "" is for everybody
	Doc        string
}

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

// Capabilities gives all of them.
func Capabilities() []string {
	return []string{CapSQL, CapLog, CapParams, CapRows, CapState, CapKV, CapRate, CapReply, CapRoute}
}

// Functions gives the host functions.
func Functions() []Function {
	i, l, f := I32, I64, F64
	p := func(types ...ValueType) []ValueType { return types }
	return []Function{
		{"sql", p(i, i, i), i, CapSQL, "(ptr, cap, off): the statement's text"},
		{"digest", p(i, i, i), i, "", "(ptr, cap, off): the statement's digest, 64 hex digits"},
		{"digest_text", p(i, i, i), i, CapSQL, "(ptr, cap, off): the text that the digest is made of"},
		{"table", p(i, i, i, i), i, "", "(index, ptr, cap, off): a table as schema.name, with the session's default schema filled in; name alone without one"},
		{"table_access", p(i), i, "", "(index): 0 for a table that is read, 1 for one that is written"},
		{"clause", p(i), l, CapSQL, "(id): where a clause of the statement stands in its text, start<<32 | end; -1 if it has none, or where is not sure"},
		{"place", p(i), l, CapSQL, "(index): where a table is named in the text, start<<32 | end; in order, -1 behind the last and if it is not sure"},
		{"place_name", p(i, i, i, i), i, CapSQL, "(index, ptr, cap, off): the table that is named there, as table gives it"},
		{"function", p(i, i, i, i), i, "", "(index, ptr, cap, off): a function that the statement calls, lower case"},
		{"param", p(i, i, i, i), i, CapParams, "(index, ptr, cap, off): an execute's parameter as text"},
		{"param_type", p(i), i, CapParams, "(index): its type"},
		{"session_str", p(i, i, i, i), i, "", "(id, ptr, cap, off): a text of the session"},
		{"attribute", p(i, i, i, i, i), i, "", "(name ptr, name len, ptr, cap, off): a connection attribute"},
		{"column", p(i, i, i, i, i), i, CapRows, "(index, field, ptr, cap, off): a column's name and origin"},
		{"column_type", p(i), i, CapRows, "(index): MySQL's type number | flags<<8"},
		{"error_str", p(i, i, i, i), i, "", "(id, ptr, cap, off): message or SQLSTATE"},
		{"config", p(i, i, i), i, "", "(ptr, cap, off): the filter's whole config as JSON"},
		{"config_get", p(i, i, i, i, i), i, "", "(key ptr, key len, ptr, cap, off): one value as text; a.b goes into maps, a.0 into lists; of a list or map JSON"},
		{"match_new", p(i, i, i), i, "", "(kind, ptr, len): compiles a set of patterns, only in dbmesh_configure; gives its number"},
		{"match", p(i, i), i, CapSQL, "(set, subject): index of the first pattern that matches, else -1"},
		{"match_bytes", p(i, i, i), i, "", "(set, ptr, len): the same on the guest's own bytes"},
		{"state_get", p(i, i, i), i, CapState, "(ptr, cap, off): what state_set kept for this session"},
		{"state_set", p(i, i), i, CapState, "(ptr, len): keeps at most 4 KiB for this session; 0, or a negative answer"},
		{"kv_get", p(i, i, i, i, i), i, CapKV, "(key ptr, key len, ptr, cap, off): a value shared by all sessions"},
		{"kv_set", p(i, i, i, i, l), i, CapKV, "(key ptr, key len, ptr, len, ttl ms): 0, or a negative answer; ttl 0 keeps it"},
		{"kv_incr", p(i, i, l, l), l, CapKV, "(key ptr, key len, delta, ttl ms): adds to a counter and gives it; the ttl counts from its creation"},
		{"kv_delete", p(i, i), i, CapKV, "(key ptr, key len): 1 if it was there"},
		{"rate", p(i, i, i, i), i, CapRate, "(key ptr, key len, limit, per ms): takes one of limit tokens that come back within per; 1 if there was one, else 0"},
		{"metric_def", p(i, i, i), i, "", "(kind, name ptr, name len): names a metric, only in dbmesh_configure; gives its number"},
		{"metric_add", p(i, f), i, "", "(metric, value): adds to a counter, sets a gauge, observes into a histogram; 0, or a negative answer"},
		{"log", p(i, i, i), 0, CapLog, "(level, ptr, len): a line in dbmesh's log, at a bounded rate"},
		{"now_ns", nil, l, "", "(): Unix time in nanoseconds"},
	}
}

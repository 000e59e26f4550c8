// Code generated from core/abi by core/abi/generate. DO NOT EDIT.

//go:build wasip1

package host

import "unsafe"

// SQL is (ptr, cap, off): the statement's text.
//
//go:wasmimport dbmesh_v1 sql
//go:noescape
func SQL(ptr unsafe.Pointer, room uint32, off uint32) int32

// Digest is (ptr, cap, off): the statement's digest, 64 hex digits.
//
//go:wasmimport dbmesh_v1 digest
//go:noescape
func Digest(ptr unsafe.Pointer, room uint32, off uint32) int32

// DigestText is (ptr, cap, off): the text that the digest is made of.
//
//go:wasmimport dbmesh_v1 digest_text
//go:noescape
func DigestText(ptr unsafe.Pointer, room uint32, off uint32) int32

// Table is (index, ptr, cap, off): a table as schema.name, with the session's default schema filled in; name alone without one.
//
//go:wasmimport dbmesh_v1 table
//go:noescape
func Table(index int32, ptr unsafe.Pointer, room uint32, off uint32) int32

// TableAccess is (index): 0 for a table that is read, 1 for one that is written.
//
//go:wasmimport dbmesh_v1 table_access
//go:noescape
func TableAccess(index int32) int32

// Clause is (id): where a clause of the statement stands in its text, start<<32 | end; -1 if it has none, or where is not sure.
//
//go:wasmimport dbmesh_v1 clause
//go:noescape
func Clause(id int32) int64

// Place is (index): where a table is named in the text, start<<32 | end; in order, -1 behind the last and if it is not sure.
//
//go:wasmimport dbmesh_v1 place
//go:noescape
func Place(index int32) int64

// PlaceName is (index, ptr, cap, off): the table that is named there, as table gives it.
//
//go:wasmimport dbmesh_v1 place_name
//go:noescape
func PlaceName(index int32, ptr unsafe.Pointer, room uint32, off uint32) int32

// Function is (index, ptr, cap, off): a function that the statement calls, lower case.
//
//go:wasmimport dbmesh_v1 function
//go:noescape
func Function(index int32, ptr unsafe.Pointer, room uint32, off uint32) int32

// Param is (index, ptr, cap, off): an execute's parameter as text.
//
//go:wasmimport dbmesh_v1 param
//go:noescape
func Param(index int32, ptr unsafe.Pointer, room uint32, off uint32) int32

// ParamType is (index): its type.
//
//go:wasmimport dbmesh_v1 param_type
//go:noescape
func ParamType(index int32) int32

// SessionStr is (id, ptr, cap, off): a text of the session.
//
//go:wasmimport dbmesh_v1 session_str
//go:noescape
func SessionStr(id int32, ptr unsafe.Pointer, room uint32, off uint32) int32

// Attribute is (name_ptr, name_len, ptr, cap, off): a connection attribute.
//
//go:wasmimport dbmesh_v1 attribute
//go:noescape
func Attribute(name string, ptr unsafe.Pointer, room uint32, off uint32) int32

// Column is (index, field, ptr, cap, off): a column's name and origin.
//
//go:wasmimport dbmesh_v1 column
//go:noescape
func Column(index int32, field int32, ptr unsafe.Pointer, room uint32, off uint32) int32

// ColumnType is (index): MySQL's type number | flags<<8.
//
//go:wasmimport dbmesh_v1 column_type
//go:noescape
func ColumnType(index int32) int32

// ErrorStr is (id, ptr, cap, off): message or SQLSTATE.
//
//go:wasmimport dbmesh_v1 error_str
//go:noescape
func ErrorStr(id int32, ptr unsafe.Pointer, room uint32, off uint32) int32

// Config is (ptr, cap, off): the filter's whole config as JSON.
//
//go:wasmimport dbmesh_v1 config
//go:noescape
func Config(ptr unsafe.Pointer, room uint32, off uint32) int32

// ConfigGet is (key_ptr, key_len, ptr, cap, off): one value as text; a.b goes into maps, a.0 into lists; of a list or map JSON.
//
//go:wasmimport dbmesh_v1 config_get
//go:noescape
func ConfigGet(key string, ptr unsafe.Pointer, room uint32, off uint32) int32

// MatchNew is (kind, ptr, len): compiles a set of patterns, only in dbmesh_configure; gives its number.
//
//go:wasmimport dbmesh_v1 match_new
//go:noescape
func MatchNew(kind int32, text string) int32

// Match is (set, subject): index of the first pattern that matches, else -1.
//
//go:wasmimport dbmesh_v1 match
//go:noescape
func Match(set int32, subject int32) int32

// MatchBytes is (set, ptr, len): the same on the guest's own bytes.
//
//go:wasmimport dbmesh_v1 match_bytes
//go:noescape
func MatchBytes(set int32, text string) int32

// StateGet is (ptr, cap, off): what state_set kept for this session.
//
//go:wasmimport dbmesh_v1 state_get
//go:noescape
func StateGet(ptr unsafe.Pointer, room uint32, off uint32) int32

// StateSet is (ptr, len): keeps at most 4 KiB for this session; 0, or a negative answer.
//
//go:wasmimport dbmesh_v1 state_set
//go:noescape
func StateSet(text string) int32

// KVGet is (key_ptr, key_len, ptr, cap, off): a value shared by all sessions.
//
//go:wasmimport dbmesh_v1 kv_get
//go:noescape
func KVGet(key string, ptr unsafe.Pointer, room uint32, off uint32) int32

// KVSet is (key_ptr, key_len, ptr, len, ttl_ms): 0, or a negative answer; ttl 0 keeps it.
//
//go:wasmimport dbmesh_v1 kv_set
//go:noescape
func KVSet(key string, text string, ttlMillis int64) int32

// KVIncr is (key_ptr, key_len, delta, ttl_ms): adds to a counter and gives it; the ttl counts from its creation.
//
//go:wasmimport dbmesh_v1 kv_incr
//go:noescape
func KVIncr(key string, delta int64, ttlMillis int64) int64

// KVDelete is (key_ptr, key_len): 1 if it was there.
//
//go:wasmimport dbmesh_v1 kv_delete
//go:noescape
func KVDelete(key string) int32

// Rate is (key_ptr, key_len, limit, per_ms): takes one of limit tokens that come back within per; 1 if there was one, else 0.
//
//go:wasmimport dbmesh_v1 rate
//go:noescape
func Rate(key string, limit int32, perMillis int32) int32

// MetricDef is (kind, name_ptr, name_len): names a metric, only in dbmesh_configure; gives its number.
//
//go:wasmimport dbmesh_v1 metric_def
//go:noescape
func MetricDef(kind int32, name string) int32

// MetricAdd is (metric, value): adds to a counter, sets a gauge, observes into a histogram; 0, or a negative answer.
//
//go:wasmimport dbmesh_v1 metric_add
//go:noescape
func MetricAdd(metric int32, value float64) int32

// Log is (level, ptr, len): a line in dbmesh's log, at a bounded rate.
//
//go:wasmimport dbmesh_v1 log
//go:noescape
func Log(level int32, text string)

// NowNs is (): Unix time in nanoseconds.
//
//go:wasmimport dbmesh_v1 now_ns
//go:noescape
func NowNs() int64

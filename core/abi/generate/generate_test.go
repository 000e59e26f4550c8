package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../../.."

func TestTheSDKsHaveTheNumbersOfTheInterface(t *testing.T) {
	made, err := files(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range made {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || string(got) != want {
			t.Errorf("%s differs from core/abi (%v): run make generate", name, err)
		}
	}
}

func TestEachConstantReachesEachSDK(t *testing.T) {
	made, err := files(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, wants := range map[string][]string{
		"filter-sdk/abi/abi.go":                   {"AtSQLLength    = 16 ", `Module = "dbmesh_v1"`, "HookTick       = 9 ", "NotThere   = -1 ", "KindDelete      = 7 ", "AccessWrite   = 2 "},
		"filter-sdk/internal/host/imports.go":     {"//go:wasmimport dbmesh_v1 kv_set", "func KVSet(key string, text string, ttlMillis int64) int32", "func Log(level int32, text string)\n", "func SQL(ptr unsafe.Pointer, room uint32, off uint32) int32"},
		"filter-sdk/c/dbmesh_abi.h":               {"#define DBMESH_AT_SQL_LENGTH 16 ", "#define DBMESH_NOT_THERE (-1)", "#define DBMESH_NULL_LENGTH 4294967295u", "int64_t dbmesh_host_now_ns(void);", `DBMESH_IMPORT("table") int32_t dbmesh_host_table(int32_t index, void *ptr, int32_t cap, int32_t off);`},
		"filter-sdk/rust/dbmesh_abi.rs":           {"pub const HOOK_INIT_DB: u32 = 1;", "pub fn host_metric_add(metric: i32, value: f64) -> i32;", "pub fn host_state_set(ptr: *const u8, len: i32) -> i32;"},
		"filter-sdk/assemblyscript/dbmesh/abi.ts": {"export const OP_OK: u32 = 5;", "export declare function host_log(level: i32, ptr: usize, len: i32): void;"},
	} {
		for _, want := range wants {
			if !strings.Contains(made[name], want) {
				t.Errorf("%s has no %q", name, want)
			}
		}
	}
}

func TestNamesAreCutWhereTheirWordsEnd(t *testing.T) {
	for name, want := range map[string]string{
		"AtSQLLength": "AT_SQL_LENGTH", "HookInitDB": "HOOK_INIT_DB", "OpOK": "OP_OK", "FlagTLS": "FLAG_TLS", "KindXA": "KIND_XA", "AtStatementID": "AT_STATEMENT_ID",
	} {
		if got := snake(name); got != want {
			t.Errorf("%s becomes %s, want %s", name, got, want)
		}
	}
}

func TestAFunctionWhoseTextNamesOtherParametersIsRefused(t *testing.T) {
	s, err := read(filepath.Join(root, "core/abi"))
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(s.functions, func(f function) bool { return f.Name == "rate" })
	f := s.functions[i].Function
	f.Params = f.Params[1:]
	if _, err := withNames(f); err == nil {
		t.Error("a missing parameter is not noticed")
	}
}

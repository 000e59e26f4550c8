package module_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/module"
	. "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

func structures() []wrong {
	custom := func(names ...string) []byte {
		return with(func(m *Module) {
			for _, n := range names {
				m.Custom(n, "x")
			}
		})
	}
	right := Guest("now_ns").Sections()
	return []wrong{
		{"nothing", "does not begin", nil},
		{"a shell script", "does not begin", []byte("#!/bin/sh\nexit 0\n")},
		{"another version", "does not begin", []byte("\x00asm\x02\x00\x00\x00")},
		{"a component", "does not begin", []byte("\x00asm\x0d\x00\x01\x00")},
		{"5 MB", "more than the 4194304 allowed", make([]byte, 5_000_000)},
		{"a section longer than the rest", "only 0 are left", []byte(Magic + "\x01\xff\xff\xff\xff\x0f")},
		{"a section that is not filled", "left at its end", sections(IDFunction, "\x03\x00\x00\x00\x00")},
		{"a section of too many entries", "do not fit", sections(IDFunction, U(19_000))},
		{"4 billion types", "more than the 5000 allowed", sections(IDType, U(1<<32-1))},
		{"4 billion functions", "more than the 20000 allowed", sections(IDFunction, U(1<<32-1))},
		{"4 billion exports", "allowed", sections(IDExport, U(1<<32-1))},
		{"4 billion data segments", "allowed", sections(IDData, U(1<<32-1))},
		{"4 billion element segments", "allowed", inserted(5, IDElement, U(1<<32-1))},
		{"an unknown section", "section with the number 14", Join(append(right, Section{ID: 14, Payload: ""})...)},
		{"a section of exceptions", "exceptions are not supported", Join(append(right, Section{ID: 13, Payload: "\x00"})...)},
		{"the same section twice", "twice or too late", Join(append(right, right[len(right)-1])...)},
		{"sections in another order", "twice or too late", Join(right[0], right[2], right[1])},
		{"code without functions", "0 functions are declared, 1 have code", []byte(Magic + "\x0a\x04\x01\x02\x00\x0b")},
		{"functions without code", "functions are declared, 0 have code", Join(right[:3]...)},
		{"more data segments than counted", "7 data segments are declared, 1 are there", inserted(5, IDDataCount, "\x07")},
		{"too many custom sections", "more custom sections", custom(many(65)...)},
		{"two manifests", "is there twice", custom(abi.ManifestSection, abi.ManifestSection)},
		{"something behind the signature", "follows the signature", custom(abi.SignatureSection, "x")},
		{"a custom section whose name is too long", "only 1 are left", Join(Section{ID: 0, Payload: "\x05x"})},
		{"a section's name that is no text", "not UTF-8", Join(Section{ID: 0, Payload: "\x01\xff"})},
	}
}

func many(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = "c"
	}
	return all
}

func declarations() []wrong {
	return []wrong{
		{"an export with a reserved name", "dbmesh's own", with(func(m *Module) { m.Export(module.FuelExport, KindGlobal, 0) })},
		{"another reserved name", "dbmesh's own", with(func(m *Module) { m.Export(abi.ReservedPrefix, KindFunc, 0) })},
		{"the same export twice", `"x" is exported twice`, with(func(m *Module) { m.Export("x", KindFunc, 0); m.Export("x", KindFunc, 1) })},
		{"an exported global too many", "no global 1", with(func(m *Module) { m.Export("x", KindGlobal, 1) })},
		{"an exported function too many", "no function 3", with(func(m *Module) { m.Export("x", KindFunc, 3) })},
		{"an exported table too many", "no table 1", with(func(m *Module) { m.Export("x", KindTable, 1) })},
		{"an exported memory too many", "no memory 1", with(func(m *Module) { m.Export("x", KindMemory, 1) })},
		{"an exported tag", "unknown, 4", with(func(m *Module) { m.Export("x", 4, 0) })},
		{"an imported memory", "is no function", with(func(m *Module) { m.RawImport("env", "memory", "\x02\x00\x01") })},
		{"an imported global", "env.g is imported but is no function", with(func(m *Module) { m.RawImport("env", "g", "\x03\x7f\x01") })},
		{"an imported table", "is no function", with(func(m *Module) { m.RawImport("env", "t", "\x01\x70\x00\x01") })},
		{"an import of a type too many", "no type 9", with(func(m *Module) { m.RawImport("env", "f", "\x00\x09") })},
		{"an import with a name of 5,000 bytes", "more than the 4096 allowed",
			with(func(m *Module) { m.RawImport("env", strings.Repeat("x", 5000), "\x00\x00") })},
		{"two memories", "only one is supported", with(func(m *Module) { m.Memory(1, 1) })},
		{"a shared memory", "shared memory", sections(IDMemory, "\x01\x03\x01\x01")},
		{"a 64-bit memory", "64-bit addresses", sections(IDMemory, "\x01\x04\x01")},
		{"a memory that begins with 4 GiB", "65536 pages", sections(IDMemory, "\x01\x00"+U(65536))},
		{"a memory that ends beyond 4 GiB", "impossible", sections(IDMemory, "\x01\x01\x01"+U(65537))},
		{"a memory that ends before it begins", "impossible", sections(IDMemory, "\x01\x01\x02\x01")},
		{"a table of 100 million", "more than the 65536 allowed", with(func(m *Module) { m.Table(100_000_000, -1) })},
		{"many tables", "9 tables", with(func(m *Module) {
			for range 8 {
				m.Table(1, -1)
			}
		})},
		{"a table of references of the host", "type 0x6f", inserted(3, IDTable, "\x01\x6f\x00\x01")},
		{"a table with a first value", "type 0x40", inserted(3, IDTable, "\x01\x40\x00\x70\x00\x01\xd0\x70\x0b")},
		{"a global that is neither constant nor variable", "neither", with(func(m *Module) { m.RawGlobal("\x7f\x02" + I32(0) + End) })},
		{"a global from a global", "taken from a global", with(func(m *Module) { m.Global(Int64, false, GetGlobal(0)) })},
		{"a global that is computed", "more than one instruction", with(func(m *Module) { m.Global(Int32, false, I32(1)+I32(1)+I32Add) })},
		{"a global that is called", "not allowed in a constant", with(func(m *Module) { m.Global(Int32, false, Call(0)) })},
		{"a type of a struct", "garbage-collected", with(func(m *Module) { m.RawType("\x5f\x00") })},
		{"a function of 200 parameters", "more than the 128 allowed", with(func(m *Module) { m.Signature(several(200, Int32), nil) })},
		{"a function of 17 results", "more than the 16 allowed", with(func(m *Module) { m.Signature(nil, several(17, Int32)) })},
		{"a start function too many", "no function 9", with(func(m *Module) { m.Start(9) })},
		{"a start function that gives a value", "takes or gives", with(func(m *Module) { m.Start(1) })},
		{"elements of a function too many", "no function 9", with(func(m *Module) { m.Elements(0, 9) })},
		{"elements of a table too many", "no table 1", with(func(m *Module) { m.RawElements("\x02\x01" + I32(0) + End + "\x00\x00") })},
		{"elements of an unknown form", "flags 0x8", with(func(m *Module) { m.RawElements("\x08") })},
		{"elements of an unknown kind", "kind 0x1", with(func(m *Module) { m.RawElements("\x01\x01\x00") })},
		{"passive data", "passive", with(func(m *Module) { m.PassiveData("x") })},
		{"data in memory 1", "no memory 1", with(func(m *Module) { m.RawData("\x02\x01" + I32(0) + End + "\x00") })},
		{"data of an unknown form", "flags 0x3", with(func(m *Module) { m.RawData("\x03") })},
		{"data at the address of a global", "taken from a global", with(func(m *Module) { m.RawData("\x00" + GetGlobal(0) + End + "\x00") })},
		{"data beyond the memory", "outside of the memory", with(func(m *Module) { m.Data(GuestPages<<16-1, "xy") })},
		{"data at -1", "outside of the memory", with(func(m *Module) { m.Data(-1, "x") })},
		{"data longer than the module", "only", with(func(m *Module) { m.RawData("\x00" + I32(0) + End + U(1<<31)) })},
	}
}

// inserted adds a section to a right guest's type, import, function, memory, export, code and
// data.
func inserted(at int, id byte, payload Code) []byte {
	return Join(slices.Insert(Guest("now_ns").Sections(), at, Section{ID: id, Payload: payload})...)
}

func TestStructuresThatAreRefusedAndWhy(t *testing.T) {
	for _, w := range append(structures(), declarations()...) {
		refused(t, w)
	}
}

func TestAModuleCutAnywhereIsRefused(t *testing.T) {
	m := Guest("now_ns", "sql")
	m.Table(4, 8)
	m.Global(Int64, true, I64(-5))
	m.Hook(abi.HookQuery, []Type{Int64}, Loop(Get(0), BrIf(0)), I32(0), Get(0), I32(9), MemoryFill, m.Host("now_ns"))
	m.Elements(1, 0, 1)
	m.RawData("\x00" + I32(0) + End + Bytes("data"))
	m.DataCount()
	whole := m.Build()
	if _, err := module.Read(whole, module.DefaultCaps()); err != nil {
		t.Fatal(err)
	}
	functions := bytes.Index(whole, []byte{IDFunction, 4, 3})
	accepted := 0
	for n := range whole {
		_, err := module.Read(whole[:n:n], module.DefaultCaps())
		if err == nil {
			accepted++ // a module of types and imports only
			if n > functions {
				t.Errorf("%d of %d bytes are accepted", n, len(whole))
			}
		}
	}
	if accepted > 3 {
		t.Errorf("%d beginnings are accepted", accepted)
	}
}

func TestAModuleWithOneByteChangedNeverPanics(t *testing.T) {
	m := Guest("now_ns")
	m.Hook(abi.HookQuery, nil, Loop(Get(0), BrIf(0)), m.Host("now_ns"))
	whole := m.Build()
	for i := range whole {
		for _, b := range []byte{0, 1, 0x7f, 0x80, 0xff, whole[i] + 1, whole[i] - 1} {
			changed := bytes.Clone(whole)
			changed[i] = b
			if m, err := module.Read(changed, module.DefaultCaps()); err == nil {
				if _, err := m.Meter(); err != nil {
					t.Errorf("byte %d as %#x: %v", i, b, err)
				}
			}
		}
	}
}

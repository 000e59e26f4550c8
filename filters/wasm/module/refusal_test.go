package module_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/dbmesh/dbmesh/filters/wasm/module"
	. "github.com/dbmesh/dbmesh/filters/wasm/wasmtest"
)

// wrong is a module that must be refused, and what the refusal must say.
type wrong struct {
	name, say string
	bytes     []byte
}

// in puts code into a function of a right guest with one table and one variable global.
func in(code Code, locals ...Type) []byte {
	m := Guest("now_ns")
	m.Table(4, 8)
	m.Global(Int64, true, I64(0))
	m.Func("f", []Type{Int32}, nil, locals, code)
	return m.Build()
}

// with changes a right guest.
func with(change func(m *Module)) []byte {
	m := Guest("now_ns")
	m.Table(4, 8)
	m.Global(Int64, true, I64(0))
	change(m)
	return m.Build()
}

// sections replaces the payload of a section of a right guest, or adds it at the end.
func sections(id byte, payload Code) []byte {
	all := Guest("now_ns").Sections()
	for i := range all {
		if all[i].ID == id {
			all[i].Payload = payload
			return Join(all...)
		}
	}
	return Join(append(all, Section{ID: id, Payload: payload})...)
}

func instructions() []wrong {
	return []wrong{
		{"the fuel counter as a global of the guest", "no global 1, only 1", in(I64(1) + SetGlobal(1))},
		{"reading the fuel counter", "no global 1", in(GetGlobal(1) + Drop)},
		{"the local that holds the fuel", "no local 1, only 1", in(I64(1<<40) + Set(1))},
		{"a local far away", "no local 4294967295", in(Get(1<<32-1) + Drop)},
		{"a function too many", "no function 4, only 4", in(Call(4))},
		{"a label too many", "no label 1, only 1", in(Br(1))},
		{"a label of br_table too many", "no label 7", in(Get(0) + BrTable(7, 0, 0))},
		{"a type too many", "no type 9", in(Get(0) + CallIndirect(9, 0))},
		{"a block of a type too many", "no type 99", in("\x02" + S(99) + End)},
		{"a block of a negative type in two bytes", "no type -1", in("\x02\xff\x7f" + End)},
		{"a table too many", "no table 1", in(Get(0) + CallIndirect(0, 1))},
		{"a data segment", "memory.init", in(I32(0) + I32(0) + I32(0) + "\xfc\x08\x00\x00")},
		{"dropping a data segment", "data.drop", in("\xfc\x09\x00")},
		{"an element segment too many", "no element segment 0", in("\xfc\x0d\x00")},
		{"an unknown instruction", "0x27 is unknown", in("\x27")},
		{"an unknown long instruction", "0xfc 0x12 is unknown", in("\xfc\x12")},
		{"an atomic instruction", "threads", in("\xfe\x03\x00")},
		{"a vector instruction", "SIMD", in("\xfd\x0c" + Code(make([]byte, 16)) + Drop)},
		{"throwing an exception", "exceptions", in("\x08\x00")},
		{"catching an exception", "exceptions", in("\x06\x40" + End)},
		{"try_table", "exceptions", in("\x1f\x40\x00" + End)},
		{"a tail call", "tail calls", in("\x12\x00")},
		{"a tail call through a table", "tail calls", in(Get(0) + "\x13\x00\x00")},
		{"a call by reference", "typed function references", in("\x14\x00")},
		{"a garbage-collected struct", "garbage-collected", in("\xfb\x00\x00")},
		{"a load from memory 1", "several memories", in(Get(0) + "\x28\x42\x01\x00" + Drop)},
		{"a load of too much alignment", "alignment 3", in(Get(0) + "\x28\x03\x00" + Drop)},
		{"a 64-bit offset", "32 bits", in(Get(0) + "\x28\x02" + Padded(1<<40, 6) + Drop)},
		{"growing memory 1", "no memory 1", in(Get(0) + "\x40\x01" + Drop)},
		{"filling memory 1", "no memory 1", in(Get(0) + Get(0) + Get(0) + "\xfc\x0b\x01")},
		{"an else without an if", "else", in(Block(Else))},
		{"two branches too many", "else", in(Get(0) + "\x04\x40" + Else + Else + End)},
		{"bytes after the end", "follow the function's end", in(End + Nop)},
		{"no end", "too early", in("\x02\x40")},
		{"a constant over 32 bits", "32 bits", in("\x41\xff\xff\xff\xff\x1f" + Drop)},
		{"a constant of six bytes", "32 bits", in("\x41\x80\x80\x80\x80\x80\x00" + Drop)},
		{"a 64-bit constant with spare bits", "64 bits", in("\x42\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02" + Drop)},
		{"an index of six bytes", "32 bits", in("\x20\x80\x80\x80\x80\x80\x00" + Drop)},
		{"an index with spare bits", "32 bits", in("\x20\x80\x80\x80\x80\x10" + Drop)},
		{"a vector local", "SIMD", in("", Vector)},
		{"a local of the host's references", "externref", in("", ExternRef)},
		{"a local of a garbage-collected type", "type 0x6e", in("", 0x6e)},
		{"more locals than memory", "more locals", raw(U(1) + U(1<<32-1) + "\x7f" + End)},
		{"declarations of locals that are not there", "do not fit", raw(U(1000) + "\x01\x7f" + End)},
		{"nesting", "inside each other", in(Code(strings.Repeat("\x02\x40", 1001) + strings.Repeat("\x0b", 1001)))},
		{"loops that take an hour to compile", "too long to compile", in(Code(strings.Repeat("\x03\x40\x0b", 20_000)))},
		{"locals that take an hour to compile", "too long to compile",
			in(Code(strings.Repeat(string(Get(0)+If(Nop)), 1000)), several(1900, Int32)...)},
		{"memory accesses that take much memory to compile", "16001 loads and stores", in(rep(Get(0)+Load32+At(0)+Drop, 16_001))},
		{"labels that take much memory to compile", "10001 labels", in(Block(Get(0), BrTable(0, make([]uint32, 10_000)...)))},
		{"functions that together take too long to compile", "all functions up to here", with(func(m *Module) {
			for range 20 {
				m.Func("", nil, nil, nil, rep(I32(0)+If(Nop), 5000))
			}
		})},
		{"a function of 300 KB", "more than the 262144 allowed", in(Code(strings.Repeat("\x01", 300_000)))},
		{"labels of br_table that are not there", "labels", in(Get(0) + "\x0e" + U(1<<31))},
		{"a table that grows without an end", "table.grow", with(func(m *Module) {
			m.Table(1, -1)
			m.Func("", nil, nil, nil, "\xd0\x70"+I32(1)+"\xfc\x0f\x01"+Drop)
		})},
	}
}

// raw is a function body as it stands.
func raw(body Code) []byte {
	return with(func(m *Module) { m.RawFunc(m.Signature(nil, nil), body) })
}

func several(n int, t Type) []Type {
	all := make([]Type, n)
	for i := range all {
		all[i] = t
	}
	return all
}

func TestInstructionsThatAreRefusedAndWhy(t *testing.T) {
	for _, w := range instructions() {
		r := refused(t, w)
		if r != nil && (r.Section != "code" || r.Function < 3) {
			t.Errorf("%s: the refusal is about %s, function %d", w.name, r.Section, r.Function)
		}
	}
}

func refused(t *testing.T, w wrong) *module.Refusal {
	t.Helper()
	_, err := module.Read(w.bytes, module.DefaultCaps())
	var r *module.Refusal
	if !errors.As(err, &r) {
		t.Errorf("%s: the error is %v", w.name, err)
		return nil
	}
	if !strings.Contains(err.Error(), w.say) {
		t.Errorf("%s: %q does not say %q", w.name, err, w.say)
	}
	if r.Offset < 0 || r.Offset > len(w.bytes) {
		t.Errorf("%s: byte %d of %d", w.name, r.Offset, len(w.bytes))
	}
	return r
}

func TestARefusalNamesTheFunction(t *testing.T) {
	r := refused(t, wrong{"an exported function", "code section, function 3 (f), byte", in("\x27")})
	if r == nil || r.Name != "f" {
		t.Errorf("%+v", r)
	}
	m := Guest("now_ns")
	m.Func("", nil, nil, nil, "\x27")
	m.Custom("name", string("\x01"+Bytes(U(1)+U(3)+Bytes("main.run"))))
	refused(t, wrong{"a function with a name", "function 3 (main.run)", m.Build()})
}

func TestARightGuestIsRead(t *testing.T) {
	for _, b := range [][]byte{in(""), with(func(*Module) {}), in(Get(0)+BrTable(0, 0, 0), several(5, FuncRef)...),
		Guest().Build()} {
		if _, err := module.Read(b, module.DefaultCaps()); err != nil {
			t.Error(err)
		}
	}
}

func TestCapsGrowWithTheBytesAllowed(t *testing.T) {
	caps := module.DefaultCaps()
	caps.Bytes, caps.Effort = 1<<20, 1000
	if got := caps.WithBytes(3 << 20); got.Effort != 3000 || got.Bytes != 3<<20 || got.Body != caps.Body {
		t.Errorf("%+v", got)
	}
	if got := caps.WithBytes(1 << 19); got.Effort != 1000 || got.Bytes != 1<<19 {
		t.Errorf("%+v", got)
	}
}

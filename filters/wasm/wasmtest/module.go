// Package wasmtest writes WebAssembly modules from Go calls, for tests: guests that do what a
// test needs, and modules that are wrong in the way that a test wants. It checks nothing but
// the order of Import and Func; what it writes is as right as what it is given.
package wasmtest

import "slices"

// Type is a value type.
type Type byte

// The value types.
const (
	Int32     Type = 0x7f
	Int64     Type = 0x7e
	Float32   Type = 0x7d
	Float64   Type = 0x7c
	Vector    Type = 0x7b
	FuncRef   Type = 0x70
	ExternRef Type = 0x6f
)

// Kinds of exports.
const (
	KindFunc   = 0
	KindTable  = 1
	KindMemory = 2
	KindGlobal = 3
)

// Module is a module in the making. The zero value is an empty one.
type Module struct {
	types, imports, functions, tables, memories, globals []Code
	exports, elements, bodies, segments                  []Code
	start                                                Code
	dataCount                                            bool
	custom                                               []Section
	imported                                             []string // "module.name", by index
}

// Signature gives the index of a function type, a new one if no equal one was asked for.
func (m *Module) Signature(params, results []Type) uint32 {
	code := "\x60" + types(params) + types(results)
	if i := slices.Index(m.types, code); i >= 0 {
		return uint32(i)
	}
	m.types = append(m.types, code)
	return uint32(len(m.types) - 1)
}

// RawType adds an entry to the type section as it stands.
func (m *Module) RawType(entry Code) uint32 {
	m.types = append(m.types, entry)
	return uint32(len(m.types) - 1)
}

// Import imports a function and gives its index. It panics behind a Func, whose index it
// would change.
func (m *Module) Import(module, name string, params, results []Type) uint32 {
	if len(m.functions) > 0 {
		panic("wasmtest: Import behind Func")
	}
	signature := m.Signature(params, results)
	m.imports = append(m.imports, Bytes(module)+Bytes(name)+"\x00"+U(uint64(signature)))
	m.imported = append(m.imported, module+"."+name)
	return uint32(len(m.imported) - 1)
}

// RawImport imports anything else: description begins with the kind.
func (m *Module) RawImport(module, name string, description Code) {
	m.imports = append(m.imports, Bytes(module)+Bytes(name)+description)
}

// Imported gives the index of an imported function. It panics if there is none.
func (m *Module) Imported(module, name string) uint32 {
	i := slices.Index(m.imported, module+"."+name)
	if i < 0 {
		panic("wasmtest: no import " + module + "." + name)
	}
	return uint32(i)
}

// Func adds a function, exports it if it has a name, and gives its index. Its locals come
// behind its parameters. The body needs no End.
func (m *Module) Func(name string, params, results, locals []Type, body ...Code) uint32 {
	code := U(uint64(len(locals)))
	for _, t := range locals {
		code += "\x01" + Code([]byte{byte(t)})
	}
	index := m.RawFunc(m.Signature(params, results), code+join(body)+End)
	if name != "" {
		m.Export(name, KindFunc, index)
	}
	return index
}

// RawFunc adds a function whose body, locals and final End included, is given as it stands.
func (m *Module) RawFunc(signature uint32, body Code) uint32 {
	m.functions = append(m.functions, U(uint64(signature)))
	m.bodies = append(m.bodies, Bytes(body))
	return uint32(len(m.imported) + len(m.functions) - 1)
}

// Next is the index that the next Func gets: for functions that call themselves.
func (m *Module) Next() uint32 { return uint32(len(m.imported) + len(m.functions)) }

// Memory adds a memory of some pages of 64 KiB; a negative maximum is none.
func (m *Module) Memory(pages uint32, maximum int64) {
	m.memories = append(m.memories, limits(uint64(pages), maximum))
}

// Table adds a table of function references; a negative maximum is none.
func (m *Module) Table(entries uint32, maximum int64) {
	m.tables = append(m.tables, Code([]byte{byte(FuncRef)})+limits(uint64(entries), maximum))
}

// Global adds a global whose first value the constant expression gives, and its index.
func (m *Module) Global(t Type, mutable bool, first Code) uint32 {
	flag := byte(0)
	if mutable {
		flag = 1
	}
	m.globals = append(m.globals, Code([]byte{byte(t), flag})+first+End)
	return uint32(len(m.globals) - 1)
}

// RawGlobal adds an entry to the global section as it stands.
func (m *Module) RawGlobal(entry Code) { m.globals = append(m.globals, entry) }

// Export exports something by its kind and index.
func (m *Module) Export(name string, kind byte, index uint32) {
	m.exports = append(m.exports, Bytes(name)+Code([]byte{kind})+U(uint64(index)))
}

// Start names the function that runs when the module is instantiated.
func (m *Module) Start(function uint32) { m.start = U(uint64(function)) }

// Elements writes functions into table 0, from an entry on.
func (m *Module) Elements(at int32, functions ...uint32) {
	code := "\x00" + I32(at) + End + U(uint64(len(functions)))
	for _, f := range functions {
		code += U(uint64(f))
	}
	m.elements = append(m.elements, code)
}

// RawElements adds an entry to the element section as it stands.
func (m *Module) RawElements(entry Code) { m.elements = append(m.elements, entry) }

// Data writes bytes into the memory when the module is instantiated.
func (m *Module) Data(at int32, bytes string) {
	m.segments = append(m.segments, "\x00"+I32(at)+End+Bytes(bytes))
}

// PassiveData adds a segment that only memory.init writes.
func (m *Module) PassiveData(bytes string) { m.segments = append(m.segments, "\x01"+Bytes(bytes)) }

// RawData adds an entry to the data section as it stands.
func (m *Module) RawData(entry Code) { m.segments = append(m.segments, entry) }

// DataCount adds the section that tells the number of data segments ahead of the code.
func (m *Module) DataCount() { m.dataCount = true }

// Custom adds a custom section behind all others.
func (m *Module) Custom(name string, payload string) {
	m.custom = append(m.custom, Section{ID: 0, Payload: Bytes(name) + Code(payload)})
}

func types(all []Type) Code {
	code := U(uint64(len(all)))
	for _, t := range all {
		code += Code([]byte{byte(t)})
	}
	return code
}

func limits(minimum uint64, maximum int64) Code {
	if maximum < 0 {
		return "\x00" + U(minimum)
	}
	return "\x01" + U(minimum) + U(uint64(maximum))
}

package wasmtest

// Magic begins each module: the four bytes and version 1.
const Magic Code = "\x00asm\x01\x00\x00\x00"

// Section is a section as it is written: an id and a payload.
type Section struct {
	ID      byte
	Payload Code
}

// The ids, in the order in which a right module has them.
const (
	IDCustom    = 0
	IDType      = 1
	IDImport    = 2
	IDFunction  = 3
	IDTable     = 4
	IDMemory    = 5
	IDGlobal    = 6
	IDExport    = 7
	IDStart     = 8
	IDElement   = 9
	IDDataCount = 12
	IDCode      = 10
	IDData      = 11
)

// Sections gives the module's sections, for a test to change them before it joins them.
func (m *Module) Sections() []Section {
	var all []Section
	add := func(id byte, entries []Code) {
		if len(entries) > 0 {
			all = append(all, Section{id, U(uint64(len(entries))) + join(entries)})
		}
	}
	add(IDType, m.types)
	add(IDImport, m.imports)
	add(IDFunction, m.functions)
	add(IDTable, m.tables)
	add(IDMemory, m.memories)
	add(IDGlobal, m.globals)
	add(IDExport, m.exports)
	if m.start != "" {
		all = append(all, Section{IDStart, m.start})
	}
	add(IDElement, m.elements)
	if m.dataCount {
		all = append(all, Section{IDDataCount, U(uint64(len(m.segments)))})
	}
	add(IDCode, m.bodies)
	add(IDData, m.segments)
	return append(all, m.custom...)
}

// Build gives the module in the binary format.
func (m *Module) Build() []byte { return Join(m.Sections()...) }

// Join writes sections in the order given, behind the magic number.
func Join(sections ...Section) []byte {
	code := []byte(Magic)
	for _, s := range sections {
		code = append(code, s.ID)
		code = append(code, Bytes(s.Payload)...)
	}
	return code
}

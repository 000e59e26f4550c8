package module

import "encoding/binary"

const (
	nameSection   = "name"
	subModule     = 0
	subFunctions  = 1
	mostNameParts = 64
)

// nameOf finds a function's name, for people: in the name section, or among the exports. The
// section may be anything; what can't be read gives no name.
func (p *parser) nameOf(function int) string {
	if function < 0 {
		return ""
	}
	if function < len(p.m.Imports) {
		return p.m.Imports[function].Module + "." + p.m.Imports[function].Name
	}
	found := ""
	for _, e := range p.m.Exports {
		if e.Kind == KindFunction && int(e.Index) == function {
			found = e.Name
		}
	}
	if section, ok := Section(p.b, nameSection); ok {
		parts, _ := nameParts(section)
		eachName(parts[subFunctions], func(index uint32, name string) {
			if int(index) == function {
				found = name
			}
		})
	}
	return found
}

// nameParts splits a name section into its parts by number.
func nameParts(section []byte) (parts [mostNameParts][]byte, ok bool) {
	r := reader{b: section, end: len(section), function: -1}
	for r.left() > 0 {
		id, size := r.byte(), r.unsigned()
		from := r.skip(size, "a part of the name section")
		if r.refusal != nil || id >= mostNameParts {
			return parts, false
		}
		parts[id] = section[from:r.at]
	}
	return parts, true
}

// eachName goes over a part that maps indices to names. It is false if the part is malformed.
func eachName(part []byte, visit func(index uint32, name string)) bool {
	if len(part) == 0 {
		return false
	}
	r := reader{b: part, end: len(part), function: -1}
	for range r.count(len(part), "names") {
		i, name := r.unsigned(), r.name("a name")
		if r.refusal != nil {
			return false
		}
		visit(i, name)
	}
	return r.refusal == nil && r.left() == 0
}

// appendNames writes the name section anew with the functions' names alone: the runtime shows
// no others, and it trusts the numbers in there. A malformed one is left out, as the
// specification wants it: it can't make a module wrong.
func appendNames(out []byte, b []byte) []byte {
	section, ok := Section(b, nameSection)
	if !ok {
		return out
	}
	parts, ok := nameParts(section)
	if !ok || !eachName(parts[subFunctions], func(uint32, string) {}) {
		return out
	}
	payload := append([]byte{byte(len(nameSection))}, nameSection...)
	payload = binary.AppendUvarint(append(payload, subFunctions), uint64(len(parts[subFunctions])))
	return appendSection(out, idCustom, append(payload, parts[subFunctions]...))
}

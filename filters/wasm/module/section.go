package module

import "encoding/binary"

// AppendSection gives b with a custom section behind all others, in new memory. It needs
// nothing of b but that it is a module.
func AppendSection(b []byte, name string, payload []byte) []byte {
	content := binary.AppendUvarint(nil, uint64(len(name)))
	content = append(content, name...)
	content = append(content, payload...)
	out := make([]byte, 0, len(b)+len(content)+6)
	out = append(append(out, b...), idCustom)
	return append(binary.AppendUvarint(out, uint64(len(content))), content...)
}

// Section gives the payload of the first custom section of that name; it aliases b. It reads
// headers only, so that it can be asked of modules that Read would refuse.
func Section(b []byte, name string) ([]byte, bool) {
	r := outside(b)
	for {
		_, payload, id, ok := r.next()
		if !ok {
			return nil, false
		}
		if got, rest := customName(payload); id == idCustom && got == name {
			return rest, true
		}
	}
}

// WithoutSection gives b without its custom sections of that name, in new memory, and whether
// there were any.
func WithoutSection(b []byte, name string) ([]byte, bool) {
	out, found := make([]byte, 0, len(b)), false
	r, kept := outside(b), 0
	for {
		start, payload, id, ok := r.next()
		if !ok {
			return append(out, b[kept:]...), found
		}
		if got, _ := customName(payload); id == idCustom && got == name {
			out, kept, found = append(out, b[kept:start]...), r.at, true
		}
	}
}

// CutLastSection gives the bytes before a custom section of that name and its payload, if
// nothing follows it: a signature's. Both alias b.
func CutLastSection(b []byte, name string) (before, payload []byte, ok bool) {
	r := outside(b)
	for {
		start, content, id, ok := r.next()
		if !ok {
			return b, nil, false
		}
		if got, rest := customName(content); id == idCustom && got == name && r.at == len(b) {
			return b[:start:start], rest, true
		}
	}
}

// outside reads b section by section.
func outside(b []byte) *reader {
	r := &reader{b: b, end: len(b), at: len(b), section: whole, function: -1}
	if len(b) >= len(magic) && string(b[:len(magic)]) == magic {
		r.at = len(magic)
	}
	return r
}

// next gives a section's start and payload. It is false at the end and where no section is.
func (r *reader) next() (start int, payload []byte, id byte, ok bool) {
	if r.left() == 0 {
		return 0, nil, 0, false
	}
	start = r.at
	id = r.byte()
	size := r.unsigned()
	from := r.skip(size, "a section")
	if r.refusal != nil {
		return 0, nil, 0, false
	}
	return start, r.b[from:r.at], id, true
}

// customName splits a custom section's payload.
func customName(payload []byte) (string, []byte) {
	r := reader{b: payload, end: len(payload), function: -1}
	name := r.name("a section's name")
	return name, payload[r.at:]
}

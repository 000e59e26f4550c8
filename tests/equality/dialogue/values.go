package dialogue

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// types are the parameter types of the binary protocol; the high byte says unsigned.
var types = map[string]uint16{
	"i8": 0x01, "i16": 0x02, "i32": 0x03, "i64": 0x08, "u8": 0x8001, "u16": 0x8002, "u32": 0x8003, "u64": 0x8008,
	"f32": 0x04, "f64": 0x05, "null": 0x06, "str": 0xfe, "vstr": 0xfd, "blob": 0xfc, "dec": 0xf6,
	"date": 0x0a, "datetime": 0x0c, "timestamp": 0x07, "time": 0x0b, "long": 0xfc, "year": 0x0d, "bit": 0x10,
}

// argument is one "type:value"; a NULL has the type null, or any type and the value NULL.
type argument struct {
	kind  uint16
	null  bool
	long  bool // its value was sent before
	value []byte
}

func parseArgument(word string) (a argument, err error) {
	name, value, _ := strings.Cut(word, ":")
	kind, ok := types[name]
	if !ok {
		return a, fmt.Errorf("unknown type in %q", word)
	}
	a.kind, a.long = kind, name == "long"
	if a.null = name == "null" || value == "NULL"; a.null || a.long {
		return a, nil
	}
	a.value, err = encode(name, strings.ReplaceAll(value, "_", " "))
	if err != nil {
		err = fmt.Errorf("%q: %w", word, err)
	}
	return a, err
}

func encode(name, value string) ([]byte, error) {
	switch name[0] {
	case 'i', 'u':
		bits, _ := strconv.Atoi(name[1:])
		n, err := strconv.ParseInt(value, 10, 64)
		if u, uerr := strconv.ParseUint(value, 10, 64); uerr == nil {
			n, err = int64(u), nil
		}
		return binary.LittleEndian.AppendUint64(nil, uint64(n))[:bits/8], err
	case 'f':
		f, err := strconv.ParseFloat(value, 64)
		if name == "f32" {
			return binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(f))), err
		}
		return binary.LittleEndian.AppendUint64(nil, math.Float64bits(f)), err
	}
	switch name {
	case "date", "datetime", "timestamp":
		return moment(value)
	case "time":
		return span(value)
	case "year":
		n, err := strconv.ParseUint(value, 10, 16)
		return binary.LittleEndian.AppendUint16(nil, uint16(n)), err
	}
	text, err := Text(value)
	return append(lenenc(len(text)), text...), err
}

// moment encodes year-month-day[-hour-minute-second[-microsecond]].
func moment(value string) ([]byte, error) {
	n, err := integers(value)
	if err != nil {
		return nil, err
	}
	b := []byte{4}
	for i, v := range n {
		switch i {
		case 0:
			b = binary.LittleEndian.AppendUint16(b, uint16(v))
		case 6:
			b = binary.LittleEndian.AppendUint32(b, uint32(v))
		default:
			b = append(b, byte(v))
		}
	}
	b[0] = byte(len(b) - 1)
	return b, nil
}

// span encodes sign-days-hours-minutes-seconds[-microseconds], sign 1 for negative.
func span(value string) ([]byte, error) {
	n, err := integers(value)
	if err != nil || len(n) < 5 {
		return nil, fmt.Errorf("a time needs sign-days-hours-minutes-seconds: %w", err)
	}
	b := binary.LittleEndian.AppendUint32([]byte{8, byte(n[0])}, uint32(n[1]))
	b = append(b, byte(n[2]), byte(n[3]), byte(n[4]))
	if len(n) > 5 {
		b = binary.LittleEndian.AppendUint32(b, uint32(n[5]))
		b[0] = 12
	}
	return b, nil
}

func integers(value string) ([]int, error) {
	var all []int
	for word := range strings.SplitSeq(value, "-") {
		n, err := strconv.Atoi(word)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}

func lenenc(n int) []byte {
	switch {
	case n < 251:
		return []byte{byte(n)}
	case n < 1<<16:
		return []byte{0xfc, byte(n), byte(n >> 8)}
	}
	return []byte{0xfd, byte(n), byte(n >> 8), byte(n >> 16)}
}

// execute reads "[@N] [flags=F] [untyped] ARG...". untyped leaves the types out, as a
// client does that executes a statement again.
func (p *player) execute(arg string) ([]byte, error) {
	b := p.statement(0x17, arg)
	flags, typed := byte(0), true
	var args []argument
	for _, word := range strings.Fields(arg) {
		switch {
		case word[0] == '@':
		case word == "untyped":
			typed = false
		case strings.HasPrefix(word, "flags="):
			n, err := strconv.ParseUint(word[6:], 10, 8)
			if err != nil {
				return nil, err
			}
			flags = byte(n)
		default:
			a, err := parseArgument(word)
			if err != nil {
				return nil, err
			}
			args = append(args, a)
		}
	}
	b = append(b, flags, 1, 0, 0, 0)
	if len(args) == 0 {
		return b, nil
	}
	nulls := make([]byte, (len(args)+7)/8)
	var kinds, values []byte
	for i, a := range args {
		kinds = binary.LittleEndian.AppendUint16(kinds, a.kind)
		if a.null {
			nulls[i/8] |= 1 << (i % 8)
		}
		values = append(values, a.value...)
	}
	b = append(b, nulls...)
	if !typed {
		return append(append(b, 0), values...), nil
	}
	return append(append(append(b, 1), kinds...), values...), nil
}

// bulk reads "[@N] FLAGS row | row | ...": a row is arguments, the types are the first
// row's; the value "-" means the column's default.
func (p *player) bulk(arg string) ([]byte, error) {
	b := p.statement(0xfa, arg)
	if strings.HasPrefix(arg, "@") {
		_, arg, _ = strings.Cut(arg, " ")
	}
	flags, table, _ := strings.Cut(arg, " ")
	b, err := number(b, flags, 2)
	if err != nil {
		return nil, err
	}
	send := flags == "128" || flags == "192" // types are sent
	for i, line := range strings.Split(table, "|") {
		for j, word := range strings.Fields(line) {
			a, err := parseArgument(word)
			if err != nil {
				return nil, err
			}
			if i == 0 && send {
				b = binary.LittleEndian.AppendUint16(b, a.kind)
			}
			_ = j
		}
		if i == 0 && send {
			break
		}
	}
	for line := range strings.SplitSeq(table, "|") {
		for _, word := range strings.Fields(line) {
			a, _ := parseArgument(word)
			switch {
			case strings.HasSuffix(word, ":-"):
				b = append(b, 2)
			case a.null:
				b = append(b, 1)
			default:
				b = append(append(b, 0), a.value...)
			}
		}
	}
	return b, nil
}

package dialogue

import (
	"bytes"
	"fmt"
	"os"
	"strings"
)

// Masks are the fields that may differ between two runs, by name, with their reasons.
type Masks map[string]string

// maxMasks keeps the exceptions few.
const maxMasks = 12

// fields says how each mask blots its field out of a payload.
var fields = map[string]func([]byte) []byte{
	"connection-id": digits,
	"statement-id":  statementID,
	"scramble":      scramble,
	"auth-answer":   func([]byte) []byte { return nil },
	"statistics":    digits,
	"process-list":  whole,

	"last-outcome":     lastOutcome,
	"metadata-changed": metadataChanged,
}

// LoadMasks reads a masks file: the name of a field, a colon and the reason, one a line.
func LoadMasks(path string) (Masks, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("masks: %w", err)
	}
	m := Masks{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, reason, _ := strings.Cut(line, ":")
		if fields[name] == nil || len(reason) < 10 {
			return nil, fmt.Errorf("masks: %q is no known field with its reason", line)
		}
		m[name] = strings.TrimSpace(reason)
	}
	if len(m) > maxMasks {
		return nil, fmt.Errorf("masks: %d, at most %d", len(m), maxMasks)
	}
	return m, nil
}

// apply blots out a field. One that the file does not allow stays as it is.
func (m Masks) apply(name string, payload []byte) []byte {
	if m[name] == "" {
		return payload
	}
	return fields[name](payload)
}

// digits blots out decimal numbers of a text, and the lengths of cells that are one.
func digits(p []byte) []byte {
	var out []byte
	for i := 0; i < len(p); i++ {
		n := 0
		for i+n < len(p) && (p[i+n] >= '0' && p[i+n] <= '9' || n > 0 && p[i+n] == '.') {
			n++
		}
		if n == 0 {
			out = append(out, p[i])
			continue
		}
		if last := len(out) - 1; last >= 0 && int(out[last]) == n {
			out[last] = '#'
		}
		out = append(out, '#')
		i += n - 1
	}
	return out
}

// lastOutcome blots out of an OK packet what it tells of a statement: rows, id, warnings.
func lastOutcome(p []byte) []byte {
	if len(p) == 0 || p[0] != 0 {
		return p
	}
	at := 1
	for range 2 {
		if at >= len(p) {
			return p
		}
		_, used := lenencAt(p[at:])
		at += used
	}
	if at+4 > len(p) {
		return p
	}
	return append([]byte{0, p[at], p[at+1]}, p[at+4:]...)
}

// metadataChanged blots the flag out of the status behind rows.
func metadataChanged(p []byte) []byte {
	const high = 4 // of the status flags, in both forms of the packet
	if len(p) < 5 || len(p) > 9 || p[0] != 0xfe {
		return p
	}
	p = bytes.Clone(p)
	p[high] &^= 0x04
	return p
}

// scramble blots out the challenge of an auth switch, but not its length.
func scramble(p []byte) []byte {
	i := bytes.IndexByte(p, 0)
	if i < 0 || p[0] != 0xfe {
		return p
	}
	return append(bytes.Clone(p[:i+1]), bytes.Repeat([]byte{'#'}, len(p)-i-1)...)
}

// whole blots out everything but the packet's kind.
func whole(p []byte) []byte {
	if len(p) == 0 || p[0] >= 0xfe {
		return p
	}
	return []byte{'#'}
}

// statementID blots out the number behind the first byte, in an answer to a prepare and in
// commands about a prepared statement alike.
func statementID(p []byte) []byte {
	if len(p) > 0 && p[0] == 0xff {
		return digits(p) // an error that names the statement
	}
	if len(p) < 5 {
		return p
	}
	return append([]byte{p[0], '#'}, p[5:]...)
}

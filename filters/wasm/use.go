package wasm

import (
	"bytes"

	"github.com/dbmesh/dbmesh/core"
)

// used finds the schema of a USE and where it stands in the text, quotes included. If that is
// not sure it gives all that stands behind the word.
func used(text []byte) (schema []byte, at core.Range, sure bool) {
	start, plain := skip(text, 0)
	if start+3 <= len(text) && bytes.EqualFold(text[start:start+3], []byte("use")) {
		start += 3
	} else {
		plain = false
	}
	start, more := skip(text, start)
	length := name(text[start:])
	end, closed := skip(text, start+length)
	for closed && end < len(text) && text[end] == ';' {
		end, closed = skip(text, end+1)
	}
	if !plain || !more || !closed || length == 0 || end < len(text) {
		rest := bytes.TrimRight(text[start:], "; \t\n\v\f\r")
		return rest, core.Range{Start: start, End: start + len(rest)}, false
	}
	at = core.Range{Start: start, End: start + length}
	schema = text[at.Start:at.End]
	if q := schema[0]; !bare(q) {
		schema = bytes.ReplaceAll(schema[1:length-1], []byte{q, q}, []byte{q})
	}
	return schema, at, true
}

// name is how long the name is that text begins with, quotes included; 0 for none.
func name(text []byte) int {
	if len(text) > 0 && (text[0] == '`' || text[0] == '"') {
		for i := 1; i < len(text); i++ {
			switch {
			case text[i] != text[0]:
			case i+1 < len(text) && text[i+1] == text[0]:
				i++
			case i == 1:
				return 0
			default:
				return i + 1
			}
		}
		return 0
	}
	for i, b := range text {
		if !bare(b) {
			return i
		}
	}
	return len(text)
}

// skip goes over blanks and comments. It says false where a comment may be read as text.
func skip(text []byte, at int) (next int, plain bool) {
	for at < len(text) {
		rest := text[at:]
		switch {
		case blank(text[at]):
			at++
		case bytes.HasPrefix(rest, []byte("/*")):
			end := bytes.Index(rest[2:], []byte("*/"))
			if end < 0 || len(rest) > 2 && (rest[2] == '!' || rest[2] == 'M' || rest[2] == '+') {
				return at, false
			}
			at += end + 4
		case rest[0] == '#', bytes.HasPrefix(rest, []byte("--")):
			end := bytes.IndexByte(rest, '\n')
			if end < 0 {
				return len(text), true
			}
			at += end + 1
		default:
			return at, true
		}
	}
	return at, true
}

func blank(b byte) bool { return b == ' ' || b >= '\t' && b <= '\r' }

func bare(b byte) bool {
	return b == '_' || b == '$' || b >= 0x80 || '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// quoted writes a schema's name so that it is one name.
func quoted(name []byte) []byte {
	return append(append([]byte{'`'}, bytes.ReplaceAll(name, []byte("`"), []byte("``"))...), '`')
}

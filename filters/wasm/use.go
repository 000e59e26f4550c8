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
	end := len(text)
	for end > start && (blank(text[end-1]) || text[end-1] == ';') {
		end--
	}
	at, name := core.Range{Start: start, End: end}, text[start:end]
	if !plain || !more || len(name) == 0 {
		return name, at, false
	}
	if q := name[0]; q == '`' || q == '"' {
		inner := name[1:]
		if len(inner) < 2 || inner[len(inner)-1] != q {
			return name, at, false
		}
		inner = inner[:len(inner)-1]
		if single := bytes.ReplaceAll(inner, []byte{q, q}, nil); bytes.IndexByte(single, q) >= 0 {
			return name, at, false // it ends earlier
		}
		return bytes.ReplaceAll(inner, []byte{q, q}, []byte{q}), at, true
	}
	for _, b := range name {
		if !bare(b) {
			return name, at, false
		}
	}
	return name, at, true
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
				return at, false
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

package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// WriteJSON writes v as an indented document that is read by people as often as by
// programs: no byte in it steers a terminal.
func WriteJSON(w io.Writer, v any) error {
	var doc bytes.Buffer
	e := json.NewEncoder(&doc)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(quiet(doc.Bytes()))
	return err
}

// quiet escapes what the encoder leaves as it is: DEL, the controls from U+0080 on, what
// turns the direction of text, and other runes that nobody sees. They stand in strings only.
func quiet(doc []byte) []byte {
	var out []byte
	done := 0
	for i := 0; i < len(doc); {
		r, size := utf8.DecodeRune(doc[i:])
		if r >= 0x7F && !unicode.IsPrint(r) {
			out = append(out, doc[done:i]...)
			units := utf16.AppendRune(nil, r)
			for _, u := range units {
				out = fmt.Appendf(out, `\u%04x`, u)
			}
			done = i + size
		}
		i += size
	}
	return append(out, doc[done:]...)
}

// printable is text for a terminal in one line: what is no letter, sign or ASCII blank is
// escaped.
func printable(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		out.WriteString(shown(r, text[i:i+size]))
		i += size
	}
	return out.String()
}

// shown is how one rune, or one byte that is none, is shown.
func shown(r rune, raw string) string {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		return fmt.Sprintf(`\x%02x`, raw[0])
	case unicode.IsPrint(r):
		return raw
	case r == '\n':
		return `\n`
	case r == '\t':
		return `\t`
	case r < 0x80:
		return fmt.Sprintf(`\x%02x`, r)
	}
	return strings.Trim(fmt.Sprintf("%+q", r), "'")
}

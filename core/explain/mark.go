package explain

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

const maxLines = 30 // of a text that is shown to people

// mark is what is written under one byte of a text.
type mark = byte

// The marks.
const (
	markNone   mark = ' '
	markClause mark = '-'
	markStart  mark = '|' // a clause begins
	markTable  mark = '='
)

// marks gives each byte of the text its mark: clauses, and the tables in them.
func (r *Report) marks(size int) []mark {
	all := bytes.Repeat([]byte{markNone}, size)
	fill := func(at Range, m mark) {
		for i := at.Start; i < at.End; i++ {
			all[i] = m
		}
	}
	if r.Ranges == nil {
		return all
	}
	for _, c := range r.Ranges.Clauses {
		fill(c.Range, markClause)
		fill(Range{c.Start, c.Start + 1}, markStart)
	}
	for _, t := range r.Ranges.Tables {
		fill(t.Range, markTable)
	}
	return all
}

// marked shows the text with its marks below: each line of it, then the line of its marks
// if it has some. It has a mark per byte.
func marked(out *strings.Builder, sql []byte, marks []mark) {
	shortened := len(sql) > maxShown
	if shortened {
		sql = sql[:maxShown]
	}
	at, lines := 0, 0
	for line := range strings.SplitAfterSeq(string(sql), "\n") {
		if lines++; lines > maxLines {
			shortened = true
			break
		}
		text, under := underline(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), marks[at:])
		at += len(line)
		if text == "" && at == len(sql) {
			break
		}
		out.WriteString(strings.TrimRight("  "+text, " ") + "\n")
		if under != "" {
			out.WriteString("  " + under + "\n")
		}
	}
	if shortened {
		out.WriteString("  ...\n")
	}
}

// underline shows a line, and its marks so that they stand below what they mark. Nobody
// knows how wide a terminal shows runes beyond the Latin ones, so a line with one has none.
func underline(line string, marks []mark) (text, under string) {
	var top, below strings.Builder
	known := true
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRuneInString(line[i:])
		cell := shown(r, line[i:i+size])
		if r == '\t' {
			cell = "    "
		}
		top.WriteString(cell)
		known = known && (r < 0x300 || cell[0] == '\\')
		for n := range utf8.RuneCountInString(cell) {
			m := marks[i]
			if n > 0 && m == markStart {
				m = markClause
			}
			below.WriteByte(m)
		}
		i += size
	}
	under = strings.TrimRight(below.String(), " ")
	if !known {
		under = ""
	}
	return top.String(), under
}

package explain

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
)

// Request is a text that a program asks about. What is empty of the dialect is as with the flags.
type Request struct {
	SQL string `json:"sql"`
	// Bytes are in the text's place where it is not UTF-8; base64 in JSON.
	Bytes   []byte `json:"sql_base64"`
	Flavour string `json:"flavour"`
	Version string `json:"version"`
	SQLMode string `json:"sql_mode"`
	Charset string `json:"charset"`
}

// Answer is the Report on a text and, as user filters see them, its statements: one alone,
// each of several, or all in one where it is not sure how to take them apart.
type Answer struct {
	*Report
	Statements []Statement `json:"statements"`
}

// Statement is text[Start:End], without a semicolon.
type Statement struct {
	Range
	Facts Facts `json:"facts"`
}

// failure is the answer to a request that can't be answered.
type failure struct {
	Error string `json:"error"`
}

// maxLine has room for a text of MaxText in base64, and for most in JSON's escapes.
const maxLine = 4 * MaxText

// Lines answers requests, each a line with one JSON object, with one line each, in order and
// at once, until in ends. A request that is wrong is answered with an error; an error of
// Lines itself means that in or out broke. d has what a request may leave out.
func Lines(d Dialect, in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var v any
		answer, err := d.answer(lines.Bytes())
		if v = answer; err != nil {
			v = failure{err.Error()}
		}
		if err := writeLine(out, v); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("a line has more than %d bytes", maxLine)
	}
	return lines.Err()
}

func (d Dialect) answer(line []byte) (*Answer, error) {
	var r Request
	doc := json.NewDecoder(bytes.NewReader(line))
	doc.DisallowUnknownFields()
	if err := doc.Decode(&r); err != nil {
		return nil, fmt.Errorf("the request is no JSON object with known keys: %w", err)
	}
	if _, err := doc.Token(); err != io.EOF {
		return nil, errors.New("there is more than one JSON object in the line")
	}
	sql := r.Bytes
	if sql == nil {
		sql = []byte(r.SQL)
	}
	if len(sql) > MaxText {
		return nil, fmt.Errorf("the text has more than %d bytes", MaxText)
	}
	for _, key := range []struct {
		to   *string
		from string
	}{{&d.Flavour, r.Flavour}, {&d.Version, r.Version}, {&d.SQLMode, r.SQLMode}, {&d.Charset, r.Charset}} {
		if key.from != "" {
			*key.to = key.from
		}
	}
	m, err := d.Mode()
	if err != nil {
		return nil, err
	}
	f := stmt.Analyze(m, sql)
	known := reportOn(m, sql, f)
	known.Server.Assumed = d.Assumed()
	return &Answer{known, statements(m, sql, f)}, nil
}

func statements(m stmt.Mode, sql []byte, f *core.Facts) []Statement {
	texts, ok := stmt.FindTexts(m, sql, f)
	if !ok {
		return []Statement{{Range(core.Range{End: len(sql)}), facts(f)}}
	}
	var all []Statement
	for i, at := range texts {
		all = append(all, Statement{Range(at), facts(f.Parts[i])})
	}
	return all
}

func writeLine(w io.Writer, v any) error {
	var doc bytes.Buffer
	e := json.NewEncoder(&doc)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(quiet(doc.Bytes()))
	return err
}

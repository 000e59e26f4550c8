package explain

import (
	"fmt"
	"io"
	"strings"
)

// Bounds on what people are shown. All of it is in the JSON form.
const (
	width      = 100  // columns
	labelWidth = 13   // of them, for the first column
	maxShown   = 2000 // bytes of one cell
)

// table is a form of two columns.
type table struct {
	out    strings.Builder
	indent string
}

// row adds a line, or several if the value is long.
func (t *table) row(label, value string) {
	value = printable(value)
	if len(value) > maxShown {
		value = strings.ToValidUTF8(value[:maxShown], "") + fmt.Sprintf(" ... (%d bytes)", len(value))
	}
	for _, line := range wrap(value, width-labelWidth-len(t.indent)) {
		fmt.Fprintf(&t.out, "%s%-*s%s\n", t.indent, labelWidth, label, line)
		label = ""
	}
}

// rows adds one line each under one label.
func (t *table) rows(label string, values []string) {
	for _, v := range values {
		t.row(label, v)
		label = ""
	}
}

// wrap breaks at blanks. A word that is too long is left whole, for whoever copies it.
func wrap(text string, columns int) []string {
	var lines []string
	for len(text) > columns {
		at := strings.LastIndexByte(text[:columns+1], ' ')
		if at <= 0 {
			if at = strings.IndexByte(text, ' '); at < 0 {
				break
			}
		}
		lines = append(lines, text[:at])
		text = text[at+1:]
	}
	return append(lines, text)
}

// WriteTable writes the report on sql for people, at most 100 columns wide where words
// allow it.
func (r *Report) WriteTable(w io.Writer, sql []byte) error {
	t := &table{}
	t.row("read as", r.Server.words())
	if s := r.Session; s != nil {
		t.row("session", fmt.Sprintf("%d, default schema %s", s.ID, either(s.Schema, "none")))
	}
	t.out.WriteString("\n")
	if len(sql) > 0 {
		marked(&t.out, sql, r.marks(len(sql)))
		t.out.WriteString("\n")
	}
	t.facts(&r.Facts)
	t.row("fingerprint", either(r.Fingerprint, "empty"))
	t.parts(&r.Facts)
	_, err := io.WriteString(w, t.out.String())
	return err
}

// words is such as "mariadb 10.11.19, utf8, ANSI_QUOTES; assumed: version".
func (s Server) words() string {
	words := []string{s.Flavour + " " + either(s.Version, "of unknown version"), "character set " + s.Charset}
	if s.ANSIQuotes {
		words = append(words, "ANSI_QUOTES")
	}
	if s.NoBackslash {
		words = append(words, "NO_BACKSLASH_ESCAPES")
	}
	if s.QuotesUnsure {
		words = append(words, "ANSI_QUOTES not known for sure")
	}
	said := strings.Join(words, ", ")
	if len(s.Assumed) > 0 {
		said += "; assumed: " + strings.Join(s.Assumed, ", ")
	}
	return said
}

func either(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// facts adds what there is to say; what always matters is said even if it is nothing.
func (t *table) facts(f *Facts) {
	t.row("kind", f.Kind)
	t.row("access", f.Access)
	t.tables(f)
	if len(f.Functions) > 0 {
		t.row("functions", strings.Join(f.Functions, ", "))
	}
	if has := clauses(f); has != "" {
		t.row("clauses", has)
	}
	if f.Locking {
		t.row("locking", "it locks the rows that it reads")
	}
	if f.Into != "client" {
		t.row("into", f.Into)
	}
	t.rows("variables", variables(f))
	t.rows("sets", assignments(f.Assignments))
	if f.Transaction != "" {
		t.row("transaction", f.Transaction)
	}
	if f.Placeholders > 0 {
		t.row("placeholders", fmt.Sprint(f.Placeholders))
	}
	t.row("read-safe", answer(f.ReadSafe, f.ReadReason))
	t.row("opaque", answer(f.Opaque, f.OpaqueReason))
	t.row("creates", either(strings.Join(f.Creates, ", "), "nothing"))
	if len(f.Releases) > 0 {
		t.row("releases", strings.Join(f.Releases, ", "))
	}
	pins := []string{}
	for _, p := range f.Pins {
		pins = append(pins, p.Effect+", because "+p.Reason)
	}
	if len(pins) == 0 {
		pins = append(pins, "nothing")
	}
	t.rows("pins", pins)
	if f.Digest != "" {
		t.row("digest", f.Digest)
		t.row("digest text", f.DigestText)
	}
}

func answer(yes bool, reason string) string {
	word := "no"
	if yes {
		word = "yes"
	}
	if reason == "" {
		return word
	}
	return word + ", because " + reason
}

func (t *table) tables(f *Facts) {
	var reads, writes []string
	for _, one := range f.Tables {
		name := one.Name
		if one.Schema != "" {
			name = one.Schema + "." + name
		}
		if one.Access == "write" {
			writes = append(writes, name)
		} else {
			reads = append(reads, name)
		}
	}
	var all []string
	if reads != nil {
		all = append(all, "reads "+strings.Join(reads, ", "))
	}
	if writes != nil {
		all = append(all, "writes "+strings.Join(writes, ", "))
	}
	if f.Opaque {
		all = append(all, "perhaps others")
	}
	if all == nil {
		all = append(all, "none")
	}
	t.rows("tables", all)
}

// clauses is "" for a statement that can have none.
func clauses(f *Facts) string {
	var has []string
	if f.Where {
		has = append(has, "WHERE")
	}
	if f.Limit {
		has = append(has, "LIMIT")
	}
	switch f.Kind {
	case "select", "update", "delete":
		return either(strings.Join(has, ", "), "neither WHERE nor LIMIT")
	}
	return strings.Join(has, ", ")
}

func variables(f *Facts) []string {
	var all []string
	for _, v := range []struct {
		verb, sign string
		names      []string
	}{
		{"reads ", "@", f.UserVariables.Read}, {"reads ", "@@", f.SystemVariables.Read},
		{"sets ", "@", f.UserVariables.Set}, {"sets ", "@@", f.SystemVariables.Set},
	} {
		if len(v.names) > 0 {
			all = append(all, v.verb+v.sign+strings.Join(v.names, ", "+v.sign))
		}
	}
	return all
}

func assignments(list []Assignment) []string {
	var all []string
	for _, a := range list {
		value := "an expression"
		if a.Literal {
			value = a.Value
		}
		all = append(all, fmt.Sprintf("%s (%s) = %s", a.Name, a.Scope, value))
	}
	return all
}

// parts adds the statements of the text, or what is in its literals, further in.
func (t *table) parts(f *Facts) {
	what := "statement"
	if f.Kind != "multi" {
		what = "text inside"
	}
	for i := range f.Parts {
		fmt.Fprintf(&t.out, "\n%s%s %d of %d\n", t.indent, what, i+1, len(f.Parts))
		inner := &table{indent: t.indent + "  "}
		inner.facts(&f.Parts[i])
		inner.parts(&f.Parts[i])
		t.out.WriteString(inner.out.String())
	}
}

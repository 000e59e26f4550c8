package stmt

// split cuts a text without comments into its statements, at its semicolons.
func split(m Mode, text []byte) [][]byte {
	var all [][]byte
	var d divider
	begin := 0
	for l := NewLexer(text, m); ; {
		t, ok := l.Next()
		if !ok {
			break
		}
		if d.ends(t, text) {
			if t.Start > begin {
				all = append(all, text[begin:t.Start])
			}
			begin = t.End
		}
	}
	if begin < len(text) {
		all = append(all, text[begin:])
	}
	return all
}

// divider finds the semicolons that end a statement. The body of a stored program has
// semicolons of its own: such a statement takes the rest of the text.
type divider struct {
	head []string // leading words of the statement, as far as they matter
	body bool
}

// ends says whether the next token ends the statement.
func (d *divider) ends(t Token, text []byte) bool {
	switch {
	case d.body:
	case t.Kind == Word && len(d.head) < maxHeadWords:
		d.head = append(d.head, lower(t.Text(text)))
		d.body = isBody(d.head)
	case t.Kind == Operator && len(d.head) == 1 && string(t.Text(text)) == ":": // a label
		d.body = true
	case t.Kind == Punct && text[t.Start] == ';':
		d.head = d.head[:0]
		return true
	}
	return false
}

// maxHeadWords is where the words that make a statement a program have come: CREATE OR
// REPLACE DEFINER = x @ y SQL SECURITY ... AGGREGATE FUNCTION IF NOT EXISTS.
const maxHeadWords = 16

// isBody says whether a statement that begins with these words may have semicolons inside.
func isBody(head []string) bool {
	switch head[0] {
	case "create", "alter":
		for _, word := range head[1:] {
			switch word { // the first noun says what is created
			case "procedure", "function", "trigger", "event", "package":
				return true
			case "table", "view", "database", "schema", "user", "role", "index", "sequence", "server":
				return false
			}
		}
	case "begin":
		return len(head) == 2 && head[1] == "not"
	case "declare", "if", "case", "loop", "while", "repeat", "for":
		return true
	}
	return false
}

// lower gives a word in lower-case ASCII.
func lower(word []byte) string {
	b := make([]byte, len(word))
	for i, c := range word {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		b[i] = c
	}
	return string(b)
}

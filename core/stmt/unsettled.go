package stmt

import "bytes"

// settle notes a doubt about a text whose first statements may change how the server reads
// those behind them: it executes each before it reads the next. What is behind a SET of
// sql_mode or the character set depends on it where it has a backslash or a byte from 0x80
// on. A procedure can set the character set.
func (n *normalizer) settle() {
	if n.several && n.lexer.doubt == "" && unsettles(n.out[n.base:]) && hasUnsettled(n.lexer.sql) {
		n.lexer.doubts("a statement before changes how the server reads a backslash or a byte outside ASCII")
	}
}

// unsettles says whether a statement of the shape, but for its last, may change how texts
// are read. A semicolon in a quoted name makes it look at more, not at less.
func unsettles(shape []byte) bool {
	for {
		end := bytes.IndexByte(shape, ';')
		if end < 0 {
			return false
		}
		one := bytes.TrimLeft(shape[:end], " ({")
		switch {
		case beginsFold(one, "call"):
			return true
		case beginsFold(one, "set") && (hasFold(one, "names") || hasFold(one, "char") || hasFold(one, "mode")):
			return true
		}
		shape = shape[end+1:]
	}
}

func hasUnsettled(sql []byte) bool {
	for _, c := range sql {
		if c == '\\' || c >= 0x80 {
			return true
		}
	}
	return false
}

func beginsFold(text []byte, word string) bool {
	return len(text) > len(word) && equalFold(text[:len(word)], word) && !inWord(text[len(word)])
}

func hasFold(text []byte, word string) bool {
	for i := 0; i+len(word) <= len(text); i++ {
		if equalFold(text[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

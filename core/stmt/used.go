package stmt

// UsedSchema is the schema that a USE names, "" if the text is no plain one.
func UsedSchema(m Mode, sql []byte) string {
	s := newStatement(m, sql)
	at := 0
	for s.sign(at, ";") {
		at++
	}
	if s.word(at, "use") && s.isName(at+1) {
		return name(s.text(at + 1))
	}
	return ""
}

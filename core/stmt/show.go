package stmt

import "github.com/dbmesh/dbmesh/core"

// show reads a SHOW. It gives the facts of its WHERE as those of a query, nil without one.
func (s *statement) show(at int) *core.Facts {
	i := s.showWhat(at)
	switch w := s.lower(i); w {
	case "columns", "fields", "index", "indexes", "keys":
		s.showOf(i + 1)
	case "create":
		switch s.lower(i + 1) {
		case "table", "view", "sequence":
			t, next := s.tableAt(s.modifiers(i + 2))
			if next == i+2 {
				s.opaque(errForm.Error())
			}
			s.names(t)
		case "database", "schema", "procedure", "function", "trigger", "event", "user", "package", "placement",
			"resource", "import", "server", "library":
		default:
			s.opaque(errForm.Error())
		}
	case "table":
		if !s.word(i+1, "status") {
			s.showTable(i + 1)
		}
	case "placement":
		if s.words(i+1, "for", "table") {
			s.showTable(i + 3)
		}
	case "parse_tree":
		if s.word(i+1, "show") { // again and again
			s.opaque(errForm.Error())
			break
		}
		sub := facts(s.mode, s.from(i+1))
		s.takes(sub)
	case "":
		s.opaque(errForm.Error())
	}
	for n := i; n < len(s.tokens); n++ {
		if s.word(n, "where") && !s.sign(n-1, ".") {
			sub := facts(s.mode, append([]byte("SELECT 1 FROM DUAL "), s.from(n)...))
			s.facts.Where = true
			s.takes(sub)
			return sub
		}
	}
	return nil
}

// showWhat is the place of the word that says what is shown.
func (s *statement) showWhat(at int) int {
	for i := at + 1; ; i++ {
		switch s.lower(i) {
		case "full", "extended", "storage", "global", "session", "local":
		default:
			return i
		}
	}
}

// showOf reads FROM t [FROM schema].
func (s *statement) showOf(i int) {
	if !s.word(i, "from") && !s.word(i, "in") {
		s.opaque(errForm.Error())
		return
	}
	t, next := s.tableAt(i + 1)
	if next == i+1 {
		s.opaque(errForm.Error())
		return
	}
	if (s.word(next, "from") || s.word(next, "in")) && s.isName(next+1) {
		t.Schema = name(s.text(next + 1))
	}
	s.names(t)
}

// showTable reads TiDB's SHOW TABLE t REGIONS and its kin.
func (s *statement) showTable(i int) {
	t, next := s.tableAt(i)
	if next == i || next == len(s.tokens) && !s.word(i-1, "table") {
		s.opaque(errForm.Error())
		return
	}
	s.names(t)
}

// catalogue says whether the SHOW tells what is defined, which is the same on each server,
// and not what one server or the session is doing.
func (s *statement) catalogue(at int) bool {
	i := s.showWhat(at)
	switch s.lower(i) {
	case "databases", "schemas", "tables", "columns", "fields", "index", "indexes", "keys", "triggers", "events",
		"collation", "charset":
		return true
	case "character":
		return s.word(i+1, "set")
	case "create":
		switch s.lower(i + 1) {
		case "procedure", "function", "package", "trigger", "event":
			return s.mode.Flavour != TiDB // which has none and does not say so
		}
		return !s.word(i+1, "user") && !s.word(i+1, "import") && !s.word(i+1, "placement") && !s.word(i+1, "resource")
	case "table", "procedure", "function":
		return s.word(i+1, "status")
	case "package":
		return s.word(i+1, "status") || s.words(i+1, "body", "status")
	}
	return false
}

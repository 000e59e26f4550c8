package stmt

import "github.com/dbmesh/dbmesh/core"

// define reads CREATE, ALTER, DROP, RENAME and TRUNCATE: those of tables with the parser,
// the others by their tokens, which tell all that matters.
func (s *statement) define(at int) {
	noun, i := s.noun(at)
	switch noun {
	case "trigger":
		s.sweep(i)
		if s.facts.Kind != core.StatementCreate {
			return
		}
		for n := i; n < len(s.tokens); n++ {
			if s.word(n, "on") {
				if t, next := s.tableAt(n + 1); next > n+1 {
					t.Writes = true
					s.names(t)
				}
				s.guess(n + 1)
				return
			}
		}
	case "procedure", "function", "event", "package":
		s.guess(i + 1)
	case "instance":
		s.facts.Access = core.AccessAdmin
	case "user", "role", "database", "schema", "server", "tablespace", "logfile", "spatial", "resource", "placement",
		"statistics", "undo", "library", "policy":
	case "binding":
		s.guess(i + 1)
	case "stats":
		s.facts.Access = core.AccessAdmin
		s.each(i+1, true)
	default:
		s.parse(at)
		s.sweep(at)
	}
}

// noun is the word that says what is defined, and its place.
func (s *statement) noun(at int) (string, int) {
	for i := at + 1; i < len(s.tokens) && i < at+maxHeadWords; i++ {
		switch w := s.lower(i); w {
		case "table", "tables", "view", "index", "sequence", "trigger", "procedure", "function", "event", "package",
			"user", "role", "database", "schema", "server", "tablespace", "logfile", "instance", "resource", "placement",
			"statistics", "binding", "undo", "policy", "library", "stats":
			if !s.sign(i-1, "=") && !s.word(i-1, "sql") {
				return w, i
			}
		case "spatial":
			if s.word(i+1, "reference") {
				return w, i
			}
		}
	}
	return "", at
}

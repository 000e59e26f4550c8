package stmt

import "github.com/dbmesh/dbmesh/core"

// tokensOnly reads the kinds whose tokens tell all that matters: the parser knows few of
// them, and each in part.
func (s *statement) tokensOnly(at int) {
	f := &s.facts
	switch f.Kind {
	case core.StatementBlock:
		switch s.lower(at) {
		case "signal", "resignal", "get":
			s.sweep(at)
		default:
			s.opaque("it is a program, or a part of one")
		}
	case core.StatementHandler:
		if t, next := s.tableAt(at + 1); next > at+1 {
			s.names(t)
		} else {
			s.opaque(errForm.Error())
		}
		s.sweep(at)
	case core.StatementLock, core.StatementUnlock:
		s.lock(at)
	case core.StatementTable:
		s.maintain(at)
	case core.StatementAdmin:
		s.admin(at)
	case core.StatementKill:
		s.parseKill(at)
	case core.StatementUse:
		if len(s.tokens) != at+2 || !s.isName(at+1) {
			s.opaque(errForm.Error())
		}
	case core.StatementFlush:
		if s.word(at+1, "table") || s.word(at+1, "tables") {
			s.each(at+2, false)
		}
	}
}

func (s *statement) lock(at int) {
	switch w := s.lower(at + 1); {
	case w == "instance" || s.word(at, "backup"):
		s.facts.Access = core.AccessAdmin
		if w == "lock" {
			s.each(at+2, false)
		}
	case w != "table" && w != "tables":
		s.opaque(errForm.Error())
	case s.word(at, "lock"):
		first := at + 2
		for i := first; i <= len(s.tokens); i++ {
			if i < len(s.tokens) && !s.sign(i, ",") {
				continue
			}
			if t, next := s.tableAt(first); next > first {
				t.Writes = s.word(i-1, "write") || s.word(i-1, "concurrent")
				s.names(t)
			} else {
				s.opaque(errForm.Error())
			}
			first = i + 1
		}
	}
}

// maintain reads ANALYZE, CHECK, CHECKSUM, OPTIMIZE and REPAIR TABLE.
func (s *statement) maintain(at int) {
	i := at + 1
	for s.word(i, "local") || s.word(i, "no_write_to_binlog") || s.word(i, "incremental") {
		i++
	}
	if !s.word(i, "table") && !s.word(i, "tables") && !s.word(i, "view") {
		s.opaque(errForm.Error())
		return
	}
	s.each(i+1, s.word(at, "optimize") || s.word(at, "repair"))
}

// each notes the tables of a list.
func (s *statement) each(i int, writes bool) {
	for {
		t, next := s.tableAt(i)
		if next == i || t.Schema == "" && s.word(i, "with") {
			return
		}
		t.Writes = writes
		s.names(t)
		if !s.sign(next, ",") {
			return
		}
		i = next + 1
	}
}

func (s *statement) admin(at int) {
	switch {
	case s.word(at, "help"):
		s.facts.Access = core.AccessRead
	case s.word(at, "lock") || s.word(at, "unlock"): // statistics
		s.each(at+2, true)
	default:
		s.sweep(at)
		s.guess(at)
	}
}

// parseKill looks into the expression that MariaDB and MySQL take for the number.
func (s *statement) parseKill(at int) {
	s.sweep(at)
	for i := at; i < len(s.tokens); i++ {
		if s.word(i, "select") {
			s.opaque("it has a query")
			s.guess(at)
			return
		}
	}
}

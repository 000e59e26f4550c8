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
	case core.StatementBegin:
		f.Transaction = s.begins(at)
	case core.StatementCommit, core.StatementRollback:
		f.Hangup = s.hangsUp(at)
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
		i := s.modifiers(at + 1)
		if s.word(i-1, "table") || s.word(i-1, "tables") {
			s.each(i, false)
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
	s.each(i+1, !s.word(at, "check") && !s.word(at, "checksum"))
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
	case s.word(at, "flashback"), s.word(at, "recover"), s.word(at, "restore"), s.word(at, "split"):
		s.tidb(at)
	case s.words(at, "admin", "show"), s.word(at, "calibrate"), s.word(at, "plan"):
		s.facts.Access = core.AccessRead
		s.guess(at)
	case s.word(at, "admin") && (s.word(at+2, "table") || s.word(at+2, "index")):
		s.each(at+3, !s.word(at+1, "check") && !s.word(at+1, "checksum"))
	case s.words(at, "cache", "index"):
		s.each(at+2, false)
	case s.words(at, "load", "index", "into", "cache"):
		s.each(at+4, false)
	default:
		s.sweep(at)
		s.guess(at)
	}
}

// tidb reads TiDB's statements on tables that have a verb of their own.
func (s *statement) tidb(at int) {
	if s.word(at, "flashback") || s.word(at, "recover") {
		s.facts.Access = core.AccessSchema
	}
	for i := at; i < len(s.tokens); i++ {
		if s.word(i, "table") {
			s.each(i+1, true)
		}
		if s.word(i, "to") && s.facts.Tables != nil {
			s.each(i+1, true)
		}
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

package proxy

import (
	"slices"

	"github.com/dbmesh/dbmesh/core"
)

// Two things stay on a connection that no statement shows to have put there and no question
// tells from another session's: MariaDB's GTID of the last write, and the last value of a
// sequence that a column's default has drawn.

// maxDrawn bounds the sequences that a session is known to have drawn from.
const maxDrawn = 32

// ownOnly refuses a command that asks for what may be another session's. done says that it has.
func (s *session) ownOnly(f *core.Facts) (w want, done bool) {
	if f == nil || !runs(s.cmd.Code) {
		return wantNothing, false
	}
	if slices.Contains(f.SystemVarsRead, "last_gtid") {
		return s.foreign("@@last_gtid may be another session's, because connections are shared; " +
			"use consistency: session on the router, or a pool with pooling.mode: session"), true
	}
	drawn := slices.Clip(s.drawn)
	for _, part := range f.Statements() {
		if slices.Contains(part.Functions, "lastval") && !s.drewAll(drawn, part) {
			return s.foreign("LASTVAL() may be another session's, because connections are shared; it is answered behind a NEXTVAL() " +
				"of the session's own with the same sequence, or use INSERT ... RETURNING or a pool with pooling.mode: session"), true
		}
		drawn = s.draws(drawn, part)
	}
	return wantNothing, false
}

func (s *session) foreign(why string) want {
	s.outcome.Side = core.Proxy
	return s.answer(&core.Reply{Err: &core.Error{Code: 1105, State: "HY000", Message: "dbmesh: " + why}})
}

// drewAll says that all that a statement reads from are sequences that the session has drawn from.
func (s *session) drewAll(drawn []core.Table, f *core.Facts) bool {
	reads := false
	for _, t := range f.Tables {
		if !t.Writes {
			reads = true
			if !slices.Contains(drawn, s.sequence(t)) {
				return false
			}
		}
	}
	return reads && !f.Opaque
}

// draws adds the sequences that a statement draws from, by name: that pins, so that their last
// values stay. What else it writes to is added too, and is no sequence.
func (s *session) draws(drawn []core.Table, f *core.Facts) []core.Table {
	if f.Opaque || !slices.Contains(f.Functions, "nextval") {
		return drawn
	}
	for _, t := range f.Tables {
		if seq := s.sequence(t); t.Writes && len(drawn) < maxDrawn && !slices.Contains(drawn, seq) {
			drawn = append(drawn, seq)
		}
	}
	return drawn
}

// noteDrawn takes from the response at hand which sequences the session has drawn from.
func (s *session) noteDrawn(f *core.Facts) {
	if r := &s.resp; f.Kind == core.StatementDo || r.Rows > 0 || r.Affected > 0 {
		for _, part := range f.Statements() {
			s.drawn = s.draws(s.drawn, part)
		}
	}
}

// sequence is the table with its schema.
func (s *session) sequence(t core.Table) core.Table {
	if t.Writes = false; t.Schema == "" {
		t.Schema = s.Schema
	}
	return t
}

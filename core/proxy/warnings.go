package proxy

import (
	"bytes"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
)

// noWarnings is a statement that has a server forget the warnings of the one before. MariaDB
// and MySQL do not at a statement without a table, such as DO 0.
const noWarnings = "DO (SELECT 1 FROM (SELECT 1) t)"

// answer is how much is known.
type answer uint8

const (
	no answer = iota
	perhaps
	yes
)

// leavesWarnings says whether a statement that causes no warning leaves those of the one
// before, to be asked for behind it.
func (s *session) leavesWarnings(f *core.Facts) answer {
	switch {
	case s.cmd.Code == core.InitDB && s.flavour() != stmt.TiDB:
		return yes
	case f == nil || f.Opaque:
		return perhaps
	case len(f.Tables) > 0 || s.flavour() == stmt.TiDB:
		return no
	}
	switch f.Kind {
	case core.StatementSet, core.StatementDo, core.StatementUse, core.StatementBegin, core.StatementCommit, core.StatementRollback:
		return yes
	case core.StatementSelect:
		if mentionsFrom(s.cmd.SQL) { // DUAL is no table, a derived one is
			return perhaps
		}
		return yes
	}
	return no
}

// mentionsFrom looks for "from" in any case, without making a copy of the text.
func mentionsFrom(sql []byte) bool {
	const word = "from"
	for i := 0; i+len(word) <= len(sql); i++ {
		if sql[i]|0x20 == word[0] && bytes.EqualFold(sql[i:i+len(word)], []byte(word)) {
			return true
		}
	}
	return false
}

// noteWarnings takes from the response at hand whether there is something to ask for.
func (p *past) noteWarnings(s *session, f *core.Facts) {
	if s.resp.Warnings > 0 || s.resp.Err != nil {
		p.warned, p.saved, p.lost, p.others = true, nil, false, false
		return
	}
	switch s.leavesWarnings(f) {
	case no:
		p.warned, p.saved, p.lost = false, nil, false
		// MariaDB's query cache answers without having anything forgotten.
		p.others = p.others && f.Kind == core.StatementSelect && s.flavour() == stmt.MariaDB
	case perhaps: // the connection knows, if it still is the same
		p.lost = p.lost || p.saved != nil
		p.saved = nil
	}
}

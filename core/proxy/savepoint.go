package proxy

import (
	"slices"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// followSavepoint notes whether a savepoint may be on the connection: without autocommit it is
// the beginning of a transaction, but no status flag says so before something else is done. It
// is gone with the transaction, or with one that the flag did tell of. A statement that commits
// by itself before that is not noticed: then the connection is kept for longer than it must be.
func (s *session) followSavepoint(f *core.Facts) {
	r, status := &s.resp, s.Status
	if r.Err == nil || r.Status&wire.StatusMoreResults != 0 {
		status = r.Status
	}
	parts, saves := f.Statements(), false
	ended := r.Err == nil && s.Status&wire.StatusInTrans != 0 && status&wire.StatusInTrans == 0 && f.Kind != core.StatementSavepoint
	for _, part := range parts {
		switch {
		case savepoint(part):
			saves = saves || r.Err == nil || len(parts) > 1
		case part.Releases.Has(core.EffectTransaction) && r.Err == nil:
			saves, ended = false, true
		}
	}
	s.saved = (saves || s.saved && !ended) && status&wire.StatusAutocommit == 0
}

// savepoint says that a statement may set one: itself, or inside of EXECUTE IMMEDIATE or SET
// STATEMENT.
func savepoint(f *core.Facts) bool {
	if !f.Creates.Has(core.EffectTransaction) {
		return false
	}
	switch f.Kind {
	case core.StatementSavepoint, core.StatementExecute:
		return true
	case core.StatementSet:
		return !slices.Contains(f.SystemVarsSet, "autocommit")
	}
	return false
}

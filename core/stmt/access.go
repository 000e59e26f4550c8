package stmt

import "github.com/dbmesh/dbmesh/core"

// access is what a statement of the kind does when nothing else is known of it.
func access(k core.StatementKind) core.Access {
	switch k {
	case core.StatementSelect, core.StatementShow, core.StatementExplain, core.StatementHandler, core.StatementDo:
		return core.AccessRead
	case core.StatementInsert, core.StatementReplace, core.StatementUpdate, core.StatementDelete, core.StatementLoad:
		return core.AccessWrite
	case core.StatementCreate, core.StatementAlter, core.StatementDrop, core.StatementRename,
		core.StatementTruncate, core.StatementGrant:
		return core.AccessSchema
	case core.StatementUse, core.StatementSet, core.StatementPrepare, core.StatementDeallocate, core.StatementBegin,
		core.StatementCommit, core.StatementRollback, core.StatementSavepoint, core.StatementXA,
		core.StatementLock, core.StatementUnlock:
		return core.AccessSession
	case core.StatementKill, core.StatementFlush, core.StatementTable, core.StatementReplication, core.StatementAdmin:
		return core.AccessAdmin
	}
	return core.AccessUnknown // of an empty text, a call, a program, or by what is inside
}

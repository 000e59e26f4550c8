package dbmesh

import "github.com/dbmesh/dbmesh/filter-sdk/abi"

// Kind is what a statement is by its leading words. Later versions of dbmesh may have more.
type Kind uint8

// The kinds.
const (
	Unknown     = Kind(abi.KindUnknown)
	Empty       = Kind(abi.KindEmpty) // a comment alone
	Multi       = Kind(abi.KindMulti) // several statements that could not be taken apart
	Select      = Kind(abi.KindSelect)
	Insert      = Kind(abi.KindInsert)
	Replace     = Kind(abi.KindReplace)
	Update      = Kind(abi.KindUpdate)
	Delete      = Kind(abi.KindDelete)
	Load        = Kind(abi.KindLoad) // LOAD DATA, LOAD XML
	Call        = Kind(abi.KindCall)
	Do          = Kind(abi.KindDo)
	Handler     = Kind(abi.KindHandler)
	Show        = Kind(abi.KindShow)
	Explain     = Kind(abi.KindExplain)
	Analyze     = Kind(abi.KindAnalyze) // EXPLAIN ANALYZE, which runs the statement
	Use         = Kind(abi.KindUse)
	Set         = Kind(abi.KindSet)
	Prepare     = Kind(abi.KindPrepare) // the statement PREPARE, not the hook
	Execute     = Kind(abi.KindExecute)
	Deallocate  = Kind(abi.KindDeallocate)
	Begin       = Kind(abi.KindBegin)
	Commit      = Kind(abi.KindCommit)
	Rollback    = Kind(abi.KindRollback)
	Savepoint   = Kind(abi.KindSavepoint)
	XA          = Kind(abi.KindXA)
	Lock        = Kind(abi.KindLock)
	Unlock      = Kind(abi.KindUnlock)
	Create      = Kind(abi.KindCreate)
	Alter       = Kind(abi.KindAlter)
	Drop        = Kind(abi.KindDrop)
	Rename      = Kind(abi.KindRename)
	Truncate    = Kind(abi.KindTruncate)
	Grant       = Kind(abi.KindGrant) // and REVOKE
	Kill        = Kind(abi.KindKill)
	Flush       = Kind(abi.KindFlush)
	TableUpkeep = Kind(abi.KindTable) // ANALYZE, CHECK, CHECKSUM, OPTIMIZE, REPAIR TABLE
	Replication = Kind(abi.KindReplication)
	Block       = Kind(abi.KindBlock) // parts of stored programs
	Admin       = Kind(abi.KindAdmin)
)

// String is the kind's name in dbmesh's configuration, such as "select".
func (k Kind) String() string { return abi.KindName(int(k)) }

// Access is what a statement does, as roughly as it can be said.
type Access uint8

// The kinds of access. AccessUnknown may be any.
const (
	AccessUnknown = Access(abi.AccessUnknown)
	AccessRead    = Access(abi.AccessRead)    // reads data or definitions
	AccessWrite   = Access(abi.AccessWrite)   // changes rows
	AccessSchema  = Access(abi.AccessSchema)  // changes definitions or grants
	AccessSession = Access(abi.AccessSession) // changes the session or its transaction only
	AccessAdmin   = Access(abi.AccessAdmin)   // changes or steers the server
)

// String is the access' name, such as "write".
func (a Access) String() string { return abi.AccessName(int(a)) }

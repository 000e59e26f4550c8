// Package abi has the numbers of dbmesh_v1, the interface between dbmesh and user filters in
// WebAssembly. It is their only source: the SDKs' constants are generated from these files
// (make generate), and docs/abi.md, which says what they mean in full, is compared with it.
//
// Numbers that were released never change. What is added raises Minor; what would have to
// change gets a new module name, served beside this one.
package abi

// Module is the name that guests import host functions from; Major is in it. Minor is
// raised when something is added. A guest that needs a higher one is refused.
const (
	Module = "dbmesh_v1"
	Minor  = 0
)

// Exports of a guest, beside "memory". Block is required, as is Version.
const (
	ExportVersion    = "dbmesh_v1"        // () -> i32: the Minor it needs
	ExportBlock      = "dbmesh_block"     // () -> i32: address of its block, HeaderSize + text capacity
	ExportConfigure  = "dbmesh_configure" // () -> i64: 0, or a packed message with op 1: why not
	ExportHooks      = "dbmesh_hooks"     // () -> i64: hooks in use and wants, see Hooks
	ExportInitialize = "_initialize"      // () of the toolchain, called first
	ReservedPrefix   = "dbmesh_reserved_" // no guest may export such a name: the host's own
	ManifestSection  = "dbmesh.manifest"  // custom section with the manifest, YAML
	SignatureSection = "dbmesh.signature" // last custom section: Ed25519 over all bytes before it
)

// The block: the header, then the text area. All numbers are little-endian. The guest
// owns the memory and never moves it; the host writes it before each hook, but for
// TextCapacity, which the guest writes once before dbmesh_block returns.
const (
	HeaderSize = 256 // the text area begins here
	Layout     = 1   // of the header; raised when fields are appended

	AtLayout       = 0   // u16
	AtHook         = 2   // u16, a Hook
	AtFlags        = 4   // u32, Flag bits
	AtKind         = 8   // u8, a Kind
	AtAccess       = 9   // u8, an Access
	AtTables       = 10  // u16, how many tables the statement names
	AtParams       = 12  // u16, how many parameters: of an execute the values, of a prepare the marks
	AtColumns      = 14  // u16, of on_columns
	AtSQLLength    = 16  // u32, bytes of the statement's text that sql gives
	AtTextLength   = 20  // u32, bytes of it that stand in the text area
	AtDigest       = 24  // u64, the first 8 bytes of the digest; 0 for none
	AtSession      = 32  // u64, the session's id
	AtSequence     = 40  // u64, counts the session's commands
	AtUser         = 48  // u32, stands for the user's name in this generation; 0 is none or one too many
	AtSchema       = 52  // u32, stands for the default schema's name, likewise
	AtAddress      = 56  // 16 bytes, the client's IPv6 or IPv4-mapped address; zero for a unix socket
	AtPort         = 72  // u16
	AtStatement    = 74  // u16, index of the statement in a text of several
	AtStatements   = 76  // u16, how many the text has
	AtErrorCode    = 78  // u16, of on_error and on_done; 0 is success
	AtTime         = 80  // i64, Unix time in milliseconds
	AtStatementID  = 88  // u32, of an execute, the prepared statement's id
	AtTextCapacity = 92  // u32, written by the guest
	AtRows         = 96  // u64, of on_done
	AtAffected     = 104 // u64, of on_done
	AtLatency      = 112 // u32, of on_done, microseconds; stays at its maximum
	AtBytes        = 116 // u32, of on_done, bytes to the client; stays at its maximum
	AtFunctions    = 120 // u16, how many functions function gives
	AtSlot         = 128 // SlotSize bytes that belong to the guest, one set per session
	SlotSize       = 32
)

// Hook numbers a guest's hooks. A guest has a hook if it exports it and, where it has
// dbmesh_hooks, if the bit 1<<Hook is set there too.
type Hook uint16

// The hooks, each an export (arg i32) -> i64 verdict. HookNames has the exports' names.
const (
	HookSession    Hook = iota // a client logs in; its password is not yet proved
	HookInitDB                 // COM_INIT_DB or USE; sql gives the schema
	HookQuery                  // a statement of a COM_QUERY; arg is its index
	HookPrepare                // COM_STMT_PREPARE
	HookExecute                // COM_STMT_EXECUTE; arg is the number of parameters
	HookColumns                // a result's columns, before its rows; arg is their number
	HookDone                   // a command has ended
	HookError                  // the backend answered with an error; arg is its code
	HookSessionEnd             // a session ends
	HookTick                   // the timer, on one instance of the generation
	Hooks                      // how many there are
)

// HookNames are the exports, by Hook.
func HookNames() [Hooks]string {
	return [Hooks]string{"on_session", "on_init_db", "on_query", "on_prepare", "on_execute",
		"on_columns", "on_done", "on_error", "on_session_end", "on_tick"}
}

// String is the export's name.
func (h Hook) String() string {
	if h < Hooks {
		return HookNames()[h]
	}
	return "unknown hook"
}

// Wants of dbmesh_hooks, above the bits of the hooks. The upper 32 bits are how many bytes
// of the statement's text the host shall write into the text area before on_query,
// on_prepare, on_execute and on_init_db, at most; 0 for none.
const (
	WantParams    = 1 << 16 // parameters of executes are decoded
	WantTextShift = 32
	WantHooksMask = 1<<16 - 1
)

// Flags of the header.
const (
	FlagTransaction = 1 << iota // the session is inside a transaction
	FlagAutocommit
	FlagWhere     // the statement has a WHERE at its top level
	FlagLimit     // and a LIMIT
	FlagMulti     // it is one of several in its text
	FlagPrepared  // it was prepared: on_execute
	FlagOpaque    // it was not understood for sure: what the header says of it is a guess
	FlagTruncated // sql does not give all of it
	FlagReadSafe  // it may run on a replica
	FlagLocking   // it locks the rows that it reads
	FlagInto      // its result goes into variables or a file
	FlagTLS       // the client's hop is encrypted
	FlagParams    // param gives the parameters
	FlagWrites    // one of its tables is written to
)

// Kinds numbers the kinds of statement, named as core.StatementKind names them.
func Kinds() []string {
	return []string{"unknown", "empty", "multi", "select", "insert", "replace", "update", "delete", "load",
		"call", "do", "handler", "show", "explain", "analyze", "use", "set", "prepare", "execute",
		"deallocate", "begin", "commit", "rollback", "savepoint", "xa", "lock", "unlock", "create",
		"alter", "drop", "rename", "truncate", "grant", "kill", "flush", "table", "replication", "block", "admin"}
}

// Accesses numbers what a statement does, named as core.Access names it.
func Accesses() []string {
	return []string{"unknown", "read", "write", "schema", "session", "admin"}
}

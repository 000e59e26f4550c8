// Package defect has the mistakes that a test build can be told to make, so that the tests
// against leaks between sessions can be seen to find them. In every other build Is is
// constantly false, and nothing of this package or of the mistakes is in the program.
package defect

// Defect is one mistake. Its text is what the variable of the environment names it by.
type Defect string

// Variable is the environment variable that chooses the mistake of a build with the tag
// "defects". It must not look like a key of the config.
const Variable = "SEEDED_DEFECT"

// Mistakes with what a session has set.
const (
	// SchemaNotReplayed leaves a connection in the default schema of who had it before.
	SchemaNotReplayed Defect = "defect:schema-not-replayed"
	// SQLModeNotReplayed does not carry sql_mode from connection to connection.
	SQLModeNotReplayed Defect = "defect:sql-mode-not-replayed"
	// CharsetNotReplayed does not carry what SET NAMES sets.
	CharsetNotReplayed Defect = "defect:charset-not-replayed"
	// IsolationNotReplayed does not carry the isolation level of transactions.
	IsolationNotReplayed Defect = "defect:isolation-not-replayed"
	// TimeZoneNotReplayed does not carry time_zone.
	TimeZoneNotReplayed Defect = "defect:time-zone-not-replayed"
	// AutocommitNotReplayed does not carry autocommit.
	AutocommitNotReplayed Defect = "defect:autocommit-not-replayed"
	// BaseNotRestored leaves on a connection what the session before had set and this has not.
	BaseNotRestored Defect = "defect:base-not-restored"
	// WornKeptAfterReset takes what was set on a connection for still set after its reset.
	WornKeptAfterReset Defect = "defect:worn-kept-after-reset"
	// LastIDNotReplayed lets LAST_INSERT_ID() be that of whoever had the connection before.
	LastIDNotReplayed Defect = "defect:last-id-not-replayed"
)

// Mistakes with what ties a session to its connection.
const (
	// TempTableNoPin gives connections with temporary tables to others.
	TempTableNoPin Defect = "defect:temp-table-no-pin"
	// UserVariableNoPin gives connections with user variables to others.
	UserVariableNoPin Defect = "defect:user-variable-no-pin"
	// NamedLockNoPin gives connections with named locks to others.
	NamedLockNoPin Defect = "defect:named-lock-no-pin"
	// TableLockNoPin gives connections with locked tables to others.
	TableLockNoPin Defect = "defect:table-lock-no-pin"
	// TextPrepareNoPin gives connections with statements of PREPARE to others.
	TextPrepareNoPin Defect = "defect:text-prepare-no-pin"
	// TransactionNoPin gives connections with an open transaction to others.
	TransactionNoPin Defect = "defect:transaction-no-pin"
	// CursorNoPin gives connections with an open cursor to others.
	CursorNoPin Defect = "defect:cursor-no-pin"
	// LongDataNoPin gives connections with pieces of a parameter to others.
	LongDataNoPin Defect = "defect:long-data-no-pin"
)

// Mistakes with prepared statements.
const (
	// WrongStatementID sends the client's number of a statement in place of the connection's.
	WrongStatementID Defect = "defect:wrong-statement-id"
	// TypesNotInserted leaves out the types of parameters where the connection never heard them.
	TypesNotInserted Defect = "defect:types-not-inserted"
)

// Mistakes with the end of sessions.
const (
	// ReusedAfterAbort gives a connection to others whose client left in the middle of a result.
	ReusedAfterAbort Defect = "defect:reused-after-abort"
	// ReusedAfterKill gives a connection to others for which a KILL is under way.
	ReusedAfterKill Defect = "defect:reused-after-kill"
	// NotResetAtQuit gives a connection to others with all that its session left on it.
	NotResetAtQuit Defect = "defect:not-reset-at-quit"
	// RoleOutlivesReset forgets that servers keep the role in a reset.
	RoleOutlivesReset Defect = "defect:role-outlives-reset"
	// OldUserKept runs a session's statements as who it was before COM_CHANGE_USER.
	OldUserKept Defect = "defect:old-user-kept"
)

// All gives every mistake.
func All() []Defect {
	return []Defect{
		SchemaNotReplayed, SQLModeNotReplayed, CharsetNotReplayed, IsolationNotReplayed, TimeZoneNotReplayed,
		AutocommitNotReplayed, BaseNotRestored, WornKeptAfterReset, LastIDNotReplayed,
		TempTableNoPin, UserVariableNoPin, NamedLockNoPin, TableLockNoPin, TextPrepareNoPin, TransactionNoPin,
		CursorNoPin, LongDataNoPin, WrongStatementID, TypesNotInserted,
		ReusedAfterAbort, ReusedAfterKill, NotResetAtQuit, RoleOutlivesReset, OldUserKept,
	}
}

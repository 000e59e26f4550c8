package core

// Facts are what is known about one statement, or about a text of several. They never
// change and are shared by all sessions that send statements of the same shape, so neither
// they nor their slices may be written to. They may be kept.
//
// Facts err in one direction: what is not known for sure is Opaque, not ReadSafe and pins.
type Facts struct {
	Kind   StatementKind
	Access Access
	// Tables that the statement names, without the names of its own common table
	// expressions, each once per access. Complete unless Opaque.
	Tables []Table
	// Functions that the statement calls and that matter to somebody: those that are not
	// in the list of built-in functions without effect, in lower case, stored functions
	// with their schema ("app.total").
	Functions []string
	Where     bool // it has a WHERE at its top level
	Limit     bool // it has a LIMIT or FETCH FIRST at its top level
	// Locking says that it locks the rows that it reads (FOR UPDATE, FOR SHARE, LOCK IN
	// SHARE MODE) at any depth.
	Locking bool
	Into    Into // where a SELECT's result goes, if not to the client

	UserVarsRead, UserVarsSet     []string     // lower case, without @
	SystemVarsRead, SystemVarsSet []string     // lower case, without @@ and scope
	Assignments                   []Assignment // of a SET, in order

	Transaction Transaction // what a BEGIN says of its transaction

	// Hangup says that the server ends the connection when it has done it: COMMIT or ROLLBACK
	// with RELEASE. What completion_type does to those without is not known here.
	Hangup bool

	Placeholders int // of a statement to be prepared

	// ReadSafe says that the statement may run on a replica instead of the primary: it
	// writes nothing, locks nothing, and reads nothing that belongs to the session or to
	// one server. A view or a stored function that it names can still break that; stored
	// functions make it unsafe, a view can't be told from a table.
	ReadSafe   bool
	ReadReason string // why it is or is not, a clause such as "it locks rows (FOR UPDATE)"

	Creates  Effect // what it may leave behind on its connection
	Releases Effect // what it takes away again for sure if it succeeds
	Pins     []Pin  // why the session may not change its connection afterwards; see stmt.Traceless for opaque ones without

	// Opaque says that the statement was not understood for sure, and OpaqueReason why:
	// the parser does not know it, the server might read it in another way, it is cut off.
	Opaque       bool
	OpaqueReason string

	// Digest is TiDB's digest of the statement (32 bytes in hex) and DigestText the text
	// that it is made of; both are empty for a text that is too long.
	Digest, DigestText string

	// Parts are the statements of a text that has several, nil for one alone. The facts
	// of the whole then are the union of all, and those of the strictest where there is
	// no union. The text in PREPARE ... FROM 'text' and EXECUTE IMMEDIATE 'text' is a
	// part too.
	Parts []*Facts
}

// Statements are the facts of each statement of the text: Parts, or the facts themselves.
// What hides in a PREPARE's literal is found in that part's own Parts.
func (f *Facts) Statements() []*Facts {
	if f.Kind == StatementMulti {
		return f.Parts
	}
	return []*Facts{f}
}

// Table is a table as a statement names it, letters as written.
type Table struct {
	Schema string // "" for the session's default
	Name   string
	Writes bool // the statement changes its rows or its definition
}

// Into is where the result of a SELECT goes.
type Into uint8

// The places.
const (
	IntoClient Into = iota
	IntoVariables
	IntoFile // OUTFILE and DUMPFILE, on the server's disk
)

// Transaction is what a BEGIN says of the transaction that it begins.
type Transaction uint8

// The kinds of transactions. TransactionReadOnly may begin with a snapshot too; what a
// BEGIN says by a comment that servers execute is TransactionOther.
const (
	TransactionNone     Transaction = iota // the statement is no BEGIN
	TransactionPlain                       // nothing is said: BEGIN, START TRANSACTION
	TransactionReadOnly                    // READ ONLY
	TransactionOther                       // READ WRITE, WITH CONSISTENT SNAPSHOT and what else there is
)

var transactionNames = [...]string{"", "plain", "read only", "other"}

func (t Transaction) String() string {
	if int(t) < len(transactionNames) {
		return transactionNames[t]
	}
	return "invalid"
}

// Assignment is one part of a SET.
type Assignment struct {
	// Name of the variable in lower case. SET NAMES is "names", SET CHARACTER SET
	// "charset", SET [SESSION] TRANSACTION "transaction", SET ROLE "role", SET PASSWORD
	// "password", any other form its first word.
	Name  string
	Scope Scope
	// Value is the literal or word that is assigned, without quotes; it says something
	// only if Literal. The value of an expression is known to the server alone.
	Value   string
	Literal bool
}

// Scope is whose variable is set.
type Scope uint8

// The scopes. ScopeNext is SET TRANSACTION without SESSION: for the next transaction.
const (
	ScopeSession Scope = iota
	ScopeGlobal        // GLOBAL, PERSIST and PERSIST_ONLY
	ScopeUser          // a user variable, @name
	ScopeNext
)

// Pin is one reason why a session may not share its connection or change it.
type Pin struct {
	Effect Effect
	Reason string // a clause such as "it takes a named lock (GET_LOCK)"
}

// Access is what a statement does, as roughly as it can be said.
type Access uint8

// The kinds of access. AccessUnknown may be any.
const (
	AccessUnknown Access = iota
	AccessRead           // reads data or definitions
	AccessWrite          // changes rows
	AccessSchema         // changes definitions or grants
	AccessSession        // changes the session or its transaction only
	AccessAdmin          // changes or steers the server
)

var accessNames = [...]string{"unknown", "read", "write", "schema", "session", "admin"}

func (a Access) String() string {
	if int(a) < len(accessNames) {
		return accessNames[a]
	}
	return "invalid"
}

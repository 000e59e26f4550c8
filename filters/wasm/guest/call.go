package guest

import (
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
)

// Call is one question to a guest and its answer. The caller fills the upper part; Program.Call
// writes Verdict and Fuel. A Call is used by one goroutine at a time and reused: keep one with
// whatever asks often, such as the session, for its buffer is what makes calls free of
// allocations. The zero value is ready.
type Call struct {
	Session *core.Session // nil only for on_tick
	State   *State        // what this filter keeps for the session; nil only for on_tick

	Facts     *core.Facts // of this one statement; nil where there is none
	Ranges    Ranger      // finds where its parts stand in SQL; nil where that is not known
	SQL       []byte      // its text, of on_init_db the schema
	Truncated bool        // SQL is not all of it

	Statement, Statements int    // index and number in a text of several; Statements 0 is 1
	StatementID           uint32 // of an execute

	Params    []core.Param // of an execute
	HasParams bool         // Params are what was sent

	Columns []core.Column // of on_columns
	Error   *core.Error   // of on_error, and of on_done if there was one
	Outcome *core.Outcome // of on_done
	Pool    string        // where the command goes

	Verdict Verdict
	Fuel    uint64 // what the hook used of its fuel, host functions with it

	ranges core.Ranges // found in this call, if ranged
	ranged bool
	sure   bool

	buf    []byte // holds the payload that Verdict points into
	masks  []core.Mask
	params [1]uint64 // argument and result of the hook
	hint   int       // slot of the instance that answered last
}

// Ranger finds where the parts of the statement stand, as core.Command does.
type Ranger interface {
	Ranges() (core.Ranges, bool)
}

// Reset forgets question and answer but keeps the buffers.
func (c *Call) Reset() {
	*c = Call{buf: c.buf, masks: c.masks[:0], hint: c.hint}
}

// State is what the host keeps of one filter for one session: the guest's slot, what
// state_set kept, and the numbers that stand for user and schema. It belongs to the
// session's goroutine. The zero value is a new session's. It may be used with one program
// after another; the numbers are looked up anew then.
type State struct {
	slot  [abi.SlotSize]byte
	kept  []byte
	owner *Program

	user, schema     string
	userID, schemaID uint32
}

// Verdict is a hook's answer. Its byte slices and Masks are valid until the Call is used
// again; Reply is the caller's.
type Verdict struct {
	// Op is one of abi.OpPass to abi.OpMask, without the cacheable bit. It was checked: the
	// hook may give it, its capability is granted and its payload is whole. Of abi.OpList,
	// Rewrite and Route say what was in the list.
	Op        uint8
	Cacheable bool

	Code    uint16 // of a deny or disconnect
	State   []byte // SQLSTATE, five characters
	Message []byte // at most abi.MaxMessage

	Rewrite []byte // nil for none
	RouteTo uint8  // abi.RoutePool or abi.RouteBackend
	Route   []byte // the name; nil for no route

	Reply *core.Reply // of a reply or ok
	Masks []core.Mask // of a mask plan
}

package core

import "context"

// Hook is one of the points at which a chain asks its links.
type Hook uint8

// The hooks. Connector has OnConnect; Commander those from OnInitDB to OnOther, by the
// command's code; the others have an interface each.
const (
	HookConnect Hook = iota
	HookInitDB
	HookQuery
	HookPrepare
	HookExecute // also of bulk executes and fetches
	HookOther   // commands without a statement
	HookColumns
	HookError
	HookDone
	HookEnd
	hooks
)

// HookSet is a set of hooks.
type HookSet uint16

// Hooks makes a set.
func Hooks(all ...Hook) HookSet {
	var s HookSet
	for _, h := range all {
		s |= 1 << h
	}
	return s
}

// Has says whether the hook is in the set.
func (s HookSet) Has(h Hook) bool { return s&(1<<h) != 0 }

// Selective is a filter that has fewer hooks than its methods say, such as one whose hooks
// are a guest's. It is asked once, when the chain is built. The others get all that they
// have methods for.
type Selective interface {
	Hooks() HookSet
}

// ColumnReader sees the columns of a result before its rows, once per result. The masks
// change the rows' values; no filter sees a row. A verdict that is an error takes the
// result's place, any other is ignored. It must not wait. The last link is asked first, each
// about the columns as the backend told them; of several links' masks of a column the last
// link's holds.
type ColumnReader interface {
	OnColumns(ctx context.Context, c *Command, columns []Column) ([]Mask, Verdict, error)
}

// ErrorReader sees an error with which the backend answered, before the client does. What
// it returns takes the error's place; nil leaves it. It must not wait.
type ErrorReader interface {
	OnError(ctx context.Context, c *Command, e *Error) (*Error, error)
}

// Ender hears of the end of each session that was asked OnConnect as far as this link, once,
// from the chain then in force; also of a login that failed, and of the one that a change of
// user ends. A session that ends for good has closed its connections by then. It must not
// wait.
type Ender interface {
	OnSessionEnd(s *Session)
}

// ParamReader is a filter that may call Command.Params. Only then the proxy holds an
// execute back until its parameters are in hand.
type ParamReader interface {
	ReadsParams() bool
}

// Sluggish is a filter whose hooks may come to wait or take long while it lives. From when
// it says so, sessions run their hooks on a goroutine, as for Kind.Slow. Slow is asked
// several times per command and by any number of sessions at once.
type Sluggish interface {
	Slow() bool
}

// Column is a column of a result as its definition says. Strings and slices are valid
// during the hook only.
type Column struct {
	Schema, Table, OrgTable, Name, OrgName string

	Type    byte // MySQL's number of the type
	Charset uint16
	Flags   uint16
	Length  uint32
}

// Mask says what becomes of one column's values. NULL stays NULL.
type Mask struct {
	Column      int // index in the result
	By          MaskBy
	First, Last int    // characters that MaskKeep leaves
	Value       []byte // MaskConstant's value, MaskHash's key; must not be changed
}

// MaskBy is how a value is masked.
type MaskBy uint8

// The ways. A column whose type is not a string, a date or a time can hold neither a hash nor a
// part of a value nor any constant: it becomes NULL.
const (
	MaskNull     MaskBy = iota
	MaskConstant        // Value
	MaskHash            // 32 hex digits of HMAC-SHA-256 under Value
	MaskKeep            // the first and last characters, * for each in between; all * if nothing is in between
)

// Param is a parameter of an execute.
type Param struct {
	Type ParamType
	Text []byte // the value as text: digits, characters, MySQL's notation of times
}

// ParamType is what a parameter was sent as.
type ParamType uint8

// The types. ParamUnknown was sent in pieces, and its value is not at hand.
const (
	ParamNull ParamType = iota
	ParamInt
	ParamUint
	ParamFloat
	ParamText
	ParamBytes
	ParamTime
	ParamUnknown
)

// ParamDecoder finds the parameters of the execute at hand.
type ParamDecoder interface {
	Params(c *Command) ([]Param, bool)
}

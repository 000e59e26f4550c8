package dbmesh

import "github.com/dbmesh/dbmesh/filter-sdk/abi"

// Verdict is a hook's answer. The zero Verdict is Pass. Verdicts may be kept and returned
// again; only their texts have the lifetime that the package's documentation tells of.
type Verdict struct {
	// head has the op in its lowest byte, then the code's two and the state's five: a
	// verdict is copied from call to call, so it is small. Of a route the code is RouteTo.
	head uint64
	text string
	more *extra
}

// op is without the cacheable bit.
func (v Verdict) op() uint8 { return uint8(v.head) &^ abi.OpCacheable }

const (
	codeShift  = 8
	stateShift = 24
	hy000      = 'H' | 'Y'<<8 | '0'<<16 | '0'<<24 | '0'<<32
)

// extra is what few verdicts have.
type extra struct {
	columns          []string
	rows             [][]Value
	masks            []ColumnMask
	both             [2]Verdict
	affected, insert uint64
}

// Pass goes on to the next filter.
var Pass Verdict

// Deny answers with an error: MySQL's code, SQLSTATE and a message of at most 512 bytes. A
// state that does not have 5 characters becomes HY000. In OnError it replaces the backend's error.
func Deny(code int, state, message string) Verdict {
	return refusal(abi.OpDeny, code, state, message)
}

// DenyMessage is Deny with error 1105, HY000.
func DenyMessage(message string) Verdict { return Deny(1105, "HY000", message) }

// Disconnect is Deny, and the end of the session behind it.
func Disconnect(code int, state, message string) Verdict {
	return refusal(abi.OpDisconnect, code, state, message)
}

func refusal(op uint8, code int, state, message string) Verdict {
	bytes := uint64(hy000)
	if len(state) == 5 {
		bytes = uint64(state[0]) | uint64(state[1])<<8 | uint64(state[2])<<16 | uint64(state[3])<<24 | uint64(state[4])<<32
	}
	return Verdict{head: uint64(op) | uint64(uint16(code))<<codeShift | bytes<<stateShift, text: message}
}

// Rewrite goes on with another statement, or in OnInitDB with another schema. The filters
// behind this one judge the new statement.
func Rewrite(sql string) Verdict { return Verdict{head: abi.OpRewrite, text: sql} }

// Route sends the command to a pool. Capability: route.
func Route(pool string) Verdict {
	return Verdict{head: abi.OpRoute | abi.RoutePool<<codeShift, text: pool}
}

// RouteBackend sends the command to a backend of the pool that it goes to. Capability: route.
func RouteBackend(backend string) Verdict {
	return Verdict{head: abi.OpRoute | abi.RouteBackend<<codeShift, text: backend}
}

// Both is a Rewrite and a Route at once.
func Both(rewrite, route Verdict) Verdict {
	return Verdict{head: abi.OpList, more: &extra{both: [2]Verdict{rewrite, route}}}
}

// OK answers for the backend with success. Capability: reply.
func OK(affected, insertID uint64, info string) Verdict {
	return Verdict{head: abi.OpOK, text: info, more: &extra{affected: affected, insert: insertID}}
}

// Reply answers for the backend with a result of texts; it may have 64 KiB. A row with fewer or
// more values than there are columns panics. Capability: reply.
func Reply(columns []string, rows ...[]Value) Verdict {
	for _, row := range rows {
		if len(row) != len(columns) {
			panic("dbmesh: a row of a Reply has not as many values as there are columns")
		}
	}
	return Verdict{head: abi.OpReply, more: &extra{columns: columns, rows: rows}}
}

// Value is one value of a Reply. The zero Value is NULL.
type Value struct {
	text  string
	there bool
}

// Null is NULL.
var Null Value

// Text is a value that is not NULL.
func Text(text string) Value { return Value{text, true} }

// Cacheable promises that the verdict rests on nothing but digest, user, schema and kind.
// dbmesh then gives it to equal statements without asking again. Not for what looks at
// literals, parameters, time, keys or state; and not on Rewrite, Both and Mask, where dbmesh
// takes it for a fault.
func (v Verdict) Cacheable() Verdict {
	v.head |= abi.OpCacheable
	return v
}

package dbmesh

import (
	"time"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/host"
)

// InitDB is a change of the default schema. Session.Schema is still the old one.
type InitDB struct{ Session }

// Target is the schema to change to. Capability: sql.
func (InitDB) Target() string { return Query{}.SQL() }

// Done is a command that has ended, with the facts of its statement if it had one.
type Done struct{ Query }

// Latency is from the command's arrival to the end of its answer; it stays at 71 minutes.
func (Done) Latency() time.Duration { return time.Duration(host.Block.Latency) * time.Microsecond }

// Rows is how many rows the client got.
func (Done) Rows() uint64 { return host.Block.Rows }

// Affected is how many rows the command changed.
func (Done) Affected() uint64 { return host.Block.Affected }

// Bytes is how many bytes went to the client; it stays at 4 GiB.
func (Done) Bytes() uint32 { return host.Block.Bytes }

// ErrorCode is 0 for success.
func (Done) ErrorCode() int { return int(host.Block.ErrorCode) }

// ErrorMessage is the error's, empty for success.
func (Done) ErrorMessage() string { return errorText(abi.ErrMessage) }

// ErrorState is the error's SQLSTATE, empty for success.
func (Done) ErrorState() string { return errorText(abi.ErrState) }

// ServerError is an error that the backend answered with, and the statement that it answered.
type ServerError struct{ Query }

// Code is MySQL's number of the error.
func (ServerError) Code() int { return int(host.Block.ErrorCode) }

// State is its SQLSTATE, 5 characters.
func (ServerError) State() string { return errorText(abi.ErrState) }

// Message is its text.
func (ServerError) Message() string { return errorText(abi.ErrMessage) }

func errorText(id int32) string {
	for {
		n := host.ErrorStr(id, arena.at(), arena.room(), 0)
		if text, more := arena.take(n); !more {
			return text
		}
	}
}

// Execution is one execution of a prepared statement.
type Execution struct{ Query }

// StatementID numbers the prepared statement in its session.
func (Execution) StatementID() uint32 { return host.Block.StatementID }

// ParamCount is how many parameters there are.
func (Execution) ParamCount() int { return int(host.Block.Params) }

// Decoded says that Param gives the parameters. Otherwise they are larger than what dbmesh
// looks at: a filter that protects something denies that.
func (Execution) Decoded() bool { return flag(abi.FlagParams) }

// ParamType says what the parameter is, from 0. Capability: params.
func (Execution) ParamType(i int) ParamType {
	if t := host.ParamType(int32(i)); t >= 0 {
		return ParamType(t)
	}
	return ParamUnknown
}

// Param is the parameter as text: a number in decimal, a date in MySQL's notation, bytes as
// they are; empty for NULL, and where there is no value. Capability: params.
func (Execution) Param(i int) string {
	for {
		n := host.Param(int32(i), arena.at(), arena.room(), 0)
		if text, more := arena.take(n); !more {
			return text
		}
	}
}

// ParamType is what a parameter is.
type ParamType uint8

// The types.
const (
	ParamNull    = ParamType(abi.ParamNull)
	ParamInt     = ParamType(abi.ParamInt)
	ParamUint    = ParamType(abi.ParamUint)
	ParamFloat   = ParamType(abi.ParamFloat)
	ParamText    = ParamType(abi.ParamText)
	ParamBytes   = ParamType(abi.ParamBytes)
	ParamTime    = ParamType(abi.ParamTime)
	ParamUnknown = ParamType(abi.ParamUnknown) // sent in pieces: there is no value to look at
)

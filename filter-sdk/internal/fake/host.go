// Package fake answers host functions in native tests as dbmesh answers them in a module.
// One goroutine uses it at a time.
package fake

import (
	"time"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
)

// Host is what a filter sees beside the header. Package dbmeshtest fills it before each hook.
type Host struct {
	Command
	Session  *Session // nil outside sessions
	Services *Services
	Config   Config
	Sets     []*Set
	// Configuring says that the filter is being configured, and may make sets and metrics.
	Configuring bool
}

// Command is what belongs to the hook at hand.
type Command struct {
	HasText            bool // there is a statement
	SQL                string
	Digest, DigestText string
	Tables             []Table
	Clauses            map[int32]Range
	Places             []Place
	Functions          []string
	Params             []Param
	Columns            []Column
	Error              [2]string // message, SQLSTATE
}

// Table is one that the statement names, Full with its schema.
type Table struct {
	Full    string
	Written bool
}

// Range is text[Start:End].
type Range struct{ Start, End int }

// Place is where a table is named.
type Place struct {
	Range
	Full string
}

// Param is a parameter as param and param_type tell it.
type Param struct {
	Type int32
	Text string
}

// Column is a column of a result; Fields are by number, as in abi.ColumnName.
type Column struct {
	Fields [5]string
	Type   uint8
	Flags  uint16
}

// Session is what outlasts commands.
type Session struct {
	Strings    [6]string // by number, as in abi.StrUser
	Attributes map[string]string
	State      string
	HasState   bool
	Slot       [abi.SlotSize]byte
}

// Services are what all sessions share.
type Services struct {
	Clock   func() time.Time
	KV      Store
	Metrics []*Metric
	Logs    []Line
}

// Line is one of the log.
type Line struct {
	Level int32
	Text  string
}

// Metric is one that the filter defined. Values are in their order.
type Metric struct {
	Kind   int32
	Name   string
	Value  float64 // of counters the sum, of gauges the last, of histograms the sum
	Values []float64
}

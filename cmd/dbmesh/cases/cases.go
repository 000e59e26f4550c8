// Package cases reads cases.yaml: what a filter under test is asked, and what it shall
// answer. Everything that is wrong with a file is told at once, with line and key.
package cases

import (
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
)

// FileName is how the file is called in a filter's directory.
const FileName = "cases.yaml"

// File is a whole cases.yaml.
type File struct {
	Path   string
	Config map[string]any // the filter's config, for cases that have none of their own
	Grants []string       // capabilities; nil grants what the manifest asks for
	Server Server
	Limits Limits
	Cases  []Case
}

// Server is how statements are read. What is empty is assumed, as by dbmesh explain.
type Server struct{ Flavour, Version, SQLMode, Charset string }

// Limits are the filter's limits under test; 0 is what a proxy has without configuration.
type Limits struct {
	Fuel   uint64
	Memory core.Size
}

// Case is one session, from its login to its end.
type Case struct {
	Name   string
	Line   int
	Config map[string]any // nil is the file's
	Steps  []Step
}

// Step is one thing that happens to the session: a command with what the backend answers to
// it, or one hook alone.
type Step struct {
	Line      int
	Hook      abi.Hook
	SQL       string // the statement, or the schema of on_init_db
	Cut       bool   // there is more of the statement than SQL; of recorded ones
	Params    []core.Param
	Answer    Answer
	Wait      time.Duration // the clock moves so far before the step
	Session   Session       // in force for this step and those behind it
	Want      Want
	MaxFuel   uint64
	MaxMemory core.Size
}

// Session is what filters see of it, for the steps from here on.
type Session struct {
	User, Schema, Address, Listener, Pool string
	Attributes                            map[string]string
	TLS, Transaction, Autocommit          bool
}

// Answer is what the backend answers to a step that reaches it.
type Answer struct {
	Columns  []core.Column
	Err      *core.Error
	Rows     uint64
	Affected uint64
	Latency  time.Duration
}

// Want is what a step is expected to come to. What is not said is not compared, but that the
// filter does not break.
type Want struct {
	Line      int
	Verdict   string // one of Verdicts, "" for any
	Code      uint16 // of a deny or disconnect; 0 is any
	State     string
	Message   string  // a part of it; of a fault a part of its reason
	SQL       *string // the rewritten statement
	Pool      string  // of a route
	Backend   string
	Reply     *core.Reply
	Masks     map[string]Mask // by column name; other columns must have none
	Cacheable *bool
	Log       []string // parts of log lines, each in one line at least
}

// Mask is what becomes of a column: null, constant, hash or keep.
type Mask struct {
	By          core.MaskBy
	Exact       bool // First, Last and Value were said
	First, Last int
	Value       string
}

// Verdicts are the names that a verdict has. A rewrite may be a route too, and either may
// mask columns: then the first name that fits is the verdict's.
func Verdicts() []string {
	return []string{"pass", "deny", "disconnect", "rewrite", "route", "reply", "ok", "mask", "fault"}
}

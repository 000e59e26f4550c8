package conformance

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/filters/wasm/guest"
)

const casesFile = "../../filter-sdk/conformance/cases.json"

// program is the filter loaded once, with its config, and the cases that it goes through one
// after the other.
type program struct {
	Name   string          `json:"name"`
	Config json.RawMessage `json:"config,omitempty"`
	Grants []string        `json:"grants,omitempty"` // all of them if there are none here
	Load   outcome         `json:"load"`
	Cases  []*testCase     `json:"cases,omitempty"`
}

type testCase struct {
	Name    string `json:"name"`
	Hook    string `json:"hook"`
	SQL     string `json:"sql,omitempty"`
	Behind  []byte `json:"behind,omitempty"`  // base64 of bytes behind the SQL that are not UTF-8
	Fill    int    `json:"fill,omitempty"`    // times 16 bytes behind the SQL
	Session int    `json:"session,omitempty"` // which of the sessions
	Advance int64  `json:"advance_ms,omitempty"`

	Statement   int           `json:"statement,omitempty"`
	Statements  int           `json:"statements,omitempty"`
	StatementID uint32        `json:"statement_id,omitempty"`
	Truncated   bool          `json:"truncated,omitempty"`
	Params      []parameter   `json:"params,omitempty"`
	Columns     []core.Column `json:"columns,omitempty"`
	Error       *core.Error   `json:"error,omitempty"`
	Rows        uint64        `json:"rows,omitempty"`
	Affected    uint64        `json:"affected,omitempty"`
	Backend     time.Duration `json:"backend_ns,omitempty"`
	Bytes       uint64        `json:"bytes,omitempty"`

	Want outcome `json:"want"`
}

type parameter struct {
	Type core.ParamType `json:"type"`
	Text string         `json:"text,omitempty"`
}

// outcome is what is compared: what the filter answered, and what it wrote and measured on
// its way there.
type outcome struct {
	Verdict string   `json:"verdict,omitempty"`
	Fault   string   `json:"fault,omitempty"` // the kind; its text may differ from language to language
	Error   string   `json:"error,omitempty"` // of a load
	Events  []string `json:"events,omitempty"`
}

func (o outcome) equal(p outcome) bool {
	return o.Verdict == p.Verdict && o.Fault == p.Fault && o.Error == p.Error && slices.Equal(o.Events, p.Events)
}

func readCases(t *testing.T) []*program {
	t.Helper()
	text, err := os.ReadFile(casesFile)
	if err != nil {
		t.Fatal(err)
	}
	var all []*program
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatalf("%s: %v", casesFile, err)
	}
	return all
}

func writeCases(t *testing.T, all []*program) {
	t.Helper()
	text, err := json.MarshalIndent(all, "", "  ")
	if err == nil {
		err = os.WriteFile(casesFile, append(text, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// server is how the cases' statements are read.
func server() stmt.Mode {
	m := stmt.ServerMode("5.5.5-10.11.19-MariaDB")
	m.Charset = stmt.CharsetUTF8
	return m
}

// ranger finds places as the proxy does for a statement that is alone in its text.
type ranger struct {
	sql   []byte
	facts *core.Facts
}

func (r ranger) Ranges() (core.Ranges, bool) { return stmt.FindRanges(server(), r.sql, r.facts) }

// newSession makes one of the cases' sessions; they differ.
func newSession(number int) *core.Session {
	s := &core.Session{ID: uint32(41 + number), Listener: "main", User: fmt.Sprintf("user%d", number), Pool: "primary",
		Schema: "app", TLS: number == 1, Commands: uint64(7 * number), Status: 2,
		Attributes: map[string]string{"program_name": "conformance", "conf": "conf: session | header | slot"}}
	switch number {
	case 0:
		s.Client = netip.MustParseAddrPort("192.0.2.17:4711")
	case 1:
		s.Client = netip.MustParseAddrPort("[2001:db8::1]:65535")
		s.Schema, s.Status = "", 3
		s.Attributes["conf"] = "conf: deny 1045 28000 not today"
	case 2: // a unix socket
		s.Attributes = nil
	case 3:
		s.Attributes["conf"] = "conf: route reports"
	}
	return s
}

// fill puts the case's question into a call.
func (c *testCase) fill(to *guest.Call, s *core.Session, state *guest.State) {
	to.Reset()
	if c.hook() != abi.HookTick {
		to.Session, to.State, to.Pool = s, state, s.Pool
	}
	to.SQL, to.Truncated = append([]byte(c.SQL), c.Behind...), c.Truncated
	to.SQL = append(to.SQL, strings.Repeat("0123456789abcdef", c.Fill)...)
	if c.SQL != "" && c.hook() != abi.HookInitDB {
		to.Facts = stmt.Analyze(server(), to.SQL)
		to.Ranges = ranger{to.SQL, to.Facts}
	}
	to.Statement, to.Statements, to.StatementID = c.Statement, c.Statements, c.StatementID
	to.HasParams = c.hook() == abi.HookExecute && c.Params != nil
	for _, p := range c.Params {
		to.Params = append(to.Params, core.Param{Type: p.Type, Text: []byte(p.Text)})
	}
	to.Columns, to.Error = c.Columns, c.Error
	if c.hook() == abi.HookDone {
		to.Outcome = &core.Outcome{Err: c.Error, Rows: c.Rows, Affected: c.Affected, Backend: c.Backend, BytesOut: c.Bytes}
	}
}

func (c *testCase) hook() abi.Hook {
	names := abi.HookNames()
	return abi.Hook(slices.Index(names[:], c.Hook))
}

// arg is what the hook is called with.
func (c *testCase) arg() uint32 {
	switch c.hook() {
	case abi.HookQuery:
		return uint32(c.Statement)
	case abi.HookExecute:
		return uint32(len(c.Params))
	case abi.HookColumns:
		return uint32(len(c.Columns))
	case abi.HookError:
		return uint32(c.Error.Code)
	}
	return 0
}

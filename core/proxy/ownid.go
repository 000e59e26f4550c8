package proxy

import (
	"bytes"
	"strconv"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/core/wire"
)

// maxOwnID bounds the text that is searched for CONNECTION_ID(): programs ask for it in
// short ones.
const maxOwnID = 4 << 10

// maxAlias is how long a column's alias may be, in bytes; without one there is no limit.
const maxAlias = 64

// showOwnID has a SELECT of CONNECTION_ID() answered with the id that the client saw in the
// greeting, and that KILL takes. Where the id is part of an expression it is compared with
// what the server shows, in the process list for one, and stays the server's.
func (s *session) showOwnID() {
	c := &s.cmd
	if (c.Code != core.Query && c.Code != core.Prepare) || c.Truncated() || len(c.SQL) > maxOwnID || !mentionsID(c.SQL) {
		return
	}
	mode := s.state.Mode(s.Status)
	calls := stmt.LoneCalls(mode, c.SQL, "connection_id")
	if len(calls) == 0 {
		return
	}
	// What is in doubt may be text in a string. A variable is compared as an expression is.
	if f := s.Classify(c); f.Kind != core.StatementSelect || f.Opaque || f.Into != core.IntoClient {
		return
	}
	id := ownID(s.ID, mode.Flavour)
	// The prefix is the command byte and query attributes.
	payload := bytes.Clone(s.in.bytes()[wire.HeaderLen:][:s.prefix])
	from := 0
	for _, call := range calls {
		if bytes.ContainsAny(c.SQL[call.Start:call.End], "`/#-") || call.End-call.Start > maxAlias { // a comment
			return
		}
		payload = append(payload, c.SQL[from:call.Start]...)
		payload = append(payload, id...)
		if !call.Named {
			payload = append(append(append(payload, " AS `"...), c.SQL[call.Start:call.End]...), '`')
		}
		from = call.End
	}
	payload = append(payload, c.SQL[from:]...)
	s.packet, _ = wire.AppendFrame(nil, payload, 0)
}

// ownID is the id as an expression whose column has the type and length of
// CONNECTION_ID()'s.
func ownID(id uint32, f stmt.Flavour) string {
	if f == stmt.MariaDB { // an unsigned INT of ten digits, which dbmesh's ids have
		return "CAST(" + strconv.FormatUint(uint64(id), 10) + " AS UNSIGNED)"
	}
	return "~" + strconv.FormatUint(^uint64(id), 10) // an unsigned BIGINT
}

// mentionsID looks for "connection_id" in any case.
func mentionsID(sql []byte) bool {
	const before, behind = "connection", "id"
	for at := 0; ; at++ {
		i := bytes.IndexByte(sql[at:], '_')
		if i < 0 {
			return false
		}
		at += i
		if at >= len(before) && at+len(behind) < len(sql) &&
			bytes.EqualFold(sql[at-len(before):at], []byte(before)) && bytes.EqualFold(sql[at+1:][:len(behind)], []byte(behind)) {
			return true
		}
	}
}

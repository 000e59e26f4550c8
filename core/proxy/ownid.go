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

// ownID has a SELECT of CONNECTION_ID() answered with the id that the client saw in the
// greeting, and that KILL takes. Where the id is part of an expression it is compared with
// what the server shows, in the process list for one, and stays the server's.
func (s *session) ownID() {
	c := &s.cmd
	if (c.Code != core.Query && c.Code != core.Prepare) || c.Truncated() || len(c.SQL) > maxOwnID || !mentionsID(c.SQL) {
		return
	}
	calls := stmt.LoneCalls(s.state.Mode(s.status), c.SQL, "connection_id")
	if len(calls) == 0 || s.Classify(c).Kind != core.StatementSelect {
		return
	}
	// The prefix is the command byte and query attributes.
	payload := bytes.Clone(s.in.bytes()[wire.HeaderLen:][:s.prefix])
	from := 0
	for _, call := range calls {
		if bytes.IndexByte(c.SQL[call.Start:call.End], '`') >= 0 { // in a comment
			return
		}
		payload = append(payload, c.SQL[from:call.Start]...)
		// Ids have ten digits, as the length of CONNECTION_ID()'s column says.
		payload = append(payload, "CAST("+strconv.FormatUint(uint64(s.ID), 10)+" AS UNSIGNED)"...)
		if !call.Named {
			payload = append(append(append(payload, " AS `"...), c.SQL[call.Start:call.End]...), '`')
		}
		from = call.End
	}
	payload = append(payload, c.SQL[from:]...)
	s.packet, _ = wire.AppendFrame(nil, payload, 0)
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

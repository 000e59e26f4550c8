package proxy

import (
	"context"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/defect"
	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/wire"
)

// peek is how many bytes of a command without text must be in hand: its ids and flags.
const peek = 16

// receive waits for the next command until as much of it is in hand as the links may see.
func (s *session) receive() want {
	if s.due {
		return s.finishLate()
	}
	for {
		held, ok := s.command()
		if ok {
			s.held = held
			return s.begin()
		}
		if !s.client.readable {
			if s.in.len() == 0 {
				s.in.release()
				if s.quiet() {
					return wantEnd
				}
			}
			return wantClient
		}
		s.in.need(max(held, smallBuffer))
		n, err := s.client.read(s.in.free())
		s.in.w += n
		if n == 0 && err != nil && err != errAgain {
			return wantEnd
		}
	}
}

// command says whether the command at the front of in can be begun, and how many bytes of
// it, header included, must be or are in hand for that.
func (s *session) command() (held int, ok bool) {
	have := s.in.len()
	if have < wire.HeaderLen {
		return wire.HeaderLen + 1, false
	}
	b := s.in.bytes()
	length := wire.PayloadLen(b)
	if length == 0 {
		return wire.HeaderLen, true
	}
	if have <= wire.HeaderLen {
		return wire.HeaderLen + 1, false
	}
	visible := peek
	switch core.Code(b[wire.HeaderLen]) {
	case core.Query, core.Prepare:
		visible = s.srv.inspect.Load()
		if s.shares && core.Code(b[wire.HeaderLen]) == core.Prepare && length <= maxShared {
			visible = maxShared
		}
	case core.InitDB, core.ChangeUser, core.FieldList:
		visible = smallBuffer - wire.HeaderLen
	case core.BulkExecute:
		if s.shares {
			visible = s.headLen(b)
		}
	case core.Execute:
		if s.shares {
			visible = s.headLen(b)
		}
		if all := s.srv.inspect.Load(); have < wire.HeaderLen+min(length, all) && s.lis.readsParams() {
			visible = max(visible, all)
		}
	}
	need := wire.HeaderLen + min(length, visible)
	if have < need {
		return need, false
	}
	return min(have, wire.HeaderLen+length), true
}

// begin asks the chain about the command at the front of in.
func (s *session) begin() want {
	b := s.in.bytes()[:s.held]
	length := wire.PayloadLen(b)
	payload := b[wire.HeaderLen:]
	code := core.Code(0) // an empty packet is COM_SLEEP, as servers read it
	if length > 0 {
		code = core.Code(payload[0])
	}
	s.mapped = false
	sql, truncated := s.text(code, payload, length)
	s.prefix = len(payload) - len(sql)
	s.cmd.Reset(&s.Session, code, sql, length, truncated)
	if code == core.Execute || code == core.BulkExecute || code == core.Fetch {
		s.cmd.StatementID, _ = s.statementID()
	}
	s.Commands++
	s.began = s.loop.clock()
	if s.deadline != 0 { // of the idle time, which has ended
		s.timeout(0)
	}
	s.outcome = core.Outcome{BytesIn: uint64(len(b))}
	s.sent, s.stalled = 0, 0
	s.frames.Begin(length-len(payload), length)
	if code == core.Quit {
		return s.quit(b)
	}
	s.chain = s.lis.chain()
	if s.chain == nil {
		return wantEnd
	}
	if s.chain.Slow() {
		var v core.Verdict
		return s.startFlow(func(f *flow) error {
			return f.away(func() error { v = s.ask(); return nil })
		}, func(err error) want {
			if err != nil {
				return wantEnd
			}
			return s.decide(v)
		})
	}
	return s.decide(s.ask())
}

// ask runs the chain. It may be called on a goroutine if the chain is slow.
func (s *session) ask() core.Verdict {
	v := s.chain.Connect(context.Background(), &s.Session)
	if v.Denied() {
		s.farewell = true
		return v
	}
	v = s.chain.Command(context.Background(), &s.cmd)
	s.outcome.Filters = s.loop.clock() - s.began
	return v
}

// text is what links see as the command's SQL.
func (s *session) text(code core.Code, payload []byte, length int) (sql []byte, truncated bool) {
	truncated = len(payload) < length || length == wire.MaxPayload
	switch code {
	case core.Query:
		skip := 1
		if s.caps.Has(wire.QueryAttrs) {
			var ok bool
			if skip, ok = wire.SkipQueryAttrs(payload); !ok {
				return nil, true
			}
		}
		sql = payload[skip:]
	case core.Prepare, core.InitDB:
		sql = payload[1:]
	case core.Execute, core.Fetch, core.BulkExecute:
		if id, ok := s.statementID(); ok {
			if st, ok := s.state.Statement(id); ok {
				return st.SQL[:min(len(st.SQL), s.srv.inspect.Load())], st.Truncated || len(st.SQL) > s.srv.inspect.Load()
			}
		}
		return nil, false
	default:
		return nil, false
	}
	return sql[:min(len(sql), s.srv.inspect.Load())], truncated || len(sql) > s.srv.inspect.Load()
}

func le32(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// noSchema is the default schema of a connection of which it is not known: a reset does not
// take away what one of several statements has chosen. No schema has this name.
const noSchema = "\x00"

// quit passes the client's farewell on and ends the session.
func (s *session) quit(b []byte) want {
	switch k := s.link; {
	case k == nil || s.shares && (s.stuck() == "" || s.outlasts(k)):
	case s.shares:
		return s.startFlow(func(f *flow) error {
			if defect.Is(defect.NotResetAtQuit) {
				s.clearSharing()
				s.giveBack()
				return nil
			}
			if s.beginsOtherwise(f, k) {
				return nil // and so it is closed with the session
			}
			if err := s.resetLink(f, k); err != nil {
				return err
			}
			s.Status, k.worn.Schema = k.status, noSchema
			s.clearSharing()
			s.giveBack()
			return nil
		}, func(error) want { return wantEnd })
	default:
		_, _ = k.sock.write(b)
	}
	return wantEnd
}

// decide does what the chain's verdict says, or goes on to the backend.
func (s *session) decide(v core.Verdict) want {
	s.mode = atCommand
	if r := v.Reply(); r != nil {
		s.farewell = s.farewell || v.Ends()
		if r.Err != nil {
			s.outcome.Side = core.FilterSide
		}
		return s.answer(r)
	}
	if e := s.refused(); e != nil {
		s.outcome.Side = core.Proxy
		return s.answer(&core.Reply{Err: e})
	}
	switch s.cmd.Code {
	case core.ChangeUser:
		return s.changeUser()
	case core.Query, core.ProcessKill:
		if w, done := s.kill(); done {
			return w
		}
	}
	return s.route()
}

// refused is the error for a command that dbmesh does not carry.
func (s *session) refused() *core.Error {
	switch code := s.cmd.Code; {
	case !code.Known():
		return &core.Error{Code: 1047, State: "08S01", Message: "Unknown command"}
	case code == core.BinlogDump || code == core.BinlogDumpGTID || code == core.RegisterSlave ||
		code == core.TableDump || code == core.Clone:
		return &core.Error{Code: 1235, State: "42000", Message: "dbmesh: replication commands (" + code.String() + ") are not carried; connect to the server itself"}
	case len(s.cmd.Rewritten()) > maxRewritten:
		return &core.Error{Code: 1105, State: "HY000", Message: "dbmesh: a filter rewrote the statement to more than one packet (16 MiB) holds, which the client could not follow"}
	case s.lastDenied && s.takesLast():
		return &core.Error{Code: 1243, State: "HY000", Message: "Unknown prepared statement handler (4294967295) given to " + code.String()}
	case code == core.Prepare && !s.shares && s.link != nil && s.link != s.home() && s.Status&wire.StatusInTrans != 0:
		return &core.Error{Code: 1105, State: "HY000", Message: "dbmesh: nothing can be prepared in a transaction that runs in another pool than the session's own, since it would be missed behind it; prepare it before, or set pools[].pooling.mode to transaction"}
	case code == core.Prepare && s.state.Statements() >= int(s.srv.maxStatements.Load()):
		return &core.Error{Code: 1461, State: "42000", Message: "dbmesh: limits.max_statements prepared statements are open in this session; close some or raise the limit"}
	}
	return nil
}

// takesLast says that the command is about MariaDB's "statement prepared last", which the
// backend would take for an older one if it never got to see the last.
func (s *session) takesLast() bool {
	switch s.cmd.Code {
	case core.Execute, core.BulkExecute, core.Fetch, core.SendLongData, core.ResetStatement, core.CloseStatement:
		id, ok := s.statementID()
		return ok && id == state.LastStatement
	}
	return false
}

// statementID is the prepared statement that the command at hand is about, as the client
// names it.
func (s *session) statementID() (uint32, bool) {
	if s.mapped {
		return s.clientID, true
	}
	b := s.in.bytes()[wire.HeaderLen:s.held]
	if len(b) < 5 {
		return 0, false
	}
	return le32(b[1:]), true
}

// maxRewritten keeps a rewritten command in one frame, like the client's own: the answer
// to two would begin with another sequence number.
const maxRewritten = wire.MaxPayload - smallBuffer

package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/defect"
	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/stmt"
	"github.com/dbmesh/dbmesh/core/wire"
)

// past is what a session's last statement has left for questions about it: warnings, row
// counts, the id that an INSERT gave. It stays on the connection; before that goes to
// another session it is captured.
type past struct {
	warned bool         // the connection holds warnings or an error of the last statement
	saved  *diagnostics // the replies about them, once captured
	lost   bool         // there were warnings, and they could not be captured
	others bool         // the connection may hold those of another session: none of this one's has put its own there

	idMade bool   // the connection's LAST_INSERT_ID() is newer than id
	id     []byte // as last captured; nil for 0
	idName uint64 // of the id, where link.lastID is the same it is on the connection; 0 for none

	idLost bool // it was on a connection that broke, and is not known any more

	calc       bool // FOUND_ROWS() is not the number of rows that were sent
	rows       uint64
	rowsKnown  bool
	count      int64
	countKnown bool

	disturbed bool // the connection has run statements of dbmesh's own since

	wantID    bool // the command at hand may ask for id, or leave it as it is
	wantClean bool // it must find no warnings there
}

// unasked is that of a session that has run nothing: both counts are 0.
func unasked() past { return past{countKnown: true, rowsKnown: true} }

// open says that something is on the connection alone.
func (p *past) open() bool { return p.warned || p.idMade || p.calc }

// lacksID says that the command at hand needs the id on its connection, which has another.
func (p *past) lacksID(k *link) bool {
	return p.wantID && k.lastID != p.idName && !defect.Is(defect.LastIDNotReplayed)
}

// setID makes a connection answer LAST_INSERT_ID() as the session's last one did. TiDB's
// function does not heed the variable.
func (p *past) setID() []byte {
	id := p.id
	if id == nil {
		id = []byte("0")
	}
	return append(append([]byte("DO LAST_INSERT_ID("), id...), ')')
}

// makesID notes that the session's id is a new one, which only its connection knows.
func (p *past) makesID(s *session) {
	p.idMade, p.idName = true, s.srv.lastIDs.Add(1)
	s.link.lastID = p.idName
}

// losesID notes that the connection that knew the session's id is gone.
func (p *past) losesID() { p.id, p.idMade, p.idName, p.idLost = nil, false, 0, true }

// note takes from the response at hand what it leaves.
func (p *past) note(s *session, f *core.Facts) {
	r := &s.resp
	if !runs(s.cmd.Code) && s.cmd.Code != core.Prepare && s.cmd.Code != core.InitDB || f != nil && asksDiagnostics(s.cmd.SQL, f) {
		return
	}
	p.noteWarnings(s, f)
	if !runs(s.cmd.Code) {
		return
	}
	p.calc, p.rowsKnown, p.countKnown, p.disturbed = false, false, false, false
	if f == nil || f.Opaque {
		p.makesID(s)
		return
	}
	// An INSERT that fails may have made an id, and one that returns rows does not tell it.
	if f.Creates.Has(core.EffectUnknown) || f.Creates.Has(core.EffectLastID) && (r.InsertID != 0 || asksID(f) || inserts(f) && (r.Err != nil || r.Rows > 0)) {
		p.makesID(s)
	}
	if r.Err != nil {
		p.count, p.countKnown = -1, true
		return
	}
	switch f.Kind {
	case core.StatementSelect:
		p.calc = f.Creates.Has(core.EffectFoundRows)
		p.rows, p.rowsKnown = r.Rows, !p.calc && f.Into == core.IntoClient
		p.count, p.countKnown = -1, f.Into == core.IntoClient
	case core.StatementInsert, core.StatementReplace, core.StatementUpdate, core.StatementDelete, core.StatementLoad:
		p.count, p.countKnown = int64(r.Affected), r.Rows == 0
	case core.StatementSet, core.StatementDo, core.StatementUse, core.StatementBegin, core.StatementCommit, core.StatementRollback:
		p.count, p.countKnown = 0, true
	}
}

// asksID says whether a statement asks for the id that an INSERT gave.
func asksID(f *core.Facts) bool {
	return slices.Contains(f.Functions, "last_insert_id") ||
		slices.Contains(f.SystemVarsRead, "last_insert_id") || slices.Contains(f.SystemVarsRead, "identity")
}

// inserts says whether a statement may make an id. It need not: with an id of the client's own
// the answer tells that one, and LAST_INSERT_ID() stays what it was.
func inserts(f *core.Facts) bool {
	return f.Creates.Has(core.EffectLastID) && f.Kind != core.StatementUpdate && f.Kind != core.StatementDelete
}

// asksRows says whether a statement asks for the row counts of the one before it.
func asksRows(f *core.Facts) bool {
	return slices.Contains(f.Functions, "found_rows") || slices.Contains(f.Functions, "row_count")
}

// asksDiagnostics says whether a statement asks for the warnings of the one before it, and
// leaves them.
func asksDiagnostics(sql []byte, f *core.Facts) bool {
	return state.ShowsLast(sql, f) || slices.Contains(f.SystemVarsRead, "warning_count") || slices.Contains(f.SystemVarsRead, "error_count") || f.Kind == core.StatementBlock
}

// failed notes that the command at hand fails by what the server has said to a command in
// its place.
func (p *past) failed(err error) {
	if said := (*wire.Err)(nil); errors.As(err, &said) {
		p.warned, p.saved, p.lost, p.others, p.disturbed = true, nil, false, false, false
		p.calc, p.rowsKnown, p.count, p.countKnown = false, false, -1, true
	}
}

// recall prepares the session for a command that may ask about the last statement. done says
// that it is answered already.
func (s *session) recall(f *core.Facts) (w want, done bool) {
	p := &s.past
	p.wantID, p.wantClean = false, false
	if f == nil {
		return wantNothing, false
	}
	diagnostics, rows := asksDiagnostics(s.cmd.SQL, f), asksRows(f)
	id := f.Opaque || f.Creates.Has(core.EffectUnknown) || asksID(f) || inserts(f)
	if !diagnostics && !rows && s.stuck() == "" {
		p.calc = false // nobody can ask any more
		p.warned = p.warned && s.leavesWarnings(f) != no
	}
	if !diagnostics && !rows && !id {
		return wantNothing, false
	}
	p.wantID = id
	if p.idMade && id && (s.link == nil || s.link.lastID != p.idName) { // the connection that knew it is gone
		p.losesID()
	}
	if p.idLost && asksID(f) {
		return s.gone("the last insert id is"), true
	}
	here := s.link != nil || (diagnostics || rows) && s.retake()
	if here && (diagnostics || rows) {
		s.cmd.Pool = s.link.src.Backend.Pool
	}
	aside := diagnostics && (p.others || p.saved != nil || p.lost)      // those on the connection are not what is asked for
	if here && !p.disturbed && !aside && !(rows && p.lacksID(s.link)) { // to set the id would change the counts
		return wantNothing, false
	}
	if diagnostics {
		switch {
		case p.saved.reply(&s.cmd) != nil:
			return s.answerRaw(p.saved.reply(&s.cmd)), true
		case p.saved != nil || p.lost || p.warned && !here: // the connection that had them is gone
			return s.gone("the warnings of the last statement are"), true
		}
		p.wantClean = true // whatever is on the connection, it is not the session's
	}
	if rows && !s.substitute() {
		return s.gone("the row counts of the last statement are"), true
	}
	return wantNothing, false
}

// retake borrows the last connection again if nobody has had it since.
func (s *session) retake() bool {
	l := s.last
	if s.past.disturbed || !l.untouched() || l.link.loop() != s.loop {
		return false
	}
	k, answer := l.link.lending.Take(s.kind, s.loop.index, s.loop.clock(), l.link)
	switch {
	case k == l.link:
		if k.fresh(s.srv) && k.Uses() == l.uses+1 {
			others := s.past.others
			s.hold(k)
			s.past.others = others
			s.cmd.Pool = k.src.Backend.Pool
			return true
		}
		s.forsake(k)
	default:
		s.srv.refuse(l.link.lending, s.kind, grant{k, answer})
	}
	return false
}

func (s *session) gone(what string) want {
	s.outcome.Side = core.Proxy
	return s.answer(&core.Reply{Err: &core.Error{Code: 1105, State: "HY000", Message: fmt.Sprintf(
		"dbmesh: %s no longer known, because the connection has served another session since; ask right after it, inside a transaction, or raise pools[].pooling.linger", what)}})
}

// diagnostics are a server's replies to questions, nil where one is too long to be kept.
type diagnostics [len(questions)][]byte

// questions are what is asked about warnings before another session gets the connection.
var questions = [...]string{"SHOW WARNINGS", "SHOW ERRORS", "SHOW COUNT(*) WARNINGS", "SHOW COUNT(*) ERRORS"}

// reply is what was answered to the command, nil if it was not asked.
func (d *diagnostics) reply(c *core.Command) []byte {
	if d == nil || c.Code != core.Query || len(c.SQL) > 64 {
		return nil
	}
	text := bytes.Join(bytes.Fields(bytes.TrimRight(c.SQL, "; \t\r\n")), []byte(" "))
	for i, question := range questions {
		if bytes.EqualFold(text, []byte(question)) {
			return d[i]
		}
	}
	return nil
}

// substitute puts the counts of the last statement in the place of the functions that ask
// for them, where that is possible.
func (s *session) substitute() bool {
	c, p := &s.cmd, &s.past
	if c.Code != core.Query || c.Truncated() || s.packet != nil {
		return false
	}
	mode := s.state.Mode(s.Status)
	f := c.Statement()
	sql := c.SQL
	for _, name := range [...]string{"found_rows", "row_count"} {
		if !slices.Contains(f.Functions, name) {
			continue
		}
		value, known := strconv.FormatUint(p.rows, 10), p.rowsKnown
		if name == "row_count" {
			value, known = strconv.FormatInt(p.count, 10), p.countKnown
		}
		calls := stmt.LoneCalls(mode, sql, name)
		if !known || len(calls) == 0 || len(calls) != bytes.Count(bytes.ToLower(sql), []byte(name)) {
			return false
		}
		var out []byte
		from := 0
		for _, call := range calls {
			if bytes.ContainsAny(sql[call.Start:call.End], "`/#-") {
				return false
			}
			out = append(out, sql[from:call.Start]...)
			out = append(out, typed(value, name, mode.Flavour)...)
			if !call.Named {
				out = append(append(append(out, " AS `"...), sql[call.Start:call.End]...), '`')
			}
			from = call.End
		}
		sql = append(out, sql[from:]...)
	}
	// Without facts the text that is sent would count as one that may do anything.
	return c.Rewrite(sql) && c.Statement() != nil
}

// typed is the value as an expression whose column has the type and length of the function's.
func typed(value, name string, f stmt.Flavour) string {
	if n, err := strconv.ParseUint(value, 10, 64); err == nil && name == "found_rows" && f != stmt.MariaDB {
		return "~" + strconv.FormatUint(^n, 10)
	}
	return "COALESCE(" + value + ", " + name + "())"
}

// capture asks the connection for what only it knows, before somebody else gets it.
func (s *session) capture(f *flow) {
	p, k := &s.past, s.link
	p.disturbed = true
	c := wire.NewConn(stream{f, &k.sock})
	if p.calc { // first, for what is asked below has rows too
		row, err := ask(c, k.caps, []byte("SELECT FOUND_ROWS()"+one))
		if err != nil || len(row.values) != 1 {
			k.tainted = "it can't be asked for its row counts"
			return
		}
		p.rows, err = strconv.ParseUint(string(row.values[0]), 10, 64)
		p.calc, p.rowsKnown = false, err == nil
	}
	if p.warned {
		saved, err := collectAll(c, k.caps)
		if err != nil {
			k.tainted = "it can't be asked for warnings"
			return
		}
		p.warned, p.saved, p.lost = false, saved, saved == nil
	}
	if p.idMade && k.lastID != p.idName {
		p.losesID()
	}
	if p.idMade {
		row, err := ask(c, k.caps, []byte("SELECT LAST_INSERT_ID()"+one))
		if err != nil || len(row.values) != 1 {
			k.tainted = "it can't be asked for the last id"
			return
		}
		p.id, p.idMade = row.values[0], false
		p.idLost = p.idLost && string(p.id) == "0" // the INSERT has made none
	}
}

// one stands behind dbmesh's own questions, for a session may have set sql_select_limit to 0.
const one = " LIMIT 1"

// collectAll asks all questions about warnings. It gives nil if the server refuses one.
func collectAll(c *wire.Conn, caps wire.Caps) (*diagnostics, error) {
	d := &diagnostics{}
	for i, question := range questions {
		var err error
		var said *wire.Err
		d[i], err = collect(c, caps, []byte(question))
		switch {
		case errors.As(err, &said):
			return nil, nil
		case err != nil:
			return nil, err
		}
	}
	return d, nil
}

// maxSaved bounds the warnings that are kept of a session's last statement.
const maxSaved = 64 << 10

// collect runs a query and keeps its reply as it came; nil if it is too long.
func collect(c *wire.Conn, caps wire.Caps, sql []byte) ([]byte, error) {
	c.Seq, c.Limit = 0, maxAnswer
	if err := c.WritePacket(append([]byte{byte(core.Query)}, sql...)); err != nil {
		return nil, err
	}
	var r wire.Response
	r.Begin(byte(core.Query), caps)
	var all []byte
	long := false
	for !r.Ended() {
		seq := c.Seq
		p, err := c.ReadPacket()
		if err != nil {
			return nil, err
		}
		frame, _ := wire.AppendFrame(nil, p, seq)
		if n, _ := r.Feed(frame); n != len(frame) || r.Malformed {
			return nil, wire.ErrMalformed
		}
		if long = long || len(all)+len(frame) > maxSaved; !long {
			all = append(all, frame...)
		}
	}
	switch {
	case r.Err != nil:
		return nil, r.Err
	case long:
		return nil, nil
	}
	return all, nil
}

// answerRaw replies with packets that a server sent for the same question.
func (s *session) answerRaw(reply []byte) want {
	s.mode = replying
	s.out.need(s.out.len() + len(reply))
	s.out.w += copy(s.out.free(), reply)
	s.out.mid = s.out.w
	s.outcome.BytesOut = uint64(len(reply))
	return wantNothing
}

// yieldLink gives a lingering connection back.
func (s *session) yieldLink(k *link) {
	if s.link != k || !s.lingers || s.mode != atCommand || s.flow != nil {
		return // the command that has come uses it, or gives it back
	}
	s.startFlow(func(f *flow) error {
		s.capture(f)
		s.giveBack()
		return nil
	}, func(error) want { s.mode = atCommand; return wantNothing })
	s.step()
}

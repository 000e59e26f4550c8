package proxy

import (
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/state"
	"github.com/dbmesh/dbmesh/core/wire"
)

// holdText finds the shared text of the prepare at hand, as it is sent. It returns false if
// there is no room for it.
func (s *session) holdText() bool {
	sql, whole := s.sentText()
	if !whole || len(sql) > maxShared {
		return true
	}
	s.preparing = s.srv.texts.Hold(s.shadow.Meaning(s.Schema), sql)
	return s.preparing != nil
}

// sentText is the text of the prepare at hand that the server gets, and whether it is all
// in hand.
func (s *session) sentText() ([]byte, bool) {
	switch {
	case s.packet != nil:
		return s.packet[wire.HeaderLen+1:], true
	case s.cmd.Rewritten() != nil:
		return s.cmd.Rewritten(), true
	}
	return s.in.bytes()[wire.HeaderLen+1 : s.held], s.frames.Ended()
}

// forgetText lets go of the text of a prepare that came to nothing.
func (s *session) forgetText() {
	if s.preparing != nil {
		s.srv.texts.Release(s.preparing)
		s.preparing = nil
	}
}

// learnPrepare notes what the prepare at hand has made.
func (s *session) learnPrepare() {
	r := &s.resp
	if !r.Prepared {
		s.forgetText()
		s.state.Unprepared()
		return
	}
	f := s.cmd.Known()
	st := state.Statement{
		Text: s.preparing, Mode: s.state.Mode(s.Status), Facts: f, Bindings: state.Bindings{Count: int(r.Params)},
		Asks: f != nil && (asksDiagnostics(s.cmd.SQL, f) || asksRows(f)),
	}
	if s.preparing == nil || len(s.cmd.SQL) != len(s.preparing.SQL) || string(s.cmd.SQL) != string(s.preparing.SQL) {
		st.SQL, st.Truncated = s.cmd.SQL, s.cmd.Truncated() // which links see
	}
	s.preparing = nil
	s.state.Prepared(r.Rename, st)
	s.lastDenied = false
	h := &s.link.handles
	x := h.New(st.Text, r.StatementID, int(r.Params))
	if st.Text != nil {
		h.Add(x)
	}
	made, _ := s.state.Statement(r.Rename)
	if st.Text == nil {
		s.state.Keep(made, x, "")
	}
	s.hog(made)
}

// provide prepares the statement of the command at hand on the connection, if it isn't
// there, by what the session's client has prepared it by.
func (s *session) provide(f *flow, k *link) error {
	if !s.lacks(k) {
		return nil
	}
	text := s.stmt.Text
	if text.Schema == "" && k.worn.Schema != "" && s.stuck() != "" {
		return &core.Error{Code: needsPrepare, State: "HY000", Message: "dbmesh: this statement was prepared without a default schema, and can't be prepared again on a connection that has one and may not leave it; prepare it again"}
	}
	if err := s.readAs(f, k, text.Meaning); err != nil {
		return err
	}
	r, err := prepareOn(stream{f, &k.sock}, k, text.SQL)
	if err != nil {
		s.past.failed(err)
		return err
	}
	if int(r.Params) != s.stmt.Count {
		k.handles.Discard(k.handles.New(text, r.StatementID, int(r.Params)))
		return &core.Error{Code: needsPrepare, State: "HY000", Message: "Prepared statement needs to be re-prepared"}
	}
	k.handles.Add(k.handles.New(text, r.StatementID, int(r.Params)))
	return nil
}

// needsPrepare is the error for a statement that the client shall prepare again.
const needsPrepare = 1615

// readAs makes the connection one that reads a text as the session's did when its client
// prepared it.
func (s *session) readAs(f *flow, k *link, m state.Meaning) error {
	shadow := s.shadow.Reading(m)
	return s.dressAs(f, k, guise{schema: m.Schema, shadow: &shadow})
}

// prepareOn prepares a text, behind the closing of what is stale. An error that the server
// answers is its *wire.Err.
func prepareOn(st stream, k *link, sql []byte) (*wire.Response, error) {
	out := k.handles.AppendClosing(nil)
	out, _ = wire.AppendFrame(out, append([]byte{byte(core.Prepare)}, sql...), 0)
	if _, err := st.Write(out); err != nil {
		k.tainted = "it broke"
		return nil, err
	}
	c := wire.NewConn(st)
	c.Seq, c.Limit = 1, maxAnswer
	r := &wire.Response{}
	r.Begin(byte(core.Prepare), k.caps)
	for !r.Ended() {
		p, err := c.ReadPacket()
		if err != nil {
			k.tainted = "it broke"
			return nil, err
		}
		frame, _ := wire.AppendFrame(nil, p, 0)
		if n, _ := r.Feed(frame); n != len(frame) || r.Malformed {
			k.tainted = "it is out of step"
			return nil, wire.ErrMalformed
		}
	}
	if r.Err != nil {
		return nil, r.Err
	}
	return r, nil
}

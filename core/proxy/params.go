package proxy

import (
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/wire"
)

// params are the parameters of one execute. They are borrowed from the server's pool.
type params struct {
	exec   wire.Execute
	list   []core.Param
	digits []byte // texts of numbers and times; other texts are in the packet
	ok     bool
}

// maxParams and maxDigits are what a params may hold that goes back to the pool.
const (
	maxParams = 1 << 10
	maxDigits = 16 << 10
)

// Params decodes the execute at hand, once per command.
func (s *session) Params(c *core.Command) ([]core.Param, bool) {
	if c.Code != core.Execute || s.chain == nil || !s.chain.ReadsParams() {
		return nil, false
	}
	if p := s.decoded(); p.ok {
		return p.list, true
	}
	return nil, false
}

func (s *session) decoded() *params {
	if s.params == nil {
		p, ok := s.srv.params.Get().(*params)
		if !ok {
			p = &params{}
		}
		s.params = p
		p.list, p.digits = p.list[:0], p.digits[:0]
		p.ok = s.decode(p)
	}
	return s.params
}

// forgetParams gives back what the command has borrowed.
func (s *session) forgetParams() {
	p := s.params
	s.params = nil
	if p != nil && cap(p.list) <= maxParams && cap(p.digits) <= maxDigits && cap(p.exec.Types) <= maxDigits {
		s.srv.params.Put(p)
	}
}

func (s *session) decode(p *params) bool {
	id, ok := s.statementID()
	if !ok || s.held < wire.HeaderLen+s.cmd.Size || s.cmd.Size > min(s.srv.inspect.Load(), wire.MaxPayload-1) {
		return false
	}
	st, ok := s.state.Statement(id)
	if !ok || st.Doubt || !p.exec.Begin(s.in.bytes()[wire.HeaderLen:s.held], st.Count, s.caps, st.Types, st.Pieces) {
		return false
	}
	for range st.Count {
		v, ok := p.exec.Next()
		if !ok || !p.add(v) {
			return false
		}
	}
	return p.exec.Rest()
}

// add notes a parameter. The kinds of values have the numbers of filters' types.
func (p *params) add(v wire.Value) (ok bool) {
	param := core.Param{Type: core.ParamType(v.Kind()), Text: v.Data}
	switch param.Type {
	case core.ParamInt, core.ParamUint, core.ParamFloat, core.ParamTime:
		from := len(p.digits)
		if p.digits, ok = v.AppendText(p.digits); !ok {
			return false
		}
		param.Text = p.digits[from:len(p.digits):len(p.digits)]
	}
	p.list = append(p.list, param)
	return true
}

// watchBindings notes what the command leaves with its prepared statement.
func (s *session) watchBindings() {
	switch s.cmd.Code {
	case core.Execute, core.BulkExecute, core.SendLongData:
	default:
		return
	}
	id, ok := s.statementID()
	if !ok {
		return
	}
	var told *wire.Execute
	switch {
	case s.cmd.Code == core.SendLongData:
		if b := s.in.bytes()[wire.HeaderLen:s.held]; len(b) >= 7 {
			s.state.SentPiece(id, int(b[5])|int(b[6])<<8)
		}
		return
	case s.cmd.Code == core.Execute && s.chain.ReadsParams():
		if p := s.decoded(); p.ok {
			told = &p.exec
		}
	}
	s.state.Executes(id, told)
}

// learnBindings notes how the execute, or the reset of a statement, at hand has ended.
func (s *session) learnBindings(failed bool) {
	id, ok := s.statementID()
	switch {
	case !ok:
	case s.cmd.Code == core.Execute:
		s.state.Executed(id, failed)
	case !failed:
		s.state.ResetStatement(id)
	}
}

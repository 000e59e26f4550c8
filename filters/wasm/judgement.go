package wasm

import (
	"bytes"
	"fmt"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/filters/wasm/guest"
)

// judgement is a guest's verdict in the chain's terms. It never changes and is shared: nil is
// to go on.
type judgement struct {
	op      uint8
	verdict core.Verdict // a denial, a reply; zero for the others
	rewrite []byte       // nil for none
	backend bool         // to names a backend, else a pool
	to      string       // "" for no route
}

// read takes the verdict out of an answer, counts it, and gives nil where nothing is to be
// done: the guest goes on, or its verdicts are only to be told.
func (f *Filter) read(h abi.Hook, q *guest.Call) (*judgement, error) {
	j, err := f.decode(h, &q.Verdict)
	return f.given(h, q.Session, j), err
}

// decode copies a verdict out of the guest's answer; nil is to go on.
func (f *Filter) decode(h abi.Hook, v *guest.Verdict) (*judgement, error) {
	if v.Op == abi.OpPass {
		return nil, nil
	}
	j := &judgement{op: v.Op, rewrite: bytes.Clone(v.Rewrite), backend: v.RouteTo == abi.RouteBackend, to: string(v.Route)}
	switch v.Op {
	case abi.OpDeny:
		j.verdict = core.Deny(v.Code, string(v.State), string(v.Message))
	case abi.OpDisconnect:
		j.verdict = core.Disconnect(v.Code, string(v.State), string(v.Message))
	case abi.OpReply, abi.OpOK:
		j.verdict = core.Answer(v.Reply)
	case abi.OpRewrite, abi.OpRoute, abi.OpList, abi.OpMask:
	default:
		return nil, f.refuse(h, fmt.Sprintf("the verdict %d of %s is not known", v.Op, h))
	}
	return j, nil
}

// given counts a judgement, and gives nil for that of a monitor, which it tells.
func (f *Filter) given(h abi.Hook, s *core.Session, j *judgement) *judgement {
	if j == nil {
		return nil
	}
	f.counts.verdicts[j.op].Add(1)
	if !f.monitor {
		return j
	}
	f.counts.monitored.Add(1)
	if f.told.take(f.clock(), linesPerSecond) {
		f.log.Info("monitored filter would have acted", "hook", h.String(), "verdict", opName(j.op), "detail", j.detail(), "session", s.ID, "user", s.User)
	}
	return nil
}

// size is how many bytes its reply holds. Messages and names are short.
func (j *judgement) size() (n int) {
	if j == nil || j.verdict.Reply() == nil {
		return 0
	}
	r := j.verdict.Reply()
	for _, c := range r.Columns {
		n += len(c)
	}
	for _, row := range r.Rows {
		for _, v := range row {
			n += len(v) + 24 // its slice
		}
	}
	return n + len(r.Info)
}

// detail is what a log line says of it. A statement's text is left out: it may hold what is
// in no log.
func (j *judgement) detail() string {
	switch {
	case j.verdict.Denied():
		return j.verdict.Reply().Err.Error()
	case j.to != "":
		return j.to
	}
	return ""
}

// lead finds where a route goes: the pool, and for a route to a backend the backend.
func (f *Filter) lead(h abi.Hook, j *judgement, s *core.Session, pool string) (string, *core.Backend, error) {
	if !j.backend {
		if s.Pools == nil || s.Pools.Pool(j.to) == nil {
			return "", nil, f.refuse(h, fmt.Sprintf("it routes to the pool %q, which does not exist", j.to))
		}
		return j.to, nil, nil
	}
	if s.Pools != nil {
		if p := s.Pools.Pool(pool); p != nil {
			for _, b := range p.Backends {
				if b.Name == j.to {
					return pool, b, nil
				}
			}
		}
	}
	return "", nil, f.refuse(h, fmt.Sprintf("it routes to the backend %q, which the pool %q does not have", j.to, pool))
}

// opName is a verdict's name in metrics and logs.
func opName(op uint8) string {
	names := [...]string{"pass", "deny", "rewrite", "route", "reply", "ok", "disconnect", "list", "mask"}
	if int(op) < len(names) {
		return names[op]
	}
	return "unknown"
}

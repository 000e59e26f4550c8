package lab

import (
	"context"
	"log/slog"
	"time"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/cases"
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"github.com/dbmesh/dbmesh/core/stmt"
)

// Status flags of the MySQL protocol.
const (
	statusInTrans    = 1
	statusAutocommit = 2
)

// Session is a client of the filter under test.
type Session struct {
	run    *Run
	s      *core.Session
	params []core.Param
}

// Session begins a session. It asks nothing yet.
func (r *Run) Session(about cases.Session) *Session {
	r.nextID++
	x := &Session{run: r, s: &core.Session{ID: r.nextID, Log: slog.New(r.log), Pools: r.pools}}
	x.s.Classifier, x.s.Decoder = x, x
	x.become(about)
	return x
}

// become changes what the filter sees of the session.
func (x *Session) become(about cases.Session) {
	s := x.s
	s.User, s.Schema, s.Listener, s.Pool = about.User, about.Schema, about.Listener, about.Pool
	s.Attributes, s.TLS = about.Attributes, about.TLS
	s.Client, _ = cases.Address(about.Address) // it was read before
	s.Status = 0
	if about.Transaction {
		s.Status |= statusInTrans
	}
	if about.Autocommit {
		s.Status |= statusAutocommit
	}
}

// Classify finds the facts of the command's text, in the way that the run was told.
func (x *Session) Classify(c *core.Command) *core.Facts { return x.run.facts.find(c) }

// Ranges says where the parts of the command's text stand.
func (x *Session) Ranges(c *core.Command) (core.Ranges, bool) {
	return stmt.FindRanges(x.run.lab.mode, c.SQL, c.Statement())
}

// Texts says where the statements of the command's text stand.
func (x *Session) Texts(c *core.Command) ([]core.Range, bool) {
	return stmt.FindTexts(x.run.lab.mode, c.SQL, c.Statement())
}

// Params are the step's.
func (x *Session) Params(*core.Command) ([]core.Param, bool) { return x.params, x.params != nil }

// Outcome is what became of a step.
type Outcome struct {
	Verdict   string // one of cases.Verdicts
	Err       *core.Error
	Rewrite   []byte // nil for none
	Pool      string // of a route
	Backend   string
	Reply     *core.Reply
	Masks     []core.Mask
	Fault     string // why the filter broke
	Cacheable bool
	Fuel      uint64 // the most that one hook used
	Took      time.Duration
	Log       []string
	Asked     int // how many hooks of the guest ran
}

// Do does one step.
func (x *Session) Do(ctx context.Context, st *cases.Step) *Outcome {
	r := x.run
	r.clock.advance(st.Wait)
	x.become(st.Session)
	x.params = st.Params
	r.asked, r.log.lines = r.asked[:0], nil
	o := &Outcome{}
	if st.SQL != "" && !r.facts.plain { // a proxy knows the facts of most statements, from those before
		c := x.command(st)
		x.s.Commands--
		x.Classify(c)
		x.Classify(c)
	}
	start := time.Now()
	x.ask(ctx, st, o)
	o.Took = time.Since(start)
	o.Log = r.log.take()
	for _, a := range r.asked {
		o.Asked++
		o.Fuel = max(o.Fuel, a.Fuel)
		o.Cacheable = o.Cacheable || a.Cacheable
		if a.Verdict == abi.OpRoute || a.Verdict == abi.OpList {
			o.routed()
		}
		if a.Err != nil && o.Fault == "" {
			o.Fault = a.Err.Error()
		}
	}
	o.name()
	return o
}

// routed notes that a route was chosen, be it the one that the command had before.
func (o *Outcome) routed() {
	if o.Verdict == "" {
		o.Verdict = "route"
	}
}

// name finds the verdict's name.
func (o *Outcome) name() {
	switch {
	case o.Fault != "":
		o.Verdict = "fault"
	case o.Verdict == "disconnect":
	case o.Err != nil:
		o.Verdict = "deny"
	case o.Reply != nil && len(o.Reply.Columns) > 0:
		o.Verdict = "reply"
	case o.Reply != nil:
		o.Verdict = "ok"
	case o.Rewrite != nil:
		o.Verdict = "rewrite"
	case o.Pool != "" || o.Backend != "":
		o.Verdict = "route"
	case o.Verdict == "route":
	case len(o.Masks) > 0:
		o.Verdict = "mask"
	default:
		o.Verdict = "pass"
	}
}

// take notes a verdict of the chain.
func (o *Outcome) take(v core.Verdict, err error) {
	reply := v.Reply()
	switch {
	case err != nil:
		o.Fault = err.Error()
	case reply == nil:
	case reply.Err != nil:
		o.Err = reply.Err
		if v.Ends() {
			o.Verdict = "disconnect"
		}
	default:
		o.Reply = reply
	}
}

// over says whether the step is over before the backend is asked.
func (o *Outcome) over() bool { return o.Fault != "" || o.Err != nil || o.Reply != nil }

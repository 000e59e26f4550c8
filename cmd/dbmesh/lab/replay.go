package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/dbmesh/dbmesh/cmd/dbmesh/cases"
	"github.com/dbmesh/dbmesh/cmd/dbmesh/querylog"
	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
)

// Bounds of what a replay keeps, however long the log is.
const (
	maxSessions = 10_000
	maxGroups   = 100_000
)

// Replay is a log on its way through a filter.
type Replay struct {
	run      *Run
	sessions map[string]*Session
	groups   map[group]*tally
	fuel     map[uint64]uint64 // how often a hook used so much
	worst    uint64
	worstAt  int // line

	Statements, Remembered, Opaque, Cut, Faults int
}

// group is what is counted together: equal statements with the same verdict.
type group struct{ verdict, digest string }

// tally is a group's number and its first statement.
type tally struct {
	count   int
	first   querylog.Entry
	message string
}

// NewReplay loads a filter to send a log through it.
func (l *Lab) NewReplay(ctx context.Context, s *Subject, o Options) (*Replay, error) {
	o.early = true
	run, err := l.Load(ctx, s, o)
	if err != nil {
		return nil, err
	}
	run.facts.plain = true
	return &Replay{run: run, sessions: map[string]*Session{}, groups: map[group]*tally{}, fuel: map[uint64]uint64{}}, nil
}

// Close gives the filter back.
func (p *Replay) Close() { p.run.Close() }

// All sends the entries of a log through the filter. Nothing is stopped: what is denied, and
// whose login is, goes on with its next statement. step is called behind each.
func (p *Replay) All(ctx context.Context, r *querylog.Reader, step func()) error {
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		p.one(ctx, e)
		step()
	}
}

func (p *Replay) one(ctx context.Context, e querylog.Entry) {
	hook := map[querylog.Command]abi.Hook{
		querylog.Query: abi.HookQuery, querylog.Prepare: abi.HookPrepare,
		querylog.Execute: abi.HookExecute, querylog.InitDB: abi.HookInitDB,
	}[e.Command]
	who := cases.Session{
		User: e.User, Schema: e.Schema, Listener: "default", Pool: "backends", Autocommit: true, Address: address(e.Client),
	}
	p.run.clock.follow(e.Time)
	x := p.session(ctx, e, who)
	p.Statements++
	if e.Truncated {
		p.Cut++
	}
	out := x.Do(ctx, &cases.Step{Hook: hook, SQL: e.SQL, Session: who, Cut: e.Truncated})
	digest := ""
	if hook != abi.HookInitDB {
		f := p.run.lab.facts.Classify(p.run.lab.mode, []byte(e.SQL), e.Truncated)
		if digest = f.DigestText; f.Opaque {
			p.Opaque++
		}
	}
	if out.Asked == 0 && p.run.hooks.Has(coreHook(hook)) {
		p.Remembered++
	}
	if out.Asked > 0 {
		p.fuel[out.Fuel]++
		if out.Fuel > p.worst {
			p.worst, p.worstAt = out.Fuel, e.Line
		}
	}
	message := out.Fault
	if out.Fault != "" {
		p.Faults++
	} else if out.Err != nil {
		message = out.Err.Message
	} else if out.Rewrite != nil {
		message = string(out.Rewrite)
	}
	p.count(group{out.Tell(), cmp.Or(digest, e.SQL)}, e, message)
}

// coreHook is the chain's hook for one of a guest's that comes before the backend.
func coreHook(h abi.Hook) core.Hook {
	switch h {
	case abi.HookPrepare:
		return core.HookPrepare
	case abi.HookExecute:
		return core.HookExecute
	case abi.HookInitDB:
		return core.HookInitDB
	}
	return core.HookQuery
}

// address is a client's as a session of a case has it: a name is none.
func address(client string) string {
	if _, err := cases.Address(client); err != nil {
		return "unix"
	}
	return client
}

// session finds the entry's session, or begins it with a login.
func (p *Replay) session(ctx context.Context, e querylog.Entry, who cases.Session) *Session {
	key := fmt.Sprintf("%d/%s", e.Session, e.User)
	if x := p.sessions[key]; x != nil {
		return x
	}
	if len(p.sessions) >= maxSessions {
		for key, x := range p.sessions { // any one: the log does not say who is gone
			x.Do(ctx, &cases.Step{Hook: abi.HookSessionEnd, Session: who})
			delete(p.sessions, key)
			break
		}
	}
	x := p.run.Session(who)
	p.sessions[key] = x
	if out := x.Do(ctx, &cases.Step{Hook: abi.HookSession, Session: who}); out.Verdict != "pass" {
		e.SQL = "login of " + e.User
		p.count(group{out.Tell(), e.SQL}, e, out.Fault)
	}
	return x
}

func (p *Replay) count(g group, e querylog.Entry, message string) {
	t := p.groups[g]
	if t == nil {
		if len(p.groups) >= maxGroups {
			g.digest = "others"
			if t = p.groups[g]; t != nil {
				t.count++
				return
			}
		}
		t = &tally{first: e, message: message}
		p.groups[g] = t
	}
	t.count++
}

// Write tells what came out, at most top statements for each verdict but a pass.
func (p *Replay) Write(out io.Writer, top int) {
	type sum struct{ statements, shapes int }
	sums, of := map[string]sum{}, map[string][]*tally{}
	text := map[*tally]string{}
	for g, t := range p.groups {
		s := sums[g.verdict]
		sums[g.verdict] = sum{s.statements + t.count, s.shapes + 1}
		of[g.verdict] = append(of[g.verdict], t)
		text[t] = g.digest
	}
	verdicts := slices.SortedFunc(maps.Keys(sums), func(a, b string) int {
		return cmp.Or(cmp.Compare(sums[b].statements, sums[a].statements), cmp.Compare(a, b))
	})
	fmt.Fprintf(out, "  %-24s %12s %8s %9s\n", "verdict", "statements", "share", "different")
	for _, v := range verdicts {
		fmt.Fprintf(out, "  %-24s %12s %7.1f%% %9s\n", shown(v, 24), number(sums[v].statements),
			100*float64(sums[v].statements)/float64(max(p.Statements, 1)), number(sums[v].shapes))
	}
	for _, v := range verdicts {
		if v == "pass" {
			continue
		}
		fmt.Fprintf(out, "\n%s\n", v)
		slices.SortFunc(of[v], func(a, b *tally) int {
			return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.first.Line, b.first.Line))
		})
		for i, t := range of[v] {
			if i == top {
				fmt.Fprintf(out, "  and %s more\n", number(len(of[v])-top))
				break
			}
			fmt.Fprintf(out, "%10s x  %s\n", number(t.count), shown(text[t], 80))
			fmt.Fprintf(out, "%12s line %d%s: %s\n", "", t.first.Line, by(t.first), shown(t.first.SQL, 80))
			if t.message != "" {
				fmt.Fprintf(out, "%12s %s\n", "", shown(t.message, 100))
			}
		}
	}
	p.writeFuel(out)
}

func by(e querylog.Entry) string {
	text := ""
	if e.User != "" {
		text += ", " + e.User
	}
	if e.Schema != "" {
		text += " on " + e.Schema
	}
	return text
}

func (p *Replay) writeFuel(out io.Writer) {
	asked := uint64(0)
	for _, n := range p.fuel {
		asked += n
	}
	fmt.Fprintf(out, "\nasked %s times, %s verdicts were remembered\n", number(int(asked)), number(p.Remembered))
	if asked == 0 {
		return
	}
	at := func(share float64) uint64 {
		seen := uint64(0)
		for _, fuel := range slices.Sorted(maps.Keys(p.fuel)) {
			if seen += p.fuel[fuel]; float64(seen) >= share*float64(asked) {
				return fuel
			}
		}
		return p.worst
	}
	fmt.Fprintf(out, "fuel of a hook: half at most %s, 99%% at most %s, all at most %s (line %d)\n",
		number(int(at(0.5))), number(int(at(0.99))), number(int(p.worst)), p.worstAt)
}

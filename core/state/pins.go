package state

import (
	"slices"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/defect"
	"github.com/dbmesh/dbmesh/core/stmt"
)

// Pins is why a session can't give its connection back: the effects that its statements
// may have left there, and for each the first reason. Its zero value holds nothing.
type Pins struct {
	held core.Effect
	why  []core.Pin
	next phase
	runs running
}

// running is what the statement that runs may have to do with the end of a transaction.
type running uint8

const (
	nothing running = iota // it was answered
	setting                // a SET autocommit = 1 commits, and that alone ends no SET TRANSACTION
	other
)

// phase is how far the transaction is that a SET TRANSACTION was for.
type phase uint8

const (
	unsettled phase = iota // one may be open from before it
	awaited                // none is open
	open
)

// Add holds effects for a reason, a clause such as "it takes a named lock (GET_LOCK)".
func (p *Pins) Add(e core.Effect, reason string) {
	for one := range (e &^ p.held).Each() {
		p.why = append(p.why, core.Pin{Effect: one, Reason: reason})
	}
	p.held |= e
	if e.Has(core.EffectNextTransaction) {
		p.next = unsettled
	}
}

// Ran notes a statement that was sent. shadowed says that what it sets is carried by value,
// see Assigned. f is nil if nobody knows the facts. Failing takes none of it back: what came
// first in the statement may have been done.
func (p *Pins) Ran(f *core.Facts, shadowed bool) {
	if p.runs != nothing && p.next == open {
		p.next = unsettled // the one before has failed, and may have ended the transaction
	}
	if p.runs = other; f == nil || f.Kind == core.StatementSet {
		p.runs = setting
	}
	if f == nil {
		p.Add(core.EffectUnknown, "nobody looked at the statement")
		return
	}
	lasting := f.Creates & core.Lasting
	if f.Kind == core.StatementUse {
		lasting &^= core.EffectSchema
	}
	if shadowed {
		lasting &^= carried
	}
	if stmt.Traceless(f) {
		lasting = 0
	}
	lasting &^= unpinned()
	if lasting&^p.held == 0 && !lasting.Has(core.EffectNextTransaction) {
		return
	}
	if slices.ContainsFunc(f.Assignments, func(a core.Assignment) bool { return a.Name == "profiling" }) {
		p.Add(core.EffectUnknown, "profiling keeps the texts of statements, over a reset too")
	}
	for _, pin := range f.Pins {
		if lasting.Has(pin.Effect) {
			p.Add(pin.Effect, pin.Reason)
		}
	}
	if rest := lasting &^ p.held; rest != 0 {
		p.Add(rest, "it may leave something behind: "+rest.String())
	}
}

// unpinned is for builds with seeded defects.
func unpinned() (e core.Effect) {
	if defect.Is(defect.TempTableNoPin) {
		e |= core.EffectTempTable
	}
	if defect.Is(defect.UserVariableNoPin) {
		e |= core.EffectUserVar
	}
	if defect.Is(defect.NamedLockNoPin) {
		e |= core.EffectNamedLock
	}
	if defect.Is(defect.TableLockNoPin) {
		e |= core.EffectTableLock
	}
	if defect.Is(defect.TextPrepareNoPin) {
		e |= core.EffectPrepared
	}
	return e
}

// Succeeded notes that the statement that Ran was told of has succeeded, the whole text of
// it: what it takes away for sure is released.
func (p *Pins) Succeeded(f *core.Facts) {
	if f != nil && f.Releases&p.held != 0 {
		p.release(f.Releases)
	}
}

// Answered notes the status flag of an answer that is no error: whether a transaction is
// open. When one that began after a SET TRANSACTION has ended, that is released. A statement
// that commits by itself shows no transaction, so it releases nothing: not each takes part
// in one.
func (p *Pins) Answered(inTransaction bool) {
	ran := p.runs
	p.runs = nothing
	switch {
	case !p.held.Has(core.EffectNextTransaction):
	case inTransaction && p.next == awaited:
		p.next = open
	case !inTransaction && p.next == open && ran != setting:
		p.release(core.EffectNextTransaction)
	case !inTransaction:
		p.next = awaited
	}
}

func (p *Pins) release(e core.Effect) {
	if e &^= core.EffectUnknown; e&p.held == 0 {
		return
	}
	p.held &^= e
	kept := p.why[:0]
	for _, pin := range p.why {
		if p.held.Has(pin.Effect) {
			kept = append(kept, pin)
		}
	}
	p.why = kept
}

// Held are the effects, none if the session may give its connection back.
func (p *Pins) Held() core.Effect { return p.held }

// Reason is the first reason that still holds, "" if there is none.
func (p *Pins) Reason() string {
	if len(p.why) == 0 {
		return ""
	}
	return p.why[0].Reason
}

// Each goes through the effects and their reasons, the oldest first.
func (p *Pins) Each(yield func(core.Effect, string) bool) {
	for _, pin := range p.why {
		if !yield(pin.Effect, pin.Reason) {
			return
		}
	}
}

// Outlasts says that a reset of the connection may leave some of it there: MariaDB keeps the
// role, even when it changes the user.
func (p *Pins) Outlasts() bool {
	return p.held&(core.EffectRole|core.EffectUnknown) != 0 && !defect.Is(defect.RoleOutlivesReset)
}

// Clear releases all, after the connection was reset.
func (p *Pins) Clear() { *p = Pins{} }

package proxy

import (
	"slices"
	"time"
	"unicode/utf8"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/defect"
	"github.com/dbmesh/dbmesh/core/wire"
)

// The ties of a session to its connection are the effects that it holds there, and what is
// no effect of a statement's text.
const (
	tieXA core.Effect = 1 << (31 - iota)
	tieUnclear
	tieSavepoint
	tieSchema
	tieStatement
)

// ties is what the present borrower of a connection is tied to it by, and since which
// statement. It is for operators alone: nothing is decided by it.
type ties struct {
	now    core.Effect
	uses   uint64 // of the connection, when this was written
	causes []cause
}

// cause is the statement that made a tie.
type cause struct {
	tie   core.Effect
	code  core.Code
	facts *core.Facts // nil if nobody looked at it
	since time.Duration
}

// tied is what holds the session's connection, none if it can be given back; see stuck.
func (s *session) tied() core.Effect {
	e := s.pins.Held()
	if s.Status&wire.StatusInTrans != 0 {
		e |= core.EffectTransaction
	}
	if s.xa {
		e |= tieXA
	}
	if s.unclear {
		e |= tieUnclear
	}
	if s.saved {
		e |= tieSavepoint
	}
	if !portable(s.Schema) {
		e |= tieSchema
	}
	if s.stuckStatement() != "" {
		e |= tieStatement
	}
	return e
}

// firstTie is the one that is told of those that hold the session's connection, and what is
// told of it; "" if there is none. What is added here belongs into tied too.
func (s *session) firstTie() (tie core.Effect, why string) {
	switch {
	case s.link == nil:
		return 0, ""
	case s.Status&wire.StatusInTrans != 0 && !defect.Is(defect.TransactionNoPin):
		return core.EffectTransaction, "transaction"
	case s.xa:
		return tieXA, "XA transaction"
	case s.unclear:
		return tieUnclear, "a statement failed with autocommit off"
	case s.saved:
		return tieSavepoint, "a savepoint with autocommit off"
	case s.pins.Held() != 0:
		for tie = range s.pins.Each {
			break
		}
		return tie, s.pins.Reason()
	case !portable(s.Schema):
		return tieSchema, "a default schema whose name is not ASCII"
	}
	return tieStatement, s.stuckStatement()
}

// noteTies notes that the command at hand, which has ended, has made ties or cut some. Most
// change nothing, and a connection keeps the room for its causes.
func (s *session) noteTies(k *link) {
	t, e := &k.ties, s.tied()
	if uses := k.Uses(); t.uses != uses {
		t.now, t.uses, t.causes = 0, uses, t.causes[:0]
	}
	if e == t.now {
		return
	}
	t.causes = slices.DeleteFunc(t.causes, func(c cause) bool { return !e.Has(c.tie) })
	for made := range (e &^ t.now).Each() {
		t.causes = append(t.causes, cause{made, s.cmd.Code, s.cmd.Known(), s.began})
	}
	t.now = e
}

// shownText bounds what is shown of a statement's text, in bytes.
const shownText = 256

// showTie fills in which statement is why the session keeps its connection.
func (s *session) showTie(v *Snapshot, now time.Duration) {
	k := s.link
	if k == nil || k.ties.uses != k.Uses() {
		return
	}
	first, _ := s.firstTie()
	for _, c := range k.ties.causes {
		if c.tie != first {
			continue
		}
		v.PinnedFor, v.PinnedBy = now-c.since, c.code.String()
		if c.facts != nil && c.facts.Digest != "" {
			v.PinnedBy, v.PinnedDigest = cut(c.facts.DigestText), c.facts.Digest
		}
	}
}

// cut is the beginning of a text.
func cut(text string) string {
	if len(text) <= shownText {
		return text
	}
	end := shownText
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}

package core

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"
)

// Observer hears each link's decision and time, once per hook that ran. It is called on
// the hot path by any number of sessions at once.
type Observer interface {
	Observe(d Decision, took time.Duration)
}

// link is one entry of a chain.
type link struct {
	name    string
	of      string // the link in the config that it stands for
	index   int
	filter  Filter
	policy  Policy
	observe Observer
	asked   HookSet      // of the hooks of Commander
	out     atomic.Int64 // clock time until which the link is in quarantine
	faults  quarantine
}

type (
	connectHook struct {
		*link
		Connector
	}
	commandHook struct {
		*link
		Commander
	}
	doneHook struct {
		*link
		Finisher
	}
	columnHook struct {
		*link
		ColumnReader
	}
	errorHook struct {
		*link
		ErrorReader
	}
	endHook struct {
		*link
		Ender
	}
)

// Chain is an immutable, ordered list of links: one generation. It counts its users; see
// Live. All methods are safe for concurrent use by different sessions.
type Chain struct {
	name       string
	generation uint64
	links      []*link
	names      []string
	connect    []connectHook
	command    [HookOther + 1][]commandHook // by the command's hook
	columns    []columnHook
	errors     []errorHook
	done       []doneHook
	end        []endHook
	sluggish   []Sluggish
	params     bool
	slow       bool
	switches   bool
	clock      func() time.Duration
	log        *slog.Logger

	users atomic.Int64 // one for Live, one for each command that runs on it
	idle  func(*Chain) // called once, when users becomes 0
}

// Name is the chain's name in the config.
func (ch *Chain) Name() string { return ch.name }

// Generation counts the chains that were built in this process, from 1.
func (ch *Chain) Generation() uint64 { return ch.generation }

// Slow says that hooks may wait, so the event loop must not run them. It may become true
// while the chain is in force, and never false again.
func (ch *Chain) Slow() bool {
	if ch.slow {
		return true
	}
	for _, f := range ch.sluggish {
		if f.Slow() {
			return true
		}
	}
	return false
}

// ReadsParams says that a link may ask for the parameters of executes.
func (ch *Chain) ReadsParams() bool { return ch.params }

// ReadsColumns says that a link wants to see the columns of results.
func (ch *Chain) ReadsColumns() bool { return len(ch.columns) > 0 }

// ReadsErrors says that a link wants to see the backend's errors.
func (ch *Chain) ReadsErrors() bool { return len(ch.errors) > 0 }

// HearsEnds says that a link wants to hear of the ends of sessions.
func (ch *Chain) HearsEnds() bool { return len(ch.end) > 0 }

// Switches says that a link may send commands of one session to several pools.
func (ch *Chain) Switches() bool { return ch.switches }

// Links is the links' names in order.
func (ch *Chain) Links() []string { return ch.names }

// Quarantined are the names of the links that are left out at the moment, for they broke.
func (ch *Chain) Quarantined() []string {
	names, now := []string{}, ch.clock()
	for _, l := range ch.links {
		if l.quarantined(now) {
			names = append(names, l.name)
		}
	}
	return names
}

// Connect asks the links that the session has not met yet. At login those are all links;
// after a swap they are the ones with a new name.
func (ch *Chain) Connect(ctx context.Context, s *Session) Verdict {
	if sameNames(s.seen, ch.names) {
		return Verdict{}
	}
	old := s.seen
	for i := range ch.connect {
		h := &ch.connect[i]
		if slices.Contains(old, h.name) {
			continue
		}
		if h.quarantined(ch.clock()) {
			s.missed = append(slices.Clip(s.missed), h.name)
			continue
		}
		start := ch.clock()
		v, err := h.callConnect(ctx, s)
		// An answer without an error must not end the pass: later links could not refuse.
		if v := ch.judge(h.link, s, v, err, start); v.Denied() {
			s.seen = append(slices.Clip(old), ch.names[:h.index+1]...)
			return v
		}
	}
	s.seen = ch.names
	return Verdict{}
}

// Command asks each link what about this command. The first answer ends the pass.
// Done must be called once afterwards, whatever the verdict.
func (ch *Chain) Command(ctx context.Context, c *Command) Verdict {
	c.slots = resize(c.slots, len(ch.links))
	now := ch.clock()
	asked := ch.command[hookOf(c.Code)]
	for i := range asked {
		h := &asked[i]
		if h.out.Load() != 0 && h.quarantined(now) {
			c.slots[h.index].skipped = true
			continue
		}
		c.link, c.reached = h.index, h.index
		v, err := h.callCommand(ctx, c)
		if v.reply == nil && err == nil {
			end := ch.clock()
			h.observe.Observe(Passed, end-now)
			now = end
			continue
		}
		if v := ch.judge(h.link, c.Session, v, err, now); v.reply != nil {
			return v
		}
		now = ch.clock()
	}
	c.reached = len(ch.links) - 1
	return Verdict{}
}

// Done tells the links that the command's pass reached how it ended, last link first.
// A second call for the same command does nothing.
func (ch *Chain) Done(c *Command, o *Outcome) {
	for i := len(ch.done) - 1; i >= 0; i-- {
		h := &ch.done[i]
		if h.index > c.reached || ch.leftOut(h.link, c) {
			continue
		}
		c.link = h.index
		if err := h.callDone(c, o); err != nil {
			ch.broke(h.link, c.Session, err)
		}
	}
	c.reached = -1
}

// leftOut says whether quarantine keeps the link's OnDone from this command: a link that
// was asked about it hears its end, even if the quarantine began in between.
func (ch *Chain) leftOut(l *link, c *Command) bool {
	if l.asked.Has(hookOf(c.Code)) {
		return c.slots[l.index].skipped
	}
	return l.out.Load() != 0 && l.quarantined(ch.clock())
}

// judge turns what a hook returned into what happens: the one place that knows policies.
func (ch *Chain) judge(l *link, s *Session, v Verdict, err error, start time.Duration) Verdict {
	took := ch.clock() - start
	if err == nil {
		l.observe.Observe(v.decision(), took)
		return v
	}
	l.observe.Observe(Broke, took)
	s.Log.Error("filter broke", "filter", l.name, "policy", l.policy, "error", err)
	if l.policy != Closed {
		ch.leaveOut(l)
		return Verdict{}
	}
	reason := "failed"
	var fault *Fault
	if errors.As(err, &fault) {
		reason = "failed: " + fault.Reason
	}
	return Deny(1105, "HY000", fmt.Sprintf(
		"dbmesh: filter %q %s; its policy is closed, see dbmesh's log, session %d", l.name, reason, s.ID))
}

// broke notes a failure where there is nothing left to decide.
func (ch *Chain) broke(l *link, s *Session, err error) {
	l.observe.Observe(Broke, 0)
	s.Log.Error("filter broke", "filter", l.name, "policy", l.policy, "error", err)
	ch.leaveOut(l)
}

func (ch *Chain) leaveOut(l *link) {
	if l.policy != Quarantine {
		return
	}
	now := ch.clock()
	if until := l.faults.broke(now); until > 0 {
		l.out.Store(int64(until))
		ch.log.Warn("filter is in quarantine", "chain", ch.name, "filter", l.name, "left_out", (until - now).Round(time.Millisecond))
	}
}

func (l *link) quarantined(now time.Duration) bool {
	return int64(now) < l.out.Load()
}

func (p Policy) String() string { return [...]string{"closed", "open", "quarantine"}[p] }

// The calls are wrapped so that a filter's panic ends one hook and nothing else.

func (h *connectHook) callConnect(ctx context.Context, s *Session) (v Verdict, err error) {
	defer catch(&err)
	return h.OnConnect(ctx, s)
}

func (h *commandHook) callCommand(ctx context.Context, c *Command) (v Verdict, err error) {
	defer catch(&err)
	return h.OnCommand(ctx, c)
}

func (h *doneHook) callDone(c *Command, o *Outcome) (err error) {
	defer catch(&err)
	h.OnDone(c, o)
	return nil
}

func catch(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v", p)
	}
}

// close closes the filters in reverse order, exactly once, by the last user's end.
func (ch *Chain) close() {
	for _, l := range slices.Backward(ch.links) {
		c, ok := l.filter.(io.Closer)
		if !ok {
			continue
		}
		var err error
		func() {
			defer catch(&err)
			err = c.Close()
		}()
		if err != nil {
			ch.log.Error("closing a filter failed", "chain", ch.name, "filter", l.name, "error", err)
		}
	}
}

func resize(s []Slot, n int) []Slot {
	if cap(s) < n {
		return make([]Slot, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// sameNames compares by the first element's address too, since most sessions hold the
// very slice of the chain in force.
func sameNames(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	return len(a) == 0 || &a[0] == &b[0] || slices.Equal(a, b)
}

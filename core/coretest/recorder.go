package coretest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

// Journal is what fakes saw, in order. It is safe for concurrent use.
type Journal struct {
	mu    sync.Mutex
	lines []string
}

// Add appends one line.
func (j *Journal) Add(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf(format, args...))
}

// Take gives the lines so far and empties the journal.
func (j *Journal) Take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines := slices.Clone(j.lines)
	j.lines = j.lines[:0]
	return lines
}

// Recorder is a filter with every hook. It writes "NAME connect", "NAME command", "NAME
// columns", "NAME error", "NAME done", "NAME end" and "NAME close" to its journal and then
// does what the functions say; a nil function goes on.
type Recorder struct {
	Name      string
	Journal   *Journal
	Connect   func(*core.Session) (core.Verdict, error)
	Command   func(*core.Command) (core.Verdict, error)
	Columns   func(*core.Command, []core.Column) ([]core.Mask, core.Verdict, error)
	Error     func(*core.Command, *core.Error) (*core.Error, error)
	Done      func(*core.Command, *core.Outcome)
	End       func(*core.Session)
	CloseFunc func() error
}

// OnConnect records the session's arrival.
func (r *Recorder) OnConnect(_ context.Context, s *core.Session) (core.Verdict, error) {
	r.Journal.Add("%s connect", r.Name)
	if r.Connect == nil {
		return core.Continue(), nil
	}
	return r.Connect(s)
}

// OnCommand records a command.
func (r *Recorder) OnCommand(_ context.Context, c *core.Command) (core.Verdict, error) {
	r.Journal.Add("%s command", r.Name)
	if r.Command == nil {
		return core.Continue(), nil
	}
	return r.Command(c)
}

// OnDone records a command's end.
func (r *Recorder) OnDone(c *core.Command, o *core.Outcome) {
	r.Journal.Add("%s done", r.Name)
	if r.Done != nil {
		r.Done(c, o)
	}
}

// OnColumns records a result's columns.
func (r *Recorder) OnColumns(_ context.Context, c *core.Command, columns []core.Column) ([]core.Mask, core.Verdict, error) {
	r.Journal.Add("%s columns", r.Name)
	if r.Columns == nil {
		return nil, core.Continue(), nil
	}
	return r.Columns(c, columns)
}

// OnError records a backend's error.
func (r *Recorder) OnError(_ context.Context, c *core.Command, e *core.Error) (*core.Error, error) {
	r.Journal.Add("%s error", r.Name)
	if r.Error == nil {
		return nil, nil
	}
	return r.Error(c, e)
}

// OnSessionEnd records a session's end.
func (r *Recorder) OnSessionEnd(s *core.Session) {
	r.Journal.Add("%s end", r.Name)
	if r.End != nil {
		r.End(s)
	}
}

// Close records the end of the filter's generation.
func (r *Recorder) Close() error {
	r.Journal.Add("%s close", r.Name)
	if r.CloseFunc == nil {
		return nil
	}
	return r.CloseFunc()
}

// Observer writes "LINK DECISION" to a journal for each hook that ran.
type Observer struct {
	Link    string
	Journal *Journal
}

// Observe records a decision; how long it took is left out.
func (o Observer) Observe(d core.Decision, _ time.Duration) { o.Journal.Add("%s %s", o.Link, d) }

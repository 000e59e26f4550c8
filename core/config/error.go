package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/core/watch"
)

// Error is one thing that is wrong, and where: in a line of the file, in an environment
// variable or in a flag.
type Error struct {
	Source  string // the file as it was named, "environment DBMESH_X" or "flag"
	Line    int    // in the file; 0 elsewhere
	Key     string // path such as pools[0].backends[1].address; "" for the whole file
	Message string
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Source)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if e.Key != "" {
		b.WriteString(": " + e.Key)
	}
	return b.String() + ": " + e.Message
}

// rank puts the file before what lies over it.
func (e *Error) rank() int {
	switch {
	case e.Source == fromFlag:
		return 2
	case strings.HasPrefix(e.Source, fromEnv):
		return 1
	}
	return 0
}

// Errors is all that is wrong with a config, in the order of its lines.
type Errors struct {
	List []*Error
	// Files is what the attempt has read. Watching it finds the moment when a missing
	// certificate or secret appears, which the config in force may never have named.
	Files watch.State
}

// Error gives one line per error.
func (e *Errors) Error() string {
	lines := make([]string, len(e.List))
	for i, one := range e.List {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the single errors.
func (e *Errors) Unwrap() []error {
	out := make([]error, len(e.List))
	for i, one := range e.List {
		out[i] = one
	}
	return out
}

// problems collects errors by key. A key has one error, and what is inside it none: what
// follows from a first mistake would only hide it.
type problems struct {
	where func(key string) (source string, line int)
	told  map[string]bool
	list  []*Error
}

func (p *problems) add(key, format string, args ...any) {
	for around := key; around != ""; around = around[:max(0, strings.LastIndexAny(around, ".["))] {
		if p.told[around] {
			return
		}
	}
	p.mute(key)
	p.put(key, fmt.Sprintf(format, args...))
}

func (p *problems) put(key, message string) {
	source, line := p.where(key)
	p.list = append(p.list, &Error{source, line, key, message})
}

// mute drops later errors of a key.
func (p *problems) mute(key string) {
	if p.told == nil {
		p.told = make(map[string]bool)
	}
	p.told[key] = true
}

// err gives nil, or an *Errors: first the file by line, then environment and flags.
func (p *problems) err(files watch.State) error {
	if len(p.list) == 0 {
		return nil
	}
	slices.SortStableFunc(p.list, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.Line, b.Line))
	})
	return &Errors{List: p.list, Files: files}
}

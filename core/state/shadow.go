package state

import (
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/core/defect"
)

// Shadow is what a session has set: its session variables by value, to be set again on each
// connection that it borrows. Its zero value is a session that has set none.
type Shadow struct{ set *variables }

// Names are the variables that the session has set, in a canonical order.
func (s *Shadow) Names() []string {
	list := s.set.all()
	names := make([]string, len(list))
	for i, v := range list {
		names[i] = v.name
	}
	return names
}

// Each goes through the variables and their values as SQL text, in a canonical order.
func (s *Shadow) Each(yield func(name, value string) bool) {
	for _, v := range s.set.all() {
		if !yield(v.name, v.value) {
			return
		}
	}
}

// Has says whether the session has set the variable.
func (s *Shadow) Has(name string) bool {
	_, ok := s.set.get(name)
	return ok
}

// Clear forgets all, when the session begins anew.
func (s *Shadow) Clear() { s.set = nil }

// maxShadow is how many bytes of names and values one session's variables may take.
const maxShadow = 64 << 10

// Learn notes what the session's variables are now, on the connection that it has borrowed
// and on itself. It says false, and notes nothing, if that is more than is kept of one
// session; the session must keep its connection then.
func (s *Shadow) Learn(w *Worn, names, values []string) bool {
	next := s.set.with(names, values)
	if next != s.set && next.size > maxShadow {
		return false
	}
	if w.on == s.set {
		w.on = next
	} else {
		w.on = w.on.with(names, values)
	}
	s.set = next
	return true
}

// Unchanged says whether the values are what the variables are known to be. After a SET that
// failed they are, unless a part of it was done or they change by themselves; learning them
// would not do then.
func (s *Shadow) Unchanged(w *Worn, names, values []string) bool {
	for i, name := range names {
		if w.now(s.set, name) != values[i] {
			return false
		}
	}
	return true
}

// Worn is what is set on a connection. Its zero value is a connection as its login left it.
// Whoever has borrowed the connection may use it, one at a time.
type Worn struct {
	// Schema is the default schema; the proxy keeps it.
	Schema string
	on     *variables // what sessions have set; what is not in it is as in base
	base   *variables // what the login gave, of those that any session has set
}

// Forget makes the connection one of which nothing is known but what a login gives, after
// a reset or a change of user. The schema stays.
func (w *Worn) Forget() { w.on, w.base = nil, nil }

// Unknown are those of the names whose base is not known, nil if all are.
func (w *Worn) Unknown(names []string) []string {
	var unknown []string
	for _, name := range names {
		if _, ok := w.base.get(name); !ok {
			unknown = append(unknown, name)
		}
	}
	return unknown
}

// Lacks are the variables of the session whose base is not known on the connection. It must
// be asked before Difference. It does not allocate if there are none.
func (w *Worn) Lacks(s *Shadow) []string {
	if s.set == w.on {
		return nil
	}
	var lacks []string
	for _, v := range s.set.all() {
		if _, ok := w.base.get(v.name); !ok {
			lacks = append(lacks, v.name)
		}
	}
	return lacks
}

// LearnBase notes what the login gave: the values of variables that nobody has set there
// since.
func (w *Worn) LearnBase(names, values []string) { w.base = w.base.with(names, values) }

// Apply notes that the connection is what the session wants: the statement of Difference
// has succeeded, or there was none. If it fails, nobody knows how much of it was done, and
// the connection is good for nothing but a reset.
func (w *Worn) Apply(s *Shadow) { w.on = s.set }

// now is what the variable is on the connection when on is set there, "" if that is not
// known.
func (w *Worn) now(on *variables, name string) string {
	if value, ok := on.get(name); ok {
		return value
	}
	value, _ := w.base.get(name)
	return value
}

// Difference appends one SET statement that makes the connection what the session wants:
// the session's values, and the login's for what only the connection has. It appends
// nothing if they are equal, which takes a few nanoseconds if the connection was this
// session's last, or if neither has anything set. The base of all of the session's
// variables must be known, see Lacks.
func Difference(s *Shadow, w *Worn, dst []byte) []byte {
	if s.set == w.on {
		return dst
	}
	begin := len(dst)
	mine, its := s.set.all(), w.on.all()
	for len(mine) > 0 || len(its) > 0 {
		var name string
		switch {
		case len(its) == 0 || len(mine) > 0 && mine[0].name < its[0].name:
			name, mine = mine[0].name, mine[1:]
		case len(mine) == 0 || its[0].name < mine[0].name:
			name, its = its[0].name, its[1:]
		default:
			name, mine, its = mine[0].name, mine[1:], its[1:]
		}
		if differs(s, w, name) && !overlooked(s, name) {
			dst = s.assign(dst, begin, name, w)
		}
	}
	if len(dst) == begin {
		w.on = s.set // the same by value, and by the pointer next time
	}
	return dst
}

// overlooked is for builds with seeded defects.
func overlooked(s *Shadow, name string) bool {
	switch name {
	case "sql_mode":
		return defect.Is(defect.SQLModeNotReplayed)
	case "time_zone":
		return defect.Is(defect.TimeZoneNotReplayed)
	case "autocommit":
		return defect.Is(defect.AutocommitNotReplayed)
	case clientName, resultsName, "collation_connection":
		return defect.Is(defect.CharsetNotReplayed)
	}
	if isolation(name) != "" {
		return defect.Is(defect.IsolationNotReplayed)
	}
	_, own := s.set.get(name)
	return !own && defect.Is(defect.BaseNotRestored)
}

// differs says whether the variable must be set: it is not what the session wants, or
// setting another one changes it too.
func differs(s *Shadow, w *Worn, name string) bool {
	group := groupOf(name)
	if len(group) == 0 {
		return w.now(s.set, name) != w.now(w.on, name)
	}
	return slices.ContainsFunc(group, func(one string) bool { return w.now(s.set, one) != w.now(w.on, one) })
}

// assign appends what sets one variable as the session wants it. SET NAMES sets the whole
// group, so it comes before the first of it.
func (s *Shadow) assign(dst []byte, begin int, name string, w *Worn) []byte {
	value := w.now(s.set, name)
	switch results := w.now(s.set, resultsName); {
	case name == resultsName && needsNames(results):
		return dst
	case name == clientName && needsNames(results):
		dst = append(append(dst, separator(dst, begin)...), "NAMES "...)
		dst = append(dst, results...)
		if strings.HasPrefix(results, value+collate) { // set alone it would lose the collation, which parameters get
			return dst
		}
	}
	return appendAssignment(dst, begin, name, value)
}

func separator(dst []byte, begin int) string {
	if len(dst) == begin {
		return "SET "
	}
	return ", "
}

func appendAssignment(dst []byte, begin int, name, value string) []byte {
	dst = append(append(dst, separator(dst, begin)...), "@@session.`"...)
	dst = append(dst, name...)
	dst = append(dst, "` = "...)
	return append(dst, value...)
}

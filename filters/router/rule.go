package router

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dbmesh/dbmesh/core"
	"github.com/prometheus/client_golang/prometheus"
)

// rule is one entry with all that its conditions need.
type rule struct {
	index     int // in the config
	session   []condition
	statement *statement // nil for a rule about logins
	pool      string
	level     core.Consistency
	chosen    prometheus.Counter
}

// condition is about one property of the session.
type condition struct {
	of func(*core.Session) string
	pattern
}

func (rc ruleConfig) build(level core.Consistency) (rule, error) {
	r := rule{pool: rc.Pool}
	if rc.Pool == "" {
		return r, errors.New("needs a pool")
	}
	if err := r.addSession(rc.When); err != nil {
		return r, err
	}
	var err error
	if r.statement, err = rc.When.statement(); err != nil {
		return r, err
	}
	if rc.Consistency != "" && r.statement == nil {
		return r, errors.New("consistency: is for rules about commands, and this one is about logins")
	}
	r.level, err = consistency(rc.Consistency, level)
	return r, err
}

func (r *rule) addSession(w when) error {
	for _, f := range []struct {
		key, pattern string
		of           func(*core.Session) string
	}{
		{"listener", w.Listener, func(s *core.Session) string { return s.Listener }},
		{"user", w.User, func(s *core.Session) string { return s.User }},
		{"schema", w.Schema, func(s *core.Session) string { return s.Schema }},
	} {
		if f.pattern == "" {
			continue
		}
		if err := r.add(f.pattern, f.of); err != nil {
			return fmt.Errorf("when.%s: %w", f.key, err)
		}
	}
	names := make([]string, 0, len(w.Attribute))
	for name := range w.Attribute {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := r.add(w.Attribute[name], func(s *core.Session) string { return s.Attributes[name] }); err != nil {
			return fmt.Errorf("when.attribute.%s: %w", name, err)
		}
	}
	return nil
}

func (r *rule) add(text string, of func(*core.Session) string) error {
	p, err := newPattern(text)
	if err != nil {
		return err
	}
	r.session = append(r.session, condition{of, p})
	return nil
}

// matches says whether every condition about the session holds.
func (r *rule) matches(s *core.Session) bool {
	for i := range r.session {
		if c := &r.session[i]; !c.matches(c.of(s)) {
			return false
		}
	}
	return true
}

// matchesCommand says whether the conditions about the statement hold too, where safe says
// what counts as read-safe. What the session says comes first: facts are looked for only if
// somebody needs them.
func (r *rule) matchesCommand(c *core.Command, safe safety) bool {
	return r.matches(c.Session) && r.statement.matches(c.Statement(), c.Session.Schema, safe)
}

// reads says whether the rule is for what is read-safe.
func (r *rule) reads() bool { return r.statement.readSafe != nil && *r.statement.readSafe }

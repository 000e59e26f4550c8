package router

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/dbmesh/dbmesh/core"
	"github.com/prometheus/client_golang/prometheus"
)

type config struct {
	Rules []ruleConfig `koanf:"rules"`
	Hints bool         `koanf:"hints"`
}

type ruleConfig struct {
	When when   `koanf:"when"`
	Pool string `koanf:"pool"`
}

type when struct {
	User      string            `koanf:"user"`
	Schema    string            `koanf:"schema"`
	Listener  string            `koanf:"listener"`
	Attribute map[string]string `koanf:"attribute"`
}

func (c config) build(poolExists func(string) bool) ([]rule, error) {
	rules := make([]rule, len(c.Rules))
	for i, rc := range c.Rules {
		r, err := rc.build()
		if err == nil && poolExists != nil && !poolExists(rc.Pool) {
			err = fmt.Errorf("there is no pool %q", rc.Pool)
		}
		if err != nil {
			return nil, fmt.Errorf("rules[%d]: %w", i, err)
		}
		if len(r.conditions) == 0 && i < len(c.Rules)-1 {
			return nil, fmt.Errorf("rules[%d]: it has no condition, so the rules after it would never be asked", i)
		}
		rules[i] = r
	}
	return rules, nil
}

func (rc ruleConfig) build() (rule, error) {
	r := rule{pool: rc.Pool}
	if rc.Pool == "" {
		return r, errors.New("needs a pool")
	}
	for _, f := range []struct {
		key, pattern string
		of           func(*core.Session) string
	}{
		{"listener", rc.When.Listener, func(s *core.Session) string { return s.Listener }},
		{"user", rc.When.User, func(s *core.Session) string { return s.User }},
		{"schema", rc.When.Schema, func(s *core.Session) string { return s.Schema }},
	} {
		if f.pattern == "" {
			continue
		}
		if err := r.add(f.pattern, f.of); err != nil {
			return r, fmt.Errorf("when.%s: %w", f.key, err)
		}
	}
	names := make([]string, 0, len(rc.When.Attribute))
	for name := range rc.When.Attribute {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := r.add(rc.When.Attribute[name], func(s *core.Session) string { return s.Attributes[name] }); err != nil {
			return r, fmt.Errorf("when.attribute.%s: %w", name, err)
		}
	}
	return r, nil
}

// rule is one entry with all that its conditions need.
type rule struct {
	conditions []condition
	pool       string
	chosen     prometheus.Counter
}

type condition struct {
	of      func(*core.Session) string
	pattern string
	glob    bool
}

func (r *rule) add(pattern string, of func(*core.Session) string) error {
	if _, err := path.Match(pattern, ""); err != nil {
		return fmt.Errorf("%q is not a pattern: %w", pattern, err)
	}
	r.conditions = append(r.conditions, condition{of, pattern, strings.ContainsAny(pattern, `*?[\`)})
	return nil
}

// matches says whether every condition holds.
func (r *rule) matches(s *core.Session) bool {
	for _, c := range r.conditions {
		v := c.of(s)
		if !c.glob {
			if v != c.pattern {
				return false
			}
			continue
		}
		if ok, err := path.Match(c.pattern, v); err != nil || !ok {
			return false
		}
	}
	return true
}

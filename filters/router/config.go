package router

import (
	"errors"
	"fmt"
	"time"

	"github.com/dbmesh/dbmesh/core"
)

type config struct {
	Rules []ruleConfig `koanf:"rules"`

	Hints      bool `koanf:"hints"`
	ForceHints bool `koanf:"force_hints"`

	Consistency string        `koanf:"consistency"`
	Wait        time.Duration `koanf:"wait"`

	ReadOnlyTransactions bool `koanf:"read_only_transactions"`
	LazyBegin            bool `koanf:"lazy_begin"`
}

type ruleConfig struct {
	When        when   `koanf:"when"`
	Pool        string `koanf:"pool"`
	Consistency string `koanf:"consistency"`
}

type when struct {
	User      string            `koanf:"user"`
	Schema    string            `koanf:"schema"`
	Listener  string            `koanf:"listener"`
	Attribute map[string]string `koanf:"attribute"`

	// With one of these the rule is about commands.
	Kind     []string `koanf:"kind"`
	Tables   []string `koanf:"tables"`
	Digest   []string `koanf:"digest"`
	ReadSafe *bool    `koanf:"read_safe"`
}

// build makes the rules in their order: those that are asked at logins, and those that
// are asked about commands.
func (c config) build(poolExists func(string) bool) (logins, commands []rule, err error) {
	level, err := consistency(c.Consistency, core.ConsistencyOff)
	if err != nil {
		return nil, nil, err
	}
	rest := -1 // the rule that leaves no login to those after it
	for i, rc := range c.Rules {
		r, err := rc.build(level)
		if err == nil && poolExists != nil && !poolExists(rc.Pool) {
			err = fmt.Errorf("there is no pool %q", rc.Pool)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("rules[%d]: %w", i, err)
		}
		r.index = i
		if r.statement != nil {
			commands = append(commands, r)
			continue
		}
		if rest >= 0 {
			return nil, nil, fmt.Errorf("rules[%d]: it has no condition, so the rules after it would never be asked", rest)
		}
		if len(r.session) == 0 {
			rest = i
		}
		logins = append(logins, r)
	}
	return logins, commands, c.check(level, commands)
}

// check refuses settings that would do nothing.
func (c config) check(level core.Consistency, commands []rule) error {
	fresh, reads := level != core.ConsistencyOff, false
	for i := range commands {
		fresh = fresh || commands[i].level != core.ConsistencyOff
		reads = reads || commands[i].reads()
	}
	switch {
	case c.ForceHints && !c.Hints:
		return errors.New("force_hints: needs hints: true")
	case c.ReadOnlyTransactions && !reads:
		return errors.New("read_only_transactions: needs a rule with read_safe: true, which says where they go")
	case level != core.ConsistencyOff && len(commands) == 0 && !c.Hints:
		return errors.New("consistency: needs rules about commands, or hints: without them nothing is read elsewhere")
	case c.Wait > 0 && !fresh:
		return errors.New("wait: needs consistency session or global: without one no read waits")
	}
	return nil
}

// consistency reads a level's name; "" is the one above it.
func consistency(name string, above core.Consistency) (core.Consistency, error) {
	if name == "" {
		return above, nil
	}
	for c := core.ConsistencyOff; c <= core.ConsistencyGlobal; c++ {
		if c.String() == name {
			return c, nil
		}
	}
	return 0, fmt.Errorf("consistency: is %q, want off, session or global", name)
}

package router

import "fmt"

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

	// With one of these the rule is about commands.
	Kind     []string `koanf:"kind"`
	Tables   []string `koanf:"tables"`
	Digest   []string `koanf:"digest"`
	ReadSafe *bool    `koanf:"read_safe"`
}

// build makes the rules in their order: those that are asked at logins, and those that
// are asked about commands.
func (c config) build(poolExists func(string) bool) (logins, commands []rule, err error) {
	rest := -1 // the rule that leaves no login to those after it
	for i, rc := range c.Rules {
		r, err := rc.build()
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
	return logins, commands, nil
}

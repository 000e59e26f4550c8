package manifest

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Case is one statement and what the filter has to say of it. A filter is asked its
// manifest's cases each time before it is put in force.
type Case struct {
	Name    string  `yaml:"name"`
	SQL     string  `yaml:"sql"`
	User    string  `yaml:"user"`
	Schema  string  `yaml:"schema"`
	Want    Verdict `yaml:"want"`
	Code    uint16  `yaml:"code"`     // of a deny or disconnect; 0 is any
	MaxFuel Count   `yaml:"max_fuel"` // 0 is any
}

// Verdict is one of pass, deny, disconnect, rewrite, route, reply and ok.
type Verdict string

// UnmarshalYAML takes the name of a verdict only.
func (v *Verdict) UnmarshalYAML(n *yaml.Node) error {
	all := []string{"pass", "deny", "disconnect", "rewrite", "route", "reply", "ok"}
	if !slices.Contains(all, n.Value) {
		return fmt.Errorf("line %d: there is no verdict %q, only %s", n.Line, n.Value, strings.Join(all, ", "))
	}
	*v = Verdict(n.Value)
	return nil
}

// Package manifest reads what a user filter says of itself, in the module or in a file beside
// it, and the settings that lie beside it. It reads strictly: what is not known is an error
// with its line.
package manifest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbmesh/dbmesh/core"
	"github.com/dbmesh/dbmesh/core/abi"
	"go.yaml.in/yaml/v3"
)

// MaxSize bounds the text of a manifest and of a file of settings.
const MaxSize = 256 << 10

// Bounds of what a filter may have dbmesh do unasked.
const (
	MinTick  = 10 * time.Millisecond
	MaxCases = 100 // all are asked each time before it is put in force
)

// Manifest is what a filter says of itself. It only asks: what it gets is the operator's to say.
type Manifest struct {
	Name         string       `yaml:"name"`
	Version      string       `yaml:"version"`
	ABI          string       `yaml:"abi"` // such as dbmesh_v1; "" leaves it to the module
	Description  string       `yaml:"description"`
	Author       string       `yaml:"author"`
	Hooks        []Hook       `yaml:"hooks"` // nil does not say
	Capabilities []Capability `yaml:"capabilities"`
	// Config has the settings that the filter takes; nil takes any, unchecked.
	Config Schema `yaml:"config"`
	Limits Limits `yaml:"limits"`
	Cases  []Case `yaml:"cases"`
}

// Limits are those that a filter asks for; 0 asks for none. It gets no more than the
// operator's limits without the operator saying so.
type Limits struct {
	Fuel      Count    `yaml:"fuel"`
	Memory    Size     `yaml:"memory"`
	Instances int      `yaml:"instances"`
	Tick      Duration `yaml:"tick"`
}

// Hook is the export of a hook, such as on_query.
type Hook string

// Capability is one of abi.Capabilities.
type Capability string

// Count is a number that may be written with underscores.
type Count uint64

// Size is a number of bytes, written as core.Size is.
type Size int64

// Duration is written as time.Duration is, with a unit.
type Duration time.Duration

// Parse reads a manifest. Name is what errors call the text.
func Parse(name string, text []byte) (*Manifest, error) {
	var m Manifest
	if err := decode(name, text, &m); err != nil {
		return nil, err
	}
	if m.ABI != "" && m.ABI != abi.Module {
		return nil, fmt.Errorf("%s: abi is %q, this dbmesh has %s", name, m.ABI, abi.Module)
	}
	if err := m.Config.check(); err != nil {
		return nil, fmt.Errorf("%s: config.%w", name, err)
	}
	if t := m.Limits.Tick; t != 0 && time.Duration(t) < MinTick {
		return nil, fmt.Errorf("%s: limits.tick is %v, want at least %v", name, time.Duration(t), MinTick)
	}
	if len(m.Cases) > MaxCases {
		return nil, fmt.Errorf("%s: it has %d cases, more than %d; tests of a filter are for cases.yaml", name, len(m.Cases), MaxCases)
	}
	return &m, nil
}

// Asks are the names of the capabilities.
func (m *Manifest) Asks() []string {
	out := make([]string, len(m.Capabilities))
	for i, c := range m.Capabilities {
		out[i] = string(c)
	}
	return out
}

// UnmarshalYAML takes the name of a hook only.
func (h *Hook) UnmarshalYAML(n *yaml.Node) error {
	names := abi.HookNames()
	if !slices.Contains(names[:], n.Value) {
		return fmt.Errorf("line %d: there is no hook %q, only %s", n.Line, n.Value, strings.Join(names[:], ", "))
	}
	*h = Hook(n.Value)
	return nil
}

// UnmarshalYAML takes the name of a capability only.
func (c *Capability) UnmarshalYAML(n *yaml.Node) error {
	if all := abi.Capabilities(); !slices.Contains(all, n.Value) {
		return fmt.Errorf("line %d: there is no capability %q, only %s", n.Line, n.Value, strings.Join(all, ", "))
	}
	*c = Capability(n.Value)
	return nil
}

// UnmarshalYAML takes a number that is not negative.
func (c *Count) UnmarshalYAML(n *yaml.Node) error {
	if err := n.Decode((*uint64)(c)); err != nil {
		return fmt.Errorf("line %d: %q is no number that is not negative", n.Line, n.Value)
	}
	return nil
}

// UnmarshalYAML takes a size such as 16MiB.
func (s *Size) UnmarshalYAML(n *yaml.Node) error {
	var size core.Size
	if err := size.UnmarshalText([]byte(n.Value)); err != nil {
		return fmt.Errorf("line %d: %w", n.Line, err)
	}
	*s = Size(size)
	return nil
}

// UnmarshalYAML takes a duration such as 10s.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	got, err := time.ParseDuration(n.Value)
	if err != nil || got < 0 {
		return fmt.Errorf("line %d: %q is no duration such as 10s", n.Line, n.Value)
	}
	*d = Duration(got)
	return nil
}

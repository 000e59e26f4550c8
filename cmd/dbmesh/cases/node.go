package cases

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/dbmesh/dbmesh/core"
)

// Problem is one thing that is wrong with a file.
type Problem struct {
	Path    string
	Line    int
	Key     string // such as cases[2].steps[0].want.deny
	Message string
}

func (p *Problem) Error() string {
	where := p.Path
	if p.Line > 0 {
		where += ":" + strconv.Itoa(p.Line)
	}
	if p.Key != "" {
		where += ": " + p.Key
	}
	return where + ": " + p.Message
}

// Problems is all that is wrong with a file, by line.
type Problems []*Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// reader walks a file's nodes and collects what is wrong with them.
type reader struct {
	path     string
	problems Problems
}

func (r *reader) wrong(n *yaml.Node, key, format string, args ...any) {
	line := 0
	if n != nil {
		line = n.Line
	}
	r.problems = append(r.problems, &Problem{r.path, line, key, fmt.Sprintf(format, args...)})
}

func (r *reader) sorted() Problems {
	slices.SortStableFunc(r.problems, func(a, b *Problem) int { return cmp.Compare(a.Line, b.Line) })
	return r.problems
}

// field is a key that a mapping may have, and who reads its value.
type field struct {
	name string
	read func(n *yaml.Node, key string)
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// mapping hands each value of a mapping to its field's reader.
func (r *reader) mapping(n *yaml.Node, key string, fields ...field) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, key, "is %s, want keys and values", shape(n))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name := n.Content[i].Value
		at := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		switch {
		case at < 0:
			names := make([]string, len(fields))
			for i, f := range fields {
				names[i] = f.name
			}
			r.wrong(n.Content[i], join(key, name), "unknown key, want one of %s", strings.Join(names, ", "))
		case seen[name]:
			r.wrong(n.Content[i], join(key, name), "stands here twice")
		default:
			seen[name] = true
			fields[at].read(resolve(n.Content[i+1]), join(key, name))
		}
	}
}

// pairs hands each key and value of a mapping to each.
func (r *reader) pairs(n *yaml.Node, key string, each func(name string, n *yaml.Node, key string)) {
	if n.Kind != yaml.MappingNode {
		r.wrong(n, key, "is %s, want keys and values", shape(n))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		each(n.Content[i].Value, resolve(n.Content[i+1]), join(key, n.Content[i].Value))
	}
}

func (r *reader) list(n *yaml.Node, key string, each func(n *yaml.Node, key string)) {
	if n.Kind != yaml.SequenceNode {
		r.wrong(n, key, "is %s, want a list", shape(n))
		return
	}
	for i, one := range n.Content {
		each(resolve(one), fmt.Sprintf("%s[%d]", key, i))
	}
}

// resolve gives what an alias stands for.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func shape(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "keys and values"
	}
	if n.Tag == "!!null" {
		return "empty"
	}
	return strconv.Quote(n.Value)
}

// text reads a single value as it is written.
func (r *reader) text(into *string) func(*yaml.Node, string) {
	return func(n *yaml.Node, key string) {
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			r.wrong(n, key, "is %s, want a text", shape(n))
			return
		}
		*into = n.Value
	}
}

func (r *reader) flag(into *bool) func(*yaml.Node, string) {
	return func(n *yaml.Node, key string) {
		if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" || n.Decode(into) != nil {
			r.wrong(n, key, "is %s, want true or false", shape(n))
		}
	}
}

func (r *reader) count(into *uint64) func(*yaml.Node, string) {
	return r.number(0, math.MaxInt64, func(i int64) { *into = uint64(i) })
}

func (r *reader) number(low, high int64, set func(int64)) func(*yaml.Node, string) {
	return func(n *yaml.Node, key string) {
		var i int64
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || n.Decode(&i) != nil || i < low || i > high {
			if high == math.MaxInt64 {
				r.wrong(n, key, "is %s, want a whole number from %d on", shape(n), low)
			} else {
				r.wrong(n, key, "is %s, want a whole number from %d to %d", shape(n), low, high)
			}
			return
		}
		set(i)
	}
}

func (r *reader) size(into *core.Size) func(*yaml.Node, string) {
	return func(n *yaml.Node, key string) {
		if n.Kind != yaml.ScalarNode || into.UnmarshalText([]byte(n.Value)) != nil {
			r.wrong(n, key, "is %s, want a size with its unit, such as 8MiB", shape(n))
		}
	}
}

func (r *reader) duration(into *time.Duration) func(*yaml.Node, string) {
	return func(n *yaml.Node, key string) {
		d, err := time.ParseDuration(n.Value)
		if n.Kind != yaml.ScalarNode || err != nil || d < 0 {
			r.wrong(n, key, "is %s, want a duration with its unit, such as 90s", shape(n))
			return
		}
		*into = d
	}
}

// values reads a mapping of anything, for the filter's config.
func (r *reader) values(into *map[string]any) func(*yaml.Node, string) {
	return func(n *yaml.Node, key string) {
		if n.Kind != yaml.MappingNode {
			r.wrong(n, key, "is %s, want keys and values", shape(n))
			return
		}
		if err := n.Decode(into); err != nil {
			r.wrong(n, key, "can't be read: %v", err)
		}
	}
}

package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decode fills into from the text, one document without unknown keys.
func decode(name string, text []byte, into any) error {
	if len(text) > MaxSize {
		return fmt.Errorf("%s: it has %d bytes, more than %d", name, len(text), MaxSize)
	}
	var tree yaml.Node
	if yaml.NewDecoder(bytes.NewReader(text)).Decode(&tree) == nil { // else it is told below
		if err := distinct(&tree); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	err := d.Decode(into)
	if errors.Is(err, io.EOF) {
		return nil // empty: it says nothing
	}
	if err != nil {
		return fmt.Errorf("%s: %s", name, tell(err))
	}
	var next yaml.Node
	if d.Decode(&next) == nil {
		return fmt.Errorf("%s: line %d: a second document begins here", name, next.Line)
	}
	return nil
}

// maxKeys bounds a map: the parser compares each key with each other, and takes minutes to
// complain of many that are equal.
const maxKeys = 5000

// distinct refuses maps that have a key twice, or very many.
func distinct(n *yaml.Node) error {
	if n.Kind == yaml.MappingNode {
		if keys := len(n.Content) / 2; keys > maxKeys {
			return fmt.Errorf("line %d: a map of %d keys, at most %d are allowed", n.Line, keys, maxKeys)
		}
		lines := map[string]int{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode {
				continue
			}
			if first, ok := lines[key.Value]; ok {
				return fmt.Errorf("line %d: the key %q is there already, in line %d", key.Line, cut(key.Value), first)
			}
			lines[key.Value] = key.Line
		}
	}
	for _, c := range n.Content {
		if err := distinct(c); err != nil {
			return err
		}
	}
	return nil
}

// cut shortens what an error quotes.
func cut(text string) string {
	if len(text) > 100 {
		return text[:100] + "..."
	}
	return text
}

var (
	unknownKey = regexp.MustCompile(`field (\S+) not found in type \S+`)
	wrongType  = regexp.MustCompile("cannot unmarshal !!(\\w+)( `[^`]*`)? into \\S+")
)

// maxTold bounds an error, in bytes.
const maxTold = 2000

// tell makes the parser's words those of somebody who has never seen our types.
func tell(err error) string {
	var several *yaml.TypeError
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if errors.As(err, &several) {
		text = strings.Join(several.Errors, "; ")
	}
	if len(text) > maxTold {
		text = strings.ToValidUTF8(text[:maxTold], "") + "..."
	}
	text = unknownKey.ReplaceAllString(text, `unknown key "$1"`)
	return wrongType.ReplaceAllStringFunc(text, func(m string) string {
		part := wrongType.FindStringSubmatch(m)
		return "a " + part[1] + part[2] + " does not fit here"
	})
}

// Settings are a filter's settings as a file has them.
type Settings struct {
	Values map[string]any // of strings, bools, ints, floats, lists and maps with string keys
	lines  map[string]int
}

// ParseSettings reads the file of settings beside a module. Name is what errors call it.
func ParseSettings(name string, text []byte) (*Settings, error) {
	s := &Settings{Values: map[string]any{}, lines: map[string]int{}}
	var n yaml.Node
	if err := decode(name, text, &n); err != nil {
		return nil, err
	}
	if n.Kind == 0 || len(n.Content) == 0 || n.Content[0].Tag == "!!null" {
		return s, nil
	}
	root := n.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%s: line %d: want keys and values", name, root.Line)
	}
	if err := plain(root); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := root.Decode(&s.Values); err != nil {
		return nil, fmt.Errorf("%s: %s", name, tell(err))
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		s.lines[root.Content[i].Value] = root.Content[i].Line
	}
	return s, nil
}

// Line is where a setting stands, 0 if it does not.
func (s *Settings) Line(key string) int { return s.lines[key] }

// plain refuses what JSON, as which a filter reads its settings, does not have.
func plain(n *yaml.Node) error {
	switch {
	case n.Kind == yaml.AliasNode, n.Anchor != "":
		return fmt.Errorf("line %d: anchors and aliases have no meaning here", n.Line)
	case n.Style&yaml.TaggedStyle != 0:
		return fmt.Errorf("line %d: tags such as %s have no meaning here", n.Line, n.Tag)
	case n.Tag == "!!merge":
		return fmt.Errorf("line %d: << has no meaning here", n.Line)
	case n.Tag == "!!float" && strings.ContainsAny(n.Value, "nN"):
		return fmt.Errorf("line %d: %s is no number here", n.Line, n.Value)
	case n.Kind == yaml.ScalarNode && (n.Tag == "!!timestamp" || n.Tag == "!!binary"):
		n.Tag = "!!str" // a date is its text
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			if c.Kind != yaml.ScalarNode {
				return fmt.Errorf("line %d: a key is a plain word", c.Line)
			}
			if c.Tag != "!!merge" {
				c.Tag = "!!str"
			}
		}
		if err := plain(c); err != nil {
			return err
		}
	}
	return nil
}

package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/dbmesh/dbmesh/core/watch"
	"go.yaml.in/yaml/v3"
)

// A config has hundreds of nodes; one with more is an alias that repeats aliases.
const (
	maxNodes = 100_000
	maxDepth = 32
)

// document is the file as a tree, with what koanf doesn't keep: where each key stands.
// It doesn't change after Load.
type document struct {
	name  string // as errors name it
	dir   string // of the file; relative paths start here
	lines map[string]int
	blind bool // the text was never seen by anybody, so its lines say nothing
	nodes int
	root  *yaml.Node // nil for an empty file

	env     variables
	used    map[string]bool   // variables that the file refers to
	secrets map[string]secret // what file: values name, by path
	files   watch.State
	warned  []string
}

// parse builds the tree and reports what is wrong with it as YAML.
func (d *document) parse(data []byte, p *problems) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, next yaml.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return
	}
	if err == nil {
		if err = dec.Decode(&next); errors.Is(err, io.EOF) {
			err = nil
		} else if err == nil {
			d.lines[""] = next.Line
			p.add("", "a second document begins here; a config is one")
			return
		}
	}
	if err != nil {
		line, message := yamlError(err)
		d.lines[""] = cmp.Or(brokenLine(data), line)
		p.add("", "%s", message)
		return
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		if root.Tag != "!!null" {
			p.add("", "a config is keys and values, such as \"listeners:\"")
		}
		return
	}
	if d.index(root, "", 0, p) {
		d.root = root
	}
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// yamlError takes the line out of the parser's text.
func yamlError(err error) (line int, message string) {
	message = err.Error()
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = message[len(m[0]):]
	}
	return line, message
}

// brokenLine finds the line that spoils the text, the one after the longest start that is
// YAML; the parser's own line is where the list or mapping began. 0 if it would take long.
func brokenLine(data []byte) int {
	lines := bytes.SplitAfter(data, []byte("\n"))
	if len(lines)*len(data) > 20_000_000 {
		return 0
	}
	end := len(data)
	for n := len(lines) - 1; n > 0; n-- {
		end -= len(lines[n])
		if yaml.Unmarshal(data[:end], new(yaml.Node)) == nil {
			return n + 1
		}
	}
	return 1
}

// index notes the line of each key, and reports keys that occur twice and variables that
// are not set. It says false for a tree that is not worth a second look.
func (d *document) index(n *yaml.Node, path string, depth int, p *problems) bool {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if d.nodes++; d.nodes > maxNodes || depth > maxDepth {
		d.lines[""] = n.Line
		p.add("", "nested too deep, or more than %d values, each alias counted", maxNodes)
		return false
	}
	if n.Style&yaml.TaggedStyle != 0 {
		p.add(path, "tags such as %s have no meaning here", n.Tag)
	}
	switch n.Kind {
	case yaml.MappingNode:
		return d.indexMapping(n, path, depth, p)
	case yaml.SequenceNode:
		for i, item := range n.Content {
			at := fmt.Sprintf("%s[%d]", path, i)
			d.lines[at] = item.Line
			if !d.index(item, at, depth+1, p) {
				return false
			}
		}
	case yaml.ScalarNode:
		text, names, err := d.env.expand(n.Value)
		if err != nil {
			p.add(path, "%v", err)
		}
		for _, name := range names {
			d.used[name] = true
		}
		if strings.HasPrefix(n.Value, filePrefix) && err == nil {
			d.readSecret(path, strings.TrimPrefix(text, filePrefix))
		}
	}
	return true
}

func (d *document) indexMapping(n *yaml.Node, path string, depth int, p *problems) bool {
	seen := make(map[string]int)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := join(path, key.Value)
		d.lines[at] = key.Line
		switch first, twice := seen[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			p.add(at, "a key is a plain word")
		case key.Tag == "!!merge":
			p.add(at, "<< is not supported: write the keys out, or use an alias for the whole value")
		case twice:
			p.add(at, "the key is in line %d already", first)
		}
		seen[key.Value] = key.Line
		if !d.index(value, at, depth+1, p) {
			return false
		}
	}
	return true
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// where gives the place of a key, or of the nearest one around it that is written down.
func (d *document) where(key string) (source string, line int) {
	for {
		if line, ok := d.lines[key]; ok && !d.blind {
			return d.name, line
		}
		cut := strings.LastIndexAny(key, ".[")
		if cut < 0 {
			return d.name, d.lines[""]
		}
		key = key[:cut]
	}
}

// warn notes what is allowed and yet seldom meant.
func (d *document) warn(key, format string, args ...any) {
	source, line := d.where(key)
	e := Error{source, line, key, fmt.Sprintf(format, args...)}
	d.warned = append(d.warned, e.Error())
}

// resolve makes a path that is relative to the file one that can be opened.
func (d *document) resolve(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(d.dir, path)
}

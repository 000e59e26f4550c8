package fake

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// Config is the filter's configuration, as JSON and as what encoding/json makes of it.
type Config struct {
	Text string
	tree any
}

// NewConfig takes what can be written in YAML: maps, lists, texts, numbers, booleans.
func NewConfig(values map[string]any) (Config, error) {
	if values == nil {
		values = map[string]any{}
	}
	text, err := json.Marshal(values)
	if err != nil {
		return Config{}, err
	}
	c := Config{Text: string(text)}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return c, d.Decode(&c.tree)
}

// Get is the value at a path, as text; of lists and maps JSON. null is not there.
func (c Config) Get(path string) (string, bool) {
	value, ok := find(c.tree, path)
	if !ok {
		return "", false
	}
	switch v := value.(type) {
	case nil:
		return "", false
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	text, err := json.Marshal(value)
	return string(text), err == nil
}

// find goes down a path. A key of a map that has dots itself goes before its parts.
func find(tree any, path string) (any, bool) {
	first, rest, dotted := strings.Cut(path, ".")
	var next any
	switch v := tree.(type) {
	case map[string]any:
		if value, ok := v[path]; ok {
			return value, true
		}
		value, ok := v[first]
		if !ok {
			return nil, false
		}
		next = value
	case []any:
		i, err := strconv.Atoi(first)
		if err != nil || i < 0 || i >= len(v) {
			return nil, false
		}
		next = v[i]
	default:
		return nil, false
	}
	if !dotted {
		return next, true
	}
	return find(next, rest)
}

package guest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// config is a filter's config as its guest sees it.
type config struct {
	text string
	tree any
}

func newConfig(raw json.RawMessage) (config, error) {
	if len(bytes.TrimSpace(raw)) == 0 {
		raw = json.RawMessage("{}")
	}
	c := config{text: string(raw)}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&c.tree); err != nil {
		return config{}, fmt.Errorf("its config is not JSON: %w", err)
	}
	return c, nil
}

// get gives one value as text: a.b is b in the map a, a.0 the first entry of the list a. A
// key with dots that stands in a map as it is goes before its parts. null is not there.
func (c config) get(key string) (string, bool) {
	value, ok := find(c.tree, key)
	if !ok || value == nil {
		return "", false
	}
	if text, ok := value.(string); ok {
		return text, true
	}
	text, err := json.Marshal(value)
	return string(text), err == nil
}

func find(tree any, key string) (any, bool) {
	first, rest, dotted := strings.Cut(key, ".")
	switch tree := tree.(type) {
	case map[string]any:
		if value, ok := tree[key]; ok {
			return value, true
		}
		if value, ok := tree[first]; ok && dotted {
			return find(value, rest)
		}
	case []any:
		i, err := strconv.Atoi(first)
		if err != nil || i < 0 || i >= len(tree) {
			return nil, false
		}
		if !dotted {
			return tree[i], true
		}
		return find(tree[i], rest)
	}
	return nil, false
}

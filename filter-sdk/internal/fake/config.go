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

// Get is the value at a path, as text; of lists and maps JSON.
func (c Config) Get(path string) (string, bool) {
	at := c.tree
	for key := range strings.SplitSeq(path, ".") {
		switch v := at.(type) {
		case map[string]any:
			next, ok := v[key]
			if !ok {
				return "", false
			}
			at = next
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(v) {
				return "", false
			}
			at = v[i]
		default:
			return "", false
		}
	}
	switch v := at.(type) {
	case nil:
		return "", false
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	text, err := json.Marshal(at)
	return string(text), err == nil
}

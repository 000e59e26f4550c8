package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Warning is a warning about a key with its place, for whoever knows more than a config
// alone shows: what is allowed and seldom meant.
func (c *Config) Warning(key, format string, args ...any) string {
	source, line := c.where(key)
	e := Error{source, line, key, fmt.Sprintf(format, args...)}
	return e.Error()
}

// Written gives the names of the keys that the file has right below one, by their lines and
// in one line by name. Defaults are not among them.
func (c *Config) Written(key string) []string {
	var names []string
	for at := range c.doc.lines {
		if name, below := strings.CutPrefix(at, key+"."); below && !strings.ContainsAny(name, ".[") {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(c.doc.lines[join(key, a)], c.doc.lines[join(key, b)]), cmp.Compare(a, b))
	})
	return names
}

package config

import (
	"fmt"
	"strings"
)

// variables are the process's environment by name.
type variables map[string]string

func newVariables(environ []string) variables {
	v := make(variables, len(environ))
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok {
			v[name] = value
		}
	}
	return v
}

// expand puts values in place of ${NAME}; $${NAME} stands for the text ${NAME}. A value is
// not looked at again: whatever it holds, it is not syntax. Braces that hold no name, as
// ${1} in a pattern, stay. It also gives the names that text refers to.
func (v variables) expand(text string) (out string, names []string, err error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			return b.String(), names, nil
		}
		if strings.HasSuffix(before, "$") {
			b.WriteString("{") // the second of two dollars gives way
			text = rest
			continue
		}
		if rest == "" || !nameByte(rest[0], true) {
			b.WriteString("${")
			text = rest
			continue
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || !isName(name) {
			return "", names, fmt.Errorf("a variable is written ${NAME}, and $${ for the text ${")
		}
		value, ok := v[name]
		if !ok {
			return "", names, fmt.Errorf("environment variable %s is not set", name)
		}
		names = append(names, name)
		b.WriteString(value)
		text = after
	}
}

func isName(s string) bool {
	for i := range len(s) {
		if !nameByte(s[i], i == 0) {
			return false
		}
	}
	return s != ""
}

func nameByte(c byte, first bool) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || !first && '0' <= c && c <= '9'
}

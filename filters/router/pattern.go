package router

import (
	"fmt"
	"path"
	"strings"
)

// pattern is a text, or a glob after path.Match if it has one of its signs.
type pattern struct {
	text string
	glob bool
	fold bool // upper and lower case are the same
}

func newPattern(text string) (pattern, error) {
	if _, err := path.Match(text, ""); err != nil {
		return pattern{}, fmt.Errorf("%q is not a pattern: %w", text, err)
	}
	return pattern{text: text, glob: strings.ContainsAny(text, `*?[\`)}, nil
}

// anyCase gives the same pattern for names of which upper and lower case are the same.
func (p pattern) anyCase() pattern {
	p.fold = true
	if p.glob {
		p.text = bothCases(p.text)
	}
	return p
}

func (p *pattern) matches(v string) bool {
	switch {
	case p.glob:
		ok, err := path.Match(p.text, v)
		return ok && err == nil
	case p.fold:
		return strings.EqualFold(p.text, v)
	}
	return p.text == v
}

// bothCases has each letter of a glob match in either case. path.Match can't be told so,
// and lowering each name that it is asked about would make garbage.
func bothCases(glob string) string {
	var out strings.Builder
	for len(glob) > 0 {
		n := 1
		switch glob[0] {
		case '\\':
			n = 2
			out.WriteString(glob[:n])
		case '[':
			n = classEnd(glob)
			out.WriteString(bothClasses(glob[:n]))
		default:
			if lower, upper := strings.ToLower(glob[:1]), strings.ToUpper(glob[:1]); lower != upper {
				out.WriteString("[" + lower + upper + "]")
			} else {
				out.WriteByte(glob[0])
			}
		}
		glob = glob[n:]
	}
	return out.String()
}

// classEnd is where the class ends that a glob begins with. The glob is a right one.
func classEnd(glob string) int {
	for i := 1; i < len(glob); i++ {
		switch glob[i] {
		case '\\':
			i++
		case ']':
			return i + 1
		}
	}
	return len(glob)
}

func bothClasses(class string) string {
	body, not := strings.TrimSuffix(class[1:], "]"), ""
	if strings.HasPrefix(body, "^") {
		body, not = body[1:], "^"
	}
	return "[" + not + strings.ToLower(body) + strings.ToUpper(body) + "]"
}

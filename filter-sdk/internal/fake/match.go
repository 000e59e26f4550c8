package fake

import (
	"regexp"
	"strings"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
)

// Set is a set of patterns.
type Set struct {
	kind     int32
	patterns []string
	compiled []*regexp.Regexp
}

// NewSet compiles patterns, one a line. A negative answer says why it did not.
func NewSet(kind int32, all string) (*Set, int32) {
	if len(all) > abi.MaxPatterns {
		return nil, abi.TooLarge
	}
	if kind < abi.MatchLiteral || kind > abi.MatchTable {
		return nil, abi.Invalid
	}
	s := &Set{kind: kind, patterns: strings.Split(all, "\n")}
	for _, p := range s.patterns {
		switch kind {
		case abi.MatchTable:
			p = globExpression(p)
		case abi.MatchRegexp:
		default:
			continue
		}
		r, err := regexp.Compile(p)
		if err != nil {
			return nil, abi.Invalid
		}
		s.compiled = append(s.compiled, r)
	}
	return s, 0
}

// Match is the index of the first pattern that matches, else -1.
func (s *Set) Match(text string) int32 {
	for i, p := range s.patterns {
		if p != "" && s.matches(i, p, text) {
			return int32(i)
		}
	}
	return -1
}

func (s *Set) matches(i int, pattern, text string) bool {
	switch s.kind {
	case abi.MatchLiteral:
		return strings.Contains(text, pattern)
	case abi.MatchLiteralFold:
		return strings.Contains(lower(text), lower(pattern))
	case abi.MatchRegexp:
		return s.compiled[i].MatchString(text)
	}
	if !strings.Contains(pattern, ".") { // for a table of that name in any schema
		text = text[strings.LastIndexByte(text, '.')+1:]
	}
	return s.compiled[i].MatchString(lower(text))
}

// globExpression has * for any characters and ? for one.
func globExpression(glob string) string {
	quoted := regexp.QuoteMeta(lower(glob))
	return "(?s)^" + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(quoted) + "$"
}

// lower changes ASCII letters only.
func lower(text string) string {
	b := []byte(text)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

package service

import (
	"fmt"
	"regexp"
	"regexp/syntax"
)

// maxProgram bounds the steps of all regular expressions of one set, after repetitions are
// written out: a{1000} is a thousand steps. 10 MiB at worst.
const maxProgram = 20_000

// regexps are RE2 expressions, tried one after the other.
type regexps struct {
	all  []*regexp.Regexp // nil for an empty line
	fast  int // how many fail quickly: they begin with ^ or with plain text
	steps int
}

func newRegexps(lines []string) (*regexps, error) {
	r := &regexps{all: make([]*regexp.Regexp, len(lines))}
	for i, l := range lines {
		if l == "" {
			continue
		}
		tree, err := syntax.Parse(l, syntax.Perl)
		if err != nil {
			return nil, fmt.Errorf("pattern %d: %w", i, err)
		}
		if r.steps += size(tree); r.steps > maxProgram {
			return nil, fmt.Errorf("pattern %d: the set is too large: its repetitions take more than %d steps", i, maxProgram)
		}
		if r.all[i], err = regexp.Compile(l); err != nil {
			return nil, fmt.Errorf("pattern %d: %w", i, err)
		}
		prefix, _ := r.all[i].LiteralPrefix()
		if prefix != "" || begins(tree) {
			r.fast++
		}
	}
	return r, nil
}

// size is about how many steps the compiled expression has.
func size(t *syntax.Regexp) int {
	n := 1 + len(t.Rune)
	for _, sub := range t.Sub {
		n += size(sub)
	}
	if t.Op == syntax.OpRepeat {
		n *= max(t.Min, t.Max, 1)
	}
	return min(n, maxProgram+1)
}

func begins(t *syntax.Regexp) bool {
	for (t.Op == syntax.OpConcat || t.Op == syntax.OpCapture) && len(t.Sub) > 0 {
		t = t.Sub[0]
	}
	return t.Op == syntax.OpBeginText
}

func (r *regexps) match(text []byte) int {
	for i, re := range r.all {
		if re != nil && re.Match(text) {
			return i
		}
	}
	return -1
}

func (r *regexps) cost(n int) uint64 {
	slow := len(r.all) - r.fast
	return uint64(r.fast)*uint64(50+n/2) + uint64(slow)*uint64(50+30*n)
}

// memory counts a compiled step with what the one-pass and the backtracking matcher add to it.
func (r *regexps) memory() int { return 1024*len(r.all) + 150*r.steps }

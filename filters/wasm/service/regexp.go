package service

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"regexp/syntax"
	"unicode/utf8"
)

// maxProgram bounds the steps of all regular expressions of one set, after repetitions are
// written out: a{1000} is a thousand steps. 10 MiB at worst.
const maxProgram = 20_000

// regexps are RE2 expressions, tried one after the other.
type regexps struct {
	all   []expression
	steps int
}

// expression is one of them. Its time grows with the text, and at worst with the product of
// text and steps; what most texts take lies between.
type expression struct {
	*regexp.Regexp        // nil for an empty line
	rate           int    // ns a byte, within ten times of the worst
	prefix         []byte // of whatever matches: quickly searched for
	begins         bool   // with ^: most texts are done with after a few bytes
}

func newRegexps(lines []string) (*regexps, error) {
	r := &regexps{all: make([]expression, len(lines))}
	for i, l := range lines {
		if l == "" {
			continue
		}
		tree, err := syntax.Parse(l, syntax.Perl)
		if err != nil {
			return nil, fmt.Errorf("pattern %d: %w", i, err)
		}
		steps := size(tree)
		if r.steps += steps; r.steps > maxProgram {
			return nil, fmt.Errorf("pattern %d: the set is too large: its repetitions take more than %d steps", i, maxProgram)
		}
		re, err := regexp.Compile(l)
		if err != nil {
			return nil, fmt.Errorf("pattern %d: %w", i, err)
		}
		prefix, _ := re.LiteralPrefix()
		r.all[i] = expression{re, 30 + 2*steps, []byte(prefix), begins(tree)}
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

func (r *regexps) match(text []byte, p Payer) int {
	for i := range r.all {
		if e := &r.all[i]; e.Regexp != nil && e.match(text, p) {
			return i
		}
	}
	return -1
}

func (e *expression) match(text []byte, p Payer) bool {
	if e.begins {
		if len(text) <= piece {
			pay(p, 50+e.rate*len(text)/4) // as few read all of it
			return e.Match(text)
		}
		return e.MatchReader(&reader{text: text, rate: e.rate, payer: p})
	}
	if len(e.prefix) > 0 {
		pay(p, 50+len(text)/2)
		at := bytes.Index(text, e.prefix)
		if at < 0 {
			return false
		}
		pay(p, e.rate*(len(text)-at))
		return e.Match(text)
	}
	pay(p, 50+e.rate*len(text))
	return e.Match(text)
}

// reader pays for a text while it is read, a piece at a time.
type reader struct {
	text  []byte
	at    int
	paid  int
	rate  int
	payer Payer
}

// piece is how many bytes are paid for at once.
const piece = 256

// ReadRune implements io.RuneReader.
func (r *reader) ReadRune() (rune, int, error) {
	if r.at == len(r.text) {
		return 0, 0, io.EOF
	}
	if r.at >= r.paid {
		pay(r.payer, piece*r.rate)
		r.paid += piece
	}
	c, n := rune(r.text[r.at]), 1
	if c >= utf8.RuneSelf {
		c, n = utf8.DecodeRune(r.text[r.at:])
	}
	r.at += n
	return c, n, nil
}

// memory counts a compiled step with what the one-pass and the backtracking matcher add to it.
func (r *regexps) memory() int { return 1024*len(r.all) + 150*r.steps }

package service

import (
	"bytes"
	"strings"
)

// globs are patterns of tables: * stands for any characters, ? for one, letters for both
// cases. A pattern without a dot is for a table of that name in any schema.
type globs struct {
	patterns []string
	size     int
}

func newGlobs(lines []string) *globs {
	g := &globs{}
	for _, l := range lines {
		folded := []byte(l)
		for i, b := range folded {
			folded[i] = lower(b)
		}
		g.patterns = append(g.patterns, string(folded))
		g.size += len(l)
	}
	return g
}

func (g *globs) match(table []byte, p Payer) int {
	pay(p, 10+10*len(g.patterns)+g.size*(1+len(table)/8))
	name := table[bytes.LastIndexByte(table, '.')+1:]
	for i, pattern := range g.patterns {
		text := table
		if strings.IndexByte(pattern, '.') < 0 {
			text = name
		}
		if pattern != "" && glob(pattern, text) {
			return i
		}
	}
	return -1
}

// glob compares from left to right; where the text stops fitting it goes back to the last
// star and lets that stand for one character more.
func glob(pattern string, text []byte) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == lower(text[t])):
			// A character outside ASCII has further bytes, which ? takes with it.
			if pattern[p] == '?' {
				for t+1 < len(text) && text[t+1]&0xC0 == 0x80 {
					t++
				}
			}
			p++
			t++
		case star >= 0:
			p = star + 1
			mark++
			t = mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

func (g *globs) memory() int { return g.size + 16*len(g.patterns) }

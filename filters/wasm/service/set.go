package service

import (
	"fmt"
	"strings"

	"github.com/dbmesh/dbmesh/core/abi"
)

// Set is a compiled set of patterns. It never changes and may be used by any number of
// goroutines.
type Set struct {
	kind    int
	size    int // bytes of its patterns
	matcher matcher
}

// Payer is charged for the work of a Match, a piece at a time and ahead of it, in guests'
// fuel: roughly 3 ns a unit. It may panic to end the Match.
type Payer interface {
	Pay(fuel uint64)
}

// matcher finds the first pattern in the set's order that matches, -1 for none.
type matcher interface {
	match(text []byte, p Payer) int
	// memory is about how many bytes it takes.
	memory() int
}

// NewSet compiles patterns of a kind (abi.MatchLiteral and so on), one a line. An empty
// line matches nothing, but counts. It keeps no part of patterns.
func NewSet(kind int, patterns []byte) (*Set, error) {
	if len(patterns) > abi.MaxPatterns {
		return nil, fmt.Errorf("the patterns take %d bytes, at most %d are allowed", len(patterns), abi.MaxPatterns)
	}
	lines := strings.Split(string(patterns), "\n")
	s := &Set{kind: kind, size: len(patterns)}
	var err error
	switch kind {
	case abi.MatchLiteral:
		s.matcher = newLiterals(lines, false)
	case abi.MatchLiteralFold:
		s.matcher = newLiterals(lines, true)
	case abi.MatchRegexp:
		s.matcher, err = newRegexps(lines)
	case abi.MatchTable:
		s.matcher = newGlobs(lines)
	default:
		err = fmt.Errorf("there is no kind of patterns %d", kind)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Kind is the kind that it was made as.
func (s *Set) Kind() int { return s.kind }

// Match gives the index of the first line whose pattern matches the text, else -1. For a set
// of table globs the text is one table's name, with its schema in front or without.
func (s *Set) Match(text []byte, p Payer) int { return s.matcher.match(text, p) }

// pay charges nanoseconds.
func pay(p Payer, ns int) { p.Pay(uint64(ns) / 3) }

// Memory is about how many bytes the set takes.
func (s *Set) Memory() int { return 256 + s.size + s.matcher.memory() }

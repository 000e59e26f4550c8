package dbmesh

import (
	"errors"
	"strconv"
	"strings"

	"github.com/dbmesh/dbmesh/filter-sdk/abi"
	"github.com/dbmesh/dbmesh/filter-sdk/internal/host"
)

// Patterns is a set that dbmesh itself matches, many times faster than a filter could. Make
// them in package variables or in OnConfigure, at most 64 sets of 64 KiB each. The nil set, and one
// without patterns, match nothing.
type Patterns struct{ kind, number int32 }

// Literals match where one of the texts occurs, byte for byte.
func Literals(texts ...string) *Patterns { return patterns(abi.MatchLiteral, texts) }

// LiteralsFold match where one of the texts occurs, without regard to the case of ASCII letters.
func LiteralsFold(texts ...string) *Patterns { return patterns(abi.MatchLiteralFold, texts) }

// Regexps match where one of the expressions (RE2) does.
func Regexps(expressions ...string) *Patterns { return patterns(abi.MatchRegexp, expressions) }

// TableGlobs match tables, without regard to case: "app.*", "*.user_?".
func TableGlobs(globs ...string) *Patterns { return patterns(abi.MatchTable, globs) }

func patterns(kind int32, texts []string) *Patterns {
	p := &Patterns{kind, -1}
	define("a set of patterns", func() {
		p.number = -1
		if len(texts) == 0 {
			return
		}
		for _, text := range texts {
			if text == "" || strings.Contains(text, "\n") {
				refuse(errors.New("the pattern " + strconv.Quote(text) + " is empty or has a line's end"))
				return
			}
		}
		all := strings.Join(texts, "\n")
		if p.number = host.MatchNew(kind, all); p.number < 0 {
			refuse(errors.New("the patterns " + strconv.Quote(all[:min(len(all), 100)]) + ": " + failure(p.number).Error()))
		}
	})
	return p
}

// Match says that a pattern matches: table globs one of the statement's tables, all others its
// text. Capability: sql.
func (q Query) Match(p *Patterns) bool { return q.Find(p) >= 0 }

// Find is the index of the first pattern that matches, else -1. Capability: sql.
func (Query) Find(p *Patterns) int {
	if p != nil && p.kind == abi.MatchTable {
		return p.find(abi.SubjectTables)
	}
	return p.find(abi.SubjectSQL)
}

// MatchDigest says that a pattern matches DigestText, where no literal is in the way.
// Capability: sql.
func (Query) MatchDigest(p *Patterns) bool { return p.find(abi.SubjectDigestText) >= 0 }

func (p *Patterns) find(subject int32) int {
	if p == nil || p.number < 0 {
		return -1
	}
	return found(host.Match(p.number, subject))
}

// Match says that a pattern matches a text of the filter's own, a table's name for globs.
func (p *Patterns) Match(text string) bool { return p.Find(text) >= 0 }

// Find is the index of the first pattern that matches the text, else -1.
func (p *Patterns) Find(text string) int {
	if p == nil || p.number < 0 {
		return -1
	}
	return found(host.MatchBytes(p.number, text))
}

// found lets no failure pass for "nothing matches": that would let statements through.
func found(n int32) int {
	if n < abi.NotThere {
		panic("dbmesh: match: " + failure(n).Error())
	}
	return int(n)
}

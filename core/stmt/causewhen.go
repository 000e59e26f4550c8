package stmt

import (
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

// The rows of the table of causes say by functions of this file when they apply.

func diagnostics() []string {
	return []string{"get diagnostics", "get current diagnostics", "get stacked diagnostics"}
}

// reports are the parts of programs that are statements too, and leave no more behind than
// warnings and what their user variables get.
func reports() []string { return append(diagnostics(), "signal", "resignal") }

// ends are all forms that end a transaction for sure. A plain one opens the next if
// completion_type is CHAIN; who sets that is pinned by it.
func ends() []string {
	var all []string
	for _, verb := range [...]string{"commit", "rollback"} {
		for _, form := range [...]string{"", " work", " and no chain", " work and no chain"} {
			all = append(all, verb+form, verb+form+" no release")
		}
	}
	return all
}

func kind(kinds ...core.StatementKind) func(*view) bool {
	return func(v *view) bool {
		for _, k := range kinds {
			if v.facts.Kind == k {
				return true
			}
		}
		return false
	}
}

// begins says whether the statement begins with one of the phrases.
func begins(phrases ...string) func(*view) bool {
	all := phrase(phrases)
	return func(v *view) bool {
		for _, words := range all {
			if v.words(v.begin, words...) {
				return true
			}
		}
		return false
	}
}

// is says whether the statement is one of the phrases and no more.
func is(phrases ...string) func(*view) bool {
	all := phrase(phrases)
	return func(v *view) bool {
		for _, words := range all {
			if v.length() == len(words) && v.words(v.begin, words...) {
				return true
			}
		}
		return false
	}
}

func phrase(phrases []string) [][]string {
	all := make([][]string, len(phrases))
	for i, p := range phrases {
		all[i] = strings.Fields(p)
	}
	return all
}

// length is how many tokens the statement has.
func (v *view) length() int {
	n := len(v.tokens) - v.begin
	if v.sign(len(v.tokens)-1, ";") {
		n--
	}
	return n
}

func has(t trait) func(*view) bool { return func(v *view) bool { return v.trait&t != 0 } }

func sets(e core.Effect) func(*view) bool { return func(v *view) bool { return v.sets&e != 0 } }

func both(a, b func(*view) bool) func(*view) bool {
	return func(v *view) bool { return a(v) && b(v) }
}

func either(a, b func(*view) bool) func(*view) bool {
	return func(v *view) bool { return a(v) || b(v) }
}

func not(a func(*view) bool) func(*view) bool { return func(v *view) bool { return !a(v) } }

// flushes says whether it is a FLUSH TABLES that locks.
func flushes(v *view) bool {
	i := v.flushed()
	if i < 0 {
		return false
	}
	for ; i < len(v.tokens); i++ {
		if v.words(i, "with", "read", "lock") || v.words(i, "for", "export") {
			return true
		}
	}
	return false
}

// flushesAll says whether it is one that locks every table.
func flushesAll(v *view) bool {
	i := v.flushed()
	return i >= 0 && v.words(i, "with", "read", "lock")
}

// flushed is the token behind FLUSH TABLES, -1 if it is no such statement.
func (v *view) flushed() int {
	i := v.begin
	if !v.word(i, "flush") {
		return -1
	}
	if i++; v.word(i, "local") || v.word(i, "no_write_to_binlog") {
		i++
	}
	if !v.word(i, "tables") && !v.word(i, "table") {
		return -1
	}
	return i + 1
}

// opensHandler says whether a HANDLER statement has OPEN behind its table.
func opensHandler(v *view) bool {
	i := v.begin + 2
	if v.sign(i, ".") {
		i += 2
	}
	return v.word(i, "open")
}

// releasesAll says whether it calls RELEASE_ALL_LOCKS for sure: in another place of a
// statement it may not be evaluated.
func releasesAll(v *view) bool {
	i := v.begin
	if !understood("release_all_locks", v.mode) || !v.word(i, "select") && !v.word(i, "do") {
		return false
	}
	return v.word(i+1, "release_all_locks") && v.sign(i+2, "(") && v.sign(i+3, ")") && v.length() == 4
}

// writes says whether it changes rows.
func writes(v *view) bool {
	switch v.facts.Kind {
	case core.StatementInsert, core.StatementReplace, core.StatementUpdate, core.StatementDelete, core.StatementLoad:
		return true
	}
	return v.facts.Access == core.AccessWrite
}

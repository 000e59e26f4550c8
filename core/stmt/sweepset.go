package stmt

import (
	"strings"

	"github.com/dbmesh/dbmesh/core"
)

// sweepSet notes what the expressions of a SET read.
func (s *statement) sweepSet(at int) {
	f := &s.facts
	for i := at + 1; i < len(s.tokens); i++ {
		switch s.tokens[i].Kind {
		case UserVar:
			if n := userVar(s.text(i), s.mode); n != "" && !s.account(i) && !s.assigns(i+1) {
				f.UserVarsRead = once(f.UserVarsRead, n)
			}
		case SystemVar:
			end := i + 1
			for s.sign(end, ".") {
				end += 2
			}
			if !s.assigns(end) {
				f.SystemVarsRead = once(f.SystemVarsRead, strings.ToLower(s.systemVar(i)))
			}
		case Word:
			s.keyword(i)
			s.function(i)
		case QuotedName:
			s.function(i)
		}
	}
	for _, name := range f.Functions {
		if !understood(name, s.mode) && !s.word(at+1, "password") {
			f.Access = core.AccessUnknown
		}
	}
	for i := at + 1; i < len(s.tokens); i++ {
		if s.word(i, "select") || s.word(i, "table") {
			s.parse(at)
			return
		}
	}
}

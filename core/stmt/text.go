package stmt

import "github.com/dbmesh/dbmesh/core"

const maxText = 16 << 10 // of a statement in a literal that is looked into

// texts reads PREPARE and EXECUTE. A text that is one plain literal is known; what a
// variable or an expression holds is not, nor what was prepared before.
func (s *statement) texts(at int) {
	if s.facts.Kind == core.StatementExecute && !s.word(at+1, "immediate") {
		s.sweep(at)
		s.opaque("what it runs was prepared by another statement")
		return
	}
	i, last := at+2, len(s.tokens)
	if s.facts.Kind == core.StatementPrepare {
		if !s.isName(at+1) || !s.word(i, "from") {
			s.hide(errForm.Error())
			return
		}
		i++
	}
	s.sweep(i)
	literal := i < last && s.tokens[i].Kind == String && (s.text(i)[0] == '\'' || s.text(i)[0] == '"')
	switch {
	case !literal || i+1 < last && !s.word(i+1, "using"):
		s.hide("its text is not a literal")
		return
	case len(s.text(i)) > maxText:
		s.hide("its text is too long")
		return
	}
	part := Analyze(s.mode, []byte(unquote(s.text(i), s.mode)))
	if depth(part) >= maxInside {
		s.hide("it has a text in a text in a text")
		return
	}
	s.facts.Parts = []*core.Facts{part}
	s.facts.Access = part.Access
	if s.facts.Kind == core.StatementPrepare {
		s.facts.Access = stricter(core.AccessSession, part.Access)
	}
	s.takes(part)
	if s.facts.Kind == core.StatementPrepare {
		s.facts.Hangup = false // it only gets a name
	}
}

// hide makes the statement opaque, and what it does unknown.
func (s *statement) hide(reason string) {
	s.opaque(reason)
	s.facts.Access = core.AccessUnknown
}

// depth counts how deep texts stand in texts.
func depth(f *core.Facts) int {
	n := 0
	for _, p := range f.Parts {
		n = max(n, depth(p)+1)
	}
	return n
}

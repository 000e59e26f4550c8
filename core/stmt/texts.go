package stmt

import "github.com/dbmesh/dbmesh/core"

// FindTexts says where the statements of a text of several stand, one for each of the
// facts' Parts, without the semicolons. f are the facts of the whole. It says false where
// that is not sure.
func FindTexts(m Mode, sql []byte, f *core.Facts) ([]core.Range, bool) {
	if f.Opaque || f.Kind != core.StatementMulti {
		return nil, false
	}
	s := newStatement(m, sql)
	if len(s.tokens) == 0 {
		return nil, false
	}
	var all []core.Range
	first := -1 // token that the statement begins with
	for i, t := range s.tokens {
		switch {
		case t.Kind == Punct && sql[t.Start] == ';':
			if first >= 0 {
				all = append(all, core.Range{Start: s.tokens[first].Start, End: s.tokens[i-1].End})
			}
			first = -1
		case first < 0:
			first = i
		}
	}
	if first >= 0 {
		all = append(all, core.Range{Start: s.tokens[first].Start, End: s.tokens[len(s.tokens)-1].End})
	}
	return all, len(all) == len(f.Parts)
}

package stmt

import "github.com/dbmesh/dbmesh/core"

// FindTexts says where the statements of a text of several stand, one for each of the
// facts' Parts, without the semicolons and the comments around them. f are the facts of the
// whole. It says false where that is not sure.
func FindTexts(m Mode, sql []byte, f *core.Facts) ([]core.Range, bool) {
	if f.Opaque || f.Kind != core.StatementMulti {
		return nil, false
	}
	all := make([]core.Range, 0, len(f.Parts))
	var d divider
	var at core.Range // the statement at hand; empty if it has not begun
	live := false     // inside a comment that servers execute
	for l := NewLexer(sql, m); ; {
		t, ok := l.Next()
		if !ok {
			break
		}
		switch {
		case d.ends(t, sql):
			if live { // neither half would be a text of its own
				return nil, false
			}
			if at.End > 0 {
				all = append(all, at)
			}
			at = core.Range{}
			continue
		case t.Live:
			live = !live
		case t.Kind <= Hint:
			continue
		}
		if at.End == 0 {
			at.Start = t.Start
		}
		at.End = t.End
	}
	if at.End > 0 {
		all = append(all, at)
	}
	return all, len(all) == len(f.Parts)
}

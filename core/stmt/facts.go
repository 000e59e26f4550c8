package stmt

import (
	"github.com/dbmesh/dbmesh/core"
)

// maxInside is how deep statements may stand inside statements as text.
const maxInside = 3

// maxTokens is how much of a statement is looked at: some looks go back and forth.
const maxTokens = 8 << 10

// facts finds the facts about one statement, the text between two semicolons, with its
// executable comments resolved. It takes any bytes.
func facts(m Mode, one []byte) *core.Facts {
	s := newStatement(m, one)
	if len(s.tokens) > maxTokens {
		s.tokens = s.tokens[:maxTokens]
		s.opaque("it is too long")
	}
	for n := len(s.tokens); n > 0 && s.sign(n-1, ";"); n-- {
		s.tokens = s.tokens[:n-1]
	}
	kind, at := s.kind()
	s.facts.Kind, s.facts.Access = kind, access(kind)
	for _, t := range s.tokens {
		if t.Kind == Marker {
			s.facts.Placeholders++
		}
	}
	s.set()
	r := s.read(at)
	if full(&s.facts) {
		s.opaque(tooMany)
	}
	s.judge(at, r)
	if s.start() > 0 && kind != core.StatementUnknown {
		s.facts.Kind = core.StatementSet // SET STATEMENT, with all that the statement inside does
	}
	s.effects()
	s.facts.Digest, s.facts.DigestText = digest(one)
	f := s.facts // without what it was found with
	return &f
}

// read finds what the statement names and does. It gives the facts of the statement inside
// an EXPLAIN and its kin.
func (s *statement) read(at int) *core.Facts {
	switch s.facts.Kind {
	case core.StatementEmpty:
	case core.StatementSelect, core.StatementInsert, core.StatementReplace, core.StatementUpdate, core.StatementDelete,
		core.StatementLoad, core.StatementDo, core.StatementCall:
		s.parse(s.start())
		from := s.start() // a WITH stands before the verb
		if s.facts.Kind == core.StatementCall {
			for from = at + 1; s.isName(from) || s.sign(from, "."); from++ { // its procedure is no function
			}
		}
		s.sweep(from)
	case core.StatementExplain, core.StatementAnalyze:
		return s.inside(at)
	case core.StatementSet:
		s.sweepSet(at)
	case core.StatementCreate, core.StatementAlter, core.StatementDrop, core.StatementRename, core.StatementTruncate:
		s.define(at)
	case core.StatementShow:
		return s.show(at)
	case core.StatementPrepare, core.StatementExecute:
		s.texts(at)
	case core.StatementUnknown:
		s.opaque(errForm.Error())
		s.guess(at)
	default:
		s.tokensOnly(at)
	}
	return nil
}

// parse takes the facts from the parser, in a second try with what the parser is known not
// to know put in other words, and else what can be guessed.
func (s *statement) parse(from int) {
	if s.facts.Opaque { // cut off
		s.guess(from)
		return
	}
	err := parse(s.mode, s.plain(from, nil), s.see)
	if err == errForm {
		if edits := s.edits(from); len(edits) > 0 {
			err = parse(s.mode, s.plain(from, edits), s.see)
		}
	}
	if err != nil {
		s.opaque(err.Error())
		s.proved = err == errForm && s.traceless()
		if s.facts.Kind == core.StatementSelect {
			s.facts.Access = core.AccessUnknown
		}
		s.guess(from)
	}
}

// plain is the statement's text from a token on with one blank for each gap. Edits take the
// place of the tokens that they name.
func (s *statement) plain(from int, edits map[int]string) []byte {
	if from >= len(s.tokens) {
		return nil
	}
	out := make([]byte, 0, len(s.sql)-s.tokens[from].Start)
	for i := from; i < len(s.tokens); i++ {
		if i > from && s.tokens[i].Start > s.tokens[i-1].End {
			out = append(out, ' ')
		}
		if e, ok := edits[i]; ok {
			out = append(append(append(out, ' '), e...), ' ')
		} else {
			out = append(out, s.text(i)...)
		}
	}
	return out
}

package stmt

import (
	"bytes"
	"slices"

	"github.com/dbmesh/dbmesh/core"
)

// maxParts bounds the statements of one text that are looked at one by one.
const maxParts = 100

// analyze finds the facts about the text that n has read, by its shape, and where the
// parser can't read the shape, by the text itself: some places in the grammar want a
// certain literal.
func (n *normalizer) analyze() *core.Facts {
	m := n.lexer.mode
	shapes := split(m, n.out)
	var texts [][]byte
	parts := make([]*core.Facts, 0, len(shapes))
	for i, shape := range shapes[:min(len(shapes), maxParts)] {
		f := facts(m, shape)
		if f.Opaque {
			if texts == nil {
				texts = split(m, n.withLiterals())
			}
			if len(texts) == len(shapes) && len(texts[i]) <= maxShape && !bytes.Equal(texts[i], shape) {
				if g := facts(m, texts[i]); !g.Opaque {
					g.Digest, g.DigestText = f.Digest, f.DigestText
					f = g
				}
			}
		}
		if n.live && f.ReadSafe {
			f.ReadSafe, f.ReadReason = false, "it has a comment that servers execute"
		}
		if n.live && f.Transaction != core.TransactionNone && len(shapes) == 1 {
			f.Transaction = core.TransactionOther
		}
		parts = append(parts, f)
	}
	f := whole(parts, n.out)
	if len(shapes) > maxParts {
		obscure(f, "it has too many statements")
	}
	if d := n.lexer.doubt; d != "" {
		obscure(f, d)
	}
	if Traceless(f) && n.live { // another server may read more of it
		obscure(f, f.OpaqueReason)
	}
	return f
}

// withLiterals is the text with its comments resolved and its literals as they are.
func (n *normalizer) withLiterals() []byte {
	full := normalizer{lexer: NewLexer(n.lexer.sql, n.lexer.mode), keep: true}
	full.all()
	return full.out
}

// obscure makes facts those of a statement that is not understood for sure.
func obscure(f *core.Facts, reason string) {
	f.Opaque, f.OpaqueReason = true, reason
	f.ReadSafe, f.ReadReason = false, "it is not understood for sure: "+reason
	f.Creates |= core.EffectUnknown
	if !held(f, core.EffectUnknown) {
		f.Pins = append(slices.Clip(f.Pins), core.Pin{Effect: core.EffectUnknown, Reason: f.ReadReason})
	}
	f.Releases = 0
}

// whole joins the facts of the statements of a text.
func whole(parts []*core.Facts, shape []byte) *core.Facts {
	switch len(parts) {
	case 0:
		return &core.Facts{Kind: core.StatementEmpty, ReadReason: "there is no statement in it"}
	case 1:
		return parts[0]
	}
	f := &core.Facts{Kind: core.StatementMulti, Access: core.AccessRead, Parts: parts, ReadReason: "it has several statements"}
	for _, p := range parts {
		f.Access = stricter(f.Access, p.Access)
		join(f, p)
		f.Assignments = append(f.Assignments, p.Assignments...)
		f.Placeholders += p.Placeholders
		f.Creates |= p.Creates
		f.Pins = append(f.Pins, p.Pins...)
	}
	if full(f) && !f.Opaque {
		f.Opaque, f.OpaqueReason = true, tooMany
	}
	if f.Opaque && !held(f, core.EffectUnknown) { // traceless each, but nobody has proved that of all
		obscure(f, f.OpaqueReason)
	}
	f.Digest, f.DigestText = digest(shape)
	return f
}

// stricter gives the access that allows less to be assumed.
func stricter(a, b core.Access) core.Access {
	if a == core.AccessUnknown || b == core.AccessUnknown {
		return core.AccessUnknown
	}
	order := [...]core.Access{core.AccessRead, core.AccessSession, core.AccessWrite, core.AccessSchema, core.AccessAdmin}
	return order[max(slices.Index(order[:], a), slices.Index(order[:], b))]
}
